// clang-format off
/*
 * Where a peer may be that has more than one address to try, or a name: which address the next
 * initiation goes to, when the better one is asked whether it lives again, and when the names are
 * to be asked again. Only such peers have this.
 *
 *   failover   an initiation had no answer for 2 s           the next goes to the next candidate, round
 *              after two rounds without any answer: for 5 s  and round; to none more than one in 5 s
 *   failback   data goes to a candidate of a later entry     once in 15 s an initiation to one of an
 *                                                            earlier: a probe
 *
 * An endpoint never moves because something is tried: data goes on to where the peer was last heard
 * until an answer comes from somewhere else, and that moves it, as any authentic message does. So an
 * initiation that is lost disturbs no session, and a failback loses no packet. If the initiation gets
 * there and the answer does not come back, the peer believes us to be where we are not: a keepalive
 * calls it back soon after a probe without an answer.
 *
 * A candidate that answers with a cookie is asked once more, by a message with that cookie, before
 * the next: it would be worth nothing there. When the peer goes on asking for a session and does not
 * use what we respond, our way to it is broken though it is heard, and the next one is tried.
 *
 * A probe counts for nothing: it is not retried, does not show as unanswered, keeps no timer, and
 * gives way to any other handshake. A peer that was heard from an address that is in no entry has
 * roamed; it is answered there and not called back from there. When it is silent there the list is
 * tried from its beginning. An address that a name had, and has no more, is good until another of
 * the list answers: that one is probed. So is a new list while the session goes on elsewhere.
 */
// clang-format on
#ifndef MV_TUNNEL_CANDIDATES_H
#define MV_TUNNEL_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/addr.h"
#include "base/now.h"
#include "crypto/x25519.h"

struct mv_device;
struct mv_peer;

/* How long an answer is waited for before the next candidate is tried: at first, and after
 * MV_CANDIDATES_HASTY_ROUNDS, since the way may be slow. */
#define MV_CANDIDATE_PATIENCE_NS        (2 * MV_NS_PER_S)
#define MV_CANDIDATE_PATIENCE_LONGER_NS (5 * MV_NS_PER_S)
#define MV_CANDIDATES_HASTY_ROUNDS      2

#define MV_PROBE_INTERVAL_NS (15 * MV_NS_PER_S)

/* So long after a probe without an answer the peer is called back. */
#define MV_PROBE_RECALL_NS (250 * MV_NS_PER_MS)

/* So many responses that the peer did not use: they do not get there. */
#define MV_RESPONSES_LOST 2

/* After so long without data a session counts as not in use, and nothing is probed. */
#define MV_PROBE_USE_NS (180 * MV_NS_PER_S)

#define MV_CANDIDATES_MAX 128

struct mv_candidate {
	struct mv_endpoint endpoint;
	uint8_t entry;       /* of the list, from 0; candidates are in the order of their entries */
	bool was_heard;      /* the last of its entry at which the peer was */
	uint64_t allowed_ns; /* before it none is sent there again */
};

/* Of a peer; under the device's lock once it is installed. */
struct mv_candidates {
	struct mv_peer *peer;
	bool has_names;
	bool names_are_wanted; /* it is in the device's queue */
	TAILQ_ENTRY(mv_candidates) wanting;

	size_t aim; /* where the next initiation goes; count: to the peer's endpoint */
	size_t at;  /* the place of the peer's endpoint; count: it is not in the list */
	int entry;  /* of the peer's endpoint, or that it had while it was in the list; -1: none */
	bool is_heard;                 /* since the last initiation: it was lost, its way is good */
	bool stays;                    /* the next initiation goes where the last did, which has
					  given a cookie for it */
	bool has_stayed;               /* and did */
	unsigned rounds;               /* since the peer was last heard */
	uint64_t elsewhere_allowed_ns; /* allowed_ns of an endpoint that is not in the list */

	bool probe_is_pending; /* the peer's handshake is a probe */
	size_t probed;         /* the last */
	uint64_t probe_ns;     /* a deadline; MV_NEVER: there is nothing to be probed */
	uint64_t probe_allowed_ns;
	uint64_t recall_ns; /* a deadline: the last probe may have led the peer astray */
	uint64_t used_ns;   /* the last data, either way */

	size_t count;
	struct mv_candidate list[];
};

TAILQ_HEAD(mv_wanting_names, mv_candidates);

/* For whoever resolves names; control loop, without the lock. */

/* Room for so many, at most MV_CANDIDATES_MAX; has_names: some may come and go. NULL: no memory. To
 * be filled by mv_candidates_add, and then installed, or freed. */
struct mv_candidates *mv_candidates_create(size_t room, bool has_names);
void mv_candidates_add(
	struct mv_candidates *candidates, const struct mv_endpoint *endpoint, uint8_t entry);

enum mv_candidates_reason {
	MV_CANDIDATES_ANSWERED,   /* the same list; a name has other addresses */
	MV_CANDIDATES_CONFIGURED, /* a new list: the peer is to be in it */
};

/*
 * Takes the place of what the peer had, and frees that. False if there is no such peer; candidates
 * are gone then, too. Of a single address that is no name's nothing is kept.
 */
bool mv_candidates_install(struct mv_device *device, const uint8_t public_key[static MV_KEY_LEN],
	struct mv_candidates *candidates, enum mv_candidates_reason reason, struct mv_now now);

/* The next peer whose names should be asked again, which is said once; false: there is none. */
bool mv_candidates_next_wanted(struct mv_device *device, uint8_t public_key[static MV_KEY_LEN]);

/* For the modules of this layer, under the device's lock; peer->candidates is there. */

/* NULL is allowed. */
void mv_candidates_free(struct mv_device *device, struct mv_candidates *candidates);

/* An authentic message came from this endpoint, which the peer is about to get. */
void mv_candidates_heard(struct mv_peer *peer, const struct mv_endpoint *endpoint);

/* Data goes or came. */
void mv_candidates_used(struct mv_peer *peer, struct mv_now now);

/* The peer's endpoint, or what is tried instead. */
const struct mv_endpoint *mv_candidates_aim(const struct mv_peer *peer);

/* An initiation was made; the timers have heard of it, and are told when to try the next. */
void mv_candidates_initiation_sent(struct mv_peer *peer, struct mv_now now, uint64_t jitter_ns);

/* One after another: the timers know when the next one is due. */
bool mv_candidates_are_tried(const struct mv_peer *peer);

/* The time of an initiation is over: aims at the next candidate. False: it has to wait a little
 * more, and the timers know. */
bool mv_candidates_move_on(struct mv_device *device, struct mv_peer *peer, struct mv_now now);

/* The handshake was given up: the next one begins anew. */
void mv_candidates_give_up(struct mv_peer *peer);

/* The last message to the peer was answered with a cookie. */
void mv_candidates_got_cookie(struct mv_peer *peer);

/* A response goes to the peer. */
void mv_candidates_responded(struct mv_device *device, struct mv_peer *peer, struct mv_now now);

/* When mv_candidates_run is to be called. */
uint64_t mv_candidates_deadline(const struct mv_candidates *candidates);

/* Wishes for what is due. */
void mv_candidates_run(
	struct mv_device *device, struct mv_peer *peer, struct mv_now now, uint64_t jitter_ns);

/* It can be made now, and stands in nobody's way. */
bool mv_candidates_may_probe(const struct mv_peer *peer, struct mv_now now);

/* It was made; returns where it goes. */
const struct mv_endpoint *mv_candidates_probe_sent(struct mv_peer *peer, struct mv_now now);

#endif
