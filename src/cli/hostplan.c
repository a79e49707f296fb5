#include "cli/hostplan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/dns.h"
#include "edge/netlink_ask.h"
#include "edge/sysctl.h"

/* Where nothing is known of the path to a peer: what every network of today takes. */
#define PATH_MTU_DEFAULT 1500

#define IPV4_MIN_MTU 576  /* RFC 791 section 3.1 */
#define IPV6_MIN_MTU 1280 /* RFC 8200 section 5 */

/* Outer IPv6, UDP and the data message's own header and tag. */
#define OVERHEAD 80

/* The first mark that is tried, and the table of that number: what wg-quick takes. */
#define MARK_FIRST 51820

/* MTU */

static bool any_ipv6(const struct mv_config *config)
{
	for (size_t i = 0; i < config->address_count; i++) {
		if (config->addresses[i].ip.family == MV_FAMILY_IPV6) {
			return true;
		}
	}
	return false;
}

/* A narrower way is not one for whole packets anyway: the outer ones are fragmented. */
static uint32_t bounded_mtu(const struct mv_config *config, uint32_t path_mtu)
{
	uint32_t least = any_ipv6(config) ? IPV6_MIN_MTU : IPV4_MIN_MTU;

	return path_mtu < least + OVERHEAD ? least : path_mtu - OVERHEAD;
}

/* To that of the narrowest way to any of them; 0: none is known yet. */
static void narrow_mtu(uint32_t *least, struct mv_netlink *netlink,
	const struct mv_endpoints *endpoints, uint32_t mark)
{
	uint32_t mtu;

	for (size_t i = 0; i < endpoints->count; i++) {
		const struct mv_ip *ip = &endpoints->list[i].address.ip;

		if (ip->family != MV_FAMILY_NONE &&
			mv_netlink_path_mtu(netlink, ip, mark, &mtu) == 0 &&
			(*least == 0 || mtu < *least)) {
			*least = mtu;
		}
	}
}

static uint32_t find_mtu(struct mv_netlink *netlink, const struct mv_config *config, uint32_t mark)
{
	uint32_t least = 0, mtu;

	if (config->mtu > 0) {
		return config->mtu;
	}

	for (size_t i = 0; i < config->peer_count; i++) {
		narrow_mtu(&least, netlink, &config->peers[i].endpoint_list, mark);
	}
	if (least == 0 && mv_netlink_default_mtu(netlink, &mtu) == 0) {
		least = mtu;
	}
	return bounded_mtu(config, least == 0 ? PATH_MTU_DEFAULT : least);
}

int mv_hostplan_mtu(uint32_t *mtu, const struct mv_config *config)
{
	struct mv_netlink *netlink;
	int error = mv_netlink_open(&netlink);

	if (error == 0) {
		*mtu = find_mtu(netlink, config, config->fwmark);
		mv_netlink_close(netlink);
	}
	return error;
}

/* Routes */

/* Where no endpoint of the Internet is: whoever has such a network in his tunnel has no endpoint
 * in it. */
static bool is_private(const struct mv_prefix *prefix)
{
	static const char *const networks[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
		"100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8", "224.0.0.0/4", "fc00::/7",
		"fe80::/10", "ff00::/8"};

	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		struct mv_prefix network;

		if (mv_prefix_parse(&network, networks[i]) == MV_PREFIX_OK &&
			network.bits <= prefix->bits && mv_prefix_contains(&network, &prefix->ip)) {
			return true;
		}
	}
	return false;
}

static bool any_within(const struct mv_endpoints *endpoints, const struct mv_prefix *prefix)
{
	for (size_t i = 0; i < endpoints->count; i++) {
		if (mv_prefix_contains(prefix, &endpoints->list[i].address.ip)) {
			return true;
		}
	}
	return false;
}

/* A route in the main table could lead sealed packets into the tunnel itself: it leads everywhere,
 * or to an endpoint, or to one whose address is not known yet. */
static bool may_lead_in(const struct mv_config *config, const struct mv_prefix *prefix)
{
	for (size_t i = 0; i < config->peer_count; i++) {
		const struct mv_endpoints *endpoints = &config->peers[i].endpoint_list;

		if (any_within(endpoints, prefix) ||
			(mv_endpoints_have_name(endpoints) && !is_private(prefix))) {
			return true;
		}
	}
	return prefix->bits == 0;
}

static int choose_mark(struct mv_hostplan *plan, struct mv_netlink *netlink,
	const struct mv_config *config, const struct mv_hostrecord *now)
{
	uint32_t chosen = now && !now->mark_is_given ? now->mark : 0;
	uint32_t known = config->fwmark > 0 ? config->fwmark : chosen;
	bool is_used = known == 0;
	int error = 0;

	plan->state.mark = known > 0 ? known : MARK_FIRST - 1;
	while (error == 0 && is_used) {
		error = mv_netlink_table_is_used(netlink, ++plan->state.mark, &is_used);
		is_used |= mv_hostrecord_others_have_mark(config->device, plan->state.mark);
	}
	plan->fwmark = plan->state.mark;
	return error;
}

