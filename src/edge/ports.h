/*
 * The lanes with their sockets, and how these move to another port while packets flow. Belongs to
 * the control loop.
 */
#ifndef MV_EDGE_PORTS_H
#define MV_EDGE_PORTS_H

#include <uv.h>

#include "base/log.h"
#include "edge/lanes.h"
#include "edge/sockets.h"

/* Their owner fills in lanes and sockets, and what follows the timer. */
struct mv_ports {
	struct mv_lanes lanes;
	struct mv_sockets sockets;
	uv_timer_t leave; /* the sockets of a port before this one */
	struct mv_device *device;
	struct mv_log log;
	void (*failed)(void *ctx); /* the lanes do not run any more */
	void *ctx;
};

/* The timer is closed with all other handles of the loop. */
void mv_ports_init(struct mv_ports *ports, uv_loop_t *loop);

/*
 * Carries out what mv_sockets_prepare has prepared. With a new port the lanes stand still for a
 * moment, in which what comes in waits; peers learn of it by a keepalive, and what they still send
 * to the old one is taken for a while. -errno: the lanes could not go on.
 */
int mv_ports_commit(struct mv_ports *ports, struct mv_sockets_change *change);

#endif
