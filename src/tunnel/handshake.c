#include "tunnel/handshake.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "proto/tai64n.h"
#include "tunnel/device_state.h"
#include "tunnel/receive.h"

/* One handshake message on its way through this file. What is secret of it lies in the device's
 * scratch. */
struct exchange {
	struct mv_device *device;
	struct mv_handshake_scratch *scratch;
	struct mv_batch *out;
	struct mv_now now;
	const struct mv_endpoint *from;
	struct mv_peer_handle peer;
	bool static_static_is_stale;
	uint32_t index; /* ours, of what is being made */
	uint8_t timestamp[MV_TIMESTAMP_LEN];
};

static struct exchange begin(struct mv_device *device, struct mv_batch *out, struct mv_now now)
{
	return (struct exchange){.device = device,
		.scratch = device->scratch,
		.out = out,
		.now = now,
		.peer = {.slot = MV_SLOT_NONE}};
}

static void end(struct exchange *x)
{
	sodium_memzero(x->scratch, sizeof(*x->scratch));
}

/* Lock not held. */
static void drop(struct exchange *x, enum mv_drop reason)
{
	mv_device_lock(x->device);
	mv_peer_count_drop(x->device, mv_peer_get(x->device, x->peer), reason, x->now);
	mv_device_unlock(x->device);
}

/* Lock held. What the computation needs of the peer. */
static void take_snapshot(struct exchange *x, const struct mv_peer *peer)
{
	x->peer = mv_peer_handle(x->device, peer);
	x->static_static_is_stale = peer->static_static_is_stale;
	x->scratch->identity = *x->device->identity;
	x->scratch->remote = peer->secrets->remote;
	x->scratch->cookie = peer->cookie;
}

/* Lock not held. The DH of the static keys was put off until somebody needs it: a device may have
 * many silent peers. */
static void complete_remote(struct exchange *x)
{
	if (x->static_static_is_stale) {
		mv_noise_remote_precompute(&x->scratch->remote, &x->scratch->identity);
	}
	x->device->environment.random(
		x->device->environment.ctx, x->scratch->random, sizeof(x->scratch->random));
}

/* Lock held. Keeps what complete_remote computed. */
static void keep_remote(struct exchange *x, struct mv_peer *peer)
{
	memcpy(peer->secrets->remote.static_static, x->scratch->remote.static_static, MV_KEY_LEN);
	peer->static_static_is_stale = false;
	peer->handshake_is_impossible = !mv_noise_remote_is_usable(&peer->secrets->remote);
}

/* Lock held. A finished handshake message for the peer. */
static void add_message(struct exchange *x, struct mv_peer *peer, const void *message, size_t len)
{
	memcpy(mv_batch_room(x->out), message, len);

	struct mv_packet *packet = mv_batch_add(x->out, len);
	packet->is_handshake = true;
	packet->peer = x->peer;
	packet->endpoint = peer->endpoint;

	peer->cookie = x->scratch->cookie;
	mv_timers_handshake_message(&peer->timers, x->now.boot_ns);
	mv_timers_any_traversal(&peer->timers, x->now.boot_ns);
	mv_timers_any_sent(&peer->timers);
}

/* Lock held. An authentic handshake message came from there. */
static void note_received(struct exchange *x, struct mv_peer *peer, size_t len)
{
	peer->endpoint = *x->from;
	peer->endpoint_is_pending = false;
	peer->rx_bytes += len;
	mv_timers_any_received(&peer->timers);
	mv_timers_any_traversal(&peer->timers, x->now.boot_ns);
}

/* Lock held. */
static struct mv_new_keypair new_keypair(struct exchange *x)
{
	return (struct mv_new_keypair){.keys = &x->scratch->keys,
		.id = ++x->device->last_keypair_id,
		.birth_ns = x->now.boot_ns,
		.local_index = x->scratch->handshake.local_index,
		.remote_index = x->scratch->handshake.remote_index};
}

/* Lock held. */
static bool may_initiate(
	const struct mv_device *device, const struct mv_peer *peer, struct mv_now now)
{
	return peer && device->up && peer->endpoint.ip.family != MV_FAMILY_NONE &&
	       mv_noise_identity_is_set(device->identity) &&
	       now.boot_ns >= peer->timers.handshake_allowed_ns;
}