static size_t count_allowed_ips(const struct mv_config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->peer_count; i++) {
		count += config->peers[i].allowed_ip_count;
	}
	return count;
}

/* A network in which something is excluded goes where the whole of it would: a peer may move, and
 * be anywhere in it. */
static const struct mv_prefix *whole_network(const struct mv_config_peer *peer, size_t index)
{
	return peer->written_ips ? &peer->written_ips[index] : &peer->allowed_ips[index];
}

static struct mv_route plan_route(struct mv_hoststate *state, const struct mv_config *config,
	const struct mv_config_peer *peer, size_t index, bool is_apart)
{
	const struct mv_prefix *prefix = &peer->allowed_ips[index];
	struct mv_route route = {.prefix = *prefix, .table = MV_ROUTE_TABLE_MAIN};

	if (config->table_kind == MV_TABLE_NUMBER) {
		route.table = config->table;
	} else if (!is_apart && may_lead_in(config, whole_network(peer, index))) {
		route.table = 0; /* That of the mark, which is chosen when it is needed. */
		state->by_mark4 |= prefix->ip.family == MV_FAMILY_IPV4;
		state->by_mark6 |= prefix->ip.family == MV_FAMILY_IPV6;
	}
	return route;
}

static int plan_routes(struct mv_hoststate *state, const struct mv_config *config, bool is_apart)
{
	size_t count = count_allowed_ips(config);

	if (count == 0 || config->table_kind == MV_TABLE_OFF) {
		return 0;
	}
	state->routes = calloc(count, sizeof(*state->routes));
	if (!state->routes) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->peer_count; i++) {
		const struct mv_config_peer *peer = &config->peers[i];

		for (size_t k = 0; k < peer->allowed_ip_count; k++) {
			state->routes[state->route_count++] =
				plan_route(state, config, peer, k, is_apart);
		}
	}
	return 0;
}

/* What cannot be read will not be written. Where minivpn has set it, the last to go restores. */
static bool needs_src_valid_mark(const struct mv_config *config, struct mv_hostrecord *now)
{
	bool is_set;

	return mv_sysctl_get_src_valid_mark(&is_set) == 0 &&
	       (!is_set || mv_hostrecord_others_set_src_valid_mark(config->device) ||
		       (now && mv_hostrecord_find_done(
				       now, MV_HOST_SRC_VALID_MARK_SET, MV_FAMILY_NONE, 0)));
}

static int plan_mark(struct mv_hostplan *plan, struct mv_netlink *netlink,
	const struct mv_config *config, struct mv_hostrecord *now)
{
	struct mv_hoststate *state = &plan->state;

	plan->fwmark = config->fwmark;
	if (!state->by_mark4 && !state->by_mark6) {
		return 0;
	}
	int error = choose_mark(plan, netlink, config, now);
	for (size_t i = 0; i < state->route_count; i++) {
		if (state->routes[i].table == 0) {
			state->routes[i].table = state->mark;
		}
	}
	state->sets_src_valid_mark = state->by_mark4 && needs_src_valid_mark(config, now);
	return error;
}

static int plan_names(struct mv_hostplan *plan, const struct mv_config *config)
{
	if (config->nameserver_count == 0 && config->search_domain_count == 0) {
		return 0;
	}
	plan->state.dns = plan->dns = mv_dns_text(config);
	return plan->dns ? 0 : -ENOMEM;
}

static int plan_all(struct mv_hostplan *plan, struct mv_netlink *netlink,
	const struct mv_config *config, uint32_t mtu_outside, struct mv_hostrecord *now)
{
	uint32_t mark = config->fwmark == 0 && now ? now->mark : config->fwmark;

	plan->sockets_are_apart = mtu_outside > 0;
	plan->state = (struct mv_hoststate){
		.mtu = mtu_outside > 0 ? mtu_outside : find_mtu(netlink, config, mark),
		.link_up = true,
		.addresses = config->addresses,
		.address_count = config->address_count};

	int error = plan_names(plan, config);
	if (error == 0) {
		error = plan_routes(&plan->state, config, mtu_outside > 0);
	}
	return error < 0 ? error : plan_mark(plan, netlink, config, now);
}

int mv_hostplan_init(struct mv_hostplan *plan, const struct mv_config *config, uint32_t mtu_outside,
	struct mv_hostrecord *now)
{
	struct mv_netlink *netlink;

	*plan = (struct mv_hostplan){0};
	int error = mv_netlink_open(&netlink);
	if (error == 0) {
		error = plan_all(plan, netlink, config, mtu_outside, now);
		mv_netlink_close(netlink);
	}
	return error;
}

void mv_hostplan_uninit(struct mv_hostplan *plan)
{
	free(plan->state.routes);
	free(plan->dns);
	*plan = (struct mv_hostplan){0};
}
