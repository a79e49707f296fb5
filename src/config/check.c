#include "config/check.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/dnsvalue.h"
#include "config/endpointvalue.h"
#include "config/exclude.h"
#include "config/hooks.h"
#include "config/ifname.h"
#include "config/shown.h"
#include "config/twins.h"

#define DEFAULT_DEVICE "tun0"
#define TABLE_MAIN     254
#define IPV6_MIN_MTU   1280 /* RFC 8200 section 5 */

static void check_private_key(struct mv_draft *draft)
{
	if (draft->given[MV_SETTING_PRIVATE_KEY].line != 0) {
		return;
	}
	mv_draft_place(draft, draft->interface_line, draft->interface_column, "PrivateKey");
	mv_draft_error(draft, "missing from [Interface]: make one by 'minivpn genkey > FILE' and "
			      "name it here by PrivateKeyFile = FILE");
}

static void check_device(struct mv_draft *draft)
{
	struct mv_config *config = draft->config;
	char shown[MV_SHOWN_MAX];
	char *name;

	if (draft->given[MV_SETTING_DEVICE].line != 0) {
		return;
	}
	name = mv_ifname_of_file(draft->path);
	memcpy(config->device, DEFAULT_DEVICE, sizeof(DEFAULT_DEVICE));
	if (name && mv_ifname_is_valid(name)) {
		snprintf(config->device, sizeof(config->device), "%s", name);
		config->device_is_named = true;
	} else if (name) {
		mv_draft_place(draft, 0, 0, "Device");
		mv_draft_error(draft, "missing, and the file's name gives %s: " MV_IFNAME_RULE,
			mv_shown(shown, name));
	}
	free(name);
}

static bool any_ipv6(const struct mv_draft_prefixes *prefixes)
{
	for (size_t i = 0; i < prefixes->count; i++) {
		if (prefixes->list[i].prefix.ip.family == MV_FAMILY_IPV6) {
			return true;
		}
	}
	return false;
}

static void check_mtu(struct mv_draft *draft)
{
	const struct mv_given *given = &draft->given[MV_SETTING_MTU];
	uint32_t mtu = draft->config->mtu;

	if (mtu == 0 || mtu >= IPV6_MIN_MTU) {
		return;
	}
	if (!any_ipv6(&draft->addresses) && !any_ipv6(&draft->allowed_ips)) {
		return;
	}
	mv_draft_place(draft, given->line, given->column, "MTU");
	mv_draft_error(draft, "%u is too small for the IPv6 addresses of this file: at least %u",
		(unsigned)mtu, IPV6_MIN_MTU);
}

/* NULL when there is nothing to compare, or no memory for it. */
static size_t *find_twins(
	struct mv_draft *draft, const void *things, size_t count, mv_twins_compare *compare)
{
	size_t *first;

	if (count == 0) {
		return NULL;
	}
	first = mv_twins_find(things, count, compare);
	if (!first) {
		draft->out_of_memory = true;
	}
	return first;
}

static int compare_addresses(const void *things, size_t a, size_t b)
{
	const struct mv_draft_prefix *list = things;
	const struct mv_ip *x = &list[a].prefix.ip, *y = &list[b].prefix.ip;

	if (x->family != y->family) {
		return x->family - y->family;
	}
	return memcmp(x->bytes, y->bytes, sizeof(x->bytes));
}

static int compare_prefixes(const void *things, size_t a, size_t b)
{
	const struct mv_draft_prefix *list = things;
	int order = compare_addresses(things, a, b);

	return order != 0 ? order : list[a].prefix.bits - list[b].prefix.bits;
}

static void settle_addresses(struct mv_draft *draft)
{
	struct mv_config *config = draft->config;
	const struct mv_draft_prefix *list = draft->addresses.list;
	size_t count = draft->addresses.count;
	size_t *first = find_twins(draft, list, count, compare_addresses);
	char text[MV_IP_TEXT_MAX];

	if (!first) {
		return;
	}
	config->addresses = calloc(count, sizeof(*config->addresses));
	for (size_t i = 0; config->addresses && i < count; i++) {
		mv_draft_place(draft, list[i].line, list[i].column, "Address");
		if (first[i] != i) {
			mv_draft_error(draft, "%s is given twice, first on line %u",
				mv_ip_print(text, &list[i].prefix.ip), list[first[i]].line);
		}
		config->addresses[config->address_count++] = list[i].prefix;
	}
	draft->out_of_memory |= !config->addresses;
	free(first);
}

