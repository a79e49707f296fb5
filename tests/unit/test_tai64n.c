#include "proto/tai64n.h"

#include <criterion/criterion.h>
#include <string.h>

#include "hex.h"

static void expect_timestamp(uint64_t wall_s, uint32_t wall_ns, const char *hex)
{
	uint8_t wanted[MV_TIMESTAMP_LEN], timestamp[MV_TIMESTAMP_LEN];

	cr_assert_eq(unhex(wanted, sizeof(wanted), hex), sizeof(wanted));
	mv_tai64n(timestamp, (struct mv_now){.wall_s = wall_s, .wall_ns = wall_ns});
	cr_expect_arr_eq(timestamp, wanted, sizeof(wanted), "%s", hex);
}

Test(tai64n, big_endian_seconds_then_nanoseconds)
{
	expect_timestamp(0, 0, "400000000000000a00000000");
	expect_timestamp(1, 0, "400000000000000b00000000");
	expect_timestamp(0x5b526471, 0x15405610, "400000005b52647b15000000");
	expect_timestamp(UINT64_C(0x123456789a), 0, "40000012345678a400000000");
}

/* The clock of the boot has no part in it: it would tell for how long the machine has been up. */
Test(tai64n, only_the_wall_clock_counts)
{
	uint8_t early[MV_TIMESTAMP_LEN], late[MV_TIMESTAMP_LEN];

	mv_tai64n(early, (struct mv_now){.boot_ns = 1, .wall_s = 5, .wall_ns = 6});
	mv_tai64n(late, (struct mv_now){.boot_ns = MV_NEVER - 1, .wall_s = 5, .wall_ns = 6});
	cr_expect_arr_eq(early, late, sizeof(early));
}

Test(tai64n, whitened_to_2_to_the_24_nanoseconds)
{
	expect_timestamp(0, 1, "400000000000000a00000000");
	expect_timestamp(0, 0x00ffffff, "400000000000000a00000000");
	expect_timestamp(0, 0x01000000, "400000000000000a01000000");
	expect_timestamp(0, 0x01ffffff, "400000000000000a01000000");
	expect_timestamp(0, 999999999, "400000000000000a3b000000");
}

static bool after(const char *a_hex, const char *b_hex)
{
	uint8_t a[MV_TIMESTAMP_LEN], b[MV_TIMESTAMP_LEN];

	unhex(a, sizeof(a), a_hex);
	unhex(b, sizeof(b), b_hex);
	return mv_tai64n_after(a, b);
}

Test(tai64n, strictly_later)
{
	static const char *const rising[] = {
		"000000000000000000000000",
		"000000000000000000000001",
		"0000000000000000000000ff",
		"000000000000000000000100",
		"400000000000000a00000000",
		"400000000000000a01000000",
		"400000000000000a80000000",
		"400000000000000b00000000",
		"400000000000010000000000",
		"400000010000000000000000",
		"800000000000000000000000",
		"ffffffffffffffffffffffff",
	};
	const size_t count = sizeof(rising) / sizeof(rising[0]);

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			cr_expect_eq(after(rising[i], rising[j]), i > j, "%s after %s", rising[i],
				rising[j]);
		}
	}
}

/* What a peer makes is later than what it made before, once the clock has moved by a grain. */
Test(tai64n, a_made_timestamp_is_later_than_an_older_one)
{
	uint8_t before[MV_TIMESTAMP_LEN], same[MV_TIMESTAMP_LEN], later[MV_TIMESTAMP_LEN];

	mv_tai64n(before, (struct mv_now){.wall_s = 1700000000, .wall_ns = 0x10000000});
	mv_tai64n(same, (struct mv_now){.wall_s = 1700000000, .wall_ns = 0x10ffffff});
	mv_tai64n(later, (struct mv_now){.wall_s = 1700000000, .wall_ns = 0x11000000});
	cr_expect_not(mv_tai64n_after(same, before));
	cr_expect(mv_tai64n_after(later, before));
	mv_tai64n(before, (struct mv_now){.wall_s = 1700000000, .wall_ns = 999999999});
	mv_tai64n(later, (struct mv_now){.wall_s = 1700000001});
	cr_expect(mv_tai64n_after(later, before));
}

