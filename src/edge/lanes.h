/*
 * All lanes of a tunnel together. Belongs to the control loop.
 */
#ifndef MV_EDGE_LANES_H
#define MV_EDGE_LANES_H

#include "edge/lane.h"

/* Their owner fills in count and configs. */
struct mv_lanes {
	size_t count;
	struct mv_lane_config configs[MV_LANES_MAX];
	struct mv_lane *list[MV_LANES_MAX]; /* NULL: it does not run */
};

/* -errno; none runs then. */
int mv_lanes_start(struct mv_lanes *lanes);

/* Returns when all threads have ended. They can be started again. */
void mv_lanes_stop(struct mv_lanes *lanes);

bool mv_lanes_run(const struct mv_lanes *lanes);

/* The TUN device was deleted under them. */
bool mv_lanes_have_lost_tun(const struct mv_lanes *lanes);

#endif
