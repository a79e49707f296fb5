/*
 * Replies of the control socket. Clients take a reply line by line and in this order: the device
 * first, then each peer from its public_key on.
 */
#include <inttypes.h>
#include <sodium.h>

#include "control/text.h"
#include "control/uapi.h"
#include "crypto/keytext.h"

static void print_key(struct mv_text *out, const char *name, const uint8_t key[static MV_KEY_LEN])
{
	char hex[MV_KEY_HEX_MAX];

	mv_text_printf(out, "%s=%s\n", name, mv_key_to_hex(hex, key));
	sodium_memzero(hex, sizeof(hex));
}

static void print_endpoint(struct mv_text *out, const struct mv_endpoint *endpoint)
{
	char printed[MV_ENDPOINT_TEXT_MAX];

	if (endpoint->ip.family != MV_FAMILY_NONE) {
		mv_text_printf(out, "endpoint=%s\n", mv_endpoint_print(printed, endpoint));
	}
}

/* The lines of a peer that follow its preshared key are the same for both requests. */
static void print_peer_state(struct mv_text *out, const struct mv_peer_snapshot *peer)
{
	mv_text_printf(out, "protocol_version=1\n");
	print_endpoint(out, &peer->endpoint);
	mv_text_printf(out, "last_handshake_time_sec=%" PRIu64 "\n", peer->last_handshake_s);
	mv_text_printf(out, "last_handshake_time_nsec=%" PRIu32 "\n", peer->last_handshake_ns);
	mv_text_printf(out, "tx_bytes=%" PRIu64 "\n", peer->tx_bytes);
	mv_text_printf(out, "rx_bytes=%" PRIu64 "\n", peer->rx_bytes);
	mv_text_printf(out, "persistent_keepalive_interval=%u\n", peer->persistent_keepalive_s);
}

static void print_allowed_ips(struct mv_text *out, const struct mv_snapshot *snapshot,
	const struct mv_peer_snapshot *peer)
{
	const struct mv_prefix *prefixes = snapshot->prefixes + peer->first_prefix;
	char printed[MV_PREFIX_TEXT_MAX];

	for (size_t i = 0; i < peer->prefix_count; i++) {
		mv_text_printf(out, "allowed_ip=%s\n", mv_prefix_print(printed, &prefixes[i]));
	}
}

char *mv_uapi_print_get(const struct mv_snapshot *snapshot, size_t *len)
{
	struct mv_text out = {0};

	if (!sodium_is_zero(snapshot->private_key, MV_KEY_LEN)) {
		print_key(&out, "private_key", snapshot->private_key);
	}
	if (snapshot->listen_port != 0) {
		mv_text_printf(&out, "listen_port=%u\n", snapshot->listen_port);
	}
	if (snapshot->fwmark != 0) {
		mv_text_printf(&out, "fwmark=%" PRIu32 "\n", snapshot->fwmark);
	}
	for (size_t i = 0; i < snapshot->peer_count; i++) {
		const struct mv_peer_snapshot *peer = &snapshot->peers[i];

		print_key(&out, "public_key", peer->public_key);
		print_key(&out, "preshared_key", peer->preshared_key);
		print_peer_state(&out, peer);
		print_allowed_ips(&out, snapshot, peer);
	}
	mv_text_printf(&out, "errno=0\n\n");
	return mv_text_take(&out, len);
}

static void print_status_device(struct mv_text *out, const struct mv_snapshot *snapshot)
{
	if (!sodium_is_zero(snapshot->public_key, MV_KEY_LEN)) {
		print_key(out, "own_public_key", snapshot->public_key);
	}
	if (snapshot->listen_port != 0) {
		mv_text_printf(out, "listen_port=%u\n", snapshot->listen_port);
	}
	if (snapshot->fwmark != 0) {
		mv_text_printf(out, "fwmark=%" PRIu32 "\n", snapshot->fwmark);
	}
	if (snapshot->mtu != 0) {
		mv_text_printf(out, "mtu=%u\n", snapshot->mtu);
	}
	if (snapshot->aead) {
		mv_text_printf(out, "aead=%s\n", snapshot->aead);
	}
	if (snapshot->memory_bytes) {
		mv_text_printf(out, "memory_bytes=%" PRIu64 "\n", snapshot->memory_bytes);
	}
	for (unsigned i = 0; i < MV_OFFLOAD_COUNT; i++) {
		if (snapshot->offloads[i]) {
			mv_text_printf(out, "offload=%s\n", mv_offload_word((enum mv_offload)i));
		}
	}
	for (unsigned drop = MV_DROP_NONE + 1; drop < MV_DROP_COUNT; drop++) {
		if (snapshot->drops[drop] != 0) {
			mv_text_printf(out, "drop.%s=%" PRIu64 "\n",
				mv_drop_word((enum mv_drop)drop), snapshot->drops[drop]);
		}
	}
}

static void print_peer_handshakes(struct mv_text *out, const struct mv_peer_snapshot *peer)
{
	if (peer->unanswered != 0) {
		mv_text_printf(out, "unanswered=%" PRIu32 "\n", peer->unanswered);
		mv_text_printf(out, "unanswered_since_sec=%" PRIu64 "\n", peer->unanswered_since_s);
	}
	if (peer->unconfirmed != 0) {
		mv_text_printf(out, "unconfirmed=%" PRIu32 "\n", peer->unconfirmed);
	}
}

static void print_peer_drops(struct mv_text *out, const struct mv_peer_snapshot *peer)
{
	if (peer->drops == 0) {
		return;
	}
	mv_text_printf(out, "drops=%" PRIu64 "\n", peer->drops);
	if (peer->last_drop == MV_DROP_NONE) {
		return;
	}
	mv_text_printf(out, "last_drop=%s\n", mv_drop_word(peer->last_drop));
	mv_text_printf(out, "last_drop_sec=%" PRIu64 "\n", peer->last_drop_s);
}

char *mv_uapi_print_status(const struct mv_snapshot *snapshot, size_t *len)
{
	struct mv_text out = {0};

	print_status_device(&out, snapshot);
	for (size_t i = 0; i < snapshot->peer_count; i++) {
		const struct mv_peer_snapshot *peer = &snapshot->peers[i];

		print_key(&out, "public_key", peer->public_key);
		if (mv_peer_snapshot_has_preshared_key(peer)) {
			mv_text_printf(&out, "has_preshared_key=1\n");
		}
		if (peer->preshared_key_file) {
			mv_text_printf(&out, "preshared_key_file=%s\n", peer->preshared_key_file);
		}
		if (*peer->name) {
			mv_text_printf(&out, "name=%s\n", peer->name);
		}
		print_peer_state(&out, peer);
		if (peer->endpoints) {
			mv_text_printf(&out, "endpoints=%s\n", peer->endpoints);
		}
		if (peer->endpoint_entry != 0) {
			mv_text_printf(&out, "endpoint_entry=%u\n", peer->endpoint_entry);
		}
		if (peer->endpoints_trouble) {
			mv_text_printf(&out, "endpoints_trouble=%s\n", peer->endpoints_trouble);
		}
		if (peer->endpoint_pending) {
			mv_text_printf(&out, "endpoint_pending=1\n");
		}
		print_peer_handshakes(&out, peer);
		print_peer_drops(&out, peer);
		print_allowed_ips(&out, snapshot, peer);
	}
	mv_text_printf(&out, "errno=0\n\n");
	return mv_text_take(&out, len);
}

char *mv_uapi_print_errno(int error, size_t *len)
{
	struct mv_text out = {0};

	mv_text_printf(&out, "errno=%d\n\n", error);
	return mv_text_take(&out, len);
}
