#include "edge/loop.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edge/boottimer.h"
#include "edge/clock.h"
#include "edge/hostwatch.h"
#include "edge/names.h"
#include "edge/ports.h"
#include "edge/signals.h"
#include "edge/work.h"

/* Where the processor is short, this thread gets a third of what a lane gets: under a flood of
 * handshakes data goes first, and there still is time to answer. */
#define NICE_BEHIND_LANES 5

/* As deep as the work of a wake-up goes. */
#define STACK_USED 32768

struct mv_loop {
	uv_loop_t uv;
	uv_prepare_t before_sleep;
	uv_async_t wake; /* from lanes */
	struct mv_signals signals;
	struct mv_boottimer timer;
	struct mv_hostwatch watch;

	struct mv_log log;
	struct mv_tun tuns[MV_LANES_MAX];
	struct mv_device *device;
	uv_mutex_t lock;
	struct mv_work work;
	struct mv_handoff *handoff;
	struct mv_names *names;
	struct mv_ports ports;
};

/* What the device asks of its surroundings */

static void fill_random(void *ctx, void *out, size_t len)
{
	(void)ctx;
	randombytes_buf(out, len);
}

static void lock(void *ctx)
{
	uv_mutex_lock(ctx);
}

static void unlock(void *ctx)
{
	uv_mutex_unlock(ctx);
}

/* The work of a wake-up */

/* Runs after every wake-up, whatever it was for: so a timer that comes late is harmless. */
static void before_sleep(uv_prepare_t *handle)
{
	struct mv_loop *loop = handle->data;

	if (mv_work_do(&loop->work, mv_clock_sample())) {
		uv_async_send(&loop->wake);
	}
	mv_names_serve(loop->names);
	mv_boottimer_arm(&loop->timer, mv_device_arm(loop->device));
	/* The dynamic linker, which resolves the calls of libraries when they come, saves registers
	 * there, and keys pass through these. */
	sodium_stackzero(STACK_USED);
}

/* Wake-ups */

static void on_deleted(void *ctx)
{
	struct mv_loop *loop = ctx;

	mv_log(&loop->log, MV_LOG_INFO, "%s was deleted", loop->tuns[0].name);
	mv_loop_stop(loop);
}

static void on_wake(uv_async_t *handle)
{
	struct mv_loop *loop = handle->data;

	if (mv_lanes_have_lost_tun(&loop->ports.lanes)) {
		on_deleted(loop);
	}
}

static void on_signal(void *ctx, int signum)
{
	(void)signum;
	mv_loop_stop(ctx);
}

static void on_ports_failed(void *ctx)
{
	mv_loop_stop(ctx);
}

/* Life */

static int init_handles(struct mv_loop *loop)
{
	int error;

	uv_prepare_init(&loop->uv, &loop->before_sleep);
	mv_ports_init(&loop->ports, &loop->uv);
	loop->before_sleep.data = loop->wake.data = loop;

	if ((error = uv_async_init(&loop->uv, &loop->wake, on_wake)) < 0 ||
		(error = uv_prepare_start(&loop->before_sleep, before_sleep)) < 0 ||
		(error = mv_signals_start(&loop->signals, &loop->uv, on_signal, loop)) < 0 ||
		(error = mv_boottimer_start(&loop->timer, &loop->uv)) < 0) {
		return error;
	}
	return mv_hostwatch_start(&loop->watch, &loop->uv);
}

static int init_parts(struct mv_loop *loop)
{
	struct mv_environment environment = {.ctx = &loop->lock,
		.random = fill_random,
		.lock = lock,
		.unlock = unlock,
		.keeps_timestamps = loop->work.record_folder != NULL,
		.log = loop->log};

	loop->work.outbox = mv_batch_create(&mv_aead_sodium);
	loop->work.handoff = loop->handoff = mv_handoff_create();
	if (!loop->work.outbox || !loop->handoff) {
		return -ENOMEM;
	}
	int error = mv_device_create(&loop->device, &environment);
	if (error < 0) {
		return error;
	}
	loop->work.device = loop->ports.device = loop->device;
	error = mv_names_create(&loop->names, &loop->uv, loop->device, &loop->log);
	if (error < 0) {
		return error;
	}
	loop->watch = (struct mv_hostwatch){.device = loop->device,
		.place = {.ifindex = loop->tuns[0].ifindex, .nsid = MV_NSID_OWN},
		.link = loop->watch.link,
		.requests = loop->watch.requests,
		.deleted = on_deleted,
		.names = loop->names,
		.ctx = loop};
	memcpy(loop->watch.place.name, loop->tuns[0].name, sizeof(loop->watch.place.name));
	return 0;
}

static void configure_lane(struct mv_loop *loop, const struct mv_loop_config *config, size_t i)
{
	loop->ports.lanes.configs[i] = (struct mv_lane_config){.device = loop->device,
		.tun = &loop->tuns[i],
		.udp = &loop->ports.sockets.udps[i],
		.aead = config->aead ? config->aead : &mv_aead_sodium,
		.handoff = loop->handoff,
		.control = &loop->wake,
		.sharing = config->sharing ? *config->sharing : mv_lane_sharing_best(),
		.log = loop->log,
		.watch = config->watch,
		.watch_ctx = config->watch_ctx};
}

