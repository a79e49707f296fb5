/*
 * The window of counters that a keypair has received (RFC 6479): a ring of bits that moves forward
 * by whole words. It must only be asked about messages whose tag was verified. Pure; under the
 * device's lock.
 */
#ifndef MV_PROTO_REPLAY_H
#define MV_PROTO_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define MV_REPLAY_WORDS 128
#define MV_REPLAY_BITS  (MV_REPLAY_WORDS * 64)

/* One word is always being refilled and so does not count. */
#define MV_REPLAY_WINDOW (MV_REPLAY_BITS - 64)

/* Zeroed: nothing received. */
struct mv_replay {
	uint64_t top; /* the highest counter accepted, plus one */
	uint64_t words[MV_REPLAY_WORDS];
};

/* Accepts a counter once: false if it was accepted before, lies behind the window, or is past
 * REJECT_AFTER_MESSAGES. */
bool mv_replay_accept(struct mv_replay *replay, uint64_t counter);

#endif
