/*
 * X25519 (RFC 7748) over libsodium. Pure; any thread.
 */
#ifndef MV_CRYPTO_X25519_H
#define MV_CRYPTO_X25519_H

#include <stdbool.h>
#include <stdint.h>

#define MV_KEY_LEN 32

/*
 * shared = secret * point. False, and shared wiped, when the result is all zero: the point was of
 * low order and the result says nothing about the secret (RFC 7748 section 6.1). The caller must
 * not go on with the handshake.
 */
bool mv_x25519(uint8_t shared[static MV_KEY_LEN], const uint8_t secret[static MV_KEY_LEN],
	const uint8_t point[static MV_KEY_LEN]);

void mv_x25519_public(
	uint8_t public_key[static MV_KEY_LEN], const uint8_t secret[static MV_KEY_LEN]);

/* RFC 7748 section 5: what every private key goes through when it enters the program. */
void mv_x25519_clamp(uint8_t secret[static MV_KEY_LEN]);

#endif
