#include "tunnel/candidates.h"

#include <assert.h>

#include "tunnel/candidates_ring.h"
#include "tunnel/device_state.h"

/* The peer is heard, and we are not. */
static bool is_unheard(const struct mv_peer *peer)
{
	return peer->unconfirmed >= MV_RESPONSES_LOST;
}

void mv_candidates_heard(struct mv_peer *peer, const struct mv_endpoint *endpoint)
{
	struct mv_candidates *candidates = peer->candidates;

	if (!is_unheard(peer)) {
		candidates->is_heard = true;
		candidates->rounds = 0;
		candidates->aim = candidates->at;
		candidates->stays = candidates->has_stayed = false;
	}
	if (mv_endpoint_equal(endpoint, &peer->endpoint) &&
		(candidates->at == candidates->count ||
			candidates->list[candidates->at].was_heard)) {
		return;
	}
	size_t place = mv_ring_find(candidates, endpoint);
	if (place < candidates->count) {
		mv_ring_prefer(candidates, place);
	} else if (!mv_endpoint_equal(endpoint, &peer->endpoint)) {
		candidates->entry = MV_ELSEWHERE;
		candidates->elsewhere_allowed_ns = 0;
	}
	mv_ring_settle(candidates, endpoint);
}

const struct mv_endpoint *mv_candidates_aim(const struct mv_peer *peer)
{
	const struct mv_candidates *candidates = peer->candidates;

	return candidates->aim < candidates->count ? &candidates->list[candidates->aim].endpoint
						   : &peer->endpoint;
}

void mv_candidates_initiation_sent(struct mv_peer *peer, struct mv_now now, uint64_t jitter_ns)
{
	struct mv_candidates *candidates = peer->candidates;

	*mv_ring_allowed_ns(candidates, candidates->aim) = now.boot_ns + MV_REKEY_TIMEOUT_NS;
	candidates->probe_allowed_ns = now.boot_ns + MV_PROBE_INTERVAL_NS;
	candidates->probe_is_pending = false;
	candidates->is_heard = false;
	if (mv_ring_size(candidates) > 1) {
		peer->timers.retransmit_handshake_ns =
			mv_ring_next_try_ns(candidates, now.boot_ns) + jitter_ns;
	}
}

bool mv_candidates_are_tried(const struct mv_peer *peer)
{
	return peer->handshake_is_pending && !peer->candidates->probe_is_pending &&
	       peer->timers.retransmit_handshake_ns != MV_NEVER;
}

static void want_names(struct mv_device *device, struct mv_candidates *candidates)
{
	if (candidates->has_names && !candidates->names_are_wanted) {
		candidates->names_are_wanted = true;
		TAILQ_INSERT_TAIL(&device->wanting_names, candidates, wanting);
	}
}

/* Each candidate gets as many tries as an endpoint that is the only one: only a whole round
 * counts. */
bool mv_candidates_move_on(struct mv_device *device, struct mv_peer *peer, struct mv_now now)
{
	struct mv_candidates *candidates = peer->candidates;
	struct mv_timers *timers = &peer->timers;

	if (!peer->handshake_is_pending || candidates->probe_is_pending) {
		return true; /* Nothing was tried; it is to be now. */
	}
	want_names(device, candidates);
	if (mv_ring_size(candidates) == 1) {
		return true;
	}
	size_t next = mv_ring_next(candidates);
	uint64_t next_ns = *mv_ring_allowed_ns(candidates, next);
	bool is_early = now.boot_ns < next_ns;

	if (is_early) {
		timers->retransmit_handshake_ns = next_ns;
	} else {
		candidates->has_stayed = candidates->stays;
		candidates->stays = false;
		candidates->aim = next;
		timers->handshake_allowed_ns = now.boot_ns;
	}
	if (!is_early && !candidates->has_stayed && next == candidates->at) {
		candidates->rounds++;
	} else if (timers->handshake_retries > 0) {
		timers->handshake_retries--;
	}
	return !is_early;
}

void mv_candidates_give_up(struct mv_peer *peer)
{
	struct mv_candidates *candidates = peer->candidates;

	candidates->aim = candidates->at;
	candidates->stays = candidates->has_stayed = false;
	candidates->rounds = 0;
	candidates->probe_ns = MV_NEVER;
}

