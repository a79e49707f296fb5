/*
 * Keys as text: base64 in files and on the command line, hex on the control socket. Both ways in
 * constant time for a key of the right form. Pure; any thread.
 */
#ifndef MV_CRYPTO_KEYTEXT_H
#define MV_CRYPTO_KEYTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/x25519.h"

#define MV_KEY_BASE64_MAX 45 /* 44 characters and the terminator */
#define MV_KEY_HEX_MAX    65

enum mv_keytext_verdict {
	MV_KEYTEXT_OK,
	MV_KEYTEXT_BAD_LENGTH,    /* not 44, or not 64, characters */
	MV_KEYTEXT_BAD_CHARACTER, /* outside the alphabet, or the padding is missing */
	MV_KEYTEXT_NOT_CANONICAL, /* base64: the two unused bits of the last character are set */
};

/* On any other verdict than OK the key is wiped. */
enum mv_keytext_verdict mv_key_from_base64(uint8_t key[static MV_KEY_LEN], const char *text);
enum mv_keytext_verdict mv_key_from_hex(uint8_t key[static MV_KEY_LEN], const char *text);

/* Both return `text`. */
const char *mv_key_to_base64(
	char text[static MV_KEY_BASE64_MAX], const uint8_t key[static MV_KEY_LEN]);
const char *mv_key_to_hex(char text[static MV_KEY_HEX_MAX], const uint8_t key[static MV_KEY_LEN]);

/* Whether a run of the text is long enough to be a key, or most of one, in base64 or hex. Not in
 * constant time: for text that should be something else. */
bool mv_keytext_is_likely(const char *text);

#endif
