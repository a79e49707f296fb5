/*
 * tunnel/icmp: what is answered and what never is, and the answers to the byte, with checksums that
 * are verified by arithmetic of their own.
 */
#include "tunnel/icmp.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tunnel/ip.h"

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define ICMP_HEADER 8
#define PACKET_MAX  65535

enum { TCP = 6, UDP = 17, ICMP = 1, ICMPV6 = 58 };

static uint8_t packet[PACKET_MAX], answer[PACKET_MAX + MV_ICMP_GROWTH];

static void fill(size_t len)
{
	for (size_t i = 0; i < len; i++) {
		packet[i] = (uint8_t)(i * 37 + len);
	}
}

/* From 10.0.0.1 to 10.9.8.7, without options or fragments. */
static void make_ipv4(size_t len, uint8_t protocol)
{
	fill(len);
	memset(packet, 0, IPV4_HEADER);
	packet[0] = 0x45;
	mv_store_be16(packet + 2, (uint16_t)len);
	packet[8] = 64;
	packet[9] = protocol;
	memcpy(packet + 12, (uint8_t[]){10, 0, 0, 1, 10, 9, 8, 7}, 8);
}

/* From fd00::1 to fd00::99:7. */
static void make_ipv6(size_t len, uint8_t next)
{
	fill(len);
	memset(packet, 0, IPV6_HEADER);
	packet[0] = 0x60;
	mv_store_be16(packet + 4, (uint16_t)(len - IPV6_HEADER));
	packet[6] = next;
	packet[7] = 64;
	packet[8] = packet[24] = 0xfd;
	packet[23] = 1;
	packet[37] = 0x99;
	packet[39] = 7;
}

/* The value of the bytes as one number in base 2^16, modulo 2^16 - 1 (RFC 1071, section 1). */
static uint32_t modulo(const uint8_t *bytes, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += (uint64_t)bytes[i] * (i % 2 == 0 ? 256 : 1);
	}
	return (uint32_t)(sum % 0xffff);
}

/* What is quoted: the beginning of the packet, to the end of the answer. */
static void expect_quote(size_t header, size_t answer_len, size_t len, size_t limit)
{
	size_t wanted = len + header < limit ? len + header : limit;

	cr_assert_eq(answer_len, wanted, "of %zu bytes: %zu", len, answer_len);
	cr_assert_eq(memcmp(answer + header, packet, answer_len - header), 0, "%zu", len);
}

static void expect_ipv4_answer(uint8_t code, uint16_t mtu, size_t answer_len, size_t len)
{
	const uint8_t *icmp = answer + IPV4_HEADER;
	struct mv_inner inner;

	cr_assert(mv_inner_parse(&inner, answer, answer_len));
	cr_expect_eq(answer[0], 0x45);
	cr_expect_eq(answer[1], 0);
	cr_expect_eq(inner.len, answer_len);
	cr_expect_eq(mv_load_be32(answer + 4), 0, "no fragment");
	cr_expect_geq(answer[8], 32);
	cr_expect_eq(answer[9], ICMP);
	cr_expect_arr_eq(answer + 12, packet + 16, 4);
	cr_expect_arr_eq(answer + 16, packet + 12, 4);
	cr_expect_eq(modulo(answer, IPV4_HEADER), 0);

	cr_expect_eq(icmp[0], 3);
	cr_expect_eq(icmp[1], code);
	cr_expect_eq(mv_load_be16(icmp + 4), 0);
	cr_expect_eq(mv_load_be16(icmp + 6), mtu);
	cr_expect_eq(modulo(icmp, answer_len - IPV4_HEADER), 0, "of %zu bytes", len);
	expect_quote(IPV4_HEADER + ICMP_HEADER, answer_len, len, 576);
}

static void expect_ipv6_answer(
	uint8_t type, uint8_t code, uint32_t mtu, size_t answer_len, size_t len)
{
	const uint8_t *icmp = answer + IPV6_HEADER;
	const uint32_t payload = (uint32_t)(answer_len - IPV6_HEADER);
	struct mv_inner inner;

	cr_assert(mv_inner_parse(&inner, answer, answer_len));
	cr_expect_eq(mv_load_be32(answer), 0x60000000);
	cr_expect_eq(inner.len, answer_len);
	cr_expect_eq(answer[6], ICMPV6);
	cr_expect_geq(answer[7], 32);
	cr_expect_arr_eq(answer + 8, packet + 24, 16);
	cr_expect_arr_eq(answer + 24, packet + 8, 16);

	cr_expect_eq(icmp[0], type);
	cr_expect_eq(icmp[1], code);
	cr_expect_eq(mv_load_be32(icmp + 4), mtu);
	uint32_t pseudo = modulo(answer + 8, 32) + payload + ICMPV6;
	cr_expect_eq((modulo(icmp, payload) + pseudo) % 0xffff, 0, "of %zu bytes", len);
	expect_quote(IPV6_HEADER + ICMP_HEADER, answer_len, len, 1280);
}

/* The answers */

