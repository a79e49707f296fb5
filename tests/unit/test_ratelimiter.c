#include "proto/ratelimiter.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/now.h"

#define MS MV_NS_PER_MS
#define S  MV_NS_PER_S

/* How many sources the table holds, and how many it takes to fill every place for certain. */
#define TABLE   8192
#define SOURCES 200000

static const uint64_t t0 = 1000 * S;
static struct mv_ratelimiter limiter;

static void create(void)
{
	const uint8_t hash_key[MV_RATELIMITER_KEY_LEN] = {1, 2, 3};

	cr_assert_geq(sodium_init(), 0);
	cr_assert_eq(mv_ratelimiter_init(&limiter, hash_key), 0);
}

static void destroy(void)
{
	mv_ratelimiter_uninit(&limiter);
}

TestSuite(ratelimiter, .init = create, .fini = destroy);

static struct mv_ip ip(const char *text)
{
	struct mv_ip parsed;

	cr_assert(mv_ip_parse(&parsed, text), "%s", text);
	return parsed;
}

/* 10.0.0.0 and what follows. */
static struct mv_ip numbered(uint32_t number)
{
	struct mv_ip source = {.family = MV_FAMILY_IPV4};

	mv_store_be32(source.bytes, (UINT32_C(10) << 24) + number);
	return source;
}

static bool allow(const char *source, uint64_t now_ns)
{
	const struct mv_ip parsed = ip(source);

	return mv_ratelimiter_allow(&limiter, &parsed, now_ns);
}

/* Exactly so many more pass at this moment. */
static void expect_passing(const char *source, unsigned count, uint64_t now_ns)
{
	for (unsigned i = 0; i < count; i++) {
		cr_expect(allow(source, now_ns), "%s: %u of %u", source, i + 1, count);
	}
	cr_expect_not(allow(source, now_ns), "%s: one more than %u", source, count);
}

/* The sequence of the kernel's self-test. */
static void expect_sequence(const char *source, uint64_t from_ns)
{
	expect_passing(source, 5, from_ns);
	expect_passing(source, 1, from_ns + 50 * MS);
	expect_passing(source, 2, from_ns + 150 * MS);
	expect_passing(source, 0, from_ns + 150 * MS);
}

Test(ratelimiter, five_at_once_and_then_twenty_a_second)
{
	expect_sequence("192.0.2.1", t0);
	expect_sequence("2001:db8::1", t0);
}

/* 0 is the boot, and an ordinary moment. */
Test(ratelimiter, begins_with_the_boot)
{
	expect_sequence("192.0.2.1", 0);
}

Test(ratelimiter, a_nanosecond_too_early_is_too_early)
{
	expect_passing("192.0.2.1", 5, t0);
	expect_passing("192.0.2.1", 0, t0 + 50 * MS - 1);
	expect_passing("192.0.2.1", 1, t0 + 50 * MS);
}

Test(ratelimiter, no_more_than_five_are_saved_up)
{
	expect_passing("192.0.2.1", 5, t0);
	expect_passing("192.0.2.1", 5, t0 + 250 * MS);
	expect_passing("192.0.2.1", 5, t0 + S);
	expect_passing("192.0.2.1", 5, t0 + 1000000 * S);
}

/* Also with those who ask all the time: what is refused costs nothing. */
Test(ratelimiter, in_the_long_run_twenty_a_second)
{
	static const uint64_t steps_ms[] = {1, 7, 10, 49, 50};

	for (size_t i = 0; i < sizeof(steps_ms) / sizeof(steps_ms[0]); i++) {
		const struct mv_ip source = numbered((uint32_t)i);
		uint64_t passed = 0, elapsed_ms = 0;

		for (; elapsed_ms < 10000; elapsed_ms += steps_ms[i]) {
			passed += mv_ratelimiter_allow(&limiter, &source, t0 + elapsed_ms * MS);
		}
		elapsed_ms -= steps_ms[i];
		/* What the time allows, and the five of the beginning at most. */
		cr_expect_geq(passed, elapsed_ms / 50, "every %lu ms", steps_ms[i]);
		cr_expect_leq(passed, elapsed_ms / 50 + 5, "every %lu ms", steps_ms[i]);
	}
}

