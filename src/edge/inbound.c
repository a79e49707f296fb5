#include "edge/inbound.h"

#include <errno.h>
#include <stdlib.h>

#include "edge/clock.h"
#include "edge/coalesce.h"
#include "edge/thread.h"
#include "edge/udp_receive.h"
#include "tunnel/receive.h"

/* More in one go are no queued errors, but a socket that does nothing else. */
#define READ_ERRORS_MAX 16

struct mv_inbound {
	const struct mv_lane_config *config;
	uv_poll_t udp4, udp6, left4, left6;
	struct mv_udp_receiver *receiver;
	struct mv_batch *batch;
	struct mv_coalesce coalesce;
};

static bool hand_off(const struct mv_inbound *in, const struct mv_packet *packet)
{
	if (!mv_handoff_push(in->config->handoff, packet)) {
		mv_device_count_drop(in->config->device, MV_DROP_HANDSHAKE_QUEUE_FULL);
		return false;
	}
	return true;
}

/* Write */

static bool write_alone(const struct mv_inbound *in, struct mv_packet *packet)
{
	if (mv_tun_write(in->config->tun, packet->data, packet->len) < 0) {
		mv_packet_drop(packet, MV_DROP_TUN_WRITE_FAILED);
		return false;
	}
	return true;
}

/* The packets of a write one by one: false if some of them failed. */
static bool write_apart(struct mv_inbound *in, const struct mv_coalesced *write)
{
	bool all_written = true;
	uint16_t at = write->first;

	for (size_t i = 0; i < write->count; i++) {
		all_written &= write_alone(in, &in->batch->packets[at]);
		at = in->coalesce.next[at];
	}
	return all_written;
}

/* None of its packets was written. */
static void drop_write(struct mv_inbound *in, const struct mv_coalesced *write)
{
	uint16_t at = write->first;

	for (size_t i = 0; i < write->count; i++) {
		mv_packet_drop(&in->batch->packets[at], MV_DROP_TUN_WRITE_FAILED);
		at = in->coalesce.next[at];
	}
}

static void stop_merging(const struct mv_inbound *in, enum mv_coalesce_kind kind)
{
	struct mv_tun *tun = in->config->tun;

	if (kind == MV_COALESCE_TCP) {
		tun->merges_tcp = false;
	} else {
		tun->merges_udp = false;
	}
	mv_log(&in->config->log, MV_LOG_WARNING,
		"this kernel refuses merged %s packets: they are written into %s one by one",
		kind == MV_COALESCE_TCP ? "TCP" : "UDP", tun->name);
}

/* False if some packets of it failed. */
static bool write_merged(struct mv_inbound *in, const struct mv_coalesced *write)
{
	struct iovec pieces[MV_COALESCE_PIECES];
	struct virtio_net_hdr header;
	size_t count = mv_coalesce_finish(&in->coalesce, write, &header, pieces);

	switch (-mv_tun_write_frame(in->config->tun, &header, pieces, count)) {
	case 0:
		mv_coalesce_accepted(&in->coalesce, write);
		return true;
	case EINVAL:
		if (mv_coalesce_refused(&in->coalesce, write)) {
			stop_merging(in, write->kind);
		}
		return write_apart(in, write);
	default:
		drop_write(in, write);
		return false;
	}
}

static void write_tun(struct mv_inbound *in, struct mv_now now)
{
	struct mv_batch *batch = in->batch;
	bool all_written = true;

	for (size_t i = 0; i < batch->count; i++) {
		batch->packets[i].drop = MV_DROP_NONE; /* Those until here are counted. */
		if (batch->packets[i].live) {
			mv_lane_watch(in->config, MV_DIRECTION_IN, &batch->packets[i]);
		}
	}
	mv_coalesce_batch(&in->coalesce, batch);
	for (size_t i = 0; i < in->coalesce.count; i++) {
		const struct mv_coalesced *write = &in->coalesce.writes[i];

		all_written &= write->count > 1 ? write_merged(in, write)
						: write_alone(in, &batch->packets[write->first]);
	}
	if (!all_written) {
		mv_device_count_drops(in->config->device, batch, now);
	}
}

/* Plan, open, commit, write */
static void carry(struct mv_inbound *in)
{
	const struct mv_lane_config *config = in->config;
	struct mv_batch *batch = in->batch;
	struct mv_now now = mv_clock_sample();
	bool needs_control = false;

	mv_receive_plan(config->device, batch, now);
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->packets[i].is_handshake) {
			needs_control |= hand_off(in, &batch->packets[i]);
		}
	}
	mv_batch_open(batch);
	needs_control |= mv_receive_commit(config->device, batch, now);
	mv_lane_wake_control(config, needs_control);
	write_tun(in, now);
	mv_batch_reset(batch);
}

/* One call's worth of messages; errors of earlier sends come up here too, and say nothing about
 * what was received. True: there may be more. */
static bool receive(struct mv_inbound *in, int fd)
{
	int errors_left = READ_ERRORS_MAX;
	int result;

	do {
		result = mv_udp_receive(in->receiver, fd);
	} while (result < 0 && --errors_left > 0);

	while (mv_udp_receiver_take(in->receiver, in->batch)) {
		carry(in);
	}
	return result > 0 && mv_udp_receiver_was_full(in->receiver);
}

static int fd_of(const struct mv_inbound *in, const uv_poll_t *poll)
{
	if (poll == &in->left4 || poll == &in->left6) {
		return poll == &in->left4 ? in->config->left->fd4 : in->config->left->fd6;
	}
	return poll == &in->udp4 ? in->config->udp->fd4 : in->config->udp->fd6;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct mv_inbound *in = poll->data;
	int fd = fd_of(in, poll);
	int batches = MV_LANE_BATCHES_A_WAKE;

	(void)events;
	while (receive(in, fd) && --batches > 0) {
	}
	if (status < 0) {
		/* A queued error stopped the watching; it was read off with the rest. */
		uv_poll_start(poll, UV_READABLE, on_readable);
	}
}

int mv_inbound_create(struct mv_inbound **created, const struct mv_lane_config *config)
{
	struct mv_inbound *in = calloc(1, sizeof(*in));

	if (!in) {
		return -ENOMEM;
	}
	in->config = config;
	mv_coalesce_init(&in->coalesce, config->tun->merges_tcp, config->tun->merges_udp);
	in->batch = mv_batch_create(config->aead);
	in->receiver = mv_udp_receiver_create();
	if (!in->batch || !in->receiver) {
		mv_inbound_destroy(in);
		return -ENOMEM;
	}
	*created = in;
	return 0;
}

void mv_inbound_destroy(struct mv_inbound *in)
{
	if (!in) {
		return;
	}
	mv_udp_receiver_destroy(in->receiver);
	mv_batch_destroy(in->batch);
	free(in);
}

int mv_inbound_join(struct mv_inbound *in, struct mv_thread *thread)
{
	const struct mv_udp *udp = in->config->udp, *left = in->config->left;
	int error = mv_thread_watch(thread, &in->udp4, udp->fd4, on_readable, in);

	if (error == 0) {
		error = mv_thread_watch(thread, &in->udp6, udp->fd6, on_readable, in);
	}
	if (error == 0 && left) {
		error = mv_thread_watch(thread, &in->left4, left->fd4, on_readable, in);
	}
	if (error == 0 && left) {
		error = mv_thread_watch(thread, &in->left6, left->fd6, on_readable, in);
	}
	return error;
}