static const size_t lengths4[] = {20, 21, 27, 28, 29, 84, 547, 548, 549, 1420, 1421, 65535};
static const size_t lengths6[] = {40, 41, 48, 49, 104, 1231, 1232, 1233, 1420, 65535};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Test(icmp, unreachable_ipv4)
{
	for (size_t i = 0; i < COUNT(lengths4); i++) {
		const size_t len = lengths4[i];

		make_ipv4(len, UDP);
		cr_expect(mv_icmp_may_answer(packet, len));
		size_t answer_len = mv_icmp_answer(answer, MV_ICMP_UNREACHABLE, packet, len, 1420);
		expect_ipv4_answer(1, 0, answer_len, len);
	}
}

Test(icmp, unreachable_ipv6)
{
	for (size_t i = 0; i < COUNT(lengths6); i++) {
		const size_t len = lengths6[i];

		make_ipv6(len, UDP);
		cr_expect(mv_icmp_may_answer(packet, len));
		size_t answer_len = mv_icmp_answer(answer, MV_ICMP_UNREACHABLE, packet, len, 1420);
		expect_ipv6_answer(1, 3, 0, answer_len, len);
	}
}

Test(icmp, too_big_tells_the_mtu)
{
	make_ipv4(1500, TCP);
	size_t len4 = mv_icmp_answer(answer, MV_ICMP_TOO_BIG, packet, 1500, 1420);
	expect_ipv4_answer(4, 1420, len4, 1500);

	make_ipv6(1500, TCP);
	size_t len6 = mv_icmp_answer(answer, MV_ICMP_TOO_BIG, packet, 1500, 1280);
	expect_ipv6_answer(2, 0, 1280, len6, 1500);
}

/* With options the header is longer; it is quoted all the same. */
Test(icmp, options_are_quoted)
{
	make_ipv4(100, UDP);
	packet[0] = 0x4f;
	cr_expect(mv_icmp_may_answer(packet, 100));
	expect_ipv4_answer(
		1, 0, mv_icmp_answer(answer, MV_ICMP_UNREACHABLE, packet, 100, 1420), 100);
}

Test(icmp, an_answer_is_longer_by_the_two_headers_at_most)
{
	make_ipv4(20, UDP);
	cr_expect_leq(
		mv_icmp_answer(answer, MV_ICMP_UNREACHABLE, packet, 20, 0), 20 + MV_ICMP_GROWTH);
	make_ipv6(40, UDP);
	cr_expect_leq(
		mv_icmp_answer(answer, MV_ICMP_UNREACHABLE, packet, 40, 0), 40 + MV_ICMP_GROWTH);
}

/* As it is done with a packet in its batch: the answer begins where the header of a message would.
 */
static void expect_same_in_place(size_t len, size_t before)
{
	static uint8_t room[PACKET_MAX + MV_ICMP_GROWTH];
	size_t wanted = mv_icmp_answer(answer, MV_ICMP_TOO_BIG, packet, len, 1420);

	memcpy(room + before, packet, len);
	size_t answer_len = mv_icmp_answer(room, MV_ICMP_TOO_BIG, room + before, len, 1420);
	cr_assert_eq(answer_len, wanted, "%zu bytes, %zu before", len, before);
	cr_assert_eq(memcmp(room, answer, wanted), 0, "%zu bytes, %zu before", len, before);
}

Test(icmp, packet_and_answer_may_overlap)
{
	for (size_t before = 0; before <= MV_ICMP_GROWTH; before++) {
		for (size_t i = 0; i < COUNT(lengths4); i++) {
			const size_t len = lengths4[i];

			make_ipv4(len, UDP);
			expect_same_in_place(len, before);
		}
		for (size_t i = 0; i < COUNT(lengths6); i++) {
			const size_t len = lengths6[i];

			make_ipv6(len, UDP);
			expect_same_in_place(len, before);
		}
	}
}

/* What is never answered. Each begins with a packet that is. */

static void expect_ipv4(bool may, size_t at, uint8_t byte)
{
	make_ipv4(84, UDP);
	cr_assert(mv_icmp_may_answer(packet, 84));
	packet[at] = byte;
	cr_expect_eq(mv_icmp_may_answer(packet, 84), may, "%02x at %zu", byte, at);
}

Test(icmp, what_is_no_ip)
{
	for (unsigned version = 0; version < 16; version++) {
		expect_ipv4(version == 4, 0, (uint8_t)(version << 4 | 5));
	}
	make_ipv4(84, UDP);
	cr_expect_not(mv_icmp_may_answer(packet, 83), "cut short");
	make_ipv6(84, UDP);
	cr_expect(mv_icmp_may_answer(packet, 84));
	cr_expect_not(mv_icmp_may_answer(packet, 83), "cut short");
}

Test(icmp, an_ipv4_header_that_is_none)
{
	for (uint8_t words = 0; words < 16; words++) {
		expect_ipv4(words >= 5, 0, 0x40 | words);
	}
	make_ipv4(59, UDP);
	packet[0] = 0x4f;
	cr_expect_not(mv_icmp_may_answer(packet, 59), "the options are cut short");
}

