/*
 * What the tunnel has set on this machine outside of itself, as a value: the device's addresses,
 * MTU, link and routes. `up` applies the difference from empty, `down` the difference to empty. A
 * difference is a list of steps, in the order in which they must happen; edge/netlink carries them
 * out. Pure; a value belongs to one thread.
 */
#ifndef MV_EDGE_HOSTSTATE_H
#define MV_EDGE_HOSTSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct mv_hoststate {
	uint32_t mtu; /* 0: not set by us */
	bool link_up;
	struct mv_prefix *addresses; /* host bits kept */
	size_t address_count;
	struct mv_prefix *routes; /* through the device, main table */
	size_t route_count;
};

enum mv_host_step_kind {
	MV_HOST_NO_LINK_LOCAL, /* IFLA_INET6_ADDR_GEN_MODE none; before the link comes up */
	MV_HOST_MTU,
	MV_HOST_ADDRESS_ADD,
	MV_HOST_LINK_UP,
	MV_HOST_ROUTE_ADD,
	MV_HOST_ROUTE_REMOVE,
	MV_HOST_LINK_DOWN,
	MV_HOST_ADDRESS_REMOVE,
};

struct mv_host_step {
	enum mv_host_step_kind kind;
	uint32_t mtu;
	struct mv_prefix prefix;
};

struct mv_host_steps {
	struct mv_host_step *list;
	size_t count;
};

/*
 * The steps from `old` to `new`; either may be NULL, which is empty. 0 or -ENOMEM.
 *
 * Removals come first. Every prefix is added at most once, addresses in their order, routes with
 * the longest prefix first. A route that an address of the device brings along (its own prefix, or
 * the address itself) is left out: the kernel makes it. A state whose link is down has no routes.
 * Where a removal may have taken more with it, all of `new` is added again, so the one who carries
 * out the steps must let what is there already count as done.
 */
int mv_hoststate_diff(struct mv_host_steps *steps, const struct mv_hoststate *old,
	const struct mv_hoststate *new);
void mv_host_steps_uninit(struct mv_host_steps *steps);

#endif
