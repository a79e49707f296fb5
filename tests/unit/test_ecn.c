/*
 * tunnel/ecn: all combinations of the inner and the outer two bits, as RFC 6040, figure 4, has
 * them. Only a mark on a packet that does not do ECN is passed over, where the RFC would drop it.
 */
#include "tunnel/ecn.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"

enum { NOT_ECT, ECT_1, ECT_0, CE };

static const uint8_t encapsulated[4] = {
	[NOT_ECT] = NOT_ECT, [ECT_1] = ECT_1, [ECT_0] = ECT_0, [CE] = ECT_0};

static const uint8_t decapsulated[4][4] = {
	/* outer:       NOT_ECT    ECT_1                ECT_0    CE */
	[NOT_ECT] = {NOT_ECT, [ECT_1] = NOT_ECT, [ECT_0] = NOT_ECT, [CE] = NOT_ECT},
	[ECT_1] = {ECT_1, [ECT_1] = ECT_1, [ECT_0] = ECT_1, [CE] = CE},
	[ECT_0] = {ECT_0, [ECT_1] = ECT_1, [ECT_0] = ECT_0, [CE] = CE},
	[CE] = {CE, [ECT_1] = CE, [ECT_0] = CE, [CE] = CE},
};

/* The words of a header add up to a multiple of 2^16 - 1 (RFC 1071). */
static uint32_t sum(const uint8_t header[static 20])
{
	uint32_t sum = 0;

	for (size_t i = 0; i < 20; i += 2) {
		sum += mv_load_be16(header + i);
	}
	return sum % 0xffff;
}

static void make_ipv4(uint8_t packet[static 24], uint8_t tos, uint16_t id)
{
	static const uint8_t template[24] = {0x45, [3] = 24, [8] = 64, 17, [12] = 10, 1, 2, 3, 10,
		1, 2, 4, 0xca, 0xfe, 0xba, 0xbe};

	memcpy(packet, template, sizeof(template));
	packet[1] = tos;
	mv_store_be16(packet + 4, id);
	mv_store_be16(packet + 10, (uint16_t)(0xffff - sum(packet)));
	cr_assert_eq(sum(packet), 0);
}

/* All but the TOS and the checksum is as it was. */
static void expect_ipv4(const uint8_t packet[static 24], uint8_t tos, uint16_t id, const char *what)
{
	uint8_t wanted[24];

	make_ipv4(wanted, tos, id);
	cr_assert_eq(packet[1], tos, "%s: %02x instead of %02x", what, packet[1], tos);
	cr_assert_eq(sum(packet), 0, "%s: the checksum of %04x", what, id);
	memcpy(wanted + 10, packet + 10, 2); /* 0 and ffff are the same. */
	cr_assert_arr_eq(packet, wanted, sizeof(wanted));
}

static void make_ipv6(uint8_t packet[static 44], uint8_t traffic_class)
{
	memset(packet, 0xd7, 44);
	packet[0] = (uint8_t)(0x60 | traffic_class >> 4);
	packet[1] = (uint8_t)(traffic_class << 4 | 0x9); /* part of a flow label */
}

Test(ecn, outer_ipv4)
{
	for (unsigned tos = 0; tos <= 0xff; tos++) {
		uint8_t packet[24];

		make_ipv4(packet, (uint8_t)tos, 1);
		cr_expect_eq(mv_ecn_encapsulate(packet), encapsulated[tos & 3], "%02x", tos);
		expect_ipv4(packet, (uint8_t)tos, 1, "untouched");
	}
}

Test(ecn, outer_ipv6)
{
	for (unsigned traffic_class = 0; traffic_class <= 0xff; traffic_class++) {
		uint8_t packet[44], before[44];

		make_ipv6(packet, (uint8_t)traffic_class);
		make_ipv6(before, (uint8_t)traffic_class);
		cr_expect_eq(mv_ecn_encapsulate(packet), encapsulated[traffic_class & 3], "%02x",
			traffic_class);
		cr_expect_arr_eq(packet, before, sizeof(packet));
	}
}

Test(ecn, inner_ipv4)
{
	for (unsigned inner = 0; inner <= 0xff; inner++) {
		for (unsigned outer = 0; outer <= 0xff; outer++) {
			const uint8_t ecn = decapsulated[inner & 3][outer & 3];
			uint8_t packet[24];

			make_ipv4(packet, (uint8_t)inner, 1);
			mv_ecn_decapsulate(packet, (uint8_t)outer);
			expect_ipv4(packet, (uint8_t)((inner & ~3U) | ecn), 1, "inner");
		}
	}
}

Test(ecn, inner_ipv6)
{
	for (unsigned inner = 0; inner <= 0xff; inner++) {
		for (unsigned outer = 0; outer <= 0xff; outer++) {
			const uint8_t ecn = decapsulated[inner & 3][outer & 3];
			uint8_t packet[44], wanted[44];

			make_ipv6(packet, (uint8_t)inner);
			make_ipv6(wanted, (uint8_t)((inner & ~3U) | ecn));
			mv_ecn_decapsulate(packet, (uint8_t)outer);
			cr_assert_arr_eq(
				packet, wanted, sizeof(packet), "%02x in %02x", inner, outer);
		}
	}
}

/* Each checksum that there is, and so all its carries. */
Test(ecn, any_checksum_stays_right)
{
	for (uint32_t id = 0; id <= 0xffff; id++) {
		uint8_t packet[24];

		make_ipv4(packet, 0xb8 | ECT_0, (uint16_t)id);
		mv_ecn_decapsulate(packet, CE);
		expect_ipv4(packet, 0xb8 | CE, (uint16_t)id, "marked");
		make_ipv4(packet, ECT_0, (uint16_t)id);
		mv_ecn_decapsulate(packet, ECT_1);
		expect_ipv4(packet, ECT_1, (uint16_t)id, "turned");
	}
}

/* It is none of ours to mend: the receiver shall see that it is wrong. */
Test(ecn, a_wrong_checksum_stays_wrong)
{
	uint8_t packet[24];

	make_ipv4(packet, ECT_0, 1);
	packet[10] ^= 0x40;
	uint32_t before = sum(packet);
	cr_assert_neq(before, 0);
	mv_ecn_decapsulate(packet, CE);
	cr_expect_eq(packet[1], CE);
	cr_expect_eq(sum(packet), before);
}
