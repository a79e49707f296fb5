/* Prefixes without others: by hand, and against a table of every address of a small network. */
#include "config/subtract.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 64
#define MOST     1000

static size_t parse(struct mv_prefix *list, const char *text)
{
	char copy[2048], *rest = copy, *word;
	size_t count = 0;

	cr_assert(strlen(text) < sizeof(copy));
	memcpy(copy, text, strlen(text) + 1);
	while ((word = strsep(&rest, " "))) {
		if (*word) {
			cr_assert(count < LIST_MAX);
			cr_assert_eq(
				mv_prefix_parse(&list[count++], word), MV_PREFIX_OK, "%s", word);
		}
	}
	return count;
}

static void run(struct mv_subtraction *subtraction, int expected)
{
	cr_assert_eq(mv_subtract(subtraction), expected);
}

static void uninit(struct mv_subtraction *subtraction)
{
	free(subtraction->rest);
	free(subtraction->takes);
}

static void expect(const char *list, const char *taken, const char *expected)
{
	struct mv_prefix allowed[LIST_MAX], excluded[LIST_MAX], rest[LIST_MAX];
	struct mv_subtraction subtraction = {.list = allowed,
		.count = parse(allowed, list),
		.taken = excluded,
		.taken_count = parse(excluded, taken),
		.most = MOST};
	size_t count = parse(rest, expected);
	char text[MV_PREFIX_TEXT_MAX];

	run(&subtraction, 0);
	cr_expect_eq(subtraction.rest_count, count, "%s without %s: %zu prefixes", list, taken,
		subtraction.rest_count);
	for (size_t i = 0; i < count && i < subtraction.rest_count; i++) {
		cr_expect(mv_prefix_equal(&subtraction.rest[i].prefix, &rest[i]),
			"%s without %s: %s", list, taken,
			mv_prefix_print(text, &subtraction.rest[i].prefix));
	}
	uninit(&subtraction);
}

Test(subtract, what_is_not_touched_stays_in_its_place)
{
	expect("", "", "");
	expect("", "10.0.0.0/8", "");
	expect("10.0.0.0/8", "", "10.0.0.0/8");
	expect("fd00::/8 10.2.0.0/16 10.1.0.0/16 10.2.0.0/16", "11.0.0.0/8 10.3.0.0/16 fe00::/8",
		"fd00::/8 10.2.0.0/16 10.1.0.0/16 10.2.0.0/16");
	expect("0.0.0.0/0", "::/0", "0.0.0.0/0");
	expect("::/0", "0.0.0.0/0", "::/0");
	expect("10.9.0.0/16 10.0.0.0/14 10.8.0.0/16", "10.1.0.0/16",
		"10.9.0.0/16 10.0.0.0/16 10.2.0.0/15 10.8.0.0/16");
}

