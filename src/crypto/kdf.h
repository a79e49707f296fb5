/*
 * HMAC-BLAKE2s and the KDF_n of the WireGuard paper, section 5.4 (HKDF with an empty info). Pure;
 * any thread.
 */
#ifndef MV_CRYPTO_KDF_H
#define MV_CRYPTO_KDF_H

#include "crypto/blake2s.h"

/* RFC 2104 over BLAKE2s with its block of 64 bytes. A longer key is hashed first. */
void mv_hmac(uint8_t out[static MV_HASH_LEN], const void *key, size_t key_len, const void *in,
	size_t in_len);

/*
 * KDF_1, KDF_2, KDF_3: the outputs that are not NULL, in order; t2 NULL means KDF_1, t3 NULL KDF_2.
 * An output may be the key itself (the chaining key is replaced in place), since the key is read
 * before anything is written.
 */
void mv_kdf(uint8_t t1[static MV_HASH_LEN], uint8_t *t2, uint8_t *t3, const void *key,
	size_t key_len, const void *in, size_t in_len);

#endif