/* An address can go to one peer only. Within one peer a prefix may well be repeated. */
static void report_two_owners(struct mv_draft *draft, const struct mv_draft_prefix *first,
	const struct mv_draft_prefix *later)
{
	const char *name = draft->config->peers[first->peer].name;
	char text[MV_PREFIX_TEXT_MAX];

	if (first->peer == later->peer) {
		return;
	}
	mv_draft_place(draft, later->line, later->column, "AllowedIPs");
	mv_draft_error(draft, "%s is given to %s%s on line %u: it can go to only one",
		mv_prefix_print(text, &later->prefix), *name ? "peer " : "another peer", name,
		first->line);
}

/* Makes room for so many. */
static bool make_lists(struct mv_config_peer *peer, size_t count)
{
	peer->allowed_ips = calloc(count, sizeof(*peer->allowed_ips));
	if (peer->excluded_ip_count > 0) {
		peer->written_ips = calloc(count, sizeof(*peer->written_ips));
	}
	return peer->allowed_ips && (peer->written_ips || peer->excluded_ip_count == 0);
}

/* The prefixes `from` to `to` are those of one peer. */
static void give_allowed_ips(struct mv_draft *draft, const size_t *first, size_t from, size_t to)
{
	const struct mv_draft_prefix *list = draft->allowed_ips.list;
	struct mv_config_peer *peer = &draft->config->peers[list[from].peer];

	if (!make_lists(peer, to - from)) {
		draft->out_of_memory = true;
		return;
	}
	for (size_t i = from; i < to; i++) {
		if (first[i] != i) {
			report_two_owners(draft, &list[first[i]], &list[i]);
			continue;
		}
		if (peer->written_ips) {
			peer->written_ips[peer->allowed_ip_count] = list[i].written;
		}
		peer->allowed_ips[peer->allowed_ip_count++] = list[i].prefix;
	}
}

static void settle_allowed_ips(struct mv_draft *draft)
{
	const struct mv_draft_prefix *list = draft->allowed_ips.list;
	size_t count = draft->allowed_ips.count;
	size_t *first = find_twins(draft, list, count, compare_prefixes);

	if (!first) {
		return;
	}
	for (size_t from = 0, to; from < count; from = to) {
		for (to = from; to < count && list[to].peer == list[from].peer; to++) {
			;
		}
		give_allowed_ips(draft, first, from, to);
	}
	free(first);
}

/* Where the routes are ours to place they are kept out of the way. */
static void check_endpoints(struct mv_draft *draft, const struct mv_draft_prefix *allowed)
{
	const struct mv_config *config = draft->config;
	const struct mv_endpoints *endpoints = &config->peers[allowed->peer].endpoint_list;
	char prefix[MV_PREFIX_TEXT_MAX], text[MV_ENDPOINT_TEXT_MAX];

	if (config->table_kind != MV_TABLE_NUMBER || config->table != TABLE_MAIN) {
		return;
	}
	for (size_t i = 0; i < endpoints->count; i++) {
		const struct mv_endpoint *endpoint = &endpoints->list[i].address;

		if (mv_prefix_contains(&allowed->prefix, &endpoint->ip)) {
			mv_draft_warning(draft,
				"%s contains the Endpoint %s: with this Table sealed packets would "
				"go into the tunnel; leave it to Table = auto",
				mv_prefix_print(prefix, &allowed->prefix),
				mv_endpoint_print(text, endpoint));
		}
	}
}

/* What is in order by itself, but leads nowhere: into the tunnel itself, or to this machine. */
static void check_way(struct mv_draft *draft, const struct mv_draft_prefix *allowed)
{
	const struct mv_config *config = draft->config;
	char prefix[MV_PREFIX_TEXT_MAX];

	mv_draft_place(draft, allowed->line, allowed->column, "AllowedIPs");
	check_endpoints(draft, allowed);
	for (size_t i = 0; i < config->address_count; i++) {
		if (allowed->prefix.bits == mv_ip_width(&allowed->prefix.ip) &&
			mv_ip_equal(&allowed->prefix.ip, &config->addresses[i].ip)) {
			mv_draft_warning(draft, "%s is the Address of this machine itself",
				mv_prefix_print(prefix, &allowed->prefix));
		}
	}
}

static void check_ways(struct mv_draft *draft)
{
	for (size_t i = 0; i < draft->allowed_ips.count; i++) {
		check_way(draft, &draft->allowed_ips.list[i]);
	}
}

