/*
 * The candidates of a peer as they come from outside: made, exchanged and let go of.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/candidates_ring.h"
#include "tunnel/device_state.h"

struct mv_candidates *mv_candidates_create(size_t room, bool has_names)
{
	assert(room <= MV_CANDIDATES_MAX);

	struct mv_candidates *candidates =
		calloc(1, sizeof(*candidates) + room * sizeof(candidates->list[0]));

	if (candidates) {
		candidates->has_names = has_names;
		candidates->entry = MV_ELSEWHERE;
		candidates->probe_ns = candidates->recall_ns = MV_NEVER;
	}
	return candidates;
}

void mv_candidates_add(
	struct mv_candidates *candidates, const struct mv_endpoint *endpoint, uint8_t entry)
{
	assert(candidates->count == 0 || candidates->list[candidates->count - 1].entry <= entry);

	if (mv_ring_find(candidates, endpoint) == candidates->count) {
		candidates->list[candidates->count++] =
			(struct mv_candidate){.endpoint = *endpoint, .entry = entry};
	}
}

void mv_candidates_free(struct mv_device *device, struct mv_candidates *candidates)
{
	if (candidates && candidates->names_are_wanted) {
		TAILQ_REMOVE(&device->wanting_names, candidates, wanting);
	}
	free(candidates);
}

/* What is known of those that are in both. */
static void take_over(struct mv_candidates *fresh, const struct mv_candidates *old)
{
	for (size_t i = 0; i < fresh->count; i++) {
		size_t place = mv_ring_find(old, &fresh->list[i].endpoint);

		if (place < old->count) {
			fresh->list[i].allowed_ns = old->list[place].allowed_ns;
			if (old->list[place].was_heard) {
				mv_ring_prefer(fresh, i);
			}
		}
	}
	fresh->entry = old->entry;
	fresh->is_heard = old->is_heard;
	fresh->rounds = old->rounds;
	fresh->probe_is_pending = old->probe_is_pending;
	fresh->probe_ns = old->probe_ns;
	fresh->probe_allowed_ns = old->probe_allowed_ns;
	fresh->recall_ns = old->recall_ns;
	fresh->used_ns = old->used_ns;
}

static bool has_fresh(const struct mv_candidates *fresh, const struct mv_candidates *old)
{
	for (size_t i = 0; i < fresh->count; i++) {
		if (!old || mv_ring_find(old, &fresh->list[i].endpoint) == old->count) {
			return true;
		}
	}
	return false;
}

/* The initiation that went there has no answer yet: goes on from it in the new list, where what is
 * new need not wait for longer than the patience with it. */
static void go_on(struct mv_peer *peer, const struct mv_candidates *old,
	const struct mv_endpoint *tried, struct mv_now now)
{
	struct mv_candidates *fresh = peer->candidates;
	struct mv_timers *timers = &peer->timers;
	size_t place = mv_ring_find(fresh, tried);
	uint64_t allowed = timers->handshake_allowed_ns;
	uint64_t sent_ns = allowed > MV_REKEY_TIMEOUT_NS ? allowed - MV_REKEY_TIMEOUT_NS : 0;

	if (place < fresh->count || mv_endpoint_equal(tried, &peer->endpoint)) {
		fresh->aim = place;
		*mv_ring_allowed_ns(fresh, place) = allowed;
		if (mv_ring_size(fresh) > 1 && has_fresh(fresh, old)) {
			timers->retransmit_handshake_ns =
				mv_ring_later(now.boot_ns, mv_ring_next_try_ns(fresh, sent_ns));
		}
	} else {
		fresh->aim = fresh->at > 0 ? fresh->at - 1 : mv_ring_size(fresh) - 1;
		timers->handshake_allowed_ns = now.boot_ns;
		timers->retransmit_handshake_ns = now.boot_ns;
	}
}

