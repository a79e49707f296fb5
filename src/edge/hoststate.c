#include "edge/hoststate.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* NO_LINK_LOCAL, MTU, LINK_UP and LINK_DOWN, DNS and SRC_VALID_MARK, each at most once a way; rules
 * and firewall once a family and way, and the firewall anew. */
#define OTHER_STEPS_MAX (4 + 2 * 2 + 3 * 2 * 2 + 2)

static bool contains_prefix(
	const struct mv_prefix *list, size_t count, const struct mv_prefix *prefix)
{
	for (size_t i = 0; i < count; i++) {
		if (mv_prefix_equal(&list[i], prefix)) {
			return true;
		}
	}
	return false;
}

/* Longest first, as the order of adding; the rest only makes the order total. */
static int compare_routes(const void *left, const void *right)
{
	const struct mv_route *a = left;
	const struct mv_route *b = right;

	if (a->prefix.bits != b->prefix.bits) {
		return a->prefix.bits > b->prefix.bits ? -1 : 1;
	}
	if (a->prefix.ip.family != b->prefix.ip.family) {
		return a->prefix.ip.family < b->prefix.ip.family ? -1 : 1;
	}
	if (a->table != b->table) {
		return a->table < b->table ? -1 : 1;
	}
	return memcmp(a->prefix.ip.bytes, b->prefix.ip.bytes, sizeof(a->prefix.ip.bytes));
}

/*
 * An address brings a route to its own network into the main table. The exceptions: an IPv4 address
 * that is its whole network, and a network of no bits, which would be a default route.
 */
static bool brings_route(const struct mv_prefix *address)
{
	return address->bits > 0 && (address->ip.family == MV_FAMILY_IPV6 || address->bits < 32);
}

static bool is_covered(const struct mv_hoststate *state, const struct mv_route *route)
{
	if (route->table != MV_ROUTE_TABLE_MAIN) {
		return false;
	}
	for (size_t i = 0; i < state->address_count; i++) {
		const struct mv_prefix *address = &state->addresses[i];

		if (brings_route(address) && address->bits <= route->prefix.bits &&
			mv_prefix_contains(address, &route->prefix.ip)) {
			return true;
		}
	}
	return false;
}

/*
 * The same state with its routes as a set of its own: masked, sorted, each one once, and none that
 * another of the device covers. While the link is down there are none.
 */
static int normalize(struct mv_hoststate *set, const struct mv_hoststate *state)
{
	size_t found = 0;

	*set = *state;
	set->routes = NULL;
	set->route_count = 0;
	if (!state->link_up || state->route_count == 0) {
		return 0;
	}

	set->routes = calloc(state->route_count, sizeof(*set->routes));
	if (!set->routes) {
		return -ENOMEM;
	}

	for (size_t i = 0; i < state->route_count; i++) {
		struct mv_route *route = &set->routes[found];

		*route = state->routes[i];
		mv_prefix_mask(&route->prefix);
		if (!is_covered(state, route)) {
			found++;
		}
	}
	qsort(set->routes, found, sizeof(*set->routes), compare_routes);

	for (size_t i = 0; i < found; i++) {
		if (i == 0 || compare_routes(&set->routes[i - 1], &set->routes[i]) != 0) {
			set->routes[set->route_count++] = set->routes[i];
		}
	}
	return 0;
}

static bool has_route(const struct mv_hoststate *set, const struct mv_route *route)
{
	return set->route_count > 0 && bsearch(route, set->routes, set->route_count, sizeof(*route),
					       compare_routes) != NULL;
}

static void push(struct mv_host_steps *steps, struct mv_host_step step)
{
	steps->list[steps->count++] = step;
}

static bool has_address(const struct mv_hoststate *state, const struct mv_prefix *address)
{
	return contains_prefix(state->addresses, state->address_count, address);
}

/* An address that the first has and the second has not; each once. */
static bool is_missed(
	const struct mv_hoststate *of, size_t index, const struct mv_hoststate *without)
{
	const struct mv_prefix *address = &of->addresses[index];

	return !contains_prefix(of->addresses, index, address) && !has_address(without, address);
}

/* In the order of the configuration: the first address of a subnet becomes the primary one. */
static void push_addresses(struct mv_host_steps *steps, enum mv_host_step_kind kind,
	const struct mv_hoststate *of, const struct mv_hoststate *without)
{
	for (size_t i = 0; i < of->address_count; i++) {
		if (is_missed(of, i, without)) {
			push(steps,
				(struct mv_host_step){.kind = kind, .prefix = of->addresses[i]});
		}
	}
}

/* IPv6 cannot hold one address with two prefix lengths. */
static bool is_in_the_way(const struct mv_prefix *address, const struct mv_hoststate *new)
{
	bool is_there = false;

	for (size_t i = 0; i < new->address_count; i++) {
		is_there |= mv_ip_equal(&new->addresses[i].ip, &address->ip);
	}
	return is_there && address->ip.family == MV_FAMILY_IPV6;
}