static void expect_next(uint64_t wall_s, uint32_t wall_ns, const char *last_hex, const char *hex)
{
	uint8_t last[MV_TIMESTAMP_LEN], wanted[MV_TIMESTAMP_LEN], next[MV_TIMESTAMP_LEN];

	cr_assert_eq(unhex(last, sizeof(last), last_hex), sizeof(last));
	cr_assert_eq(unhex(wanted, sizeof(wanted), hex), sizeof(wanted));
	mv_tai64n_next(next, last, (struct mv_now){.wall_s = wall_s, .wall_ns = wall_ns});
	cr_expect_arr_eq(next, wanted, sizeof(wanted), "%s after %s", hex, last_hex);
	cr_expect(mv_tai64n_after(next, last), "%s after %s", hex, last_hex);
}

Test(tai64n, the_next_is_that_of_a_clock_that_went_on)
{
	expect_next(0, 0, "000000000000000000000000", "400000000000000a00000000");
	expect_next(0, 0x01000000, "400000000000000a00000000", "400000000000000a01000000");
	expect_next(1, 5, "400000000000000a3b000000", "400000000000000b00000000");
	expect_next(UINT64_C(1) << 33, 7, "400000000000000a00000000", "400000020000000a00000000");
}

Test(tai64n, the_next_within_a_grain_is_a_grain_later)
{
	expect_next(0, 0, "400000000000000a00000000", "400000000000000a01000000");
	expect_next(0, 0x00ffffff, "400000000000000a00000000", "400000000000000a01000000");
	expect_next(5, 0x20000000, "400000000000000f20000000", "400000000000000f21000000");
}

Test(tai64n, the_next_after_a_step_back_is_a_grain_later)
{
	expect_next(0, 0, "400000000000000a05000000", "400000000000000a06000000");
	expect_next(0, 999999999, "400000000000e00a05000000", "400000000000e00a06000000");
	expect_next(0, 0, "7fffffffffffffff05000000", "7fffffffffffffff06000000");
}

/* A second has 59 whole grains and a part of one. */
Test(tai64n, the_next_carries_into_the_seconds)
{
	expect_next(0, 0, "400000000000000a3a000000", "400000000000000a3b000000");
	expect_next(0, 0, "400000000000000a3b000000", "400000000000000b00000000");
	expect_next(0, 0, "40000000ffffffff3b000000", "400000010000000000000000");
}

Test(tai64n, a_clock_that_stands_still_runs_out_of_nothing)
{
	const struct mv_now now = {.wall_s = 1700000000};
	uint8_t last[MV_TIMESTAMP_LEN] = {0}, next[MV_TIMESTAMP_LEN], later[MV_TIMESTAMP_LEN];

	for (unsigned i = 0; i <= 600; i++) {
		mv_tai64n_next(next, last, now);
		cr_assert(mv_tai64n_after(next, last));
		memcpy(last, next, sizeof(last));
	}
	/* 60 steps a second: it is no more than ten seconds ahead. */
	mv_tai64n(later, (struct mv_now){.wall_s = now.wall_s + 10});
	cr_expect_arr_eq(last, later, sizeof(last));
}

Test(tai64n, some_seconds_later)
{
	uint8_t timestamp[MV_TIMESTAMP_LEN], wanted[MV_TIMESTAMP_LEN];

	cr_assert_eq(unhex(timestamp, sizeof(timestamp), "40000000ffffffff3b000000"), 12);
	cr_assert_eq(unhex(wanted, sizeof(wanted), "40000001000002573b000000"), 12);
	mv_tai64n_add(timestamp, 600);
	cr_expect_arr_eq(timestamp, wanted, sizeof(wanted));
	mv_tai64n_add(timestamp, 0);
	cr_expect_arr_eq(timestamp, wanted, sizeof(wanted));
}

static bool is_plausible(const char *hex)
{
	uint8_t timestamp[MV_TIMESTAMP_LEN];

	cr_assert_eq(unhex(timestamp, sizeof(timestamp), hex), sizeof(timestamp));
	return mv_tai64n_is_plausible(timestamp);
}

Test(tai64n, what_a_clock_can_show)
{
	uint8_t timestamp[MV_TIMESTAMP_LEN];

	cr_expect(is_plausible("400000000000000a00000000"), "1970");
	cr_expect_not(is_plausible("400000000000000900000000"), "before 1970");
	cr_expect(is_plausible("4000000225c17d0e3b9ac9ff"), "2262");
	cr_expect_not(is_plausible("4000000225c17d0f00000000"), "a second later");
	cr_expect_not(is_plausible("4000000069659c0a3b9aca00"), "a second of nanoseconds");
	cr_expect_not(is_plausible("000000000000000000000000"), "none");
	cr_expect_not(is_plausible("ffffffffffffffff00000000"), "the end of time");

	mv_tai64n(timestamp, (struct mv_now){.wall_s = 1795564800});
	cr_expect_eq(mv_tai64n_wall_s(timestamp), 1795564800);
}
