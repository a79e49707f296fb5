#include "crypto/kdf.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static void pad_key(
	uint8_t block[static MV_BLOCK_LEN], const uint8_t key[static MV_BLOCK_LEN], uint8_t pad)
{
	for (size_t i = 0; i < MV_BLOCK_LEN; i++) {
		block[i] = key[i] ^ pad;
	}
}

void mv_hmac(uint8_t out[static MV_HASH_LEN], const void *key, size_t key_len, const void *in,
	size_t in_len)
{
	uint8_t full_key[MV_BLOCK_LEN] = {0};
	uint8_t block[MV_BLOCK_LEN];
	uint8_t inner[MV_HASH_LEN];

	if (key_len > MV_BLOCK_LEN) {
		mv_hash(full_key, key, key_len, NULL, 0);
	} else if (key_len > 0) {
		memcpy(full_key, key, key_len);
	}

	pad_key(block, full_key, 0x36);
	mv_hash(inner, block, sizeof(block), in, in_len);
	pad_key(block, full_key, 0x5c);
	mv_hash(out, block, sizeof(block), inner, sizeof(inner));

	sodium_memzero(full_key, sizeof(full_key));
	sodium_memzero(block, sizeof(block));
	sodium_memzero(inner, sizeof(inner));
}

void mv_kdf(uint8_t t1[static MV_HASH_LEN], uint8_t *t2, uint8_t *t3, const void *key,
	size_t key_len, const void *in, size_t in_len)
{
	uint8_t *const outputs[] = {t1, t2, t3};
	uint8_t extracted[MV_HASH_LEN];
	uint8_t message[MV_HASH_LEN + 1]; /* the output before, then the number of this one */
	size_t before_len = 0;

	assert(t2 != NULL || t3 == NULL);
	mv_hmac(extracted, key, key_len, in, in_len);
	for (uint8_t n = 0; n < 3 && outputs[n] != NULL; n++) {
		message[before_len] = n + 1;
		mv_hmac(outputs[n], extracted, sizeof(extracted), message, before_len + 1);
		memcpy(message, outputs[n], MV_HASH_LEN);
		before_len = MV_HASH_LEN;
	}
	sodium_memzero(extracted, sizeof(extracted));
	sodium_memzero(message, sizeof(message));
}
