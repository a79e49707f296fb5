/*
 * rtnetlink through libmnl: carries out the steps of edge/hoststate on one device, and tells when
 * the device goes up, down, changes its MTU or is deleted. Never a shell. A socket belongs to one
 * thread.
 */
#ifndef MV_EDGE_NETLINK_H
#define MV_EDGE_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "edge/hoststate.h"

struct mv_netlink;

/* A socket for requests. -errno. */
int mv_netlink_open(struct mv_netlink **netlink);
void mv_netlink_close(struct mv_netlink *netlink);

/*
 * Carries out one step and waits for the kernel's answer: 0 or -errno. Adding what is on this
 * device already counts as done; -EEXIST: another device has that route. Removing what is gone
 * counts as done. -EINVAL: not a step of rtnetlink.
 */
int mv_netlink_step(struct mv_netlink *netlink, int ifindex, const struct mv_host_step *step);

/*
 * Carries out all steps; on the first failure stops, undoes nothing, stores which one in *failed
 * and returns its -errno. (The caller closes the device, and everything on it is gone.)
 */
int mv_netlink_apply(struct mv_netlink *netlink, int ifindex, const struct mv_host_steps *steps,
	const struct mv_host_step **failed);

/* What happened to the device. Where it is deleted, the rest says nothing. */
struct mv_link_event {
	bool deleted; /* not: moved to another namespace */
	bool up;      /* IFF_UP */
	uint32_t mtu; /* 0: not said */
};

/* The device that is watched for: where it is, and under which number. Given the number it has in
 * this namespace; the monitor follows it into others. */
struct mv_link_place {
	char name[16]; /* IFNAMSIZ; by which it is found again after it has moved on */
	int ifindex;
	int nsid; /* MV_NSID_OWN, or that of the namespace it has moved to, as this one counts */
};

#define MV_NSID_OWN     (-1)
#define MV_NSID_UNKNOWN (-2) /* it has moved on from there */

/*
 * A non-blocking socket in RTNLGRP_LINK, closed by mv_netlink_close, and its descriptor for the
 * loop. Made by one who has CAP_NET_BROADCAST it hears of a device that has moved to another
 * namespace; else such a device counts as up.
 */
int mv_netlink_monitor_open(struct mv_netlink **monitor);
int mv_netlink_fd(const struct mv_netlink *netlink);

/* A non-blocking socket that becomes readable when a route or an address of this machine changes.
 * Which one does not matter: mv_netlink_paths_drain reads it all off. */
int mv_netlink_paths_open(struct mv_netlink **paths);
void mv_netlink_paths_drain(struct mv_netlink *paths);

/* Calls back for each event of the device until all is read, and follows its place: 0. -ENOBUFS:
 * events were lost, ask mv_netlink_link_get instead. */
int mv_netlink_monitor_read(struct mv_netlink *monitor, struct mv_link_place *place,
	void (*on_event)(void *ctx, const struct mv_link_event *event), void *ctx);

/* The state of the device now; deleted is set if there is none of this index. Not on a monitor. */
int mv_netlink_link_get(struct mv_netlink *netlink, int ifindex, struct mv_link_event *event);

#endif
