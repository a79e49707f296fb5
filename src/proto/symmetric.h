/*
 * The symmetric state of the Noise protocol framework (revision 34, section 5.2): chaining key,
 * hash and the key of the moment. The handshake is a row of calls to this, in the order of its
 * tokens. Every key here seals once, with counter 0. Pure; a state belongs to one thread.
 */
#ifndef MV_PROTO_SYMMETRIC_H
#define MV_PROTO_SYMMETRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/aead.h"
#include "crypto/blake2s.h"
#include "crypto/x25519.h"

struct mv_symmetric {
	uint8_t chaining_key[MV_HASH_LEN];
	uint8_t hash[MV_HASH_LEN];
	uint8_t key[MV_AEAD_KEY_LEN];
};

/* InitializeSymmetric(construction), MixHash(prologue). The construction's name is longer than a
 * hash, so it is hashed. */
void mv_symmetric_init(struct mv_symmetric *state, const char *construction, const void *prologue,
	size_t prologue_len);

void mv_symmetric_mix_hash(struct mv_symmetric *state, const void *data, size_t len);

/* MixKey: chaining key and key from a shared secret or, in handshakes with a pre-shared key, an
 * ephemeral public key. */
void mv_symmetric_mix_key(struct mv_symmetric *state, const uint8_t input[static MV_KEY_LEN]);

/* MixKey(DH(secret, point)). False if the result is zero: the handshake must end. */
bool mv_symmetric_mix_dh(struct mv_symmetric *state, const uint8_t secret[static MV_KEY_LEN],
	const uint8_t point[static MV_KEY_LEN]);

/* MixKeyAndHash(psk). */
void mv_symmetric_mix_psk(struct mv_symmetric *state, const uint8_t psk[static MV_KEY_LEN]);

/* EncryptAndHash: out has len + MV_AEAD_TAG_LEN bytes. */
void mv_symmetric_seal(struct mv_symmetric *state, uint8_t *out, const void *in, size_t len);

/* DecryptAndHash: in has len + MV_AEAD_TAG_LEN bytes. False if forged; the state is of no use then.
 */
bool mv_symmetric_open(struct mv_symmetric *state, uint8_t *out, const uint8_t *in, size_t len);

/* Split: the keys from initiator to responder and back. */
void mv_symmetric_split(const struct mv_symmetric *state, uint8_t forth[static MV_AEAD_KEY_LEN],
	uint8_t back[static MV_AEAD_KEY_LEN]);

#endif