Test(subtract, what_is_touched_becomes_the_fewest_that_cover_the_rest)
{
	expect("10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9");
	expect("10.0.0.0/8", "10.128.0.0/9", "10.0.0.0/9");
	expect("10.0.0.0/30", "10.0.0.1/32", "10.0.0.0/32 10.0.0.2/31");
	expect("10.0.0.0/30", "10.0.0.1/32 10.0.0.2/32", "10.0.0.0/32 10.0.0.3/32");
	expect("10.0.0.0/30", "10.0.0.0/32 10.0.0.1/32 10.0.0.3/32", "10.0.0.2/32");
	expect("10.0.0.0/22", "10.0.1.0/24 10.0.0.0/24", "10.0.2.0/23");
	expect("0.0.0.0/0", "0.0.0.0/32",
		"0.0.0.1/32 0.0.0.2/31 0.0.0.4/30 0.0.0.8/29 0.0.0.16/28 0.0.0.32/27 0.0.0.64/26 "
		"0.0.0.128/25 0.0.1.0/24 0.0.2.0/23 0.0.4.0/22 0.0.8.0/21 0.0.16.0/20 0.0.32.0/19 "
		"0.0.64.0/18 0.0.128.0/17 0.1.0.0/16 0.2.0.0/15 0.4.0.0/14 0.8.0.0/13 0.16.0.0/12 "
		"0.32.0.0/11 0.64.0.0/10 0.128.0.0/9 1.0.0.0/8 2.0.0.0/7 4.0.0.0/6 8.0.0.0/5 "
		"16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 128.0.0.0/1");
	expect("0.0.0.0/0",
		"255.255.255.255/32 0.0.0.0/1 128.0.0.0/2 192.0.0.0/3 224.0.0.0/4 "
		"240.0.0.0/5 248.0.0.0/6 252.0.0.0/7 254.0.0.0/8 255.0.0.0/9 "
		"255.128.0.0/10 255.192.0.0/11 255.224.0.0/12 255.240.0.0/13 "
		"255.248.0.0/14 255.252.0.0/15 255.254.0.0/16 255.255.0.0/17 "
		"255.255.128.0/18 255.255.192.0/19 255.255.224.0/20 255.255.240.0/21 "
		"255.255.248.0/22 255.255.252.0/23 255.255.254.0/24 255.255.255.0/25 "
		"255.255.255.128/26 255.255.255.192/27 255.255.255.224/28 "
		"255.255.255.240/29 255.255.255.248/30 255.255.255.252/31",
		"255.255.255.254/32");
	expect("::/0", "ffff:ffff::/32 8000::/1", "::/1");
	expect("fd00::/126", "fd00::2/128", "fd00::/127 fd00::3/128");
	expect("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/128",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
	expect("fd00::/62", "fd00:0:0:1:8000::/65", "fd00::/64 fd00:0:0:1::/65 fd00:0:0:2::/63");
}

Test(subtract, what_is_taken_may_be_larger_and_nested)
{
	expect("10.0.0.0/8", "10.0.0.0/8", "");
	expect("10.0.0.0/8 11.0.0.0/8", "0.0.0.0/0", "");
	expect("10.0.0.0/8 fd00::/8 192.0.2.0/24", "8.0.0.0/5", "fd00::/8 192.0.2.0/24");
	expect("10.0.0.0/8", "10.0.0.1/32 10.0.0.0/9 10.0.0.0/9 10.3.0.0/16", "10.128.0.0/9");
}

Test(subtract, what_lies_in_another_of_the_list_goes_with_it)
{
	expect("10.1.0.0/16 10.0.0.0/14", "10.1.0.0/17", "10.0.0.0/16 10.1.128.0/17 10.2.0.0/15");
	expect("10.0.0.0/14 10.1.0.0/16 10.2.0.0/16", "10.1.0.0/17",
		"10.0.0.0/16 10.1.128.0/17 10.2.0.0/15 10.2.0.0/16");
}

Test(subtract, says_what_each_is_left_of_and_which_take_something)
{
	struct mv_prefix list[LIST_MAX], taken[LIST_MAX];
	struct mv_subtraction subtraction = {.list = list,
		.count = parse(list, "fd00::/8 10.0.0.0/8"),
		.taken = taken,
		.taken_count = parse(taken, "11.0.0.0/8 10.0.0.0/9 fc00::/8 10.1.0.0/16 0.0.0.0/1"),
		.most = MOST};
	static const bool takes[] = {false, true, false, true, true};

	subtraction.taken_count--;
	run(&subtraction, 0);
	cr_assert_eq(subtraction.rest_count, 2);
	cr_expect_eq(subtraction.rest[0].of, 0);
	cr_expect_eq(subtraction.rest[1].of, 1);
	cr_expect(memcmp(subtraction.takes, takes, 4 * sizeof(bool)) == 0);
	uninit(&subtraction);

	subtraction.taken_count++;
	run(&subtraction, 0);
	cr_expect_eq(subtraction.rest_count, 1);
	cr_expect(memcmp(subtraction.takes, takes, sizeof(takes)) == 0);
	uninit(&subtraction);
}

Test(subtract, there_are_not_more_parts_than_it_may_have)
{
	struct mv_prefix list[LIST_MAX], taken[LIST_MAX];
	struct mv_subtraction subtraction = {.list = list,
		.count = parse(list, "10.0.0.0/8 fd00::/8 0.0.0.0/0"),
		.taken = taken,
		.taken_count = parse(taken, "192.0.2.1/32"),
		.most = 32};

	run(&subtraction, 0);
	cr_expect_eq(subtraction.rest_count, 34, "the two that stay are no parts");
	uninit(&subtraction);
	subtraction.most = 31;
	run(&subtraction, -E2BIG);
	cr_expect_null(subtraction.rest);
	cr_expect_null(subtraction.takes);
}

/* Of 10.0.0.0/24, by address. */
static void mark(bool *addresses, const struct mv_prefix *prefix, bool value)
{
	size_t count = (size_t)1 << (32 - prefix->bits);

	memset(addresses + prefix->ip.bytes[3], value, count);
}

static struct mv_prefix random_prefix(unsigned *seed)
{
	struct mv_prefix prefix = {.ip = {MV_FAMILY_IPV4, {10}}, .bits = 24};

	prefix.bits = (uint8_t)(24 + rand_r(seed) % 9);
	prefix.ip.bytes[3] = (uint8_t)rand_r(seed);
	mv_prefix_mask(&prefix);
	return prefix;
}

/* The addresses are right, and no two of the parts of one prefix could be one. */
static void check_random(unsigned seed)
{
	struct mv_prefix list[8], taken[8];
	bool expected[256] = {false}, got[256] = {false};
	struct mv_subtraction subtraction = {.list = list,
		.count = 1 + rand_r(&seed) % 8,
		.taken = taken,
		.taken_count = rand_r(&seed) % 9,
		.most = MOST};

	for (size_t i = 0; i < subtraction.count; i++) {
		list[i] = random_prefix(&seed);
		mark(expected, &list[i], true);
	}
	for (size_t i = 0; i < subtraction.taken_count; i++) {
		taken[i] = random_prefix(&seed);
		mark(expected, &taken[i], false);
	}
	run(&subtraction, 0);
	for (size_t i = 0; i < subtraction.rest_count; i++) {
		const struct mv_rest *rest = subtraction.rest + i;
		struct mv_prefix both = rest->prefix;

		mark(got, &rest->prefix, true);
		cr_expect(mv_prefix_contains(&list[rest->of], &rest->prefix.ip));
		both.bits--;
		mv_prefix_mask(&both);
		cr_expect(i == 0 || rest[-1].of != rest->of ||
				  rest[-1].prefix.bits != rest->prefix.bits ||
				  !mv_prefix_contains(&both, &rest[-1].prefix.ip),
			"two halves of one");
	}
	cr_expect(memcmp(expected, got, sizeof(got)) == 0, "seed %u", seed);
	uninit(&subtraction);
}

Test(subtract, is_right_about_every_address)
{
	for (unsigned seed = 0; seed < 20000; seed++) {
		check_random(seed);
	}
}
