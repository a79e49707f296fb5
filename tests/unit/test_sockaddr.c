#include "edge/sockaddr.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/un.h>

/* What stood there before must not shine through. */
#define GARBAGE 0xee

static struct mv_endpoint endpoint(const char *text)
{
	struct mv_endpoint endpoint;

	cr_assert(mv_endpoint_parse(&endpoint, text), "%s", text);
	return endpoint;
}

static struct sockaddr_in6 ipv6(const char *address, uint16_t port, uint32_t scope_id)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = scope_id};
	struct mv_ip ip;

	cr_assert(mv_ip_parse(&ip, address), "%s", address);
	memcpy(&in6.sin6_addr, ip.bytes, sizeof(in6.sin6_addr));
	return in6;
}

static void expect_endpoint(const struct sockaddr_in6 *address, const char *text)
{
	char is[MV_ENDPOINT_TEXT_MAX];
	struct mv_endpoint endpoint;

	memset(&endpoint, GARBAGE, sizeof(endpoint));
	cr_assert(mv_sockaddr_to_endpoint(&endpoint, (const struct sockaddr *)address));
	cr_expect_str_eq(mv_endpoint_print(is, &endpoint), text);
}

Test(sockaddr, from_ipv4)
{
	struct mv_endpoint from = endpoint("192.0.2.7:51820");
	struct sockaddr_storage address;
	const struct sockaddr_in *in = (const void *)&address;

	memset(&address, GARBAGE, sizeof(address));
	cr_assert_eq(mv_sockaddr_from_endpoint(&address, &from), sizeof(*in));
	cr_expect_eq(in->sin_family, AF_INET);
	cr_expect_eq(in->sin_port, htons(51820));
	cr_expect_eq(in->sin_addr.s_addr, htonl(0xc0000207));
	cr_expect_arr_eq(in->sin_zero, ((uint8_t[8]){0}), sizeof(in->sin_zero));
}

Test(sockaddr, from_ipv6)
{
	struct mv_endpoint from = endpoint("[2001:db8::7]:443");
	struct sockaddr_storage address;
	const struct sockaddr_in6 *in6 = (const void *)&address;
	struct sockaddr_in6 expected = ipv6("2001:db8::7", 443, 0);

	memset(&address, GARBAGE, sizeof(address));
	cr_assert_eq(mv_sockaddr_from_endpoint(&address, &from), sizeof(*in6));
	cr_expect_arr_eq(in6, &expected, sizeof(*in6));
}

Test(sockaddr, from_link_local_has_its_scope)
{
	struct mv_endpoint from = endpoint("[fe80::1%3]:443");
	struct sockaddr_storage address;
	const struct sockaddr_in6 *in6 = (const void *)&address;

	mv_sockaddr_from_endpoint(&address, &from);
	cr_expect_eq(in6->sin6_scope_id, 3);
}

Test(sockaddr, there_and_back)
{
	static const char *const texts[] = {"0.0.0.0:1", "127.0.0.1:65535", "[::]:1",
		"[2001:db8::ffff:1]:51820", "[fe80::1%3]:443"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct mv_endpoint there = endpoint(texts[i]), back;
		struct sockaddr_storage address;

		mv_sockaddr_from_endpoint(&address, &there);
		memset(&back, GARBAGE, sizeof(back));
		cr_assert(mv_sockaddr_to_endpoint(&back, (struct sockaddr *)&address));
		cr_expect(mv_endpoint_equal(&back, &there), "%s", texts[i]);
	}
}

Test(sockaddr, to_ipv4_leaves_the_other_bytes_zero)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {~0U}};
	struct mv_endpoint endpoint;
	uint8_t expected[16] = {255, 255, 255, 255};

	memset(&endpoint, GARBAGE, sizeof(endpoint));
	cr_assert(mv_sockaddr_to_endpoint(&endpoint, (struct sockaddr *)&in));
	cr_expect_eq(endpoint.ip.family, MV_FAMILY_IPV4);
	cr_expect_arr_eq(endpoint.ip.bytes, expected, sizeof(expected));
	cr_expect_eq(endpoint.port, 9);
	cr_expect_eq(endpoint.scope_id, 0);
}

Test(sockaddr, mapped_ipv4_is_ipv4)
{
	struct sockaddr_in6 mapped = ipv6("::ffff:192.0.2.7", 51820, 3);

	expect_endpoint(&mapped, "192.0.2.7:51820");
}

Test(sockaddr, a_scope_is_kept_only_where_it_means_something)
{
	struct sockaddr_in6 link_local = ipv6("fe80::1", 443, 3);
	struct sockaddr_in6 global = ipv6("2001:db8::1", 443, 3);

	expect_endpoint(&link_local, "[fe80::1%3]:443");
	expect_endpoint(&global, "[2001:db8::1]:443");
}

Test(sockaddr, other_families_are_no_endpoint)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "/nowhere"};
	struct sockaddr nothing = {.sa_family = AF_UNSPEC};
	struct mv_endpoint endpoint;

	cr_expect_not(mv_sockaddr_to_endpoint(&endpoint, (struct sockaddr *)&path));
	cr_expect_not(mv_sockaddr_to_endpoint(&endpoint, &nothing));
}
