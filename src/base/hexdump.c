#include "base/hexdump.h"

const char *mv_hexdump_row(char text[static MV_HEXDUMP_TEXT_MAX], const uint8_t *data, size_t len)
{
	static const char digits[16] = "0123456789abcdef";
	char *at = text;

	if (len > MV_HEXDUMP_ROW_BYTES) {
		len = MV_HEXDUMP_ROW_BYTES;
	}
	for (size_t i = 0; i < len; i++) {
		if (i > 0) {
			*at++ = ' ';
		}
		*at++ = digits[data[i] >> 4];
		*at++ = digits[data[i] & 0x0f];
	}
	*at = '\0';
	return text;
}
