#include "base/checksum.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/bytes.h"

/* Word by word, as RFC 1071 section 1 tells it; in network byte order. */
static uint16_t plain_checksum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

static uint16_t stored(uint64_t sum)
{
	uint8_t field[2];

	mv_checksum_store(field, sum);
	return mv_load_be16(field);
}

/* RFC 1071 section 3. */
Test(checksum, of_the_example)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	cr_expect_eq(stored(mv_checksum_add(0, bytes, sizeof(bytes))), (uint16_t)~0xddf2);
}

static void fill(uint8_t *bytes, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		bytes[i] = (uint8_t)(seed >> 16);
	}
}

Test(checksum, is_that_of_the_plain_way_at_each_length_and_place)
{
	uint8_t bytes[300], copy[sizeof(bytes) + 1];

	fill(bytes, sizeof(bytes), 1);
	for (size_t from = 0; from < 16; from++) {
		for (size_t len = 0; from + len <= sizeof(bytes); len++) {
			uint16_t expected = plain_checksum(bytes + from, len);

			cr_assert_eq(stored(mv_checksum_add(0, bytes + from, len)), expected);
			memset(copy, 0xee, sizeof(copy));
			cr_assert_eq(
				stored(mv_checksum_copy(0, copy, bytes + from, len)), expected);
			cr_assert_eq(memcmp(copy, bytes + from, len), 0);
			cr_assert_eq(copy[len], 0xee, "nothing is written behind it");
		}
	}
}

/* All carries there can be. */
Test(checksum, of_the_largest_packet_of_ones)
{
	static uint8_t bytes[65535];

	memset(bytes, 0xff, sizeof(bytes));
	cr_expect_eq(stored(mv_checksum_add(0, bytes, sizeof(bytes))),
		plain_checksum(bytes, sizeof(bytes)));
}

Test(checksum, of_pieces_is_that_of_the_whole)
{
	uint8_t bytes[101];

	fill(bytes, sizeof(bytes), 2);
	for (size_t cut = 0; cut < sizeof(bytes); cut += 2) {
		uint64_t sum = mv_checksum_add(0, bytes, cut);

		sum = mv_checksum_add(sum, bytes + cut, sizeof(bytes) - cut);
		cr_expect_eq(stored(sum), plain_checksum(bytes, sizeof(bytes)));
	}
}

Test(checksum, over_what_holds_it_is_all_ones)
{
	uint8_t bytes[40];

	fill(bytes, sizeof(bytes), 3);
	memset(bytes + 10, 0, 2);
	mv_checksum_store(bytes + 10, mv_checksum_add(0, bytes, sizeof(bytes)));
	cr_expect_eq(mv_checksum_fold(mv_checksum_add(0, bytes, sizeof(bytes))), 0xffff);
	bytes[7] ^= 1;
	cr_expect_neq(mv_checksum_fold(mv_checksum_add(0, bytes, sizeof(bytes))), 0xffff);
}

Test(checksum, the_pseudo_header_is_summed_as_it_is_laid_out)
{
	uint8_t ipv4[12] = {10, 0, 0, 1, 192, 0, 2, 7, 0, 17, 0x05, 0x8c};
	uint8_t ipv6[40] = {
		[0] = 0xfd, [15] = 1, [16] = 0xfe, [31] = 2, [34] = 1, [35] = 2, [39] = 6};

	cr_expect_eq(stored(mv_checksum_pseudo(ipv4, 8, 17, 0x058c)),
		plain_checksum(ipv4, sizeof(ipv4)));
	cr_expect_eq(stored(mv_checksum_pseudo(ipv6, 32, 6, 0x0102)),
		plain_checksum(ipv6, sizeof(ipv6)));
}
