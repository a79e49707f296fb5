#include "tunnel/ip.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/bytes.h"

static uint8_t packet[65600];
static struct mv_inner inner;

static void make_ipv4(uint16_t total_length)
{
	memset(packet, 0, sizeof packet);
	packet[0] = 0x45;
	mv_store_be16(packet + 2, total_length);
	memcpy(packet + 12, (uint8_t[]){10, 0, 0, 1, 10, 0, 0, 2}, 8);
}

static void make_ipv6(uint16_t payload_length)
{
	memset(packet, 0, sizeof packet);
	packet[0] = 0x60;
	mv_store_be16(packet + 4, payload_length);
	packet[8] = 0xfd;
	packet[23] = 1;
	packet[24] = 0xfd;
	packet[39] = 2;
}

Test(ip, ipv4_by_its_header)
{
	make_ipv4(84);
	cr_assert(mv_inner_parse(&inner, packet, 84));
	cr_expect_eq(inner.version, 4);
	cr_expect_eq(inner.len, 84);
	cr_expect_eq(inner.source, packet + 12);
	cr_expect_eq(inner.destination, packet + 16);
}

Test(ip, ipv6_by_its_header)
{
	make_ipv6(60);
	cr_assert(mv_inner_parse(&inner, packet, 100));
	cr_expect_eq(inner.version, 6);
	cr_expect_eq(inner.len, 100);
	cr_expect_eq(inner.source, packet + 8);
	cr_expect_eq(inner.destination, packet + 24);
}

Test(ip, what_lies_behind_is_padding)
{
	make_ipv4(84);
	cr_assert(mv_inner_parse(&inner, packet, 96));
	cr_expect_eq(inner.len, 84);

	make_ipv6(1);
	cr_assert(mv_inner_parse(&inner, packet, 48));
	cr_expect_eq(inner.len, 41);
}

Test(ip, a_length_beyond_what_is_there_is_refused)
{
	make_ipv4(84);
	cr_expect_not(mv_inner_parse(&inner, packet, 83));
	cr_expect(mv_inner_parse(&inner, packet, 84));

	make_ipv6(60);
	cr_expect_not(mv_inner_parse(&inner, packet, 99));
	cr_expect(mv_inner_parse(&inner, packet, 100));
}

Test(ip, a_header_that_is_cut_is_refused)
{
	make_ipv4(20);
	for (size_t len = 0; len < 20; len++) {
		cr_expect_not(mv_inner_parse(&inner, packet, len));
	}
	cr_expect(mv_inner_parse(&inner, packet, 20));

	make_ipv6(0);
	for (size_t len = 0; len < 40; len++) {
		cr_expect_not(mv_inner_parse(&inner, packet, len));
	}
	cr_expect(mv_inner_parse(&inner, packet, 40));
}

Test(ip, an_ipv4_length_below_its_header_is_refused)
{
	make_ipv4(19);
	cr_expect_not(mv_inner_parse(&inner, packet, 100));
	make_ipv4(0);
	cr_expect_not(mv_inner_parse(&inner, packet, 100));
	make_ipv4(20);
	cr_expect(mv_inner_parse(&inner, packet, 100));
}

/* 40 + 65535 does not fit into 16 bits. */
Test(ip, the_longest_ipv6_packet_does_not_wrap)
{
	make_ipv6(65535);
	cr_expect_not(mv_inner_parse(&inner, packet, 39));
	cr_expect_not(mv_inner_parse(&inner, packet, 100));
	cr_expect_not(mv_inner_parse(&inner, packet, 65535));
	cr_assert(mv_inner_parse(&inner, packet, 65575));
	cr_expect_eq(inner.len, 65575);
}

Test(ip, no_other_version_is_ip)
{
	for (unsigned version = 0; version < 16; version++) {
		make_ipv4(84);
		packet[0] = (uint8_t)(version << 4 | 5);
		cr_expect_eq(mv_inner_parse(&inner, packet, 20000), version == 4 || version == 6,
			"version %u", version);
	}
	cr_expect_not(mv_inner_parse(&inner, packet, 0));
}
