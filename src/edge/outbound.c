#include "edge/outbound.h"

#include <errno.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "edge/clock.h"
#include "edge/split.h"
#include "edge/thread.h"
#include "edge/udp_send.h"
#include "tunnel/send.h"

struct mv_outbound {
	const struct mv_lane_config *config;
	uv_poll_t tun[MV_POSTS]; /* one of them watches */
	struct mv_batch *batch;
	struct mv_split split; /* of what was read last; a batch may end in its midst */
	uint8_t *read_room;    /* of MV_PACKET_MAX bytes */
	size_t read_touched;   /* the most that ever lay there */
	atomic_bool has_lost_tun;
};

static void lose_tun(struct mv_outbound *out)
{
	atomic_store(&out->has_lost_tun, true);
	mv_lane_wake_control(out->config, true);
}

/* Read */

enum reading {
	READ_ONE,
	NOTHING_THERE,
	DEVICE_GONE,
};

/* One packet of the device, which may be cut into many. */
static enum reading read_tun(struct mv_outbound *out)
{
	struct virtio_net_hdr header;
	ssize_t len = mv_tun_read_frame(out->config->tun, &header, out->read_room, MV_PACKET_MAX);

	if (len == -EBADFD || len == -EBADF) {
		return DEVICE_GONE;
	}
	if (len < 0) {
		return NOTHING_THERE;
	}
	if ((size_t)len > out->read_touched) {
		out->read_touched = (size_t)len;
	}
	enum mv_drop drop = mv_split_begin(&out->split, &header, out->read_room, (size_t)len);
	if (drop != MV_DROP_NONE) {
		mv_device_count_drop(out->config->device, drop);
	}
	return READ_ONE;
}

/* Fills the batch with what is there. */
static enum reading read_batch(struct mv_outbound *out)
{
	enum reading reading = READ_ONE;
	uint8_t *room;

	while (reading == READ_ONE && (room = mv_batch_room(out->batch))) {
		size_t len = mv_split_next(&out->split, room);

		if (len > 0) {
			mv_lane_watch(out->config, MV_DIRECTION_OUT, mv_batch_add(out->batch, len));
		} else {
			reading = read_tun(out);
		}
	}
	return reading;
}

/* What could not be sent comes back as an ICMP error. One that is lost is no loss. */
static void write_answers(const struct mv_outbound *out)
{
	for (size_t i = 0; i < out->batch->count; i++) {
		const struct mv_packet *packet = &out->batch->packets[i];

		if (packet->is_answer) {
			(void)mv_tun_write(out->config->tun, packet->data, packet->len);
		}
	}
}

/* Plan, seal, write, commit */
static void carry(struct mv_outbound *out)
{
	const struct mv_lane_config *config = out->config;
	struct mv_batch *batch = out->batch;
	struct mv_now now = mv_clock_sample();

	bool needs_control = mv_send_plan(config->device, batch, now);
	write_answers(out);
	mv_batch_seal(batch);
	if (mv_udp_send_batch(config->udp, batch)) {
		mv_udp_warn_uncut(&config->log);
	}
	needs_control |= mv_send_commit(config->device, batch, now);
	mv_lane_wake_control(config, needs_control);
	mv_batch_reset(batch);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct mv_outbound *out = poll->data;
	/* An error condition on a TUN descriptor means one thing. */
	enum reading reading = status < 0 ? DEVICE_GONE : READ_ONE;

	(void)events;
	for (int left = MV_LANE_BATCHES_A_WAKE;
		(left > 0 || mv_split_has_more(&out->split)) && reading == READ_ONE; left--) {
		reading = read_batch(out);
		if (out->batch->count > 0) {
			carry(out);
		}
	}
	if (reading == DEVICE_GONE) {
		uv_poll_stop(poll);
		lose_tun(out);
	}
}

int mv_outbound_create(struct mv_outbound **created, const struct mv_lane_config *config)
{
	struct mv_outbound *out = calloc(1, sizeof(*out));

	if (!out) {
		return -ENOMEM;
	}
	out->config = config;
	out->batch = mv_batch_create(config->aead);
	out->read_room = malloc(MV_PACKET_MAX);
	if (!out->batch || !out->read_room) {
		mv_outbound_destroy(out);
		return -ENOMEM;
	}
	*created = out;
	return 0;
}

void mv_outbound_destroy(struct mv_outbound *out)
{
	if (!out) {
		return;
	}
	if (out->read_room) {
		/* Packets in the clear have lain here. */
		sodium_memzero(out->read_room, out->read_touched);
	}
	free(out->read_room);
	mv_batch_destroy(out->batch);
	free(out);
}

int mv_outbound_join(struct mv_outbound *out, enum mv_post post, struct mv_thread *thread)
{
	out->tun[post].data = out;
	return uv_poll_init(&thread->loop, &out->tun[post], out->config->tun->fd);
}

int mv_outbound_take_up(struct mv_outbound *out, enum mv_post post)
{
	if (mv_outbound_has_lost_tun(out)) {
		return 0;
	}
	int error = uv_poll_start(&out->tun[post], UV_READABLE, on_readable);
	if (error < 0) {
		lose_tun(out);
	}
	return error;
}

void mv_outbound_leave_off(struct mv_outbound *out, enum mv_post post)
{
	uv_poll_stop(&out->tun[post]);
}

bool mv_outbound_has_lost_tun(const struct mv_outbound *out)
{
	return atomic_load(&out->has_lost_tun);
}
