#include "edge/lane.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "edge/clock.h"
#include "tunnel/receive.h"
#include "tunnel/send.h"

/* More in one go are no queued errors, but a socket that does nothing else. */
#define READ_ERRORS_MAX 16

struct mv_lane {
	struct mv_lane_config config;
	uv_thread_t thread;
	uv_loop_t loop;
	uv_async_t stop;
	uv_poll_t tun, udp4, udp6;
	struct mv_batch *batch;
	atomic_bool has_lost_tun;
};

static void wake_control(struct mv_lane *lane, bool is_needed)
{
	if (is_needed) {
		uv_async_send(lane->config.control);
	}
}

static void lose_tun(struct mv_lane *lane)
{
	uv_poll_stop(&lane->tun);
	atomic_store(&lane->has_lost_tun, true);
	wake_control(lane, true);
}

static void watch(
	const struct mv_lane *lane, enum mv_direction direction, const struct mv_packet *packet)
{
	if (lane->config.watch) {
		lane->config.watch(lane->config.watch_ctx, direction, packet->data, packet->len);
	}
}

/* Out: read */

/* One batch of what is there; false if the device is gone. */
static bool read_tun(struct mv_lane *lane)
{
	uint8_t *room;

	while ((room = mv_batch_room(lane->batch))) {
		ssize_t len = mv_tun_read(lane->config.tun, room, MV_PACKET_MAX);

		if (len < 0) {
			return len != -EBADFD && len != -EBADF;
		}
		watch(lane, MV_DIRECTION_OUT, mv_batch_add(lane->batch, (size_t)len));
	}
	return true;
}

/* What could not be sent comes back as an ICMP error. One that is lost is no loss. */
static void write_answers(const struct mv_lane *lane)
{
	for (size_t i = 0; i < lane->batch->count; i++) {
		const struct mv_packet *packet = &lane->batch->packets[i];

		if (packet->is_answer) {
			(void)mv_tun_write(lane->config.tun, packet->data, packet->len);
		}
	}
}

/* Out: plan, seal, write, commit */
static void carry_out(struct mv_lane *lane)
{
	struct mv_batch *batch = lane->batch;
	struct mv_now now = mv_clock_sample();

	bool needs_control = mv_send_plan(lane->config.device, batch, now);
	write_answers(lane);
	mv_batch_seal(batch, lane->config.aead);
	mv_udp_write_batch(lane->config.udp, batch);
	needs_control |= mv_send_commit(lane->config.device, batch, now);
	wake_control(lane, needs_control);
}

static void on_tun_readable(uv_poll_t *poll, int status, int events)
{
	struct mv_lane *lane = poll->data;

	(void)events;
	/* An error condition on a TUN descriptor means one thing. */
	if (status < 0 || !read_tun(lane)) {
		lose_tun(lane);
	}
	if (lane->batch->count > 0) {
		carry_out(lane);
	}
	mv_batch_reset(lane->batch);
}

/* In: read */

/* One batch of what is there. Errors of earlier sends come up here; they say nothing about what was
 * received. */
static void read_udp(struct mv_lane *lane, int fd)
{
	int errors_left = READ_ERRORS_MAX;
	int result = 1;

	while (result != 0 && errors_left > 0 && mv_batch_room(lane->batch)) {
		result = mv_udp_read(fd, lane->batch);
		errors_left -= result < 0;
	}
}

static bool hand_off(struct mv_lane *lane, const struct mv_packet *packet)
{
	if (!mv_handoff_push(lane->config.handoff, packet)) {
		mv_device_count_drop(lane->config.device, MV_DROP_HANDSHAKE_QUEUE_FULL);
		return false;
	}
	return true;
}

/* In: write */
static void write_tun(struct mv_lane *lane, struct mv_now now)
{
	struct mv_batch *batch = lane->batch;
	bool has_failed = false;

	for (size_t i = 0; i < batch->count; i++) {
		struct mv_packet *packet = &batch->packets[i];

		packet->drop = MV_DROP_NONE; /* Those until here are counted. */
		if (!packet->live) {
			continue;
		}
		watch(lane, MV_DIRECTION_IN, packet);
		if (mv_tun_write(lane->config.tun, packet->data, packet->len) < 0) {
			mv_packet_drop(packet, MV_DROP_TUN_WRITE_FAILED);
			has_failed = true;
		}
	}
	if (has_failed) {
		mv_device_count_drops(lane->config.device, batch, now);
	}
}

