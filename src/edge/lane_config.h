/*
 * What the two threads of a lane share: their surroundings, and how they tell others what happened.
 * Any thread.
 */
#ifndef MV_EDGE_LANE_CONFIG_H
#define MV_EDGE_LANE_CONFIG_H

#include <stdbool.h>
#include <uv.h>

#include "base/log.h"
#include "edge/handoff.h"
#include "edge/tun.h"
#include "edge/udp.h"
#include "tunnel/device.h"

/* So many batches one way are read before the thread looks for the other way, or whether it is to
 * stop, in the midst of a flood, too. */
#define MV_LANE_BATCHES_A_WAKE 4

/* Which way an inner packet goes. */
enum mv_direction {
	MV_DIRECTION_OUT, /* read from the tunnel interface */
	MV_DIRECTION_IN,  /* about to be written into it */
};

/* When a lane begins to go on in two threads, and when in one again. The bounds are thousandths of
 * one processor's time in a window, for both threads together. */
struct mv_lane_sharing {
	unsigned window_ms;
	unsigned lend_permille;      /* in one thread: so much or more */
	unsigned call_back_permille; /* in two: so much or less */
};

/* All of it outlives the lane. */
struct mv_lane_config {
	struct mv_device *device;
	struct mv_tun *tun;
	struct mv_udp *udp;
	const struct mv_udp *left; /* only read from; NULL: there are none */
	const struct mv_aead_provider *aead;
	struct mv_handoff *handoff;
	uv_async_t *control; /* sent to wake the control loop */
	struct mv_lane_sharing sharing;
	struct mv_log log;

	/* Sees every inner packet, in one of the lane's two threads. NULL: nobody looks. */
	void (*watch)(void *ctx, enum mv_direction direction, const uint8_t *packet, size_t len);
	void *watch_ctx;
};

/* What measures best on this machine. */
struct mv_lane_sharing mv_lane_sharing_best(void);

/* Leaves of these offloads those that the lane uses, too. */
void mv_lane_narrow_offloads(
	const struct mv_lane_config *config, bool offloads[static MV_OFFLOAD_COUNT]);

void mv_lane_wake_control(const struct mv_lane_config *config, bool is_needed);

void mv_lane_watch(const struct mv_lane_config *config, enum mv_direction direction,
	const struct mv_packet *packet);

#endif
