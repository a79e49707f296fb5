#include "crypto/x25519.h"

#include <assert.h>
#include <sodium.h>

static_assert(MV_KEY_LEN == crypto_scalarmult_BYTES, "a point");
static_assert(MV_KEY_LEN == crypto_scalarmult_SCALARBYTES, "a scalar");

bool mv_x25519(uint8_t shared[static MV_KEY_LEN], const uint8_t secret[static MV_KEY_LEN],
	const uint8_t point[static MV_KEY_LEN])
{
	if (crypto_scalarmult(shared, secret, point) == 0) {
		return true;
	}
	/* libsodium may notice before the product is written. */
	sodium_memzero(shared, MV_KEY_LEN);
	return false;
}

void mv_x25519_public(
	uint8_t public_key[static MV_KEY_LEN], const uint8_t secret[static MV_KEY_LEN])
{
	crypto_scalarmult_base(public_key, secret);
}

void mv_x25519_clamp(uint8_t secret[static MV_KEY_LEN])
{
	secret[0] &= 248;
	secret[MV_KEY_LEN - 1] &= 127;
	secret[MV_KEY_LEN - 1] |= 64;
}