/* Once for each try of a candidate, or whoever forges cookies could keep us there. */
void mv_candidates_got_cookie(struct mv_peer *peer)
{
	if (mv_candidates_are_tried(peer) && !peer->candidates->has_stayed) {
		peer->candidates->stays = true;
	}
}

void mv_candidates_responded(struct mv_device *device, struct mv_peer *peer, struct mv_now now)
{
	struct mv_candidates *candidates = peer->candidates;

	if (!is_unheard(peer) || mv_ring_size(candidates) == 1) {
		return;
	}
	candidates->is_heard = false;
	size_t next = mv_ring_next(candidates);
	if (now.boot_ns >= *mv_ring_allowed_ns(candidates, next)) {
		candidates->aim = next;
		peer->timers.handshake_allowed_ns = now.boot_ns;
		mv_peer_request_handshake(device, peer, true, now);
	}
}

/* Probes */

/* So many of the list, from its beginning, are better than where the peer is. */
static size_t count_better(const struct mv_candidates *candidates)
{
	bool is_elsewhere = candidates->at == candidates->count;
	size_t count = 0;

	while (count < candidates->count &&
		candidates->list[count].entry < candidates->entry + is_elsewhere) {
		count++;
	}
	return count;
}

void mv_candidates_used(struct mv_peer *peer, struct mv_now now)
{
	struct mv_candidates *candidates = peer->candidates;

	candidates->used_ns = now.boot_ns;
	if (candidates->probe_ns == MV_NEVER && count_better(candidates) > 0) {
		candidates->probe_ns = mv_ring_later(now.boot_ns, candidates->probe_allowed_ns);
	}
}

uint64_t mv_candidates_deadline(const struct mv_candidates *candidates)
{
	return candidates->recall_ns < candidates->probe_ns ? candidates->recall_ns
							    : candidates->probe_ns;
}

/* The deadline of the probe has passed: true if there is one to be made. */
static bool probe_is_due(struct mv_candidates *candidates, struct mv_now now, uint64_t jitter_ns)
{
	candidates->probe_ns = MV_NEVER;
	if (count_better(candidates) == 0 || now.boot_ns - candidates->used_ns > MV_PROBE_USE_NS) {
		return false;
	}
	if (now.boot_ns < candidates->probe_allowed_ns) {
		candidates->probe_ns = candidates->probe_allowed_ns + jitter_ns;
		return false;
	}
	candidates->probe_ns = now.boot_ns + MV_PROBE_INTERVAL_NS + jitter_ns;
	return true;
}

void mv_candidates_run(
	struct mv_device *device, struct mv_peer *peer, struct mv_now now, uint64_t jitter_ns)
{
	struct mv_candidates *candidates = peer->candidates;

	if (now.boot_ns >= candidates->recall_ns) {
		candidates->recall_ns = MV_NEVER;
		if (peer->handshake_is_pending && candidates->probe_is_pending) {
			mv_peer_wish(device, peer, MV_WISH_KEEPALIVE);
		}
	}
	if (now.boot_ns >= candidates->probe_ns && probe_is_due(candidates, now, jitter_ns)) {
		mv_peer_wish(device, peer, MV_WISH_PROBE);
	}
}

bool mv_candidates_may_probe(const struct mv_peer *peer, struct mv_now now)
{
	const struct mv_candidates *candidates = peer->candidates;

	return candidates && count_better(candidates) > 0 && mv_peer_can_send(peer, now) &&
	       peer->timers.retransmit_handshake_ns == MV_NEVER;
}

const struct mv_endpoint *mv_candidates_probe_sent(struct mv_peer *peer, struct mv_now now)
{
	struct mv_candidates *candidates = peer->candidates;

	size_t better = count_better(candidates);

	assert(better > 0);
	candidates->probed = (candidates->probed + 1) % better;
	candidates->probe_is_pending = true;
	candidates->probe_allowed_ns = now.boot_ns + MV_PROBE_INTERVAL_NS;
	candidates->recall_ns = now.boot_ns + MV_PROBE_RECALL_NS;
	candidates->list[candidates->probed].allowed_ns = now.boot_ns + MV_REKEY_TIMEOUT_NS;
	return &candidates->list[candidates->probed].endpoint;
}
