/*
 * A lane: one thread that carries packets between one TUN queue and the outer sockets. Its own
 * libuv loop watches the raw descriptors; everything that takes long, or happens seldom, it leaves
 * to the control loop. Started and stopped by the control loop's thread.
 */
#ifndef MV_EDGE_LANE_H
#define MV_EDGE_LANE_H

#include <stdbool.h>
#include <uv.h>

#include "edge/handoff.h"
#include "edge/tun.h"
#include "edge/udp.h"
#include "tunnel/device.h"

struct mv_lane;

/* Which way an inner packet goes. */
enum mv_direction {
	MV_DIRECTION_OUT, /* read from the tunnel interface */
	MV_DIRECTION_IN,  /* about to be written into it */
};

/* All of it outlives the lane. */
struct mv_lane_config {
	struct mv_device *device;
	const struct mv_tun *tun;
	const struct mv_udp *udp;
	const struct mv_aead_provider *aead;
	struct mv_handoff *handoff;
	uv_async_t *control; /* sent to wake the control loop */

	/* Sees every inner packet, in the lane's thread. NULL: nobody looks. */
	void (*watch)(void *ctx, enum mv_direction direction, const uint8_t *packet, size_t len);
	void *watch_ctx;
};

/* -errno; nothing is left running then. */
int mv_lane_start(struct mv_lane **started, const struct mv_lane_config *config);

/* Returns when the thread has ended. NULL is allowed. */
void mv_lane_stop(struct mv_lane *lane);

/* The TUN device was deleted under the lane. The control loop, woken for it, asks. */
bool mv_lane_has_lost_tun(const struct mv_lane *lane);

#endif