static bool plan_initiation(struct exchange *x, struct mv_peer_handle handle)
{
	struct mv_device *device = x->device;

	mv_device_lock(device);
	struct mv_peer *peer = mv_peer_get(device, handle);
	bool go_on = may_initiate(device, peer, x->now);
	if (go_on) {
		take_snapshot(x, peer);
		x->index = mv_device_fresh_index(device);
	}
	mv_device_unlock(device);
	return go_on;
}

/* message NULL: it could not be made, since the peer's public key is of low order. */
static void commit_initiation(struct exchange *x, const struct mv_message_initiation *message)
{
	struct mv_device *device = x->device;

	mv_device_lock(device);
	struct mv_peer *peer = mv_peer_get(device, x->peer);
	if (peer) {
		keep_remote(x, peer);
	}
	if (peer && peer->handshake_is_impossible) {
		mv_peer_drop_staged(device, peer, MV_DROP_NO_HANDSHAKE_POSSIBLE, x->now);
	}
	if (message && may_initiate(device, peer, x->now)) {
		mv_peer_erase_handshake(device, peer);
		peer->secrets->handshake = x->scratch->handshake;
		peer->handshake_is_pending = mv_indextable_insert(
			&device->indices, x->index, MV_INDEX_HANDSHAKE, peer->slot);

		add_message(x, peer, message, sizeof(*message));
		mv_timers_initiation_sent(&peer->timers, x->now.boot_ns, mv_device_jitter(device));
		mv_peer_reschedule(device, peer);
	}
	mv_device_unlock(device);
}

void mv_handshake_initiate(struct mv_device *device, struct mv_batch *out,
	struct mv_peer_handle peer, struct mv_now now)
{
	struct exchange x = begin(device, out, now);
	struct mv_handshake_scratch *scratch = x.scratch;
	struct mv_message_initiation message;

	if (!plan_initiation(&x, peer)) {
		return;
	}
	complete_remote(&x);
	mv_tai64n(x.timestamp, now);
	bool ok = mv_noise_create_initiation(&message, &scratch->handshake, &scratch->identity,
		&scratch->remote, scratch->random, x.timestamp, x.index);
	if (ok) {
		mv_cookie_maker_sign(&scratch->cookie, &message, sizeof(message), now.boot_ns);
	}
	commit_initiation(&x, ok ? &message : NULL);
	end(&x);
}

/* Why an initiation that authenticates is refused all the same. Asked before the response is
 * computed, and again before it counts. */
static enum mv_drop initiation_verdict(const struct exchange *x, const struct mv_peer *peer)
{
	if (!mv_tai64n_after(x->timestamp, peer->latest_timestamp)) {
		return MV_DROP_OLD_TIMESTAMP;
	}
	if (x->now.boot_ns < peer->initiation_allowed_ns) {
		return MV_DROP_HANDSHAKE_FLOOD;
	}
	return MV_DROP_NONE;
}

/* Lock not held. */
static enum mv_drop check_initiation(struct exchange *x)
{
	mv_device_lock(x->device);
	const struct mv_peer *peer = mv_peer_get(x->device, x->peer);
	enum mv_drop verdict = peer ? initiation_verdict(x, peer) : MV_DROP_PEER_GONE;
	mv_device_unlock(x->device);
	return verdict;
}

static enum mv_drop find_initiator(struct exchange *x, const uint8_t public_key[static MV_KEY_LEN])
{
	mv_device_lock(x->device);
	const struct mv_peer *peer = mv_peertable_find(&x->device->peers_by_key, public_key);
	if (peer) {
		take_snapshot(x, peer);
		x->index = mv_device_fresh_index(x->device);
	}
	mv_device_unlock(x->device);
	return peer ? MV_DROP_NONE : MV_DROP_UNKNOWN_PEER;
}

static enum mv_drop open_initiation(struct exchange *x, const struct mv_message_initiation *message)
{
	struct mv_handshake_scratch *scratch = x->scratch;
	uint8_t initiator[MV_KEY_LEN];

