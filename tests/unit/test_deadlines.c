#include "tunnel/deadlines.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/now.h"

enum { SLOTS = 300 };

static struct mv_deadlines deadlines;

static void setup(void)
{
	mv_deadlines_init(&deadlines);
	cr_assert_eq(mv_deadlines_reserve(&deadlines, SLOTS), 0);
}

static void teardown(void)
{
	mv_deadlines_uninit(&deadlines);
}

TestSuite(deadlines, .init = setup, .fini = teardown);

static void expect_first(uint64_t ns, uint32_t slot)
{
	uint32_t first = UINT32_MAX;

	cr_assert_eq(mv_deadlines_first(&deadlines, &first), ns);
	cr_assert_eq(first, slot);
}

static void expect_none(void)
{
	uint32_t slot = 4242;

	cr_assert_eq(mv_deadlines_first(&deadlines, &slot), MV_NEVER);
	cr_assert_eq(slot, 4242);
}

Test(deadlines, empty_means_never)
{
	struct mv_deadlines none;
	uint32_t slot;

	expect_none();
	mv_deadlines_init(&none);
	cr_assert_eq(mv_deadlines_first(&none, &slot), MV_NEVER);
	mv_deadlines_uninit(&none);
}

Test(deadlines, the_earliest_comes_first)
{
	mv_deadlines_set(&deadlines, 5, 500);
	expect_first(500, 5);
	mv_deadlines_set(&deadlines, 3, 300);
	expect_first(300, 3);
	mv_deadlines_set(&deadlines, 4, 400);
	expect_first(300, 3);
	mv_deadlines_set(&deadlines, 3, 600);
	expect_first(400, 4);
	mv_deadlines_set(&deadlines, 5, 1);
	expect_first(1, 5);
	mv_deadlines_set(&deadlines, 5, MV_NEVER);
	expect_first(400, 4);
	mv_deadlines_set(&deadlines, 4, MV_NEVER);
	expect_first(600, 3);
	mv_deadlines_set(&deadlines, 3, MV_NEVER);
	expect_none();
}

Test(deadlines, the_moment_of_boot_is_a_deadline_and_so_is_the_last_one)
{
	mv_deadlines_set(&deadlines, SLOTS - 1, MV_NEVER - 1);
	expect_first(MV_NEVER - 1, SLOTS - 1);
	mv_deadlines_set(&deadlines, 0, 0);
	expect_first(0, 0);
}

Test(deadlines, never_for_what_is_not_due_changes_nothing)
{
	mv_deadlines_set(&deadlines, 7, MV_NEVER);
	expect_none();
	mv_deadlines_set(&deadlines, 7, 70);
	mv_deadlines_set(&deadlines, 8, MV_NEVER);
	expect_first(70, 7);
	cr_assert_eq(deadlines.count, 1);
}

Test(deadlines, the_same_again_leaves_the_heap_as_it_is)
{
	struct mv_deadline before[64];

	for (uint32_t slot = 0; slot < 64; slot++) {
		mv_deadlines_set(&deadlines, slot, slot * 37 % 64 / 4);
	}
	memcpy(before, deadlines.heap, sizeof(before));
	for (uint32_t slot = 0; slot < 64; slot++) {
		mv_deadlines_set(&deadlines, slot, slot * 37 % 64 / 4);
	}
	cr_assert_eq(deadlines.count, 64);
	cr_assert_arr_eq(deadlines.heap, before, sizeof(before));
	mv_deadlines_set(&deadlines, 63, 0);
	cr_assert_arr_neq(deadlines.heap, before, sizeof(before));
}

Test(deadlines, reserving_more_keeps_what_is_there)
{
	const uint32_t more = 3000;

	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		mv_deadlines_set(&deadlines, slot, 1000 - slot);
	}
	cr_assert_eq(mv_deadlines_reserve(&deadlines, more), 0);
	cr_assert_eq(mv_deadlines_reserve(&deadlines, SLOTS), 0);
	expect_first(1000 - (SLOTS - 1), SLOTS - 1);
	mv_deadlines_set(&deadlines, more - 1, 5);
	expect_first(5, more - 1);
	mv_deadlines_set(&deadlines, more - 1, MV_NEVER);
	for (uint32_t slot = SLOTS; slot-- > 0;) {
		expect_first(1000 - slot, slot);
		mv_deadlines_set(&deadlines, slot, MV_NEVER);
	}
	expect_none();
}

Test(deadlines, refuses_more_slots_than_there_can_be)
{
	mv_deadlines_set(&deadlines, 1, 10);
	cr_assert_eq(mv_deadlines_reserve(&deadlines, SIZE_MAX), -ENOMEM);
	expect_first(10, 1);
}

static uint64_t earliest(const uint64_t expected[static SLOTS])
{
	uint64_t first = MV_NEVER;

	for (size_t slot = 0; slot < SLOTS; slot++) {
		first = expected[slot] < first ? expected[slot] : first;
	}
	return first;
}

static void compare(const uint64_t expected[static SLOTS])
{
	uint32_t slot = 0;
	uint64_t first = mv_deadlines_first(&deadlines, &slot);

	cr_assert_eq(first, earliest(expected));
	cr_assert_eq(first, first == MV_NEVER ? MV_NEVER : expected[slot]);
}

/* Few different values, so that many are equal; the table empties and fills in turn. */
Test(deadlines, agrees_with_a_linear_search_over_random_operations)
{
	unsigned short seed[3] = {7, 8, 9};
	uint64_t expected[SLOTS];

	memset(expected, 0xff, sizeof(expected));
	for (size_t step = 0; step < 200000; step++) {
		uint32_t slot = (uint32_t)jrand48(seed) % SLOTS;
		uint32_t removals_of_8 = step / 5000 % 2 ? 7 : 2;

		expected[slot] = (uint32_t)jrand48(seed) % 8 < removals_of_8
					 ? MV_NEVER
					 : (uint32_t)jrand48(seed) % 1000;
		mv_deadlines_set(&deadlines, slot, expected[slot]);
		compare(expected);
	}
	for (uint32_t slot = 0; mv_deadlines_first(&deadlines, &slot) != MV_NEVER;) {
		compare(expected);
		expected[slot] = MV_NEVER;
		mv_deadlines_set(&deadlines, slot, MV_NEVER);
	}
	cr_assert_eq(earliest(expected), MV_NEVER);
}
