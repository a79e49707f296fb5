#include "proto/replay.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define BITS   UINT64_C(8192)
#define WINDOW UINT64_C(8128)
#define L      (WINDOW + 1)
#define REJECT UINT64_C(18446744073709543423)

static struct mv_replay replay;

static void start(void)
{
	memset(&replay, 0, sizeof(replay));
}

TestSuite(replay, .init = start);

static void accept(uint64_t counter)
{
	cr_expect(mv_replay_accept(&replay, counter), "%llu refused", (unsigned long long)counter);
}

static void refuse(uint64_t counter)
{
	cr_expect_not(
		mv_replay_accept(&replay, counter), "%llu accepted", (unsigned long long)counter);
}

/* Both ends included; upwards or downwards. */
static void accept_all(uint64_t first, uint64_t last)
{
	for (uint64_t counter = first;; counter += first < last ? 1 : UINT64_MAX) {
		accept(counter);
		if (counter == last) {
			return;
		}
	}
}

Test(replay, one_sequence_through_everything)
{
	static const struct {
		uint64_t counter;
		bool accepted;
	} steps[] = {
		{0, true},
		{1, true},
		{1, false},
		{9, true},
		{8, true},
		{7, true},
		{7, false},
		{L, true},
		{L - 1, true},
		{L - 1, false},
		{L - 2, true},
		{2, true},
		{2, false},
		{L + 16, true},
		{3, false},
		{L + 16, false},
		{4 * L, true},
		{4 * L - (L - 1), true},
		{10, false},
		{4 * L - L, false},
		{4 * L - (L + 1), false},
		{4 * L - (L - 2), true},
		{4 * L + 1 - L, false},
		{0, false},
		{REJECT, false},
		{REJECT - 1, true},
		{REJECT, false},
		{REJECT - 1, false},
		{REJECT - 2, true},
		{REJECT + 1, false},
		{REJECT + 2, false},
		{REJECT - 2, false},
		{REJECT - 3, true},
		{0, false},
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		cr_expect_eq(mv_replay_accept(&replay, steps[i].counter), steps[i].accepted,
			"step %zu", i);
	}
}

Test(replay, the_first_message_may_come_last)
{
	accept_all(1, WINDOW);
	accept(0);
	refuse(0);
}

Test(replay, a_full_window_upwards)
{
	accept_all(2, WINDOW + 1);
	accept(1);
	refuse(0);
}

Test(replay, a_full_window_downwards)
{
	accept_all(WINDOW, 0);
	for (uint64_t counter = 0; counter <= WINDOW; counter++) {
		refuse(counter);
	}
}

Test(replay, a_full_window_downwards_without_the_first)
{
	accept_all(WINDOW + 1, 1);
	refuse(0);
}

Test(replay, moved_on_after_a_full_window)
{
	accept_all(WINDOW, 1);
	accept(WINDOW + 1);
	refuse(0);
}

Test(replay, filled_up_and_then_moved_on)
{
	accept_all(WINDOW, 1);
	accept(0);
	accept(WINDOW + 1);
}

/* A jump of a whole ring, or of many, must leave nothing of the old bits. */
Test(replay, a_jump_forgets_everything_before)
{
	static const uint64_t jumps[] = {63, 64, 65, BITS - 65, BITS - 64, BITS - 1, BITS, BITS + 1,
		2 * BITS, UINT64_C(1) << 32, UINT64_C(1) << 60};

	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		const uint64_t top = BITS + jumps[i];
		const uint64_t first = top - WINDOW > BITS ? top - WINDOW : BITS + 1;

		start();
		accept_all(0, BITS);
		accept(top);
		if (first < top) {
			accept_all(first, top - 1);
		}
		refuse(first - 1);
		refuse(top);
	}
}

Test(replay, the_limit_holds_on_a_fresh_window)
{
	refuse(REJECT);
	refuse(UINT64_MAX);
	refuse(UINT64_MAX - 1);
	accept(REJECT - 1);
	accept(REJECT - 1 - WINDOW);
	refuse(REJECT - 2 - WINDOW);
}

Test(replay, the_top_is_one_past_the_highest)
{
	cr_expect_eq(replay.top, 0);
	accept(0);
	cr_expect_eq(replay.top, 1);
	accept(500);
	accept(499);
	cr_expect_eq(replay.top, 501);
}

/* A refused counter must not move the window. */
Test(replay, a_refusal_changes_nothing)
{
	struct mv_replay before;

	accept_all(0, 3 * WINDOW);
	before = replay;
	refuse(REJECT);
	refuse(3 * WINDOW);
	refuse(5);
	cr_expect_arr_eq(&replay, &before, sizeof(replay));
}

/* The same rule in the plainest form: a list of everything seen. */
#define MODEL_COUNTERS 200000

static bool model_accept(bool *seen, uint64_t *top, uint64_t counter)
{
	if (seen[counter] || counter + 1 + WINDOW < *top) {
		return false;
	}
	seen[counter] = true;
	if (counter + 1 > *top) {
		*top = counter + 1;
	}
	return true;
}

Test(replay, agrees_with_a_list_of_all_counters)
{
	static bool seen[MODEL_COUNTERS];
	uint64_t top = 0, refused = 0;

	srandom(1);
	while (top + 3 * WINDOW < MODEL_COUNTERS) {
		const uint64_t reach = random() % 50 == 0 ? 2 * WINDOW : WINDOW / 4;
		const uint64_t ahead = top + (uint64_t)random() % 8;
		const uint64_t behind = (uint64_t)random() % (reach + 200);
		const uint64_t counter = random() % 1000 == 0 ? top + behind
					 : ahead > behind     ? ahead - behind
							      : 0;
		const bool wanted = model_accept(seen, &top, counter);

		refused += !wanted;
		cr_assert_eq(mv_replay_accept(&replay, counter), wanted, "%llu, top %llu",
			(unsigned long long)counter, (unsigned long long)top);
	}
	cr_expect_gt(refused, 1000);
}
