#include "base/hexdump.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(hexdump, a_row_has_two_lower_case_digits_a_byte_and_single_spaces)
{
	static const uint8_t data[] = {0x00, 0x0f, 0xf0, 0xff, 0x7f, 0x80, 0xab, 0xcd, 0xef, 0x01,
		0x23, 0x45, 0x67, 0x89, 0x10, 0x9a};
	char text[MV_HEXDUMP_TEXT_MAX];

	cr_assert_str_eq(mv_hexdump_row(text, data, sizeof(data)),
		"00 0f f0 ff 7f 80 ab cd ef 01 23 45 67 89 10 9a");
	cr_assert_eq(strlen(text), sizeof(text) - 1);
}

Test(hexdump, short_rows_have_no_space_at_the_end)
{
	static const uint8_t data[] = {0xde, 0xad, 0xbe};
	char text[MV_HEXDUMP_TEXT_MAX];

	cr_assert_str_eq(mv_hexdump_row(text, NULL, 0), "");
	cr_assert_str_eq(mv_hexdump_row(text, data, 1), "de");
	cr_assert_str_eq(mv_hexdump_row(text, data, 3), "de ad be");
}

Test(hexdump, bytes_beyond_a_row_are_left_for_the_next)
{
	uint8_t data[MV_HEXDUMP_ROW_BYTES + 1] = {0};
	char text[MV_HEXDUMP_TEXT_MAX];

	data[MV_HEXDUMP_ROW_BYTES] = 0xee;
	mv_hexdump_row(text, data, sizeof(data));
	cr_assert_eq(strlen(text), sizeof(text) - 1);
	cr_assert_null(strchr(text, 'e'));
	cr_assert_str_eq(mv_hexdump_row(text, data + MV_HEXDUMP_ROW_BYTES, 1), "ee");
}

/* The loop of the header over the largest packet, read back by strtoul. */
Test(hexdump, the_largest_packet_comes_back)
{
	static uint8_t data[65535];
	char text[MV_HEXDUMP_TEXT_MAX];
	size_t rows = 0;
	size_t bytes = 0;

	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = (uint8_t)(i * 7 + i / 256);
	}
	for (size_t at = 0; at < sizeof(data); at += MV_HEXDUMP_ROW_BYTES) {
		char *rest = text;

		mv_hexdump_row(text, data + at, sizeof(data) - at);
		for (rows++; *rest != '\0'; bytes++) {
			cr_assert_eq(strtoul(rest, &rest, 16), data[bytes]);
		}
	}
	cr_assert_eq(rows, 4096);
	cr_assert_eq(bytes, sizeof(data));
}
