#include "crypto/blake2s.h"

#include <assert.h>
#include <blake2.h>
#include <sodium.h>

/* More than libb2 uses of the stack below its caller. */
#define STACK_BYTES 1024

static_assert(MV_HASH_LEN == BLAKE2S_OUTBYTES, "the longest digest");
static_assert(MV_BLOCK_LEN == BLAKE2S_BLOCKBYTES, "the block of HMAC");

/*
 * libb2's functions fail on lengths out of range only, which the constants and the assertion rule
 * out. Its one-call blake2s() leaves the state on the stack, so the state is kept and wiped here:
 * in keyed mode it begins with the key, in HMAC the first part is the padded key.
 * What the functions themselves leave behind, the last block and the digest, goes with the stack
 * that it lies in.
 */

void mv_hash(
	uint8_t out[static MV_HASH_LEN], const void *a, size_t a_len, const void *b, size_t b_len)
{
	blake2s_state state;

	blake2s_init(&state, MV_HASH_LEN);
	blake2s_update(&state, a, a_len);
	blake2s_update(&state, b, b_len);
	blake2s_final(&state, out, MV_HASH_LEN);
	sodium_memzero(&state, sizeof(state));
	sodium_stackzero(STACK_BYTES);
}

void mv_mac(uint8_t out[static MV_MAC_LEN], const void *key, size_t key_len, const void *in,
	size_t in_len)
{
	blake2s_state state;

	assert(key_len >= 1 && key_len <= BLAKE2S_KEYBYTES);
	blake2s_init_key(&state, MV_MAC_LEN, key, key_len);
	blake2s_update(&state, in, in_len);
	blake2s_final(&state, out, MV_MAC_LEN);
	sodium_memzero(&state, sizeof(state));
	sodium_stackzero(STACK_BYTES);
}
