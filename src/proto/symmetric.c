#include "proto/symmetric.h"

#include <sodium.h>
#include <string.h>

#include "crypto/kdf.h"

void mv_symmetric_init(struct mv_symmetric *state, const char *construction, const void *prologue,
	size_t prologue_len)
{
	memset(state, 0, sizeof(*state));
	mv_hash(state->chaining_key, construction, strlen(construction), NULL, 0);
	memcpy(state->hash, state->chaining_key, MV_HASH_LEN);
	mv_symmetric_mix_hash(state, prologue, prologue_len);
}

void mv_symmetric_mix_hash(struct mv_symmetric *state, const void *data, size_t len)
{
	mv_hash(state->hash, state->hash, MV_HASH_LEN, data, len);
}

void mv_symmetric_mix_key(struct mv_symmetric *state, const uint8_t input[static MV_KEY_LEN])
{
	mv_kdf(state->chaining_key, state->key, NULL, state->chaining_key, MV_HASH_LEN, input,
		MV_KEY_LEN);
}

bool mv_symmetric_mix_dh(struct mv_symmetric *state, const uint8_t secret[static MV_KEY_LEN],
	const uint8_t point[static MV_KEY_LEN])
{
	uint8_t shared[MV_KEY_LEN];

	if (!mv_x25519(shared, secret, point)) {
		return false;
	}
	mv_symmetric_mix_key(state, shared);
	sodium_memzero(shared, sizeof(shared));
	return true;
}

void mv_symmetric_mix_psk(struct mv_symmetric *state, const uint8_t psk[static MV_KEY_LEN])
{
	uint8_t tau[MV_HASH_LEN];

	mv_kdf(state->chaining_key, tau, state->key, state->chaining_key, MV_HASH_LEN, psk,
		MV_KEY_LEN);
	mv_symmetric_mix_hash(state, tau, sizeof(tau));
	sodium_memzero(tau, sizeof(tau));
}

void mv_symmetric_seal(struct mv_symmetric *state, uint8_t *out, const void *in, size_t len)
{
	mv_aead_seal(out, in, len, state->hash, MV_HASH_LEN, state->key, 0);
	mv_symmetric_mix_hash(state, out, len + MV_AEAD_TAG_LEN);
}

bool mv_symmetric_open(struct mv_symmetric *state, uint8_t *out, const uint8_t *in, size_t len)
{
	if (!mv_aead_open(
		    out, in, len + MV_AEAD_TAG_LEN, state->hash, MV_HASH_LEN, state->key, 0)) {
		return false;
	}
	mv_symmetric_mix_hash(state, in, len + MV_AEAD_TAG_LEN);
	return true;
}

void mv_symmetric_split(const struct mv_symmetric *state, uint8_t forth[static MV_AEAD_KEY_LEN],
	uint8_t back[static MV_AEAD_KEY_LEN])
{
	mv_kdf(forth, back, NULL, state->chaining_key, MV_HASH_LEN, NULL, 0);
}
