/*
 * A lane: what carries packets between one TUN queue and the outer sockets. Both ways go on in its
 * first thread, so that an answer needs no second one to be woken up, until that takes all of a
 * processor's time. Then the way out is lent to the second thread, until the time of one is enough
 * again. Each has a libuv loop of its own that watches the raw descriptors; everything that takes
 * long, or happens seldom, is left to the control loop. Started and stopped by the control loop's
 * thread.
 */
#ifndef MV_EDGE_LANE_H
#define MV_EDGE_LANE_H

#include "edge/lane_config.h"

#define MV_LANES_MAX 16

struct mv_lane;

/* -errno; nothing is left running then. */
int mv_lane_start(struct mv_lane **started, const struct mv_lane_config *config);

/* Returns when the threads have ended. NULL is allowed. */
void mv_lane_stop(struct mv_lane *lane);

/* The TUN device was deleted under the lane. The control loop, woken for it, asks. */
bool mv_lane_has_lost_tun(const struct mv_lane *lane);

#endif
