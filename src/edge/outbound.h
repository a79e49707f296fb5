/*
 * The way out of a lane, from TUN to UDP: read, plan, seal, write, commit. It goes on in one of the
 * lane's threads at a time; which one, the lane decides. Created, joined to both and destroyed by
 * the control loop's thread while they do not run.
 */
#ifndef MV_EDGE_OUTBOUND_H
#define MV_EDGE_OUTBOUND_H

#include "edge/lane_config.h"

struct mv_outbound;
struct mv_thread;

/* The threads of a lane that the way out can go on in. */
enum mv_post {
	MV_POST_FIRST,
	MV_POST_SECOND,
	MV_POSTS,
};

/* -errno */
int mv_outbound_create(struct mv_outbound **created, const struct mv_lane_config *config);

/* NULL is allowed. */
void mv_outbound_destroy(struct mv_outbound *out);

/* The thread can have the way out from now on, and has not got it yet. -errno. */
int mv_outbound_join(struct mv_outbound *out, enum mv_post post, struct mv_thread *thread);

/* In the thread of that post, or before it runs: it takes up the way out, or leaves it off for the
 * other one, which must not take it up before. -errno: then the device is as good as lost. */
int mv_outbound_take_up(struct mv_outbound *out, enum mv_post post);
void mv_outbound_leave_off(struct mv_outbound *out, enum mv_post post);

/* The TUN device was deleted under it. The control loop, woken for it, asks. */
bool mv_outbound_has_lost_tun(const struct mv_outbound *out);

#endif
