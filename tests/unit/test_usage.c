#include <criterion/criterion.h>

#include "base/now.h"
#include "edge/usage.h"

#define MS (MV_NS_PER_S / 1000)

Test(usage, is_judged_once_a_window)
{
	struct mv_usage usage = {.begun_ms = 100};

	cr_assert(!mv_usage_is_due(&usage, 100, 50));
	cr_assert(!mv_usage_is_due(&usage, 149, 50));
	cr_assert(mv_usage_is_due(&usage, 150, 50));
	mv_usage_permille(&usage, 150, 0);
	cr_assert(!mv_usage_is_due(&usage, 199, 50));
	cr_assert(mv_usage_is_due(&usage, 200, 50));
}

Test(usage, is_that_of_the_window_alone)
{
	struct mv_usage usage = {.begun_ms = 1000, .begun_used_ns = 500 * MS};

	cr_assert_eq(mv_usage_permille(&usage, 1050, 550 * MS), 1000);
	cr_assert_eq(mv_usage_permille(&usage, 1100, 575 * MS), 500);
	cr_assert_eq(mv_usage_permille(&usage, 1150, 575 * MS), 0);
}

Test(usage, of_two_threads_can_be_more_than_one_processor)
{
	struct mv_usage usage = {0};

	cr_assert_eq(mv_usage_permille(&usage, 100, 190 * MS), 1900);
}

Test(usage, after_a_rest_is_that_of_the_whole_time)
{
	struct mv_usage usage = {.begun_ms = 1000};

	cr_assert_eq(mv_usage_permille(&usage, 61000, 60 * MS), 1);
}

Test(usage, of_no_time_is_none)
{
	struct mv_usage usage = {.begun_ms = 1000};

	cr_assert_eq(mv_usage_permille(&usage, 1000, 60 * MS), 0);
}
