/*
 * mv_device_snapshot: the copy that the control socket prints; and what is asked of one peer alone.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "tunnel/device_state.h"

static void copy_prefixes(
	struct mv_snapshot *snapshot, struct mv_peer_snapshot *copy, const struct mv_peer *peer)
{
	const struct mv_allowedips_node *node = NULL;

	copy->first_prefix = snapshot->prefix_count;
	copy->prefix_count = peer->allowed_ips.count;
	while ((node = mv_allowedips_next(&peer->allowed_ips, node))) {
		mv_allowedips_prefix(&snapshot->prefixes[snapshot->prefix_count++], node);
	}
}

static void copy_peer(struct mv_snapshot *snapshot, const struct mv_peer *peer)
{
	struct mv_peer_snapshot *copy = &snapshot->peers[snapshot->peer_count++];

	memcpy(copy->public_key, peer->secrets->remote.public_key, MV_KEY_LEN);
	memcpy(copy->preshared_key, peer->secrets->remote.preshared_key, MV_KEY_LEN);
	memcpy(copy->name, peer->name, sizeof(copy->name));
	copy->endpoint = peer->endpoint;
	copy->endpoint_pending = peer->endpoint_is_pending;
	if (peer->candidates) {
		copy->endpoint_entry = (unsigned)(peer->candidates->entry + 1);
	}
	copy->unanswered = peer->unanswered;
	copy->unanswered_since_s = peer->unanswered_since_s;
	copy->unconfirmed = peer->unconfirmed;
	copy->last_handshake_s = peer->last_handshake_s;
	copy->last_handshake_ns = peer->last_handshake_ns;
	copy->tx_bytes = peer->tx_bytes;
	copy->rx_bytes = peer->rx_bytes;
	copy->persistent_keepalive_s = peer->timers.persistent_keepalive_s;
	copy->drops = peer->drops;
	copy->last_drop = peer->last_drop;
	copy->last_drop_s = peer->last_drop_s;
	copy_prefixes(snapshot, copy, peer);
}

static void count_all(struct mv_device *device, size_t *peers, size_t *prefixes)
{
	const struct mv_peer *peer;

	*peers = device->peers.used;
	*prefixes = 0;
	for (uint32_t slot = MV_SLOT_NONE; (peer = mv_slab_next(&device->peers, &slot));) {
		*prefixes += peer->allowed_ips.count;
	}
}

/* Only the control loop adds peers and prefixes, and this is the control loop: what was counted
 * still holds after the allocation. */
int mv_device_snapshot(struct mv_device *device, struct mv_snapshot **snapshot)
{
	const struct mv_peer *peer;
	size_t peers, prefixes;

	count_all(device, &peers, &prefixes);
	int error = mv_snapshot_create(snapshot, peers, prefixes);
	if (error < 0) {
		return error;
	}
	struct mv_snapshot *copy = *snapshot;
	copy->peer_count = 0;
	copy->prefix_count = 0;

	mv_device_lock(device);
	memcpy(copy->private_key, device->identity->private_key, MV_KEY_LEN);
	memcpy(copy->public_key, device->identity->public_key, MV_KEY_LEN);
	copy->mtu = (uint16_t)device->mtu;
	memcpy(copy->drops, device->drops, sizeof(copy->drops));
	for (uint32_t slot = MV_SLOT_NONE; (peer = mv_slab_next(&device->peers, &slot));) {
		copy_peer(copy, peer);
	}
	mv_device_unlock(device);
	return 0;
}

bool mv_device_peer_name(struct mv_device *device, const uint8_t public_key[static MV_KEY_LEN],
	char name[static MV_PEER_NAME_MAX])
{
	mv_device_lock(device);
	const struct mv_peer *peer = mv_peertable_find(&device->peers_by_key, public_key);
	if (peer) {
		memcpy(name, peer->name, MV_PEER_NAME_MAX);
	}
	mv_device_unlock(device);
	return peer;
}

bool mv_device_peer_has_preshared_key(struct mv_device *device,
	const uint8_t public_key[static MV_KEY_LEN], const uint8_t key[static MV_KEY_LEN])
{
	mv_device_lock(device);
	const struct mv_peer *peer = mv_peertable_find(&device->peers_by_key, public_key);
	bool has = peer && sodium_memcmp(peer->secrets->remote.preshared_key, key, MV_KEY_LEN) == 0;
	mv_device_unlock(device);
	return has;
}
