/*
 * mv_device_apply: first everything that can fail is made sure of, and then the list is carried
 * out, which cannot fail any more.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "tunnel/device_state.h"

/* The walk through a list. peer is NULL where the lines of a peer are to be ignored. */
struct walk {
	struct mv_device *device;
	struct mv_now now;
	const struct mv_noise_identity *identity; /* computed before the lock was taken */
	struct mv_peer *peer;
	bool is_new; /* this PEER created it */
};

static size_t count(const struct mv_changes *changes, enum mv_change_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < changes->count; i++) {
		n += changes->list[i].kind == kind;
	}
	return n;
}

/* So many more than there are now may there be at a time. A list that begins by removing all has
 * their places. */
static size_t count_new_peers(const struct mv_device *device, const struct mv_changes *changes)
{
	size_t fresh = 0;

	for (size_t i = 0; i < changes->count; i++) {
		const struct mv_change *change = &changes->list[i];

		if (change->kind == MV_CHANGE_REPLACE_PEERS && fresh == 0) {
			size_t all = count(changes, MV_CHANGE_PEER);

			return all > device->peers.used ? all - device->peers.used : 0;
		}
		fresh += change->kind == MV_CHANGE_PEER &&
			 !mv_peertable_find(&device->peers_by_key, change->key);
	}
	return fresh;
}

/* Room for the worst case. */
static int reserve(struct mv_device *device, const struct mv_changes *changes)
{
	size_t fresh = count_new_peers(device, changes);
	size_t peers = device->peers.used + fresh;
	int error;

	if (peers > MV_PEERS_MAX) {
		return -ENOSPC;
	}
	if ((error = mv_slab_reserve(&device->peers, fresh)) < 0 ||
		(error = mv_slab_reserve(&device->secrets, fresh)) < 0 ||
		(error = mv_peertable_reserve(&device->peers_by_key, peers)) < 0 ||
		(error = mv_indextable_reserve(&device->indices, peers)) < 0 ||
		(error = mv_deadlines_reserve(
			 &device->deadlines, mv_slab_capacity(&device->peers))) < 0) {
		return error;
	}
	return mv_allowedips_reserve(device->allowed_ips, count(changes, MV_CHANGE_ALLOWED_IP));
}

static bool is_own_key(const struct mv_device *device, const uint8_t public_key[static MV_KEY_LEN])
{
	return mv_noise_identity_is_set(device->identity) &&
	       memcmp(device->identity->public_key, public_key, MV_KEY_LEN) == 0;
}

static struct mv_peer *create_peer(
	struct mv_device *device, const uint8_t public_key[static MV_KEY_LEN])
{
	uint32_t slot;
	struct mv_peer *peer = mv_slab_alloc(&device->peers, &slot);

	peer->slot = slot;
	peer->secrets = mv_slab_alloc(&device->secrets, &peer->secrets_slot);
	memcpy(peer->secrets->remote.public_key, public_key, MV_KEY_LEN);
	peer->static_static_is_stale = true;
	mv_cookie_maker_init(&peer->cookie, public_key);
	mv_keypairs_init(&peer->keypairs, peer->secrets->sessions);
	mv_timers_stop(&peer->timers);
	peer->scheduled_ns = MV_NEVER;
	mv_peertable_insert(&device->peers_by_key, peer);
	return peer;
}

static void remove_peer(struct mv_device *device, struct mv_peer *peer, struct mv_now now)
{
	mv_peer_drop_staged(device, peer, MV_DROP_PEER_GONE, now);
	mv_peer_erase_keys(device, peer);
	mv_deadlines_set(&device->deadlines, peer->slot, MV_NEVER);
	if (peer->wishes != 0) {
		TAILQ_REMOVE(&device->wishing, peer, wishing);
	}
	mv_candidates_free(device, peer->candidates);
	mv_allowedips_clear(device->allowed_ips, &peer->allowed_ips);
	mv_peertable_remove(&device->peers_by_key, peer);
	mv_slab_free(&device->secrets, peer->secrets_slot);
	mv_slab_free(&device->peers, peer->slot);
}

static void remove_all_peers(struct walk *walk)
{
	struct mv_device *device = walk->device;
	struct mv_peer *peer;

	for (uint32_t slot = MV_SLOT_NONE; (peer = mv_slab_next(&device->peers, &slot));) {
		remove_peer(device, peer, walk->now);
	}
	walk->peer = NULL;
}

/* To be called where a peer's lines end. */
static void finish_peer(struct walk *walk)
{
	if (walk->peer) {
		mv_peer_resume(walk->device, walk->peer);
	}
	walk->peer = NULL;
}

/* A new identity: nothing that was agreed under the old one is used for sending any more. */
static void set_identity(struct walk *walk)
{
	struct mv_device *device = walk->device;
	struct mv_peer *peer;

	if (sodium_memcmp(device->identity->private_key, walk->identity->private_key, MV_KEY_LEN) ==
		0) {
		return;
	}
	*device->identity = *walk->identity;
	mv_cookie_checker_init(&device->checker, device->identity->public_key);

	struct mv_peer *self =
		mv_peertable_find(&device->peers_by_key, device->identity->public_key);
	if (self && mv_noise_identity_is_set(device->identity)) {
		walk->peer = walk->peer == self ? NULL : walk->peer;
		remove_peer(device, self, walk->now);
	}
	for (uint32_t slot = MV_SLOT_NONE; (peer = mv_slab_next(&device->peers, &slot));) {
		mv_peer_erase_handshake(device, peer);
		mv_keypairs_stop_sending(&peer->keypairs);
		sodium_memzero(peer->secrets->remote.static_static, MV_KEY_LEN);
		peer->static_static_is_stale = true;
		peer->handshake_is_impossible = false;
		peer->timers.handshake_allowed_ns = 0;
		/* Nobody has seen a timestamp of the new one. */
		memset(peer->sent_timestamp, 0, MV_TIMESTAMP_LEN);
		memset(peer->reserved_timestamp, 0, MV_TIMESTAMP_LEN);
		mv_peer_resume(device, peer);
	}
}

