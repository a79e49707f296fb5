#include "edge/hoststate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* NO_LINK_LOCAL, MTU, LINK_UP and LINK_DOWN: each comes at most once. */
#define LINK_STEPS_MAX 4

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
	const struct mv_prefix *a = left;
	const struct mv_prefix *b = right;

	if (a->bits != b->bits) {
		return a->bits > b->bits ? -1 : 1;
	}
	if (a->ip.family != b->ip.family) {
		return a->ip.family < b->ip.family ? -1 : 1;
	}
	return memcmp(a->ip.bytes, b->ip.bytes, sizeof(a->ip.bytes));
}

/*
 * An address brings a route to its own prefix, and one to itself in the table `local`, which is
 * asked before any other. A prefix of no bits is the exception: it brings no default route.
 */
static bool is_brought_along(const struct mv_hoststate *state, const struct mv_prefix *route)
{
	if (route->bits == 0) {
		return false;
	}

	for (size_t i = 0; i < state->address_count; i++) {
		struct mv_prefix connected = state->addresses[i];

		if (route->bits == mv_ip_width(&route->ip) &&
			mv_ip_equal(&connected.ip, &route->ip)) {
			return true;
		}
		mv_prefix_mask(&connected);
		if (mv_prefix_equal(&connected, route)) {
			return true;
		}
	}
	return false;
}

/*
 * The same state with its routes as a set of its own: masked, sorted, each one once, and none that
 * the kernel makes by itself. While the link is down there are none.
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
		struct mv_prefix *route = &set->routes[found];

		*route = state->routes[i];
		mv_prefix_mask(route);
		if (!is_brought_along(state, route)) {
			found++;
		}
	}
	qsort(set->routes, found, sizeof(*set->routes), compare_routes);

	for (size_t i = 0; i < found; i++) {
		if (i == 0 || !mv_prefix_equal(&set->routes[i - 1], &set->routes[i])) {
			set->routes[set->route_count++] = set->routes[i];
		}
	}
	return 0;
}

static bool has_route(const struct mv_hoststate *set, const struct mv_prefix *route)
{
	return set->route_count > 0 && bsearch(route, set->routes, set->route_count, sizeof(*route),
					       compare_routes) != NULL;
}

static void push(struct mv_host_steps *steps, struct mv_host_step step)
{
	steps->list[steps->count++] = step;
}

/* In the order of the configuration: the first address of a subnet becomes the primary one. */
static void push_addresses(struct mv_host_steps *steps, enum mv_host_step_kind kind,
	const struct mv_hoststate *of, const struct mv_hoststate *without)
{
	for (size_t i = 0; i < of->address_count; i++) {
		const struct mv_prefix *address = &of->addresses[i];

		if (!contains_prefix(of->addresses, i, address) &&
			!contains_prefix(without->addresses, without->address_count, address)) {
			push(steps, (struct mv_host_step){.kind = kind, .prefix = *address});
		}
	}
}

static void push_routes(struct mv_host_steps *steps, enum mv_host_step_kind kind,
	const struct mv_hoststate *of, const struct mv_hoststate *without)
{
	for (size_t i = 0; i < of->route_count; i++) {
		const struct mv_prefix *route = &of->routes[i];

		if (!has_route(without, route)) {
			push(steps, (struct mv_host_step){.kind = kind, .prefix = *route});
		}
	}
}

/*
 * Says whether the kernel may have removed more than it was asked to. With the link go the IPv6
 * addresses; with an IPv4 address go the secondary ones of its subnet, and with the last one all
 * IPv4 routes of the device.
 */
static bool push_removals(
	struct mv_host_steps *steps, const struct mv_hoststate *old, const struct mv_hoststate *new)
{
	size_t routes;

	push_routes(steps, MV_HOST_ROUTE_REMOVE, old, new);
	routes = steps->count;
	if (old->link_up && !new->link_up) {
		push(steps, (struct mv_host_step){.kind = MV_HOST_LINK_DOWN});
	}
	push_addresses(steps, MV_HOST_ADDRESS_REMOVE, old, new);
	return steps->count > routes;
}

static void push_additions(
	struct mv_host_steps *steps, const struct mv_hoststate *old, const struct mv_hoststate *new)
{
	bool comes_up = new->link_up && !old->link_up;

	if (comes_up) {
		push(steps, (struct mv_host_step){.kind = MV_HOST_NO_LINK_LOCAL});
	}
	if (new->mtu != 0 && new->mtu != old->mtu) {
		push(steps, (struct mv_host_step){.kind = MV_HOST_MTU, .mtu = new->mtu});
	}
	push_addresses(steps, MV_HOST_ADDRESS_ADD, new, old);
	if (comes_up) {
		push(steps, (struct mv_host_step){.kind = MV_HOST_LINK_UP});
	}
	push_routes(steps, MV_HOST_ROUTE_ADD, new, old);
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

	steps->list = calloc(LINK_STEPS_MAX + from.address_count + from.route_count +
				     to.address_count + to.route_count,
		sizeof(*steps->list));
	if (!steps->list) {
		err = -ENOMEM;
		goto out;
	}

	/* Removals come first: IPv6 cannot hold one address with two prefix lengths. What is added
	 * again although it is still there counts as done. */
	if (push_removals(steps, &from, &to)) {
		from.address_count = from.route_count = 0;
	}
	push_additions(steps, &from, &to);

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
