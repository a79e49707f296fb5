/*
 * Somebody who sees every datagram of a simulation and sends what he likes, from wherever he likes:
 * he records, replays, damages, forges and floods. What he cannot do is to read or to make what is
 * sealed; he knows all public keys.
 */
#ifndef MV_TESTS_SIM_ATTACKER_H
#define MV_TESTS_SIM_ATTACKER_H

#include <stddef.h>
#include <stdint.h>

#include "dice.h"
#include "proto/cookie.h"
#include "proto/noise.h"
#include "wire.h"
#include "world.h"

#define ATTACKER_RECORDINGS 128
#define ATTACKER_DATAGRAM   512

struct attacker_recording {
	struct mv_endpoint from, to;
	size_t len;
	uint8_t bytes[ATTACKER_DATAGRAM];
};

struct attacker {
	struct dice *dice;
	struct wire *wire;
	size_t devices;
	struct mv_noise_identity identity; /* which nobody knows */
	struct mv_noise_remote victims[WORLD_DEVICES_MAX];
	size_t recorded;
	struct attacker_recording recordings[ATTACKER_RECORDINGS]; /* some old, some new */
};

/* Dice and wire stay the caller's. */
void attacker_init(struct attacker *attacker, const struct world *world, size_t devices,
	struct wire *wire, struct dice *dice);

/* He sees what a device sends. */
void attacker_see(struct attacker *attacker, size_t device, const struct mv_endpoint *to,
	const uint8_t *bytes, size_t len);

/* He does one thing. */
void attacker_act(struct attacker *attacker, uint64_t now_ns);

/* Initiations with a valid mac1, more than anybody likes to compute. */
void attacker_flood(struct attacker *attacker, uint64_t now_ns, size_t victim);

#endif