/* Peers without a good key come first, and are all alike. */
static int compare_peers(const void *things, size_t a, size_t b)
{
	const struct mv_draft *draft = things;
	int order = draft->peers[a].has_public_key - draft->peers[b].has_public_key;

	if (order != 0 || !draft->peers[a].has_public_key) {
		return order;
	}
	return memcmp(
		draft->config->peers[a].public_key, draft->config->peers[b].public_key, MV_KEY_LEN);
}

/* Written as a public key, which nobody clamps. */
static bool is_private_key(
	const struct mv_config *config, const uint8_t public_key[static MV_KEY_LEN])
{
	uint8_t key[MV_KEY_LEN];

	memcpy(key, public_key, sizeof(key));
	mv_x25519_clamp(key);
	bool is_same = sodium_memcmp(key, config->private_key, MV_KEY_LEN) == 0;
	sodium_memzero(key, sizeof(key));
	return is_same;
}

static void check_peer(struct mv_draft *draft, size_t index, size_t twin,
	const uint8_t own_public_key[static MV_KEY_LEN])
{
	const struct mv_config_peer *peer = &draft->config->peers[index];
	const struct mv_given *given = &draft->peers[index].given[MV_SETTING_PUBLIC_KEY];

	if (given->line != 0) {
		mv_draft_place(draft, given->line, given->column, "PublicKey");
	} else {
		mv_draft_place(draft, peer->line, draft->peers[index].column, "PublicKey");
		mv_draft_error(
			draft, "missing from this [Peer]: a peer is known by its public key");
	}
	if (!draft->peers[index].has_public_key) {
		return;
	}
	if (twin != index) {
		mv_draft_error(draft,
			"the peer of line %u has the same key: make one [Peer] of both",
			draft->config->peers[twin].line);
	}
	if (draft->has_private_key && is_private_key(draft->config, peer->public_key)) {
		mv_draft_error(draft, "this is the private key of [Interface]: take what 'minivpn "
				      "pubkey' prints at the peer");
	}
	if (draft->has_private_key && memcmp(peer->public_key, own_public_key, MV_KEY_LEN) == 0) {
		mv_draft_warning(
			draft, "this is the public key of [Interface] itself, not a peer's");
	}
}

static void check_peers(struct mv_draft *draft)
{
	uint8_t own_public_key[MV_KEY_LEN];
	size_t count = draft->config->peer_count;
	size_t *first = find_twins(draft, draft, count, compare_peers);

	if (!first) {
		return;
	}
	mv_x25519_public(own_public_key, draft->config->private_key);
	for (size_t i = 0; i < count; i++) {
		check_peer(draft, i, first[i], own_public_key);
	}
	free(first);
}

/* Those without a name come first, and are all alike. */
static int compare_names(const void *things, size_t a, size_t b)
{
	const struct mv_config_peer *peers = things;

	return strcmp(peers[a].name, peers[b].name);
}

static void check_names(struct mv_draft *draft)
{
	const struct mv_config_peer *peers = draft->config->peers;
	size_t count = draft->config->peer_count;
	size_t *first = find_twins(draft, peers, count, compare_names);

	for (size_t i = 0; first && i < count; i++) {
		const struct mv_given *given = &draft->peers[i].given[MV_SETTING_NAME];

		if (first[i] == i || !*peers[i].name) {
			continue;
		}
		mv_draft_place(draft, given->line, given->column, "Name");
		mv_draft_error(draft, "'%s' is the name of another peer on line %u", peers[i].name,
			draft->peers[first[i]].given[MV_SETTING_NAME].line);
	}
	free(first);
}

static void settle_endpoints(struct mv_draft *draft)
{
	for (size_t i = 0; i < draft->config->peer_count; i++) {
		const struct mv_given *given = &draft->peers[i].given[MV_SETTING_RESOLVE_INTERVAL];
		struct mv_config_peer *peer = &draft->config->peers[i];

		if (peer->endpoint_list.interval_s > 0 &&
			!mv_endpoints_have_name(&peer->endpoint_list)) {
			mv_draft_place(draft, given->line, given->column, "ResolveInterval");
			mv_draft_warning(draft, "no Endpoint of this peer is a name");
		}
		mv_endpointvalue_settle(draft, peer);
	}
}

void mv_check_draft(struct mv_draft *draft)
{
	check_device(draft);
	check_private_key(draft);
	mv_exclude_settle(draft);
	check_mtu(draft);
	mv_dnsvalue_settle(draft);
	mv_hooks_settle(draft);
	settle_addresses(draft);
	check_peers(draft);
	check_names(draft);
	settle_allowed_ips(draft);
	settle_endpoints(draft);
	check_ways(draft);
}
