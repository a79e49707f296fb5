#include "base/addr.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct mv_ip ip(const char *text)
{
	struct mv_ip ip;

	cr_assert(mv_ip_parse(&ip, text), "%s", text);
	return ip;
}

static struct mv_prefix prefix(const char *text)
{
	struct mv_prefix prefix;

	cr_assert_eq(mv_prefix_parse(&prefix, text), MV_PREFIX_OK, "%s", text);
	return prefix;
}

Test(addr, addresses_are_read_into_network_order)
{
	static const uint8_t v4[16] = {10, 0, 200, 255};
	static const uint8_t v6[16] = {
		0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 1};
	struct mv_ip parsed;

	/* What was there before must not shine through behind an IPv4 address. */
	memset(&parsed, 0xff, sizeof(parsed));
	cr_assert(mv_ip_parse(&parsed, "10.0.200.255"));
	cr_assert_eq(parsed.family, MV_FAMILY_IPV4);
	cr_assert_arr_eq(parsed.bytes, v4, sizeof(v4));
	cr_assert_eq(mv_ip_width(&parsed), 32);

	cr_assert(mv_ip_parse(&parsed, "2001:db8::AB01"));
	cr_assert_eq(parsed.family, MV_FAMILY_IPV6);
	cr_assert_arr_eq(parsed.bytes, v6, sizeof(v6));
	cr_assert_eq(mv_ip_width(&parsed), 128);
}

Test(addr, addresses_are_printed_in_their_shortest_form)
{
	static const char *const rows[][2] = {
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"::", "::"},
		{"0:0:0:0:0:0:0:1", "::1"},
		{"2001:0DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"::ffff:c000:201", "::ffff:192.0.2.1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"0000:0000:0000:0000:0000:ffff:255.255.255.255", "::ffff:255.255.255.255"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct mv_ip parsed = ip(rows[i][0]);
		char text[MV_IP_TEXT_MAX];

		cr_assert_eq(mv_ip_print(text, &parsed), text);
		cr_assert_str_eq(text, rows[i][1]);
	}
}

Test(addr, no_address_prints_as_none)
{
	const struct mv_ip none = {0};
	char text[MV_IP_TEXT_MAX];

	cr_assert_str_eq(mv_ip_print(text, &none), "(none)");
}

Test(addr, a_mapped_address_stays_ipv6)
{
	const struct mv_ip mapped = ip("::ffff:192.0.2.1");
	const struct mv_ip plain = ip("192.0.2.1");

	cr_assert_eq(mapped.family, MV_FAMILY_IPV6);
	cr_assert_not(mv_ip_equal(&mapped, &plain));
}

Test(addr, what_is_no_address_is_refused_and_changes_nothing)
{
	static const char *const rows[] = {"", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3",
		"1..2.3", "256.0.0.1", "1.2.3.256", "010.0.0.1", "10.0.0.01", "00.0.0.0",
		"0x7f.0.0.1", "+1.2.3.4", "-1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4\n",
		"1.2.3.4/8", "1.2.3.4:5", "2130706433", "localhost", ":", ":::", "1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9", "::1::", "1::2::3", "12345::", "g::", "fe80::1%lo",
		"fe80::1%1", "[::1]", "::1.2.3", "::1.2.3.256", " ::1", "::1 "};
	const struct mv_ip before = ip("192.0.2.77");

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mv_ip parsed = before;

		cr_assert_not(mv_ip_parse(&parsed, rows[i]), "'%s'", rows[i]);
		cr_assert(mv_ip_equal(&parsed, &before), "'%s'", rows[i]);
	}
}

Test(addr, equal_means_family_and_every_byte)
{
	const struct mv_ip a = ip("0.0.0.0"), b = ip("::"), c = ip("::1");

	cr_assert(mv_ip_equal(&a, &a));
	cr_assert(mv_ip_equal(&b, &b));
	cr_assert_not(mv_ip_equal(&a, &b));
	cr_assert_not(mv_ip_equal(&b, &c));
}

