#include "crypto/keytext.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "hex.h"

/* The key pair of RFC 7748's Alice, in the three forms. */
#define KEY_HEX    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
#define KEY_BASE64 "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="

typedef enum mv_keytext_verdict reader(uint8_t key[static MV_KEY_LEN], const char *text);

static void check_read(reader *read, const char *text)
{
	uint8_t key[MV_KEY_LEN], wanted[MV_KEY_LEN];

	memset(key, 0xaa, sizeof(key));
	unhex(wanted, sizeof(wanted), KEY_HEX);
	cr_assert_eq(read(key, text), MV_KEYTEXT_OK, "%s", text);
	cr_assert_arr_eq(key, wanted, sizeof(key), "%s", text);
}

static void check_refused(reader *read, const char *text, enum mv_keytext_verdict wanted)
{
	uint8_t key[MV_KEY_LEN];

	memset(key, 0xaa, sizeof(key));
	cr_assert_eq(read(key, text), wanted, "%s", text);
	cr_assert(sodium_is_zero(key, sizeof(key)), "%s", text);
}

Test(keytext, a_key_is_read_and_written)
{
	uint8_t key[MV_KEY_LEN];
	char base64[MV_KEY_BASE64_MAX], hex[MV_KEY_HEX_MAX];

	check_read(mv_key_from_base64, KEY_BASE64);
	check_read(mv_key_from_hex, KEY_HEX);
	check_read(mv_key_from_hex,
		"77076D0A7318A57D3C16C17251B26645DF4C2F87EBC0992AB177FBA51DB92C2A");

	unhex(key, sizeof(key), KEY_HEX);
	cr_assert_str_eq(mv_key_to_base64(base64, key), KEY_BASE64);
	cr_assert_eq(mv_key_to_base64(base64, key), base64);
	cr_assert_str_eq(mv_key_to_hex(hex, key), KEY_HEX);
	cr_assert_eq(mv_key_to_hex(hex, key), hex);
}

Test(keytext, every_value_of_a_byte_comes_back_from_each_place)
{
	for (size_t place = 0; place < MV_KEY_LEN; place++) {
		for (unsigned value = 0; value < 256; value++) {
			uint8_t key[MV_KEY_LEN], back[MV_KEY_LEN];
			char base64[MV_KEY_BASE64_MAX], hex[MV_KEY_HEX_MAX];

			memset(key, (int)(255 - value), sizeof(key));
			key[place] = (uint8_t)value;
			mv_key_to_base64(base64, key);
			mv_key_to_hex(hex, key);
			cr_assert_eq(mv_key_from_base64(back, base64), MV_KEYTEXT_OK);
			cr_assert_arr_eq(back, key, sizeof(key));
			cr_assert_eq(mv_key_from_hex(back, hex), MV_KEYTEXT_OK);
			cr_assert_arr_eq(back, key, sizeof(key));
		}
	}
}

/* Every length but the right one, with characters that are all of the alphabet. */
Test(keytext, other_lengths_are_refused)
{
	char text[130];

	for (size_t len = 0; len < sizeof(text); len++) {
		memset(text, 'A', len);
		text[len] = '\0';
		if (len != 44) {
			check_refused(mv_key_from_base64, text, MV_KEYTEXT_BAD_LENGTH);
		}
		if (len != 64) {
			check_refused(mv_key_from_hex, text, MV_KEYTEXT_BAD_LENGTH);
		}
	}
	check_refused(mv_key_from_base64, KEY_BASE64 "=", MV_KEYTEXT_BAD_LENGTH);
	check_refused(mv_key_from_base64, KEY_BASE64 "\n", MV_KEYTEXT_BAD_LENGTH);
	check_refused(mv_key_from_base64, " " KEY_BASE64, MV_KEYTEXT_BAD_LENGTH);
	check_refused(mv_key_from_hex, KEY_HEX " ", MV_KEYTEXT_BAD_LENGTH);
}

static bool in_alphabet(char c, const char *alphabet)
{
	return strchr(alphabet, c) != NULL;
}

/* Each byte outside the alphabet at each place; those inside are read, but for the last place. */
static void try_every_byte(reader *read, const char *good, size_t digits, const char *alphabet)
{
	char text[MV_KEY_HEX_MAX];
	uint8_t key[MV_KEY_LEN];

	memcpy(text, good, strlen(good) + 1);
	for (size_t place = 0; place < digits; place++) {
		for (int c = 1; c < 256; c++) {
			text[place] = (char)c;
			if (!in_alphabet((char)c, alphabet)) {
				check_refused(read, text, MV_KEYTEXT_BAD_CHARACTER);
			} else if (place + 1 < digits) {
				cr_assert_eq(read(key, text), MV_KEYTEXT_OK, "%s", text);
			}
		}
		text[place] = good[place];
	}
	check_read(read, text);
}

#define BASE64_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

Test(keytext, every_strange_character_is_refused_at_each_place)
{
	try_every_byte(mv_key_from_base64, KEY_BASE64, 43, BASE64_ALPHABET);
	try_every_byte(mv_key_from_hex, KEY_HEX, 64, "0123456789abcdefABCDEF");
}

Test(keytext, the_padding_is_one_equals_sign)
{
	char text[MV_KEY_BASE64_MAX] = KEY_BASE64;

	check_read(mv_key_from_base64, text);
	for (int c = 1; c < 256; c++) {
		text[43] = (char)c;
		if (c != '=') {
			check_refused(mv_key_from_base64, text, MV_KEYTEXT_BAD_CHARACTER);
		}
	}
	memcpy(text, KEY_BASE64, sizeof(text));
	text[42] = '=';
	check_refused(mv_key_from_base64, text, MV_KEYTEXT_BAD_CHARACTER);
	text[41] = '=';
	check_refused(mv_key_from_base64, text, MV_KEYTEXT_BAD_CHARACTER);
}

/* The last digit carries four bits of the key: only every fourth one leaves the other two clear. */
Test(keytext, set_bits_behind_the_key_are_refused)
{
	char text[MV_KEY_BASE64_MAX] = KEY_BASE64;
	int good = 0;

	for (size_t i = 0; i < strlen(BASE64_ALPHABET); i++) {
		uint8_t key[MV_KEY_LEN];

		text[42] = BASE64_ALPHABET[i];
		if (i % 4 != 0) {
			check_refused(mv_key_from_base64, text, MV_KEYTEXT_NOT_CANONICAL);
			continue;
		}
		cr_assert_eq(mv_key_from_base64(key, text), MV_KEYTEXT_OK);
		cr_assert_eq(key[31] & 0x0f, i / 4);
		good++;
	}
	cr_assert_eq(good, 16);
}

Test(keytext, a_strange_character_goes_before_bits_behind_the_key)
{
	char text[MV_KEY_BASE64_MAX] = KEY_BASE64;

	text[42] = 'p';
	check_refused(mv_key_from_base64, text, MV_KEYTEXT_NOT_CANONICAL);
	text[20] = '!';
	check_refused(mv_key_from_base64, text, MV_KEYTEXT_BAD_CHARACTER);
}
