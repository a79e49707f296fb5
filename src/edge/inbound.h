/*
 * The way in of a lane, from UDP to TUN: read, plan, open, commit, write. Handshake messages leave
 * here for the control loop. It goes on in the lane's first thread. Created, joined to it and
 * destroyed by the control loop's thread while that one does not run.
 */
#ifndef MV_EDGE_INBOUND_H
#define MV_EDGE_INBOUND_H

#include "edge/lane_config.h"

struct mv_inbound;
struct mv_thread;

/* -errno */
int mv_inbound_create(struct mv_inbound **created, const struct mv_lane_config *config);

/* NULL is allowed. */
void mv_inbound_destroy(struct mv_inbound *in);

/* The thread takes up the way in when it is started. -errno. */
int mv_inbound_join(struct mv_inbound *in, struct mv_thread *thread);

#endif
