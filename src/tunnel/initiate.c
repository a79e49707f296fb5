#include "tunnel/initiate.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "proto/tai64n.h"

/* peer may be NULL. */
static bool may_initiate_locked(const struct mv_exchange *x, const struct mv_peer *peer)
{
	if (!peer || !x->device->up || peer->endpoint.ip.family == MV_FAMILY_NONE ||
		!mv_noise_identity_is_set(x->device->identity)) {
		return false;
	}
	return x->is_probe ? mv_candidates_may_probe(peer, x->now)
			   : x->now.boot_ns >= peer->timers.handshake_allowed_ns;
}

static bool plan_initiation(struct mv_exchange *x, struct mv_peer_handle handle)
{
	mv_device_lock(x->device);
	const struct mv_peer *peer = mv_peer_get(x->device, handle);
	bool go_on = may_initiate_locked(x, peer);
	if (go_on) {
		mv_exchange_snapshot_locked(x, peer);
		mv_tai64n_next(x->timestamp, peer->sent_timestamp, x->now);
	}
	mv_device_unlock(x->device);
	return go_on;
}

static void send_initiation_locked(
	struct mv_exchange *x, struct mv_peer *peer, const struct mv_message_initiation *message)
{
	uint64_t jitter_ns = mv_device_jitter(x->device);

	if (peer->unanswered++ == 0) {
		peer->unanswered_since_s = x->now.wall_s;
	}
	mv_exchange_send_locked(x, peer,
		peer->candidates ? mv_candidates_aim(peer) : &peer->endpoint, message,
		sizeof(*message));
	mv_timers_initiation_sent(&peer->timers, x->now.boot_ns, jitter_ns);
	if (peer->candidates) {
		mv_candidates_initiation_sent(peer, x->now, jitter_ns);
	}
	mv_peer_reschedule(x->device, peer);
}

/* The new initiation takes the place of an older one that was not answered. False if no index is
 * free. */
static bool adopt_initiation_locked(
	struct mv_exchange *x, struct mv_peer *peer, const struct mv_message_initiation *message)
{
	mv_peer_erase_handshake(x->device, peer);
	if (!mv_indextable_insert(&x->device->indices, x->index, MV_INDEX_HANDSHAKE, peer->slot)) {
		return false;
	}
	peer->secrets->handshake = x->scratch->handshake;
	peer->handshake_is_pending = true;
	memcpy(peer->sent_timestamp, x->timestamp, MV_TIMESTAMP_LEN);

	if (x->is_probe) {
		mv_exchange_send_probe_locked(
			x, peer, mv_candidates_probe_sent(peer, x->now), message, sizeof(*message));
	} else {
		send_initiation_locked(x, peer, message);
	}
	return true;
}

static bool commit_initiation(struct mv_exchange *x, const struct mv_message_initiation *message)
{
	mv_device_lock(x->device);
	struct mv_peer *peer = mv_peer_get(x->device, x->peer);
	bool goes_out = may_initiate_locked(x, peer) && adopt_initiation_locked(x, peer, message);
	mv_device_unlock(x->device);
	return goes_out;
}

/* False if the peer's public key is of low order. */
static bool make_initiation(struct mv_exchange *x, struct mv_message_initiation *message)
{
	struct mv_handshake_scratch *scratch = x->scratch;

	assert(x->has_drawn);
	mv_exchange_complete_remote(x);
	if (!mv_noise_create_initiation(message, &scratch->handshake, &scratch->identity,
		    &scratch->remote, scratch->random, x->timestamp, x->index)) {
		return false;
	}
	mv_cookie_maker_sign(&scratch->cookie, message, sizeof(*message), x->now.boot_ns);
	return true;
}

static void initiate(struct mv_device *device, struct mv_batch *out, struct mv_peer_handle peer,
	bool is_probe, struct mv_now now)
{
	struct mv_message_initiation message;
	struct mv_exchange x;

	mv_exchange_begin(&x, device, out, now);
	x.is_probe = is_probe;
	mv_exchange_draw(&x);
	if (plan_initiation(&x, peer) && make_initiation(&x, &message) &&
		commit_initiation(&x, &message)) {
		mv_exchange_log(&x, is_probe ? "a better endpoint is asked for peer"
					     : "handshake initiation sent to peer");
	}
	mv_exchange_end(&x);
}

void mv_handshake_initiate(struct mv_device *device, struct mv_batch *out,
	struct mv_peer_handle peer, struct mv_now now)
{
	initiate(device, out, peer, false, now);
}

void mv_handshake_probe(struct mv_device *device, struct mv_batch *out, struct mv_peer_handle peer,
	struct mv_now now)
{
	initiate(device, out, peer, true, now);
}

