/*
 * What a plan has to know of this machine's routes and addresses, asked by rtnetlink. Needs no
 * privilege and changes nothing. A socket belongs to one thread.
 */
#ifndef MV_EDGE_NETLINK_ASK_H
#define MV_EDGE_NETLINK_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "edge/netlink.h"

/* Whether a routing table has any route, of either family. -errno. */
int mv_netlink_table_is_used(struct mv_netlink *netlink, uint32_t table, bool *is_used);

/* The largest packet that the way to this address takes, for datagrams that bear the mark: what its
 * route says, else what its device does. -ENETUNREACH and the like: there is no way. */
int mv_netlink_path_mtu(
	struct mv_netlink *netlink, const struct mv_ip *to, uint32_t mark, uint32_t *mtu);

/* The same of the default route of the main table, IPv4 before IPv6. -ENETUNREACH: there is none.
 */
int mv_netlink_default_mtu(struct mv_netlink *netlink, uint32_t *mtu);

/* The priority for a rule that is to be asked before all others but the first, that of the own
 * addresses. -errno. */
int mv_netlink_first_priority(
	struct mv_netlink *netlink, enum mv_family family, uint32_t *priority);

/* The addresses of a device, with their prefix lengths, also those that the kernel gave it by
 * itself; to be freed. -errno. */
int mv_netlink_addresses(
	struct mv_netlink *netlink, int ifindex, struct mv_prefix **addresses, size_t *count);

/* The routes through a device that somebody has set, in all tables, and not those that the kernel
 * itself has for the addresses; to be freed. -errno. */
int mv_netlink_routes(
	struct mv_netlink *netlink, int ifindex, struct mv_route **routes, size_t *count);

#endif
