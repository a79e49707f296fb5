/*
 * The sockets of all lanes, and how port and mark are changed while the tunnel is up: first
 * everything that can fail, then, once nothing else can fail either, the change itself. Belongs to
 * the control loop.
 */
#ifndef MV_EDGE_SOCKETS_H
#define MV_EDGE_SOCKETS_H

#include "edge/lane.h"
#include "edge/udp.h"
#include "tunnel/change.h"

struct mv_sockets {
	struct mv_udp udps[MV_LANES_MAX];
	/* On the port before, while has_left: peers that have not heard from the new one still send
	 * there. */
	struct mv_udp left[MV_LANES_MAX];
	bool has_left;
	size_t lanes;
	bool offload;         /* asked for, of sockets to come */
	uint16_t wanted_port; /* 0: any, and the one at hand is as good as another */
	uint32_t mark;
};

/* A change that is prepared. */
struct mv_sockets_change {
	struct mv_udp udps[MV_LANES_MAX]; /* on the new port, if there is one */
	bool has_new_port;
	bool goes_back; /* to the port that was left last, whose sockets are still there */
	uint16_t wanted_port;
	uint32_t mark;
};

/*
 * Opens what the changes need, and sets their mark. -EADDRINUSE: the port is taken; -EPERM: no mark
 * without CAP_NET_ADMIN; other -errno. After a failure nothing has changed; else exactly one of the
 * other two follows.
 */
int mv_sockets_prepare(const struct mv_sockets *sockets, struct mv_sockets_change *change,
	const struct mv_changes *changes);
void mv_sockets_undo(const struct mv_sockets *sockets, struct mv_sockets_change *change);

/* With a new port the old sockets become those that are left, and those before them are closed,
 * unless they are the new ones; so no lane may use any at this time. */
void mv_sockets_commit(struct mv_sockets *sockets, struct mv_sockets_change *change);

/* Closes those that are left, if there are some; no lane may use them at this time. */
void mv_sockets_close_left(struct mv_sockets *sockets);

#endif
