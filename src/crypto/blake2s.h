/*
 * BLAKE2s (RFC 7693) over libb2: the paper's Hash and Mac. Pure; any thread.
 */
#ifndef MV_CRYPTO_BLAKE2S_H
#define MV_CRYPTO_BLAKE2S_H

#include <stddef.h>
#include <stdint.h>

#define MV_HASH_LEN  32
#define MV_MAC_LEN   16
#define MV_BLOCK_LEN 64

/* Hash(a || b), 32 bytes. Either part may be empty (NULL, 0). out may be a or b. */
void mv_hash(
	uint8_t out[static MV_HASH_LEN], const void *a, size_t a_len, const void *b, size_t b_len);

/* Mac(key, in): keyed mode with a digest of 16 bytes, not a shortened one of 32. key_len is 1..32.
 */
void mv_mac(uint8_t out[static MV_MAC_LEN], const void *key, size_t key_len, const void *in,
	size_t in_len);

#endif