static void begin_peer(struct walk *walk, const uint8_t public_key[static MV_KEY_LEN])
{
	struct mv_device *device = walk->device;

	finish_peer(walk);
	walk->is_new = false;
	walk->peer = mv_peertable_find(&device->peers_by_key, public_key);
	if (!walk->peer && !is_own_key(device, public_key)) {
		walk->peer = create_peer(device, public_key);
		walk->is_new = true;
	}
}

static void end_peer(struct walk *walk)
{
	remove_peer(walk->device, walk->peer, walk->now);
	walk->peer = NULL;
}

/* One that is too long was let in by nobody. */
static void set_name(struct mv_peer *peer, const char *name)
{
	size_t len = strnlen(name, sizeof(peer->name) - 1);

	memcpy(peer->name, name, len);
	peer->name[len] = '\0';
}

/* The peer has no other place any more. */
static void set_endpoint(
	struct mv_device *device, struct mv_peer *peer, const struct mv_endpoint *endpoint)
{
	mv_candidates_free(device, peer->candidates);
	peer->candidates = NULL;
	mv_peer_set_endpoint(peer, endpoint);
}

/* mv_candidates_install follows, now or when there is a first address. Without a list the peer has
 * to call first, unless there is a session with it: that goes on where it is. */
static void expect_candidates(struct walk *walk, bool has_list)
{
	struct mv_peer *peer = walk->peer;

	if (!has_list && !mv_keypair_can_send(peer->keypairs.current, walk->now.boot_ns)) {
		set_endpoint(walk->device, peer, &(struct mv_endpoint){0});
	} else if (!has_list) {
		set_endpoint(walk->device, peer, &peer->endpoint);
	} else {
		peer->endpoint_is_pending = peer->endpoint.ip.family == MV_FAMILY_NONE;
	}
}

static void set_keepalive(struct mv_timers *timers, uint16_t seconds)
{
	timers->persistent_keepalive_s = seconds;
	if (seconds == 0) {
		timers->persistent_keepalive_ns = MV_NEVER;
	}
}

static void apply_to_peer(struct walk *walk, const struct mv_change *change)
{
	struct mv_device *device = walk->device;
	struct mv_peer *peer = walk->peer;

	switch (change->kind) {
	case MV_CHANGE_UPDATE_ONLY:
		if (walk->is_new) {
			end_peer(walk);
		}
		break;
	case MV_CHANGE_REMOVE:
		end_peer(walk);
		break;
	case MV_CHANGE_PRESHARED_KEY:
		memcpy(peer->secrets->remote.preshared_key, change->key, MV_KEY_LEN);
		break;
	case MV_CHANGE_NAME:
		set_name(peer, change->text);
		break;
	case MV_CHANGE_ENDPOINT:
		set_endpoint(device, peer, &change->endpoint);
		break;
	case MV_CHANGE_ENDPOINTS:
		expect_candidates(walk, *change->text);
		break;
	case MV_CHANGE_PERSISTENT_KEEPALIVE:
		set_keepalive(&peer->timers, change->seconds);
		break;
	case MV_CHANGE_REPLACE_ALLOWED_IPS:
		mv_allowedips_clear(device->allowed_ips, &peer->allowed_ips);
		break;
	case MV_CHANGE_ALLOWED_IP:
		mv_allowedips_insert(
			device->allowed_ips, &change->prefix, &peer->allowed_ips, peer->slot);
		break;
	case MV_CHANGE_ALLOWED_IP_REMOVE:
		mv_allowedips_remove(device->allowed_ips, &change->prefix, &peer->allowed_ips);
		break;
	case MV_CHANGE_PRIVATE_KEY:
	case MV_CHANGE_LISTEN_PORT:
	case MV_CHANGE_FWMARK:
	case MV_CHANGE_PRESHARED_KEY_FILE:
	case MV_CHANGE_REPLACE_PEERS:
	case MV_CHANGE_PEER:
		break; /* These are not a peer's. */
	}
}

static void apply_change(struct walk *walk, const struct mv_change *change)
{
	if (change->kind == MV_CHANGE_PRIVATE_KEY) {
		set_identity(walk);
	} else if (change->kind == MV_CHANGE_REPLACE_PEERS) {
		remove_all_peers(walk);
	} else if (change->kind == MV_CHANGE_PEER) {
		begin_peer(walk, change->key);
	} else if (walk->peer) {
		apply_to_peer(walk, change);
	}
}

/* The last private key of the list, as an identity: computing it takes too long for the lock. */
static void compute_identity(struct mv_noise_identity *identity, const struct mv_changes *changes)
{
	const struct mv_change *change = mv_changes_last(changes, MV_CHANGE_PRIVATE_KEY);

	if (change) {
		mv_noise_identity_set(identity, change->key);
	}
}

int mv_device_apply(struct mv_device *device, const struct mv_changes *changes, struct mv_now now)
{
	struct mv_noise_identity *identity = &device->scratch->identity;
	struct walk walk = {.device = device, .now = now, .identity = identity};

	compute_identity(identity, changes);
	mv_device_lock(device);
	int error = reserve(device, changes);
	if (error == 0) {
		for (size_t i = 0; i < changes->count; i++) {
			apply_change(&walk, &changes->list[i]);
		}
		finish_peer(&walk);
	}
	mv_device_unlock(device);
	sodium_memzero(identity, sizeof(*identity));
	return error;
}