	if (!mv_noise_consume_initiation_static(
		    &scratch->handshake, initiator, message, &scratch->identity)) {
		return MV_DROP_BAD_HANDSHAKE;
	}
	enum mv_drop verdict = find_initiator(x, initiator);
	if (verdict != MV_DROP_NONE) {
		return verdict;
	}
	complete_remote(x);
	if (!mv_noise_consume_initiation_timestamp(
		    &scratch->handshake, x->timestamp, message, &scratch->remote)) {
		return MV_DROP_BAD_HANDSHAKE;
	}
	return check_initiation(x);
}

static enum mv_drop commit_response(struct exchange *x, const struct mv_message_response *response)
{
	struct mv_device *device = x->device;

	mv_device_lock(device);
	struct mv_peer *peer = mv_peer_get(device, x->peer);
	enum mv_drop verdict = peer ? initiation_verdict(x, peer) : MV_DROP_PEER_GONE;
	if (verdict == MV_DROP_NONE) {
		keep_remote(x, peer);
		memcpy(peer->latest_timestamp, x->timestamp, MV_TIMESTAMP_LEN);
		peer->initiation_allowed_ns = x->now.boot_ns + MV_INITIATION_INTERVAL_NS;
		mv_peer_erase_handshake(device, peer);
		note_received(x, peer, sizeof(struct mv_message_initiation));

		struct mv_new_keypair fresh = new_keypair(x);
		mv_peer_forget_indices(device, mv_keypairs_add_responder(&peer->keypairs, &fresh));
		mv_indextable_insert(&device->indices, x->index, MV_INDEX_KEYPAIR, peer->slot);
		mv_timers_session_derived(&peer->timers, x->now.boot_ns);

		add_message(x, peer, response, sizeof(*response));
		mv_peer_reschedule(device, peer);
	}
	mv_device_unlock(device);
	return verdict;
}

static enum mv_drop consume_initiation(
	struct exchange *x, const struct mv_message_initiation *message)
{
	struct mv_handshake_scratch *scratch = x->scratch;
	struct mv_message_response response;

	enum mv_drop verdict = open_initiation(x, message);
	if (verdict != MV_DROP_NONE) {
		return verdict;
	}
	if (!mv_noise_create_response(&response, &scratch->keys, &scratch->handshake,
		    &scratch->remote, scratch->random, x->index)) {
		return MV_DROP_BAD_HANDSHAKE;
	}
	mv_cookie_maker_sign(&scratch->cookie, &response, sizeof(response), x->now.boot_ns);
	return commit_response(x, &response);
}

/* The peer whose initiation, still pending, has this index; *why it is NULL. Lock held. */
static struct mv_peer *find_pending(
	const struct mv_device *device, uint32_t index, enum mv_drop *why)
{
	const struct mv_index_entry *entry = mv_indextable_find(&device->indices, index);

	if (!entry) {
		*why = MV_DROP_UNKNOWN_INDEX;
		return NULL;
	}
	if (entry->kind != MV_INDEX_HANDSHAKE) {
		*why = MV_DROP_STALE_RESPONSE; /* It led to a session already. */
		return NULL;
	}
	*why = MV_DROP_NONE;
	return mv_slab_at(&device->peers, entry->peer);
}

static enum mv_drop plan_response(struct exchange *x)
{
	enum mv_drop verdict;

	mv_device_lock(x->device);
	const struct mv_peer *peer = find_pending(x->device, x->index, &verdict);
	if (peer) {
		take_snapshot(x, peer);
		x->scratch->handshake = peer->secrets->handshake;
	}
	mv_device_unlock(x->device);
	return verdict;
}

static enum mv_drop commit_session(struct exchange *x)
{
	struct mv_device *device = x->device;
	enum mv_drop verdict;

	mv_device_lock(device);
	struct mv_peer *peer = find_pending(device, x->index, &verdict);
	if (peer && peer == mv_peer_get(device, x->peer)) {
		note_received(x, peer, sizeof(struct mv_message_response));

		/* The index goes over from the handshake to the session, with no moment in between.
		 */
		mv_indextable_replace(&device->indices, x->index, MV_INDEX_KEYPAIR);
		peer->handshake_is_pending = false;
		mv_peer_erase_handshake(device, peer);
		struct mv_new_keypair fresh = new_keypair(x);
		mv_peer_forget_indices(device, mv_keypairs_add_initiator(&peer->keypairs, &fresh));

		mv_timers_session_derived(&peer->timers, x->now.boot_ns);
		mv_timers_handshake_complete(&peer->timers);
		peer->last_handshake_s = x->now.wall_s;
		peer->last_handshake_ns = x->now.wall_ns;
		/* The responder may not send before it has heard from us. */
		mv_peer_wish(device, peer, MV_WISH_KEEPALIVE);
		mv_peer_reschedule(device, peer);
	} else {
		verdict = MV_DROP_STALE_RESPONSE;
	}
	mv_device_unlock(device);
	return verdict;
}

