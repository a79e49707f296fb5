/*
 * What the tunnel has set on this machine outside of itself, as a value: the device's addresses,
 * MTU, link and routes, and what leads a default route into the tunnel but never the tunnel's own
 * datagrams: a mark, rules, a firewall, names of servers. `up` carries out the difference from
 * empty, `down` the difference to empty. A difference is a list of steps, in the order in which
 * they must happen. Pure; a value belongs to one thread.
 */
#ifndef MV_EDGE_HOSTSTATE_H
#define MV_EDGE_HOSTSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define MV_ROUTE_TABLE_MAIN 254

struct mv_route {
	struct mv_prefix prefix;
	uint32_t table;
};

struct mv_hoststate {
	uint32_t mtu; /* 0: not set by us */
	bool link_up;
	struct mv_prefix *addresses; /* host bits kept */
	size_t address_count;
	struct mv_route *routes; /* through the device */
	size_t route_count;
	/*
	 * All but what bears the mark asks the table of that number, after main was asked for
	 * everything but default routes; of a family if it says so. With it come the firewall that
	 * gives answers the mark of what they answer, and guards the addresses of the tunnel.
	 */
	uint32_t mark;
	bool by_mark4, by_mark6;
	bool sets_src_valid_mark; /* it was not set before */
	const char *dns;          /* servers and domains as resolvconf reads them; NULL: none */
};

enum mv_host_step_kind {
	MV_HOST_NO_LINK_LOCAL, /* IFLA_INET6_ADDR_GEN_MODE none; before the link comes up */
	MV_HOST_MTU,
	MV_HOST_ADDRESS_ADD,
	MV_HOST_LINK_UP,
	MV_HOST_DNS_SET,
	MV_HOST_SRC_VALID_MARK_SET,
	MV_HOST_FIREWALL_ADD,
	MV_HOST_RULE_MARK_ADD, /* not what bears the mark: ask the table of its number */
	MV_HOST_RULE_MAIN_ADD, /* before that: ask main for all but default routes */
	MV_HOST_ROUTE_ADD,
	MV_HOST_ROUTE_REMOVE,
	MV_HOST_RULE_MAIN_REMOVE,
	MV_HOST_RULE_MARK_REMOVE,
	MV_HOST_FIREWALL_REMOVE,
	MV_HOST_SRC_VALID_MARK_RESTORE,
	MV_HOST_DNS_REMOVE,
	MV_HOST_LINK_DOWN,
	MV_HOST_ADDRESS_REMOVE,
};

struct mv_host_step {
	enum mv_host_step_kind kind;
	enum mv_family family; /* of rules and firewall */
	uint32_t number;       /* MTU, mark, or the table of a route */
	uint32_t priority;     /* of a rule; a difference knows none */
	struct mv_prefix prefix;
	bool is_again; /* it is there, unless a removal has taken it along */
};

/* Of one that owns what it points at: frees that, and is empty then. */
void mv_hoststate_clear(struct mv_hoststate *state);

struct mv_host_steps {
	struct mv_host_step *list;
	size_t count;
};

/*
 * The steps from `old` to `new`; either may be NULL, which is empty. 0 or -ENOMEM.
 *
 * Where the link stays up, what is new is added before what is old is removed, so that nothing is
 * without its way, nor finds one beside the tunnel, for a moment: but an IPv6 address that gets
 * another prefix length, which cannot have both, loses the old one first. Every prefix is added at
 * most
 * once, addresses in their order, routes with the longest prefix first. A route in the main table
 * that the network of an own address covers is left out: the kernel has one. A state whose link is
 * down has no routes. Where a removal may have taken more with it, all of `new` is added once more
 * (is_again), so the one who carries out the steps must let what is there already count as done.
 * Names and a firewall that differ are set anew.
 */
int mv_hoststate_diff(struct mv_host_steps *steps, const struct mv_hoststate *old,
	const struct mv_hoststate *new);
void mv_host_steps_uninit(struct mv_host_steps *steps);

/* What such a step does outlives the device; such a step undoes it. */
bool mv_host_step_lies_beside(enum mv_host_step_kind kind);
bool mv_host_step_removes_beside(enum mv_host_step_kind kind);

/* The kind of step that undoes one of the first, and the other way round. */
enum mv_host_step_kind mv_host_step_opposite(enum mv_host_step_kind kind);

#endif
