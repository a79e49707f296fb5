/*
 * One seed of the simulation: two or three devices that talk for some simulated minutes, by turns
 * in trouble and at rest, with every invariant checked after every step.
 *
 *   trouble  the wire loses, delays, doubles and damages; pairs are cut off from each other; NATs,
 *            processes, interfaces and wall clocks change; somebody attacks
 *   rest     no faults: both sides of every pair send once a second, and within CHAOS_PROMISE_NS
 *            packets must arrive again; after that none may be lost
 *   silence  at the end nobody has anything to send: nothing may be sent, and no key may stay
 */
#ifndef MV_TESTS_SIM_CHAOS_H
#define MV_TESTS_SIM_CHAOS_H

#include <stdbool.h>
#include <stdint.h>

#include "tunnel/drop.h"
#include "verdict.h"

/* The longest that a datagram is under way. */
#define CHAOS_DELAY_MAX_NS (2 * MV_NS_PER_S)

/*
 * The longest way back, when both sides want to send (paper, section 6). A side that hears nothing
 * sends its first packet within a second; KEEPALIVE_TIMEOUT + REKEY_TIMEOUT later it wants a
 * handshake, which waits until REKEY_TIMEOUT since the last message of another is over. Each of
 * both waits for its jitter. The last tenth is for the wire.
 */
#define CHAOS_PROMISE_NS                                                                           \
	(MV_NS_PER_S + MV_KEEPALIVE_TIMEOUT_NS + 2 * MV_REKEY_TIMEOUT_NS + 2 * MV_JITTER_MAX_NS +  \
		MV_NS_PER_S / 10)

/* Each time that the initiations of both sides cross each other, neither counts, and both wait. */
#define CHAOS_CROSSING_NS (MV_REKEY_TIMEOUT_NS + MV_JITTER_MAX_NS)

#define CHAOS_MINUTES_MIN 10

struct chaos_options {
	uint64_t seed;
	unsigned minutes;       /* CHAOS_MINUTES_MIN or more */
	enum invariant control; /* to be violated by a fault that is planted; or none */
	bool is_verbose;        /* print what happens */
};

struct chaos_result {
	struct verdict verdict;
	uint64_t sent, delivered; /* packets */
	uint64_t sessions;
	uint64_t lost, duplicated, flipped, truncated; /* datagrams */
	uint64_t drops[MV_DROP_COUNT];
};

struct chaos_result chaos_run(const struct chaos_options *options);

#endif
