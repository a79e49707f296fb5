#include "tunnel/respond.h"

#include <assert.h>
#include <string.h>

#include "crypto/keytext.h"
#include "proto/tai64n.h"

/*
 * Why an initiation that authenticates is refused all the same. Asked before the response is
 * computed, and again before it counts. peer may be NULL.
 */
static enum mv_drop judge_locked(const struct mv_exchange *x, const struct mv_peer *peer)
{
	if (!peer) {
		return MV_DROP_PEER_GONE;
	}
	if (!mv_tai64n_after(x->timestamp, peer->latest_timestamp)) {
		return MV_DROP_OLD_TIMESTAMP;
	}
	if (x->now.boot_ns < peer->initiation_allowed_ns) {
		return MV_DROP_HANDSHAKE_FLOOD;
	}
	return MV_DROP_NONE;
}

static enum mv_drop judge(struct mv_exchange *x)
{
	mv_device_lock(x->device);
	enum mv_drop verdict = judge_locked(x, mv_peer_get(x->device, x->peer));
	mv_device_unlock(x->device);
	return verdict;
}

static enum mv_drop find_initiator(
	struct mv_exchange *x, const uint8_t public_key[static MV_KEY_LEN])
{
	mv_device_lock(x->device);
	const struct mv_peer *peer = mv_peertable_find(&x->device->peers_by_key, public_key);
	if (peer) {
		mv_exchange_snapshot_locked(x, peer);
	}
	mv_device_unlock(x->device);
	if (!peer) {
		char key[MV_KEY_BASE64_MAX];

		mv_log(&x->device->environment.log, MV_LOG_DEBUG, "unknown peer %s",
			mv_key_to_base64(key, public_key));
		return MV_DROP_UNKNOWN_PEER;
	}
	return MV_DROP_NONE;
}

/* Who is it, and does he really have that key? */
static enum mv_drop open_initiation(
	struct mv_exchange *x, const struct mv_message_initiation *message)
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
	mv_exchange_complete_remote(x);
	if (!mv_noise_consume_initiation_timestamp(
		    &scratch->handshake, x->timestamp, message, &scratch->remote)) {
		return MV_DROP_BAD_HANDSHAKE;
	}
	return judge(x);
}

static void adopt_response_locked(
	struct mv_exchange *x, struct mv_peer *peer, const struct mv_message_response *response)
{
	memcpy(peer->latest_timestamp, x->timestamp, MV_TIMESTAMP_LEN);
	peer->initiation_allowed_ns = x->now.boot_ns + MV_INITIATION_INTERVAL_NS;
	mv_peer_erase_handshake(x->device, peer);
	mv_exchange_received_locked(x, peer, sizeof(struct mv_message_initiation));

	if (!mv_indextable_insert(&x->device->indices, x->index, MV_INDEX_KEYPAIR, peer->slot)) {
		return;
	}
	struct mv_new_keypair fresh = mv_exchange_keypair_locked(x);
	mv_peer_forget_indices(x->device, mv_keypairs_add_responder(&peer->keypairs, &fresh));
	peer->unconfirmed++;
	mv_timers_session_derived(&peer->timers, x->now.boot_ns);

	mv_exchange_send_locked(x, peer, &peer->endpoint, response, sizeof(*response));
	if (peer->candidates) {
		mv_candidates_responded(x->device, peer, x->now);
	}
	mv_peer_reschedule(x->device, peer);
}

static enum mv_drop commit_response(
	struct mv_exchange *x, const struct mv_message_response *response)
{
	mv_device_lock(x->device);
	struct mv_peer *peer = mv_peer_get(x->device, x->peer);
	enum mv_drop verdict = judge_locked(x, peer);
	if (verdict == MV_DROP_NONE) {
		adopt_response_locked(x, peer, response);
	}
	mv_device_unlock(x->device);
	return verdict;
}

enum mv_drop mv_respond_consume_initiation(
	struct mv_exchange *x, const struct mv_message_initiation *message)
{
	struct mv_handshake_scratch *scratch = x->scratch;
	struct mv_message_response response;

	mv_exchange_draw(x);
	enum mv_drop verdict = open_initiation(x, message);
	if (verdict != MV_DROP_NONE) {
		return verdict;
	}
	assert(x->has_drawn);
	if (!mv_noise_create_response(&response, &scratch->keys, &scratch->handshake,
		    &scratch->remote, scratch->random, x->index)) {
		return MV_DROP_BAD_HANDSHAKE;
	}
	mv_cookie_maker_sign(&scratch->cookie, &response, sizeof(response), x->now.boot_ns);
	verdict = commit_response(x, &response);
	if (verdict == MV_DROP_NONE) {
		mv_exchange_log(x, "handshake response sent to peer");
	}
	return verdict;
}
