/*
 * Which provider seals and opens packets: the fastest that the build and the processor have, if it
 * does what libsodium does. Pure; any thread.
 */
#ifndef MV_CRYPTO_AEAD_CHOOSE_H
#define MV_CRYPTO_AEAD_CHOOSE_H

#include "crypto/aead.h"

#define MV_AEAD_SEED_LEN 32

/* Those of this build, the fastest first, libsodium last; NULL ends the list. */
extern const struct mv_aead_provider *const mv_aead_providers[];

/* By its name; NULL if this build has none of it. */
const struct mv_aead_provider *mv_aead_find(const char *name);

enum mv_aead_check {
	MV_AEAD_AGREES,
	MV_AEAD_UNAVAILABLE, /* no memory, or this processor lacks what it takes */
	MV_AEAD_DIFFERS,     /* from libsodium: not to be used */
};

/* Compares it with libsodium: messages of all sizes in batches of all sizes, right and forged.
 * Keys, counters, texts, and half of the sizes come from the seed. About a millisecond. */
enum mv_aead_check mv_aead_check(
	const struct mv_aead_provider *provider, const uint8_t seed[static MV_AEAD_SEED_LEN]);

#endif