static void push_old_addresses(struct mv_host_steps *steps, enum mv_family family, bool in_the_way,
	const struct mv_hoststate *old, const struct mv_hoststate *new)
{
	for (size_t i = 0; i < old->address_count; i++) {
		const struct mv_prefix *address = &old->addresses[i];

		if (address->ip.family == family && is_missed(old, i, new) &&
			is_in_the_way(address, new) == in_the_way) {
			push(steps, (struct mv_host_step){
					    .kind = MV_HOST_ADDRESS_REMOVE, .prefix = *address});
		}
	}
}

static void push_routes(struct mv_host_steps *steps, enum mv_host_step_kind kind,
	const struct mv_hoststate *of, const struct mv_hoststate *without)
{
	for (size_t i = 0; i < of->route_count; i++) {
		const struct mv_route *route = &of->routes[i];

		if (!has_route(without, route)) {
			push(steps, (struct mv_host_step){.kind = kind,
					    .prefix = route->prefix,
					    .number = route->table});
		}
	}
}

static bool is_by_mark(const struct mv_hoststate *state, enum mv_family family)
{
	return family == MV_FAMILY_IPV4 ? state->by_mark4 : state->by_mark6;
}

/* A step a family that is by mark in `of`, and in `without` is not, or by another mark. */
static void push_by_mark(struct mv_host_steps *steps, enum mv_host_step_kind kind,
	const struct mv_hoststate *of, const struct mv_hoststate *without)
{
	static const enum mv_family families[] = {MV_FAMILY_IPV4, MV_FAMILY_IPV6};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		bool has_it = is_by_mark(without, families[i]) && (without->mark == of->mark);

		if (is_by_mark(of, families[i]) && !has_it) {
			push(steps,
				(struct mv_host_step){
					.kind = kind, .family = families[i], .number = of->mark});
		}
	}
}

static void push_if(struct mv_host_steps *steps, bool is_needed, enum mv_host_step_kind kind)
{
	if (is_needed) {
		push(steps, (struct mv_host_step){.kind = kind});
	}
}

static void push_if_family(struct mv_host_steps *steps, bool is_needed, enum mv_host_step_kind kind,
	enum mv_family family, uint32_t mark)
{
	if (is_needed) {
		push(steps, (struct mv_host_step){.kind = kind, .family = family, .number = mark});
	}
}

/* What lies beside the device, in the reverse order of adding. A firewall is one for a family,
 * whatever the mark: that of a new one has taken its place. */
static void push_removals_beside(
	struct mv_host_steps *steps, const struct mv_hoststate *old, const struct mv_hoststate *new)
{
	push_by_mark(steps, MV_HOST_RULE_MAIN_REMOVE, old, new);
	push_by_mark(steps, MV_HOST_RULE_MARK_REMOVE, old, new);
	push_if_family(steps, old->by_mark4 && !new->by_mark4, MV_HOST_FIREWALL_REMOVE,
		MV_FAMILY_IPV4, old->mark);
	push_if_family(steps, old->by_mark6 && !new->by_mark6, MV_HOST_FIREWALL_REMOVE,
		MV_FAMILY_IPV6, old->mark);
	push_if(steps, old->sets_src_valid_mark && !new->sets_src_valid_mark,
		MV_HOST_SRC_VALID_MARK_RESTORE);
	push_if(steps, old->dns && !new->dns, MV_HOST_DNS_REMOVE);
}

static bool has_all_addresses(
	const struct mv_hoststate *state, const struct mv_hoststate *of, enum mv_family family)
{
	for (size_t i = 0; i < of->address_count; i++) {
		if (of->addresses[i].ip.family == family &&
			!has_address(state, &of->addresses[i])) {
			return false;
		}
	}
	return true;
}

/* It guards the addresses of the tunnel, which may be others now. */
static void push_firewall(struct mv_host_steps *steps, enum mv_family family,
	const struct mv_hoststate *old, const struct mv_hoststate *new)
{
	bool is_as_it_was = is_by_mark(old, family) && (old->mark == new->mark) &&
			    has_all_addresses(old, new, family) &&
			    has_all_addresses(new, old, family);

	push_if_family(steps, is_by_mark(new, family) && !is_as_it_was, MV_HOST_FIREWALL_ADD,
		family, new->mark);
}

static bool has_other_names(const struct mv_hoststate *state, const struct mv_hoststate *than)
{
	return state->dns && (!than->dns || strcmp(state->dns, than->dns) != 0);
}

/* Names before anything can be routed; the firewall before the rules that need it. */
static void push_additions_beside(
	struct mv_host_steps *steps, const struct mv_hoststate *old, const struct mv_hoststate *new)
{
	push_if(steps, has_other_names(new, old), MV_HOST_DNS_SET);
	push_if(steps, new->sets_src_valid_mark && !old->sets_src_valid_mark,
		MV_HOST_SRC_VALID_MARK_SET);
	push_firewall(steps, MV_FAMILY_IPV4, old, new);
	push_firewall(steps, MV_FAMILY_IPV6, old, new);
	push_by_mark(steps, MV_HOST_RULE_MARK_ADD, new, old);
	push_by_mark(steps, MV_HOST_RULE_MAIN_ADD, new, old);
}

