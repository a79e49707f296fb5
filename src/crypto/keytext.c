#include "crypto/keytext.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

/* The 43 digits of a key hold 258 bits, two more than it has; one padding character follows. */
#define BASE64_DIGITS 43
#define HEX_DIGITS    64
#define RUN_MAX       36 /* what is cut from a key is a secret too */

static_assert(
	MV_KEY_BASE64_MAX == sodium_base64_ENCODED_LEN(MV_KEY_LEN, sodium_base64_VARIANT_ORIGINAL),
	"base64 with padding and terminator");
static_assert(HEX_DIGITS == 2 * MV_KEY_LEN, "hex");
static_assert(MV_KEY_HEX_MAX == HEX_DIGITS + 1, "hex with terminator");

static enum mv_keytext_verdict refuse(
	uint8_t key[static MV_KEY_LEN], enum mv_keytext_verdict verdict)
{
	sodium_memzero(key, MV_KEY_LEN);
	return verdict;
}

/* Where char is signed, libsodium takes every byte above 127 for the digit '/'. */
static bool is_ascii(const char *text, size_t len)
{
	unsigned char seen = 0;

	for (size_t i = 0; i < len; i++) {
		seen |= (unsigned char)text[i];
	}
	return seen <= 127;
}

enum mv_keytext_verdict mv_key_from_base64(uint8_t key[static MV_KEY_LEN], const char *text)
{
	const char *end;

	if (strlen(text) != MV_KEY_BASE64_MAX - 1) {
		return refuse(key, MV_KEYTEXT_BAD_LENGTH);
	}
	if (text[BASE64_DIGITS] != '=' || !is_ascii(text, BASE64_DIGITS)) {
		return refuse(key, MV_KEYTEXT_BAD_CHARACTER);
	}

	const int failed = sodium_base642bin(key, MV_KEY_LEN, text, BASE64_DIGITS, NULL, NULL, &end,
		sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	/* A strange character may also look to libsodium like an early end of the text. */
	if (end != text + BASE64_DIGITS) {
		return refuse(key, MV_KEYTEXT_BAD_CHARACTER);
	}
	return failed ? refuse(key, MV_KEYTEXT_NOT_CANONICAL) : MV_KEYTEXT_OK;
}

enum mv_keytext_verdict mv_key_from_hex(uint8_t key[static MV_KEY_LEN], const char *text)
{
	const char *end;

	if (strlen(text) != HEX_DIGITS) {
		return refuse(key, MV_KEYTEXT_BAD_LENGTH);
	}
	if (sodium_hex2bin(key, MV_KEY_LEN, text, HEX_DIGITS, NULL, NULL, &end) != 0 ||
		end != text + HEX_DIGITS) {
		return refuse(key, MV_KEYTEXT_BAD_CHARACTER);
	}
	return MV_KEYTEXT_OK;
}

const char *mv_key_to_base64(
	char text[static MV_KEY_BASE64_MAX], const uint8_t key[static MV_KEY_LEN])
{
	return sodium_bin2base64(
		text, MV_KEY_BASE64_MAX, key, MV_KEY_LEN, sodium_base64_VARIANT_ORIGINAL);
}

const char *mv_key_to_hex(char text[static MV_KEY_HEX_MAX], const uint8_t key[static MV_KEY_LEN])
{
	return sodium_bin2hex(text, MV_KEY_HEX_MAX, key, MV_KEY_LEN);
}

bool mv_keytext_is_likely(const char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

	while (*text) {
		size_t run = strspn(text, digits);

		if (run >= RUN_MAX) {
			return true;
		}
		text += run;
		text += strcspn(text, digits);
	}
	return false;
}