Test(ratelimiter, an_ipv4_source_is_its_address)
{
	expect_passing("192.0.2.1", 5, t0);
	expect_passing("192.0.2.0", 5, t0);
	expect_passing("192.0.3.1", 5, t0);
	expect_passing("64.0.2.1", 5, t0);
}

Test(ratelimiter, an_ipv6_source_is_its_network)
{
	expect_passing("2001:db8:0:1::1", 5, t0);
	expect_passing("2001:db8:0:1::2", 0, t0);
	expect_passing("2001:db8:0:1:8000::", 0, t0);
	expect_passing("2001:db8:0:1:ffff:ffff:ffff:ffff", 0, t0);
	expect_passing("2001:db8:0:0::1", 5, t0);
	expect_passing("2001:db8:0:3::1", 5, t0);
	expect_passing("a001:db8:0:1::1", 5, t0);
}

Test(ratelimiter, families_have_nothing_in_common)
{
	expect_passing("192.0.2.1", 5, t0);
	expect_passing("c000:201::", 5, t0);
	expect_passing("192.0.2.1", 0, t0);
}

/* One message of each; returns how many passed, and notes one that did and one that did not. */
static size_t flood(struct mv_ip *passed, struct mv_ip *refused, uint64_t now_ns)
{
	size_t count = 0;

	for (uint32_t i = 0; i < SOURCES; i++) {
		const struct mv_ip source = numbered(i);
		bool has_passed = mv_ratelimiter_allow(&limiter, &source, now_ns);

		*(has_passed ? passed : refused) = source;
		count += has_passed;
	}
	return count;
}

Test(ratelimiter, a_full_table_refuses_new_sources_and_keeps_the_old)
{
	struct mv_ip passed, refused;

	cr_assert_eq(flood(&passed, &refused, t0), TABLE);
	cr_expect_not(mv_ratelimiter_allow(&limiter, &refused, t0 + S - 1));
	for (unsigned i = 0; i < 4; i++) {
		cr_expect(mv_ratelimiter_allow(&limiter, &passed, t0), "%u", i);
	}
	cr_expect_not(mv_ratelimiter_allow(&limiter, &passed, t0));
}

Test(ratelimiter, sources_silent_for_a_second_make_room)
{
	struct mv_ip passed, refused;

	flood(&passed, &refused, t0);
	cr_expect_not(mv_ratelimiter_allow(&limiter, &refused, t0 + S - 1));
	cr_expect(mv_ratelimiter_allow(&limiter, &refused, t0 + S));
	cr_expect_eq(flood(&passed, &refused, t0 + 2 * S), TABLE, "all of them did");
}

Test(ratelimiter, a_source_that_is_heard_stays)
{
	struct mv_ip passed, refused;

	for (unsigned i = 0; i < 3; i++) {
		cr_assert(allow("192.0.2.1", t0 + 500 * MS));
	}
	flood(&passed, &refused, t0 + 500 * MS);
	flood(&passed, &refused, t0 + 500 * MS);
	expect_passing("192.0.2.1", 2, t0 + 500 * MS);

	/* It has its place still when all others make room for new ones. */
	flood(&passed, &refused, t0 + 1499 * MS);
	expect_passing("192.0.2.1", 5, t0 + 1499 * MS);
	flood(&passed, &refused, t0 + 2400 * MS);
	cr_expect_not(mv_ratelimiter_allow(&limiter, &refused, t0 + 2400 * MS));
	expect_passing("192.0.2.1", 5, t0 + 2400 * MS);
}

Test(ratelimiter, uninit_may_be_called_twice)
{
	mv_ratelimiter_uninit(&limiter);
	mv_ratelimiter_uninit(&limiter);
}
