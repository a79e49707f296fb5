/*
 * What must hold at any moment of a simulation, by name, and the first of it that did not. One name
 * is at once the report of a failure and the positive control that plants it.
 */
#ifndef MV_TESTS_SIM_VERDICT_H
#define MV_TESTS_SIM_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#define INVARIANTS(X)                                                                              \
	/* Packets that come out of a tunnel interface */                                          \
	X(SENT_BY_PEER, "sent-by-peer", "what comes out was sent here by the owner of the key")    \
	X(ONCE, "once", "what comes out comes out once")                                           \
	X(UNALTERED, "unaltered", "what comes out is what went in")                                \
	X(ALLOWED_SOURCE, "allowed-source", "an inner source address is its peer's")               \
	/* Messages on the wire */                                                                 \
	X(NONCE_ONCE, "nonce-once", "no counter is used twice with a key")                         \
	X(CIPHERTEXT_ONCE, "ciphertext-once", "no two data messages have the same tag")            \
	X(KEY_ONCE, "key-once", "no two sessions have a key in common")                            \
	X(SEND_LIMIT, "send-limit", "nothing is sent under a key of 180 s or more")                \
	X(RECEIVE_LIMIT, "receive-limit", "nothing is accepted under a key of 180 s or more")      \
	X(PACE, "pace", "initiations to a peer are 5 s apart")                                     \
	/* Memory */                                                                               \
	X(WIPED, "wiped", "where no key is in use there are zeros")                                \
	X(ERASED_IN_TIME, "erased-in-time", "540 s after the last session no key is left")         \
	X(INDICES, "indices", "the index table holds the keys in use and nothing else")            \
	X(POOL, "pool", "every block of the staging pool is free or in one queue")                 \
	/* A network at rest */                                                                    \
	X(HEALS, "heals", "a healed network carries packets again in the time promised")           \
	X(LOSSLESS, "lossless", "a network without faults that carries again loses nothing")       \
	X(REKEYS, "rekeys", "a tunnel in use for ten minutes renews its keys at least twice")      \
	X(SILENT, "silent", "a tunnel without traffic sends nothing, and keeps nothing")

enum invariant {
	INVARIANT_NONE,
#define INVARIANT_NAME(name, word, text) INVARIANT_##name,
	INVARIANTS(INVARIANT_NAME)
#undef INVARIANT_NAME
		INVARIANT_COUNT
};

#define VERDICT_TEXT_MAX 160

struct verdict {
	enum invariant broken; /* INVARIANT_NONE: all held so far */
	uint64_t at_ns;        /* since the beginning of the simulation */
	char text[VERDICT_TEXT_MAX];
};

/* "nonce-once"; "none" for INVARIANT_NONE. */
const char *invariant_word(enum invariant invariant);

/* The sentence that a person reads. */
const char *invariant_text(enum invariant invariant);

/* INVARIANT_COUNT if there is no such word. */
enum invariant invariant_from_word(const char *word);

/* Only the first failure counts: what follows may be its consequence. */
void verdict_fail(struct verdict *verdict, enum invariant invariant, uint64_t now_ns,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