/* The peer whose initiation, still pending, has the response's index; *why it is NULL. */
static struct mv_peer *find_pending_locked(const struct mv_exchange *x, enum mv_drop *why)
{
	const struct mv_index_entry *entry = mv_indextable_find(&x->device->indices, x->index);

	if (!entry) {
		*why = MV_DROP_UNKNOWN_INDEX;
		return NULL;
	}
	if (entry->kind != MV_INDEX_HANDSHAKE) {
		*why = MV_DROP_STALE_RESPONSE; /* It led to a session already. */
		return NULL;
	}
	*why = MV_DROP_NONE;
	return mv_slab_at(&x->device->peers, entry->peer);
}

static enum mv_drop plan_response(struct mv_exchange *x, uint32_t index)
{
	enum mv_drop verdict;

	mv_device_lock(x->device);
	x->index = index;
	const struct mv_peer *peer = find_pending_locked(x, &verdict);
	if (peer) {
		mv_exchange_snapshot_locked(x, peer);
		x->scratch->handshake = peer->secrets->handshake;
		x->index = index;
	}
	mv_device_unlock(x->device);
	return verdict;
}

static void adopt_session_locked(struct mv_exchange *x, struct mv_peer *peer)
{
	if (peer->candidates) {
		x->is_probe = peer->candidates->probe_is_pending;
		x->left = peer->endpoint;
	}
	mv_exchange_received_locked(x, peer, sizeof(struct mv_message_response));

	/* The index goes over from the handshake to the session, with no moment in between. */
	mv_indextable_replace(&x->device->indices, x->index, MV_INDEX_KEYPAIR);
	peer->handshake_is_pending = false;
	mv_peer_erase_handshake(x->device, peer);
	struct mv_new_keypair fresh = mv_exchange_keypair_locked(x);
	mv_peer_forget_indices(x->device, mv_keypairs_add_initiator(&peer->keypairs, &fresh));

	mv_timers_session_derived(&peer->timers, x->now.boot_ns);
	mv_timers_handshake_complete(&peer->timers);
	peer->unconfirmed = 0;
	peer->last_handshake_s = x->now.wall_s;
	peer->last_handshake_ns = x->now.wall_ns;
	/* The responder may not send before it has heard from us. */
	mv_peer_wish(x->device, peer, MV_WISH_KEEPALIVE);
	mv_peer_reschedule(x->device, peer);
}

static enum mv_drop commit_session(struct mv_exchange *x)
{
	enum mv_drop verdict;

	mv_device_lock(x->device);
	struct mv_peer *peer = find_pending_locked(x, &verdict);
	if (peer && peer != mv_peer_get(x->device, x->peer)) {
		verdict = MV_DROP_STALE_RESPONSE;
	} else if (peer) {
		adopt_session_locked(x, peer);
	}
	mv_device_unlock(x->device);
	return verdict;
}

/* Of a peer with candidates: which of them it is at now, and why. */
static void log_move(const struct mv_exchange *x)
{
	const struct mv_log *log = &x->device->environment.log;
	const struct mv_endpoint *to = &x->message->from;
	char peer[MV_PEER_TEXT_MAX], old[MV_ENDPOINT_TEXT_MAX], new[MV_ENDPOINT_TEXT_MAX];

	if (x->left.ip.family == MV_FAMILY_NONE || mv_endpoint_equal(&x->left, to) ||
		!mv_log_shows(log, MV_LOG_INFO)) {
		return;
	}
	mv_peer_text(peer, x->name, x->scratch->remote.public_key);
	mv_endpoint_print(old, &x->left);
	mv_endpoint_print(new, to);
	if (x->is_probe) {
		mv_log(log, MV_LOG_INFO,
			"peer %s: goes by %s again instead of %s, since it answers", peer, new,
			old);
	} else {
		mv_log(log, MV_LOG_INFO, "peer %s: goes by %s, since %s did not answer", peer, new,
			old);
	}
}

enum mv_drop mv_initiate_consume_response(
	struct mv_exchange *x, const struct mv_message_response *message)
{
	struct mv_handshake_scratch *scratch = x->scratch;

	enum mv_drop verdict = plan_response(x, mv_load_le32(message->receiver_index));
	if (verdict != MV_DROP_NONE) {
		return verdict;
	}
	if (!mv_noise_consume_response(&scratch->keys, &scratch->handshake, message,
		    &scratch->identity, &scratch->remote)) {
		return MV_DROP_BAD_RESPONSE;
	}
	scratch->handshake.remote_index = mv_load_le32(message->sender_index);
	verdict = commit_session(x);
	if (verdict == MV_DROP_NONE) {
		mv_exchange_log(x, "handshake complete with peer");
		log_move(x);
	}
	return verdict;
}
