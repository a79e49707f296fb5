/*
 * The way out of a lane, from TUN to UDP, in a thread of its own: read, plan, seal, write, commit.
 * Started and stopped by the control loop's thread.
 */
#ifndef MV_EDGE_OUTBOUND_H
#define MV_EDGE_OUTBOUND_H

#include "edge/lane_config.h"

struct mv_outbound;

/* -errno; nothing is left running then. */
int mv_outbound_start(struct mv_outbound **started, const struct mv_lane_config *config);

/* Returns when the thread has ended. NULL is allowed. */
void mv_outbound_stop(struct mv_outbound *out);

/* The TUN device was deleted under it. The control loop, woken for it, asks. */
bool mv_outbound_has_lost_tun(const struct mv_outbound *out);

#endif
