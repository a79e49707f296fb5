#include "control/showconf.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

#include "control/text.h"
#include "crypto/keytext.h"
#include "tunnel/endpoints.h"

static void print_key(struct mv_text *out, const char *name, const uint8_t key[static MV_KEY_LEN])
{
	char base64[MV_KEY_BASE64_MAX];

	if (!sodium_is_zero(key, MV_KEY_LEN)) {
		mv_text_printf(out, "%s = %s\n", name, mv_key_to_base64(base64, key));
	}
	sodium_memzero(base64, sizeof(base64));
}

static void print_interface(struct mv_text *out, const struct mv_snapshot *snapshot,
	const struct mv_showconf_extra *extra)
{
	const char *lines = extra->interface_lines;

	mv_text_printf(out, "[Interface]\n%s", lines ? lines : "");
	if (snapshot->listen_port != 0) {
		mv_text_printf(out, "ListenPort = %u\n", (unsigned)snapshot->listen_port);
	}
	if (snapshot->fwmark != 0) {
		mv_text_printf(out, "FwMark = 0x%" PRIx32 "\n", snapshot->fwmark);
	}
	if (extra->private_key_file) {
		mv_text_printf(out, "PrivateKeyFile = %s\n", extra->private_key_file);
	} else {
		print_key(out, "PrivateKey", snapshot->private_key);
	}
}

static void print_networks(
	struct mv_text *out, const char *name, const struct mv_prefix *prefixes, size_t count)
{
	char text[MV_PREFIX_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		if (i == 0) {
			mv_text_printf(out, "%s = ", name);
		} else if (mv_prefix_equal(&prefixes[i], &prefixes[i - 1])) {
			continue;
		} else {
			mv_text_printf(out, ", ");
		}
		mv_text_printf(out, "%s", mv_prefix_print(text, &prefixes[i]));
	}
	if (count > 0) {
		mv_text_printf(out, "\n");
	}
}

static void print_allowed_ips(struct mv_text *out, const struct mv_snapshot *snapshot,
	const struct mv_peer_snapshot *peer, const struct mv_showconf_extra *extra)
{
	struct mv_showconf_networks networks = {0};

	if (!extra->networks || !extra->networks(extra->ctx, snapshot, peer, &networks)) {
		networks = (struct mv_showconf_networks){
			.allowed = snapshot->prefixes + peer->first_prefix,
			.allowed_count = peer->prefix_count};
	}
	print_networks(out, "AllowedIPs", networks.allowed, networks.allowed_count);
	print_networks(out, "ExcludedIPs", networks.excluded, networks.excluded_count);
}

/* A list, or a name, is kept; of an address it is the one where the peer is now. False: there is
 * none of them. */
static bool print_list(struct mv_text *out, const struct mv_peer_snapshot *peer)
{
	struct mv_endpoints endpoints = {0};
	char *list = NULL;

	if (peer->endpoints && mv_endpoints_parse(&endpoints, peer->endpoints) == 0 &&
		mv_endpoints_are_many(&endpoints)) {
		list = mv_endpoints_print_list(&endpoints);
	}
	if (list) {
		mv_text_printf(out, "Endpoint = %s\n", list);
	}
	if (list && endpoints.interval_s > 0) {
		mv_text_printf(out, "ResolveInterval = %u\n", (unsigned)endpoints.interval_s);
	}
	mv_endpoints_clear(&endpoints);
	bool is_printed = list != NULL;
	free(list);
	return is_printed;
}

static void print_endpoint(struct mv_text *out, const struct mv_peer_snapshot *peer,
	const struct mv_showconf_extra *extra)
{
	char text[MV_ENDPOINT_TEXT_MAX];

	if ((!extra->is_peer_file || !print_list(out, peer)) &&
		peer->endpoint.ip.family != MV_FAMILY_NONE) {
		mv_text_printf(out, "Endpoint = %s\n", mv_endpoint_print(text, &peer->endpoint));
	}
}

static void print_peer(struct mv_text *out, const struct mv_snapshot *snapshot,
	const struct mv_peer_snapshot *peer, const struct mv_showconf_extra *extra)
{
	mv_text_printf(out, "\n[Peer]\n");
	if (extra->is_peer_file && *peer->name) {
		mv_text_printf(out, "Name = %s\n", peer->name);
	}
	print_key(out, "PublicKey", peer->public_key);
	if (extra->is_peer_file && peer->preshared_key_file) {
		mv_text_printf(out, "PresharedKeyFile = %s\n", peer->preshared_key_file);
	} else {
		print_key(out, "PresharedKey", peer->preshared_key);
	}
	print_allowed_ips(out, snapshot, peer, extra);
	print_endpoint(out, peer, extra);
	if (peer->persistent_keepalive_s != 0) {
		mv_text_printf(
			out, "PersistentKeepalive = %u\n", (unsigned)peer->persistent_keepalive_s);
	}
}

char *mv_showconf_print(const struct mv_snapshot *snapshot, const struct mv_showconf_extra *extra)
{
	static const struct mv_showconf_extra nothing = {0};
	struct mv_text out = {0};
	size_t len;

	extra = extra ? extra : &nothing;
	print_interface(&out, snapshot, extra);
	for (size_t i = 0; i < snapshot->peer_count; i++) {
		print_peer(&out, snapshot, &snapshot->peers[i], extra);
	}
	return mv_text_take(&out, &len);
}
