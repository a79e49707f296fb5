/*
 * What of a tunnel's needs a device has already, because somebody has prepared it; and whether this
 * process may change anything at all. Needs no privilege and changes nothing. A socket belongs to
 * one thread.
 */
#ifndef MV_EDGE_NETLINK_HAS_H
#define MV_EDGE_NETLINK_HAS_H

#include <stdbool.h>

#include "edge/netlink.h"

/*
 * Whether the kernel lets this process change devices, addresses and routes of its network
 * namespace. It is asked, since CAP_NET_ADMIN may be that of a user namespace to which this network
 * does not belong.
 */
bool mv_netlink_may_change(struct mv_netlink *netlink);

/* Whether a program has the device open, if it is a TUN device. A device of many queues lets a
 * second one in, and gives it a part of the packets. */
bool mv_netlink_is_in_use(struct mv_netlink *netlink, int ifindex);

/* Whether the device is as the step would make it. Of a step that is not one of MTU, link, address
 * or route: false, and so where the kernel does not tell. */
bool mv_netlink_has(struct mv_netlink *netlink, int ifindex, const struct mv_host_step *step);

#endif