static enum mv_drop consume_response(struct exchange *x, const struct mv_message_response *message)
{
	struct mv_handshake_scratch *scratch = x->scratch;

	x->index = mv_load_le32(message->receiver_index);
	enum mv_drop verdict = plan_response(x);
	if (verdict != MV_DROP_NONE) {
		return verdict;
	}
	if (!mv_noise_consume_response(&scratch->keys, &scratch->handshake, message,
		    &scratch->identity, &scratch->remote)) {
		return MV_DROP_BAD_HANDSHAKE;
	}
	scratch->handshake.remote_index = mv_load_le32(message->sender_index);
	return commit_session(x);
}

/* The next initiation or response to this peer will carry the cookie. Nothing else changes: the
 * reply proves nothing. */
static enum mv_drop consume_cookie_reply(
	struct exchange *x, const struct mv_message_cookie_reply *message)
{
	struct mv_device *device = x->device;
	uint32_t index = mv_load_le32(message->receiver_index);

	mv_device_lock(device);
	const struct mv_index_entry *entry = mv_indextable_find(&device->indices, index);
	if (entry) {
		take_snapshot(x, mv_slab_at(&device->peers, entry->peer));
	}
	mv_device_unlock(device);

	if (!entry || !mv_cookie_maker_consume(&x->scratch->cookie, message, x->now.boot_ns)) {
		return MV_DROP_COOKIE_UNWANTED;
	}
	mv_device_lock(device);
	struct mv_peer *peer = mv_peer_get(device, x->peer);
	if (peer) {
		peer->cookie = x->scratch->cookie;
	}
	mv_device_unlock(device);
	return MV_DROP_NONE;
}

/* Takes the identity. The device may have gone down while the message waited. */
static enum mv_drop take_identity(struct exchange *x, struct mv_cookie_checker *checker)
{
	mv_device_lock(x->device);
	bool up = x->device->up;
	x->scratch->identity = *x->device->identity;
	*checker = x->device->checker;
	mv_device_unlock(x->device);
	if (!up) {
		return MV_DROP_DEVICE_DOWN;
	}
	return mv_noise_identity_is_set(&x->scratch->identity) ? MV_DROP_NONE : MV_DROP_NO_IDENTITY;
}

static enum mv_drop consume(struct exchange *x, const uint8_t *message, size_t len)
{
	enum mv_message_type type = mv_receive_classify(message, len);
	struct mv_cookie_checker checker;

	enum mv_drop verdict = take_identity(x, &checker);
	if (verdict != MV_DROP_NONE) {
		return verdict;
	}
	if (type == MV_MESSAGE_COOKIE_REPLY) {
		return consume_cookie_reply(x, (const void *)message);
	}
	if (type != MV_MESSAGE_INITIATION && type != MV_MESSAGE_RESPONSE) {
		return MV_DROP_BAD_MESSAGE;
	}
	if (!mv_cookie_checker_mac1_is_valid(&checker, message, len)) {
		return MV_DROP_BAD_MAC1;
	}
	return type == MV_MESSAGE_INITIATION ? consume_initiation(x, (const void *)message)
					     : consume_response(x, (const void *)message);
}

void mv_handshake_receive(struct mv_device *device, struct mv_batch *out, const uint8_t *message,
	size_t len, const struct mv_endpoint *from, struct mv_now now)
{
	struct exchange x = begin(device, out, now);
	char endpoint[MV_ENDPOINT_TEXT_MAX];

	x.from = from;
	enum mv_drop verdict = consume(&x, message, len);
	if (verdict != MV_DROP_NONE) {
		drop(&x, verdict);
		mv_log(&device->environment.log, MV_LOG_DEBUG, "handshake message from %s: %s",
			mv_endpoint_print(endpoint, from), mv_drop_text(verdict));
	}
	end(&x);
}
