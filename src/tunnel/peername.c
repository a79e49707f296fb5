#include "tunnel/peername.h"

#include <stddef.h>
#include <string.h>

/* The smallest character that needs so many bytes; with fewer it could be written in two ways. */
static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};

#define LENGTH_MAX 4

/* The bytes of the character that begins so; 0: none does. */
static size_t length_of(unsigned char first)
{
	if (first < 0x80) {
		return 1;
	}
	if (first < 0xc0) {
		return 0;
	}
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
}

/* The length of the character that the text begins with; 0: it is no UTF-8. */
static size_t read_character(uint32_t *character, const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length = length_of(bytes[0]);

	*character = length > 1 ? bytes[0] & (0x7fU >> length) : bytes[0];
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80) {
			return 0;
		}
		*character = *character << 6 | (bytes[i] & 0x3f);
	}
	return length > 0 && *character >= smallest[length] ? length : 0;
}

/* Controls, also those that end a line, turn the direction of what follows, or are only half of a
 * character. */
static bool is_printable(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} others[] = {{0, 0x1f}, {0x7f, 0x9f}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
		{0xd800, 0xdfff}, {0xfeff, 0xfeff}, {0x110000, UINT32_MAX}};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (c >= others[i].first && c <= others[i].last) {
			return false;
		}
	}
	return true;
}

bool mv_peer_name_is_valid(const char *name)
{
	size_t len = strlen(name);
	uint32_t character;

	if (len == 0 || len >= MV_PEER_NAME_MAX || name[0] == ' ' || name[len - 1] == ' ') {
		return false;
	}
	for (size_t i = 0, length; i < len; i += length) {
		length = read_character(&character, name + i);
		/* A peer file takes what follows a '#' for a comment. */
		if (length == 0 || !is_printable(character) || character == '#') {
			return false;
		}
	}
	return !mv_keytext_is_likely(name);
}

const char *mv_peer_text(char text[static MV_PEER_TEXT_MAX], const char *name,
	const uint8_t public_key[static MV_KEY_LEN])
{
	size_t length = strnlen(name, MV_PEER_NAME_MAX - 1);
	char *at = text;

	if (length > 0) {
		memcpy(at, name, length);
		at += length;
		*at++ = ' ';
		*at++ = '(';
	}
	mv_key_to_base64(at, public_key);
	if (length > 0) {
		at += MV_KEY_BASE64_MAX - 1;
		*at++ = ')';
		*at = '\0';
	}
	return text;
}
