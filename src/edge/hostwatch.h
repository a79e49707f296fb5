/*
 * What happens on this machine outside of the program and concerns the device: the tunnel's link
 * goes up or down, changes its MTU or is deleted; addresses and routes change, so that the own
 * address that a peer is answered from may be the wrong one, and names may be resolved that could
 * not be. Watches for both by rtnetlink on the control loop, and tells the device. Belongs to the
 * control loop's thread.
 */
#ifndef MV_EDGE_HOSTWATCH_H
#define MV_EDGE_HOSTWATCH_H

#include <uv.h>

#include "edge/names.h"
#include "edge/netlink.h"
#include "tunnel/device.h"

struct mv_hostwatch {
	uv_poll_t link_poll, paths_poll;
	struct mv_netlink *link, *paths;
	struct mv_netlink *requests; /* where the device is; NULL: it is where this process is */
	struct mv_device *device;
	struct mv_names *names;
	struct mv_link_place place;
	void (*deleted)(void *ctx); /* the tunnel's link is gone */
	void *ctx;
};

/*
 * Fills in nothing but its own: device, names, place, deleted and ctx are set before, link and
 * requests may be, where the one who opened them had more privileges (mv_netlink_monitor_open) or
 * was in another network namespace. -errno;
 * mv_hostwatch_uninit also cleans up after a failure.
 */
int mv_hostwatch_start(struct mv_hostwatch *watch, uv_loop_t *loop);

/* Takes over the state that the link has now, where no event told it. -errno. */
int mv_hostwatch_update(struct mv_hostwatch *watch);

/* After the handles were closed and the loop has run. */
void mv_hostwatch_uninit(struct mv_hostwatch *watch);

#endif