/* In: plan, open, commit, write */
static void carry_in(struct mv_lane *lane)
{
	struct mv_batch *batch = lane->batch;
	struct mv_now now = mv_clock_sample();
	bool needs_control = false;

	mv_receive_plan(lane->config.device, batch, now);
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->packets[i].is_handshake) {
			needs_control |= hand_off(lane, &batch->packets[i]);
		}
	}
	mv_batch_open(batch, lane->config.aead);
	needs_control |= mv_receive_commit(lane->config.device, batch, now);
	wake_control(lane, needs_control);
	write_tun(lane, now);
}

static void on_udp_readable(uv_poll_t *poll, int status, int events)
{
	struct mv_lane *lane = poll->data;
	int fd = poll == &lane->udp4 ? lane->config.udp->fd4 : lane->config.udp->fd6;

	(void)events;
	read_udp(lane, fd);
	if (lane->batch->count > 0) {
		carry_in(lane);
	}
	mv_batch_reset(lane->batch);
	if (status < 0) {
		/* A queued error stopped the watching; it was read off with the rest. */
		uv_poll_start(poll, UV_READABLE, on_udp_readable);
	}
}

/* Life of the thread */

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle)) {
		uv_close(handle, NULL);
	}
}

static void on_stop(uv_async_t *stop)
{
	uv_walk(stop->loop, close_handle, NULL);
}

static void run(void *arg)
{
	struct mv_lane *lane = arg;

	uv_run(&lane->loop, UV_RUN_DEFAULT);
}

static int watch_descriptor(struct mv_lane *lane, uv_poll_t *poll, int fd, uv_poll_cb callback)
{
	if (fd < 0) {
		return 0;
	}
	int error = uv_poll_init(&lane->loop, poll, fd);
	if (error < 0) {
		return error;
	}
	poll->data = lane;
	return uv_poll_start(poll, UV_READABLE, callback);
}

static int watch_descriptors(struct mv_lane *lane)
{
	const struct mv_lane_config *config = &lane->config;
	int error;

	if ((error = uv_async_init(&lane->loop, &lane->stop, on_stop)) < 0 ||
		(error = watch_descriptor(lane, &lane->tun, config->tun->fd, on_tun_readable)) <
			0 ||
		(error = watch_descriptor(lane, &lane->udp4, config->udp->fd4, on_udp_readable)) <
			0) {
		return error;
	}
	return watch_descriptor(lane, &lane->udp6, config->udp->fd6, on_udp_readable);
}

static void destroy(struct mv_lane *lane)
{
	mv_batch_destroy(lane->batch);
	free(lane);
}

static int start_loop(struct mv_lane *lane)
{
	int error = uv_loop_init(&lane->loop);

	if (error < 0) {
		return error;
	}
	if ((error = watch_descriptors(lane)) < 0 ||
		(error = uv_thread_create(&lane->thread, run, lane)) < 0) {
		uv_walk(&lane->loop, close_handle, NULL);
		uv_run(&lane->loop, UV_RUN_DEFAULT);
		uv_loop_close(&lane->loop);
	}
	return error;
}

int mv_lane_start(struct mv_lane **started, const struct mv_lane_config *config)
{
	struct mv_lane *lane = calloc(1, sizeof(*lane));

	if (!lane) {
		return -ENOMEM;
	}
	lane->config = *config;
	lane->batch = mv_batch_create();

	int error = lane->batch ? start_loop(lane) : -ENOMEM;
	if (error < 0) {
		destroy(lane);
		return error;
	}
	*started = lane;
	return 0;
}

void mv_lane_stop(struct mv_lane *lane)
{
	if (!lane) {
		return;
	}
	uv_async_send(&lane->stop);
	uv_thread_join(&lane->thread);
	uv_loop_close(&lane->loop);
	destroy(lane);
}

bool mv_lane_has_lost_tun(const struct mv_lane *lane)
{
	return atomic_load(&lane->has_lost_tun);
}
