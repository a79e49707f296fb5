/*
 * The way in of a lane, from UDP to TUN, in a thread of its own: read, plan, open, commit, write.
 * Handshake messages leave here for the control loop. Started and stopped by the control loop's
 * thread.
 */
#ifndef MV_EDGE_INBOUND_H
#define MV_EDGE_INBOUND_H

#include "edge/lane_config.h"

struct mv_inbound;

/* -errno; nothing is left running then. */
int mv_inbound_start(struct mv_inbound **started, const struct mv_lane_config *config);

/* Returns when the thread has ended. NULL is allowed. */
void mv_inbound_stop(struct mv_inbound *in);

#endif