static void push_additions(
	struct mv_host_steps *steps, const struct mv_hoststate *old, const struct mv_hoststate *new)
{
	bool comes_up = new->link_up && !old->link_up;

	push_if(steps, comes_up, MV_HOST_NO_LINK_LOCAL);
	if (new->mtu != 0 && new->mtu != old->mtu) {
		push(steps, (struct mv_host_step){.kind = MV_HOST_MTU, .number = new->mtu});
	}
	push_addresses(steps, MV_HOST_ADDRESS_ADD, new, old);
	push_if(steps, comes_up, MV_HOST_LINK_UP);
	push_additions_beside(steps, old, new);
	push_routes(steps, MV_HOST_ROUTE_ADD, new, old);
}

/* With an IPv4 address may go the secondary ones of its subnet, and with the last one all IPv4
 * routes of the device. With the link go IPv6 addresses, and all routes. */
static void push_again(struct mv_host_steps *steps, const struct mv_hoststate *new)
{
	const struct mv_hoststate none = {0};
	size_t first = steps->count;

	push_addresses(steps, MV_HOST_ADDRESS_ADD, new, &none);
	push_routes(steps, MV_HOST_ROUTE_ADD, new, &none);
	for (size_t i = first; i < steps->count; i++) {
		steps->list[i].is_again = true;
	}
}

/* For a tunnel that goes on: nothing that stays is ever without its way, and nothing that belongs
 * into the tunnel finds one beside it. With an IPv6 address goes only the route to its network, and
 * that stays while another address is of it. */
static void push_change(
	struct mv_host_steps *steps, const struct mv_hoststate *old, const struct mv_hoststate *new)
{
	push_old_addresses(steps, MV_FAMILY_IPV6, true, old, new);
	push_additions(steps, old, new);
	push_routes(steps, MV_HOST_ROUTE_REMOVE, old, new);
	push_removals_beside(steps, old, new);
	push_old_addresses(steps, MV_FAMILY_IPV6, false, old, new);
	size_t before = steps->count;
	push_old_addresses(steps, MV_FAMILY_IPV4, false, old, new);
	if (steps->count > before) {
		push_again(steps, new);
	}
}

/* For one that goes. */
static void push_end(
	struct mv_host_steps *steps, const struct mv_hoststate *old, const struct mv_hoststate *new)
{
	push_routes(steps, MV_HOST_ROUTE_REMOVE, old, new);
	push_removals_beside(steps, old, new);
	push_if(steps, old->link_up, MV_HOST_LINK_DOWN);
	push_addresses(steps, MV_HOST_ADDRESS_REMOVE, old, new);

	struct mv_hoststate left = *old;
	left.address_count = left.route_count = 0;
	push_additions(steps, &left, new);
}

void mv_hoststate_clear(struct mv_hoststate *state)
{
	free(state->addresses);
	free(state->routes);
	free((char *)state->dns);
	*state = (struct mv_hoststate){0};
}

int mv_hoststate_diff(
	struct mv_host_steps *steps, const struct mv_hoststate *old, const struct mv_hoststate *new)
{
	const struct mv_hoststate empty = {0};
	struct mv_hoststate from;
	struct mv_hoststate to = {0};
	int err;

	*steps = (struct mv_host_steps){0};
	err = normalize(&from, old ? old : &empty);
	if (err) {
		return err;
	}
	err = normalize(&to, new ? new : &empty);
	if (err) {
		goto out;
	}

	steps->list = calloc(OTHER_STEPS_MAX + from.address_count + from.route_count +
				     2 * (to.address_count + to.route_count),
		sizeof(*steps->list));
	if (!steps->list) {
		err = -ENOMEM;
		goto out;
	}

	if (to.link_up) {
		push_change(steps, &from, &to);
	} else {
		push_end(steps, &from, &to);
	}

out:
	free(to.routes);
	free(from.routes);
	return err;
}

void mv_host_steps_uninit(struct mv_host_steps *steps)
{
	free(steps->list);
	*steps = (struct mv_host_steps){0};
}

bool mv_host_step_lies_beside(enum mv_host_step_kind kind)
{
	return kind >= MV_HOST_DNS_SET && kind <= MV_HOST_RULE_MAIN_ADD;
}

bool mv_host_step_removes_beside(enum mv_host_step_kind kind)
{
	return kind >= MV_HOST_RULE_MAIN_REMOVE && kind <= MV_HOST_DNS_REMOVE;
}

/* They stand in the enum as in a mirror. */
enum mv_host_step_kind mv_host_step_opposite(enum mv_host_step_kind kind)
{
	assert(mv_host_step_lies_beside(kind) || mv_host_step_removes_beside(kind));
	return (enum mv_host_step_kind)(MV_HOST_DNS_REMOVE - (kind - MV_HOST_DNS_SET));
}