Test(addr, link_local_is_fe80_with_ten_bits)
{
	static const struct {
		const char *text;
		bool link_local;
	} rows[] = {
		{"fe80::", true},
		{"fe80::1", true},
		{"febf:ffff::1", true},
		{"fe7f::1", false},
		{"fec0::1", false},
		{"ff02::1", false},
		{"::1", false},
		{"254.128.0.1", false},
		{"169.254.1.1", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct mv_ip parsed = ip(rows[i].text);

		cr_assert_eq(mv_ip_is_link_local(&parsed), rows[i].link_local, "%s", rows[i].text);
	}
}

Test(addr, prefixes_are_read_with_their_host_bits)
{
	static const struct {
		const char *text;
		unsigned bits;
		const char *printed;
	} rows[] = {
		{"10.1.2.3", 32, "10.1.2.3/32"},
		{"10.1.2.3/32", 32, "10.1.2.3/32"},
		{"10.1.2.3/8", 8, "10.1.2.3/8"},
		{"10.1.2.3/008", 8, "10.1.2.3/8"},
		{"0.0.0.0/0", 0, "0.0.0.0/0"},
		{"::/0", 0, "::/0"},
		{"::", 128, "::/128"},
		{"2001:db8::1/128", 128, "2001:db8::1/128"},
		{"2001:db8::1/33", 33, "2001:db8::1/33"},
		{"::ffff:1.2.3.4/120", 120, "::ffff:1.2.3.4/120"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127", 127,
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct mv_prefix parsed = prefix(rows[i].text);
		char text[MV_PREFIX_TEXT_MAX];

		cr_assert_eq(parsed.bits, rows[i].bits, "%s", rows[i].text);
		cr_assert_eq(mv_prefix_print(text, &parsed), text);
		cr_assert_str_eq(text, rows[i].printed);
	}
}

Test(addr, what_is_no_prefix_is_refused_and_changes_nothing)
{
	static const struct {
		const char *text;
		enum mv_prefix_verdict verdict;
	} rows[] = {
		{"", MV_PREFIX_BAD_ADDRESS},
		{"/", MV_PREFIX_BAD_ADDRESS},
		{"/8", MV_PREFIX_BAD_ADDRESS},
		{"1.2.3/8", MV_PREFIX_BAD_ADDRESS},
		{"010.0.0.0/8", MV_PREFIX_BAD_ADDRESS},
		{" 10.0.0.0/8", MV_PREFIX_BAD_ADDRESS},
		{"10.0.0.0 /8", MV_PREFIX_BAD_ADDRESS},
		{"fe80::1%1/64", MV_PREFIX_BAD_ADDRESS},
		{"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/64", MV_PREFIX_BAD_ADDRESS},
		{"10.0.0.0/", MV_PREFIX_BAD_LENGTH},
		{"10.0.0.0/33", MV_PREFIX_BAD_LENGTH},
		{"10.0.0.0/128", MV_PREFIX_BAD_LENGTH},
		{"10.0.0.0/256", MV_PREFIX_BAD_LENGTH},
		{"10.0.0.0/4294967304", MV_PREFIX_BAD_LENGTH},
		{"10.0.0.0/18446744073709551624", MV_PREFIX_BAD_LENGTH},
		{"10.0.0.0/ 8", MV_PREFIX_BAD_LENGTH},
		{"10.0.0.0/8 ", MV_PREFIX_BAD_LENGTH},
		{"10.0.0.0/+8", MV_PREFIX_BAD_LENGTH},
		{"10.0.0.0/-1", MV_PREFIX_BAD_LENGTH},
		{"10.0.0.0/0x8", MV_PREFIX_BAD_LENGTH},
		{"10.0.0.0/8/8", MV_PREFIX_BAD_LENGTH},
		{"10.0.0.0/255.0.0.0", MV_PREFIX_BAD_LENGTH},
		{"::/129", MV_PREFIX_BAD_LENGTH},
		{"::/", MV_PREFIX_BAD_LENGTH},
	};
	const struct mv_prefix before = prefix("192.0.2.0/24");

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mv_prefix parsed = before;

		cr_assert_eq(mv_prefix_parse(&parsed, rows[i].text), rows[i].verdict, "'%s'",
			rows[i].text);
		cr_assert(mv_prefix_equal(&parsed, &before), "'%s'", rows[i].text);
	}
}

Test(addr, the_mask_keeps_the_bits_of_the_prefix)
{
	static const char *const rows[][2] = {
		{"255.255.255.255/0", "0.0.0.0/0"},
		{"255.255.255.255/1", "128.0.0.0/1"},
		{"255.255.255.255/7", "254.0.0.0/7"},
		{"255.255.255.255/8", "255.0.0.0/8"},
		{"255.255.255.255/9", "255.128.0.0/9"},
		{"255.255.255.255/23", "255.255.254.0/23"},
		{"255.255.255.255/31", "255.255.255.254/31"},
		{"255.255.255.255/32", "255.255.255.255/32"},
		{"10.11.12.13/20", "10.11.0.0/20"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/0", "::/0"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/3", "e000::/3"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/65", "ffff:ffff:ffff:ffff:8000::/65"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mv_prefix masked = prefix(rows[i][0]);
		char text[MV_PREFIX_TEXT_MAX];

		mv_prefix_mask(&masked);
		cr_assert_str_eq(mv_prefix_print(text, &masked), rows[i][1]);
	}
}

Test(addr, equal_prefixes_have_the_same_length)
{
	const struct mv_prefix a = prefix("10.0.0.0/8"), b = prefix("10.0.0.0/9");
	const struct mv_prefix c = prefix("10.0.0.1/8");

	cr_assert(mv_prefix_equal(&a, &a));
	cr_assert_not(mv_prefix_equal(&a, &b));
	cr_assert_not(mv_prefix_equal(&a, &c));
}

Test(addr, a_prefix_contains_what_shares_its_bits)
{
	static const struct {
		const char *prefix;
		const char *ip;
		bool contains;
	} rows[] = {
		{"10.0.0.0/8", "10.255.255.255", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"10.9.8.7/8", "10.0.0.0", true},
		{"192.168.6.0/23", "192.168.7.255", true},
		{"192.168.6.0/23", "192.168.8.0", false},
		{"192.168.6.0/23", "192.168.5.255", false},
		{"10.0.0.2/32", "10.0.0.2", true},
		{"10.0.0.2/32", "10.0.0.3", false},
		{"10.0.0.2/31", "10.0.0.3", true},
		{"0.0.0.0/0", "255.1.2.3", true},
		{"0.0.0.0/0", "::", false},
		{"::/0", "0.0.0.0", false},
		{"::/0", "ffff::1", true},
		{"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
		{"fd00::1/128", "fd00::1", true},
		{"fd00::1/128", "fd00::2", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct mv_prefix outer = prefix(rows[i].prefix);
		const struct mv_ip inner = ip(rows[i].ip);

		cr_assert_eq(mv_prefix_contains(&outer, &inner), rows[i].contains, "%s in %s",
			rows[i].ip, rows[i].prefix);
	}
}

Test(addr, no_prefix_contains_no_address)
{
	const struct mv_prefix v4 = prefix("0.0.0.0/0"), v6 = prefix("::/0");
	const struct mv_ip none = {0};

	cr_assert_not(mv_prefix_contains(&v4, &none));
	cr_assert_not(mv_prefix_contains(&v6, &none));
}

Test(addr, endpoints_are_read_and_printed)
{
	static const struct {
		const char *text;
		const char *ip;
		unsigned port;
		uint32_t scope_id;
	} rows[] = {
		{"192.0.2.1:51820", "192.0.2.1", 51820, 0},
		{"0.0.0.0:1", "0.0.0.0", 1, 0},
		{"255.255.255.255:65535", "255.255.255.255", 65535, 0},
		{"[::1]:1", "::1", 1, 0},
		{"[2001:db8::1]:65535", "2001:db8::1", 65535, 0},
		{"[::ffff:192.0.2.1]:80", "::ffff:192.0.2.1", 80, 0},
		{"[fe80::1]:51820", "fe80::1", 51820, 0},
		{"[fe80::1%1]:51820", "fe80::1", 51820, 1},
		{"[fe80:1111:1111:1111:1111:1111:1111:1111%4294967295]:65535",
			"fe80:1111:1111:1111:1111:1111:1111:1111", 65535, UINT32_MAX},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct mv_endpoint wanted = {
			ip(rows[i].ip), (uint16_t)rows[i].port, rows[i].scope_id};
		struct mv_endpoint parsed;
		char text[MV_ENDPOINT_TEXT_MAX];

		memset(&parsed, 0xff, sizeof(parsed));
		cr_assert(mv_endpoint_parse(&parsed, rows[i].text), "%s", rows[i].text);
		cr_assert(mv_endpoint_equal(&parsed, &wanted), "%s", rows[i].text);
		cr_assert_eq(mv_endpoint_print(text, &parsed), text);
		cr_assert_str_eq(text, rows[i].text);
	}
}

Test(addr, no_endpoint_prints_as_none)
{
	const struct mv_endpoint none = {0};
	char text[MV_ENDPOINT_TEXT_MAX];

	cr_assert_str_eq(mv_endpoint_print(text, &none), "(none)");
	cr_assert_not(mv_endpoint_parse(&(struct mv_endpoint){0}, text));
}

/* No value of the three fields is printed longer than the constant says. */
Test(addr, the_longest_endpoint_fits)
{
	struct mv_endpoint longest = {.port = 65535, .scope_id = UINT32_MAX};
	char text[MV_ENDPOINT_TEXT_MAX];

	longest.ip = ip("::ffff:255.255.255.255");
	cr_assert_str_eq(
		mv_endpoint_print(text, &longest), "[::ffff:255.255.255.255%4294967295]:65535");
}

Test(addr, what_is_no_endpoint_is_refused_and_changes_nothing)
{
	static const char *const rows[] = {"", ":", "192.0.2.1", "192.0.2.1:", ":51820",
		"192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:70000", "192.0.2.1:+1", "192.0.2.1: 1",
		"192.0.2.1:1 ", "192.0.2.1:0x10", "192.0.2.1:-1", "192.0.2.1:4294967297",
		" 192.0.2.1:1", "192.0.2.1 :1", "192.0.2.1:1:2", "010.0.0.1:1", "1.2.3:4", "host:1",
		"::1:80", "::1", "[", "]", "[]", "[]:80", "[]:", "[::1", "[::1]",
		"[::1]:", "[::1]80", "[::1]:0", "[::1]:65536", "[::1:80", "::1]:80", "[::1]]:80",
		"[[::1]]:80", "[::1]x:80", "x[::1]:80", "[192.0.2.1]:80", "[fe80::1%]:80",
		"[fe80::1%0]:80", "[fe80::1%eth0]:80", "[fe80::1%+1]:80", "[fe80::1%1%1]:80",
		"[fe80::1%4294967296]:80", "[fe80::1]%1:80", "[2001:db8::1%1]:80", "192.0.2.1%1:80",
		"[%1]:80",
		"[fe80:1111:1111:1111:1111:1111:1111:1111%4294967295]:000000000000000065535"};
	struct mv_endpoint before;

	cr_assert(mv_endpoint_parse(&before, "[fe80::77%3]:4242"));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mv_endpoint parsed = before;

		cr_assert_not(mv_endpoint_parse(&parsed, rows[i]), "'%s'", rows[i]);
		cr_assert(mv_endpoint_equal(&parsed, &before), "'%s'", rows[i]);
	}
}

Test(addr, equal_endpoints_agree_in_address_port_and_scope)
{
	const struct mv_endpoint a = {ip("fe80::1"), 5, 7};
	const struct mv_endpoint other_ip = {ip("fe80::2"), 5, 7};
	const struct mv_endpoint other_port = {ip("fe80::1"), 6, 7};
	const struct mv_endpoint other_scope = {ip("fe80::1"), 5, 8};

	cr_assert(mv_endpoint_equal(&a, &a));
	cr_assert_not(mv_endpoint_equal(&a, &other_ip));
	cr_assert_not(mv_endpoint_equal(&a, &other_port));
	cr_assert_not(mv_endpoint_equal(&a, &other_scope));
}

Test(addr, decimals_are_read_up_to_their_limit)
{
	static const struct {
		const char *text;
		uint64_t max;
		uint64_t value;
	} rows[] = {
		{"0", 0, 0},
		{"7", 7, 7},
		{"010", 10, 10},
		{"000000000000000000000000000001", 1, 1},
		{"65535", 65535, 65535},
		{"18446744073709551615", UINT64_MAX, UINT64_MAX},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = 99;

		cr_assert(mv_decimal_parse(&value, rows[i].text, rows[i].max), "%s", rows[i].text);
		cr_assert_eq(value, rows[i].value, "%s", rows[i].text);
	}
}

Test(addr, what_is_no_decimal_is_refused_and_changes_nothing)
{
	static const struct {
		const char *text;
		uint64_t max;
	} rows[] = {
		{"", 9},
		{" ", 9},
		{" 1", 9},
		{"1 ", 9},
		{"+1", 9},
		{"-1", UINT64_MAX},
		{"-0", 9},
		{"0x1", 9},
		{"1x", 9},
		{"1.0", 9},
		{"1e0", 9},
		{"8", 7},
		{"1", 0},
		{"65536", 65535},
		{"18446744073709551616", UINT64_MAX},
		{"99999999999999999999999", UINT64_MAX},
		{"\xb2", 9},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = 99;

		cr_assert_not(
			mv_decimal_parse(&value, rows[i].text, rows[i].max), "'%s'", rows[i].text);
		cr_assert_eq(value, 99, "'%s'", rows[i].text);
	}
}