/* Bits of flags and offset: reserved, DF, MF, and 13 of the offset. */
Test(icmp, later_fragments)
{
	for (unsigned bit = 0; bit < 16; bit++) {
		uint16_t field = (uint16_t)(1U << bit);

		make_ipv4(84, UDP);
		mv_store_be16(packet + 6, field);
		cr_expect_eq(mv_icmp_may_answer(packet, 84), bit >= 13, "%04x", field);
	}
}

Test(icmp, ipv4_addresses_that_are_no_single_host)
{
	static const uint8_t firsts[] = {0, 127, 224, 239, 240, 255};

	for (size_t i = 0; i < sizeof(firsts); i++) {
		expect_ipv4(false, 12, firsts[i]);
		expect_ipv4(false, 16, firsts[i]);
	}
	expect_ipv4(true, 12, 223);
	expect_ipv4(true, 16, 223);
	expect_ipv4(true, 12, 1);
	expect_ipv4(true, 16, 128);
}

Test(icmp, icmp_errors_of_ipv4)
{
	for (unsigned type = 0; type <= 0xff; type++) {
		/* Echo, its reply, timestamp, its reply. */
		bool is_query = type == 0 || type == 8 || type == 13 || type == 14;

		make_ipv4(84, ICMP);
		packet[20] = (uint8_t)type;
		cr_expect_eq(mv_icmp_may_answer(packet, 84), is_query, "%u", type);

		make_ipv4(84, ICMP);
		packet[0] = 0x46;
		packet[20] = 8; /* This is an option. */
		packet[24] = (uint8_t)type;
		cr_expect_eq(mv_icmp_may_answer(packet, 84), is_query, "%u behind options", type);
	}
	make_ipv4(21, ICMP);
	packet[20] = 8;
	cr_expect(mv_icmp_may_answer(packet, 21));
	make_ipv4(20, ICMP);
	cr_expect_not(mv_icmp_may_answer(packet, 20), "the type is cut off");
}

Test(icmp, icmp_errors_of_ipv6)
{
	for (unsigned type = 0; type <= 0xff; type++) {
		make_ipv6(104, ICMPV6);
		packet[40] = (uint8_t)type;
		cr_expect_eq(mv_icmp_may_answer(packet, 104), type >= 128, "%u", type);
	}
	make_ipv6(41, ICMPV6);
	packet[40] = 128;
	cr_expect(mv_icmp_may_answer(packet, 41));
	make_ipv6(40, ICMPV6);
	cr_expect_not(mv_icmp_may_answer(packet, 40), "the type is cut off");
}

/* Hop-by-hop options, routing, fragment, destination options. */
Test(icmp, headers_behind_which_an_error_may_hide)
{
	static const uint8_t hiding[] = {0, 43, 44, 60};

	for (size_t i = 0; i < sizeof(hiding); i++) {
		make_ipv6(104, hiding[i]);
		cr_expect_not(mv_icmp_may_answer(packet, 104), "%u", hiding[i]);
	}
	make_ipv6(104, TCP);
	cr_expect(mv_icmp_may_answer(packet, 104));
}

Test(icmp, ipv6_addresses_that_are_no_single_host)
{
	make_ipv6(104, UDP);
	packet[24] = 0xff;
	cr_expect_not(mv_icmp_may_answer(packet, 104), "to multicast");

	make_ipv6(104, UDP);
	packet[8] = 0xff;
	cr_expect_not(mv_icmp_may_answer(packet, 104), "from multicast");

	make_ipv6(104, UDP);
	memset(packet + 8, 0, 16);
	cr_expect_not(mv_icmp_may_answer(packet, 104), "from nobody");
	packet[16] = 1;
	cr_expect(mv_icmp_may_answer(packet, 104));
}

Test(icmp, an_answer_is_not_answered)
{
	make_ipv4(84, UDP);
	size_t len4 = mv_icmp_answer(answer, MV_ICMP_UNREACHABLE, packet, 84, 0);
	cr_expect_not(mv_icmp_may_answer(answer, len4));

	make_ipv6(104, UDP);
	size_t len6 = mv_icmp_answer(answer, MV_ICMP_TOO_BIG, packet, 104, 1280);
	cr_expect_not(mv_icmp_may_answer(answer, len6));
}

/* Too big */

Test(icmp, too_big_is_what_may_not_be_fragmented)
{
	make_ipv4(1421, UDP);
	cr_expect_not(mv_icmp_is_too_big(packet, 1421, 1420), "it may be fragmented");
	packet[6] = 0x40; /* DF */
	cr_expect(mv_icmp_is_too_big(packet, 1421, 1420));
	cr_expect_not(mv_icmp_is_too_big(packet, 1421, 1421));
	cr_expect_not(mv_icmp_is_too_big(packet, 1421, 0), "there is no limit");

	make_ipv6(1421, UDP);
	cr_expect(mv_icmp_is_too_big(packet, 1421, 1420));
	cr_expect_not(mv_icmp_is_too_big(packet, 1421, 1421));
	cr_expect_not(mv_icmp_is_too_big(packet, 1421, 0));
}
