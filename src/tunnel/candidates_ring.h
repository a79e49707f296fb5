/*
 * The candidates of a peer as the ring that its initiations go round: the list, and the peer's
 * endpoint if it is not in it. Private to candidates and candidates_install.
 */
#ifndef MV_TUNNEL_CANDIDATES_RING_H
#define MV_TUNNEL_CANDIDATES_RING_H

#include "proto/messages.h"
#include "tunnel/candidates.h"

#define MV_ELSEWHERE (-1)

static inline size_t mv_ring_find(
	const struct mv_candidates *candidates, const struct mv_endpoint *endpoint)
{
	size_t i = 0;

	while (i < candidates->count &&
		!mv_endpoint_equal(&candidates->list[i].endpoint, endpoint)) {
		i++;
	}
	return i;
}

static inline size_t mv_ring_size(const struct mv_candidates *candidates)
{
	return candidates->count + (candidates->at == candidates->count);
}

static inline size_t mv_ring_next(const struct mv_candidates *candidates)
{
	if (candidates->is_heard) {
		return candidates->at;
	}
	return candidates->stays ? candidates->aim
				 : (candidates->aim + 1) % mv_ring_size(candidates);
}

static inline uint64_t *mv_ring_allowed_ns(struct mv_candidates *candidates, size_t place)
{
	return place < candidates->count ? &candidates->list[place].allowed_ns
					 : &candidates->elsewhere_allowed_ns;
}

static inline uint64_t mv_ring_later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* When the next candidate may be tried, after an initiation of that time. */
static inline uint64_t mv_ring_next_try_ns(struct mv_candidates *candidates, uint64_t sent_ns)
{
	uint64_t patience_ns = candidates->rounds < MV_CANDIDATES_HASTY_ROUNDS
				       ? MV_CANDIDATE_PATIENCE_NS
				       : MV_CANDIDATE_PATIENCE_LONGER_NS;

	return mv_ring_later(
		sent_ns + patience_ns, *mv_ring_allowed_ns(candidates, mv_ring_next(candidates)));
}

/* Of those of an entry it comes first from now on. */
static inline void mv_ring_prefer(struct mv_candidates *candidates, size_t place)
{
	struct mv_candidate best = candidates->list[place];

	for (; place > 0 && candidates->list[place - 1].entry == best.entry; place--) {
		candidates->list[place] = candidates->list[place - 1];
	}
	for (size_t i = place; i < candidates->count && candidates->list[i].entry == best.entry;
		i++) {
		candidates->list[i].was_heard = false;
	}
	best.was_heard = true;
	candidates->list[place] = best;
}

static inline void mv_ring_settle(
	struct mv_candidates *candidates, const struct mv_endpoint *endpoint)
{
	candidates->at = candidates->aim = mv_ring_find(candidates, endpoint);
	candidates->stays = candidates->has_stayed = false;
	if (candidates->at < candidates->count) {
		candidates->entry = candidates->list[candidates->at].entry;
	}
}

#endif