static void move_peer(struct mv_peer *peer, struct mv_candidates *candidates)
{
	mv_peer_set_endpoint(peer, &candidates->list[0].endpoint);
	mv_ring_settle(candidates, &peer->endpoint);
}

/* A single address that is no name's: there is nothing to choose. */
static bool is_needless(const struct mv_candidates *candidates)
{
	return candidates->count <= 1 && !candidates->has_names;
}

/* What is in the list, or was until a moment ago, moves when another answers. */
static bool must_move(const struct mv_peer *peer, const struct mv_candidates *candidates,
	enum mv_candidates_reason reason, struct mv_now now)
{
	if (peer->endpoint.ip.family == MV_FAMILY_NONE) {
		return true;
	}
	if (reason == MV_CANDIDATES_CONFIGURED) {
		return is_needless(candidates) || !mv_peer_can_send(peer, now);
	}
	return candidates->entry != MV_ELSEWHERE && !peer->handshake_is_pending &&
	       !mv_peer_can_send(peer, now);
}

/* The session goes on where it is, as if that were the last of the list: whatever answers first of
 * the others is better. */
static void call_into(struct mv_candidates *candidates, struct mv_now now)
{
	size_t last = candidates->count - 1;

	candidates->entry = candidates->list[last].entry;
	candidates->probed = last;
	candidates->used_ns = candidates->probe_ns = candidates->probe_allowed_ns = now.boot_ns;
}

static void bring_into(struct mv_peer *peer, struct mv_candidates *candidates,
	enum mv_candidates_reason reason, struct mv_now now)
{
	if (must_move(peer, candidates, reason, now)) {
		move_peer(peer, candidates);
	} else if (reason == MV_CANDIDATES_CONFIGURED) {
		call_into(candidates, now);
	}
}

static void install(struct mv_device *device, struct mv_peer *peer, struct mv_candidates *fresh,
	enum mv_candidates_reason reason, struct mv_now now)
{
	struct mv_candidates *old = peer->candidates;
	struct mv_endpoint tried = old ? *mv_candidates_aim(peer) : peer->endpoint;

	fresh->peer = peer;
	if (old) {
		take_over(fresh, old);
	}
	mv_ring_settle(fresh, &peer->endpoint);
	if (fresh->count > 0 && fresh->at == fresh->count) {
		bring_into(peer, fresh, reason, now);
	}
	peer->candidates = fresh;
	peer->endpoint_is_pending = peer->endpoint.ip.family == MV_FAMILY_NONE && fresh->has_names;
	if (peer->handshake_is_pending && !fresh->probe_is_pending) {
		go_on(peer, old, &tried, now);
	}
	if (is_needless(fresh)) {
		peer->candidates = NULL;
		mv_candidates_free(device, fresh);
	}
	mv_candidates_free(device, old);
	mv_peer_resume(device, peer);
	mv_peer_reschedule(device, peer);
}

bool mv_candidates_install(struct mv_device *device, const uint8_t public_key[static MV_KEY_LEN],
	struct mv_candidates *candidates, enum mv_candidates_reason reason, struct mv_now now)
{
	mv_device_lock(device);
	struct mv_peer *peer = mv_peertable_find(&device->peers_by_key, public_key);
	if (peer) {
		install(device, peer, candidates, reason, now);
	} else {
		mv_candidates_free(device, candidates);
	}
	mv_device_unlock(device);
	return peer != NULL;
}

bool mv_candidates_next_wanted(struct mv_device *device, uint8_t public_key[static MV_KEY_LEN])
{
	mv_device_lock(device);
	struct mv_candidates *candidates = TAILQ_FIRST(&device->wanting_names);
	if (candidates) {
		TAILQ_REMOVE(&device->wanting_names, candidates, wanting);
		candidates->names_are_wanted = false;
		memcpy(public_key, candidates->peer->secrets->remote.public_key, MV_KEY_LEN);
	}
	mv_device_unlock(device);
	return candidates != NULL;
}