static int allocate(struct mv_loop **allocated, const struct mv_loop_config *config)
{
	struct mv_loop *loop = calloc(1, sizeof(*loop));

	if (!loop) {
		return -ENOMEM;
	}
	int error = uv_loop_init(&loop->uv);
	if (error < 0) {
		goto free_loop;
	}
	error = uv_mutex_init(&loop->lock);
	if (error < 0) {
		goto close_uv;
	}
	loop->timer.fd = -1;
	loop->log = config->log;
	loop->ports.lanes.count = loop->ports.sockets.lanes = config->lanes;
	loop->ports.sockets.offload = config->offload;
	loop->ports.log = config->log;
	loop->ports.failed = on_ports_failed;
	loop->ports.ctx = loop;
	loop->ports.sockets.wanted_port = config->wanted_port;
	memcpy(loop->tuns, config->tuns, sizeof(loop->tuns));
	memcpy(loop->ports.sockets.udps, config->udps, sizeof(loop->ports.sockets.udps));
	loop->watch.link = config->monitor;
	loop->watch.requests = config->requests;
	loop->work.udp = &loop->ports.sockets.udps[0];
	loop->work.log = config->log;
	loop->work.record_folder = config->record_folder;
	*allocated = loop;
	return 0;

close_uv:
	uv_loop_close(&loop->uv);
free_loop:
	free(loop);
	return error;
}

static void close_descriptors(struct mv_tun *tuns, struct mv_udp *udps, size_t count)
{
	mv_udp_close_lanes(udps, count);
	for (size_t i = 0; i < count; i++) {
		mv_tun_close(&tuns[i]);
	}
}

int mv_loop_create(struct mv_loop **created, const struct mv_loop_config *config)
{
	struct mv_loop *loop;
	int error = allocate(&loop, config);

	if (error < 0) {
		struct mv_loop_config orphans = *config;

		close_descriptors(orphans.tuns, orphans.udps, orphans.lanes);
		mv_netlink_close(orphans.monitor);
		mv_netlink_close(orphans.requests);
		return error;
	}
	error = init_parts(loop);
	if (error == 0) {
		error = init_handles(loop);
	}
	if (error < 0) {
		mv_loop_destroy(loop);
		return error;
	}
	for (size_t i = 0; i < loop->ports.lanes.count; i++) {
		configure_lane(loop, config, i);
	}
	*created = loop;
	return 0;
}

uv_loop_t *mv_loop_uv(struct mv_loop *loop)
{
	return &loop->uv;
}

struct mv_device *mv_loop_device(struct mv_loop *loop)
{
	return loop->device;
}

struct mv_snapshot *mv_loop_snapshot(struct mv_loop *loop)
{
	struct mv_snapshot *snapshot;

	if (mv_device_snapshot(loop->device, &snapshot) < 0) {
		return NULL;
	}
	snapshot->listen_port = loop->ports.sockets.udps[0].port;
	snapshot->fwmark = loop->ports.sockets.mark;
	size_t memory_bytes = 0;
	uv_resident_set_memory(&memory_bytes);
	snapshot->memory_bytes = memory_bytes;
	snapshot->aead = loop->ports.lanes.configs[0].aead->name;
	memset(snapshot->offloads, true, sizeof(snapshot->offloads));
	for (size_t i = 0; i < loop->ports.lanes.count; i++) {
		mv_lane_narrow_offloads(&loop->ports.lanes.configs[i], snapshot->offloads);
	}
	mv_names_complete(loop->names, snapshot);
	return snapshot;
}

int mv_loop_apply(struct mv_loop *loop, const struct mv_changes *changes)
{
	struct mv_sockets_change change;
	int error = mv_sockets_prepare(&loop->ports.sockets, &change, changes);

	if (error < 0) {
		return error;
	}
	error = mv_names_apply(loop->names, changes);
	if (error < 0) {
		mv_sockets_undo(&loop->ports.sockets, &change);
		return error;
	}
	return mv_ports_commit(&loop->ports, &change);
}

int mv_loop_start(struct mv_loop *loop)
{
	int error = mv_hostwatch_update(&loop->watch);

	if (error == 0) {
		error = mv_lanes_start(&loop->ports.lanes);
	}
	if (error == 0) {
		mv_names_start(loop->names);
	}
	return error;
}

void mv_loop_run(struct mv_loop *loop)
{
	/* On Linux this is of the calling thread alone, and the lane runs already. */
	(void)!nice(NICE_BEHIND_LANES);
	uv_run(&loop->uv, UV_RUN_DEFAULT);

	/* While the control socket is there, no other tunnel of this name takes the record over. */
	mv_work_end(&loop->work);
}

void mv_loop_stop(struct mv_loop *loop)
{
	uv_stop(&loop->uv);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle)) {
		uv_close(handle, NULL);
	}
}

/* Runs the close callbacks. False if a request that cannot be called off is left. */
static bool close_uv(struct mv_loop *loop)
{
	mv_names_close(loop->names);
	uv_walk(&loop->uv, close_handle, NULL);
	/* Closing takes a turn or two of the loop; what is not done then waits for the system. */
	for (int turn = 0; turn < 10 && uv_loop_alive(&loop->uv); turn++) {
		uv_run(&loop->uv, UV_RUN_NOWAIT);
	}
	return uv_loop_close(&loop->uv) == 0;
}

bool mv_loop_destroy(struct mv_loop *loop)
{
	if (!loop) {
		return true;
	}
	mv_lanes_stop(&loop->ports.lanes);
	bool is_closed = close_uv(loop);

	mv_device_destroy(loop->device);
	mv_batch_destroy(loop->work.outbox);
	mv_handoff_destroy(loop->handoff);
	mv_hostwatch_uninit(&loop->watch);
	mv_boottimer_uninit(&loop->timer);
	mv_sockets_close_left(&loop->ports.sockets);
	close_descriptors(loop->tuns, loop->ports.sockets.udps, loop->ports.lanes.count);
	uv_mutex_destroy(&loop->lock);
	if (is_closed) {
		free(loop);
	}
	return is_closed;
}
