#include "tunnel/slab.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * These three stand in for libsodium's: they note what the slab asks for, and refuse to lock when a
 * test wants that, also for root and under a sanitizer (which makes mlock do nothing).
 */
struct range {
	const uint8_t *start;
	size_t bytes;
};

static struct range locked[64], wiped[64];
static size_t locked_count, wiped_count;
static bool refuse_to_lock;

static void note(struct range list[static 64], size_t *count, const void *start, size_t bytes)
{
	cr_assert_lt(*count, 64);
	list[(*count)++] = (struct range){start, bytes};
}

static bool is_within(const struct range *list, size_t count, const void *item, size_t bytes)
{
	const uint8_t *start = item;

	for (size_t i = 0; i < count; i++) {
		if (start >= list[i].start && start + bytes <= list[i].start + list[i].bytes) {
			return true;
		}
	}
	return false;
}

void sodium_memzero(void *start, size_t bytes)
{
	note(wiped, &wiped_count, start, bytes);
	explicit_bzero(start, bytes);
}

int sodium_mlock(void *start, size_t bytes)
{
	if (refuse_to_lock) {
		return -1;
	}
	note(locked, &locked_count, start, bytes);
	return 0;
}

int sodium_munlock(void *start, size_t bytes)
{
	sodium_memzero(start, bytes);
	return 0;
}

struct item {
	uint64_t words[12];
};

static bool is_zero(const struct item *item)
{
	return sodium_is_zero((const unsigned char *)item, sizeof(*item)) == 1;
}

static struct item *alloc(struct mv_slab *slab, uint32_t *slot)
{
	struct item *item = mv_slab_alloc(slab, slot);

	cr_assert_not_null(item);
	cr_assert(is_zero(item));
	memset(item, 0xa5, sizeof(*item));
	cr_assert_not(is_zero(item));
	return item;
}

Test(slab, gives_what_is_reserved_and_not_more)
{
	struct mv_slab slab;
	uint32_t slot = 77;
	size_t capacity;

	mv_slab_init(&slab, sizeof(struct item), MV_SLAB_PLAIN);
	cr_assert_null(mv_slab_alloc(&slab, &slot));
	cr_assert_eq(mv_slab_reserve(&slab, 0), 0);
	cr_assert_null(mv_slab_alloc(&slab, &slot));
	cr_assert_eq(slot, 77);

	cr_assert_eq(mv_slab_reserve(&slab, 1000), 0);
	capacity = mv_slab_capacity(&slab);
	cr_assert_geq(capacity, 1000);
	for (uint32_t i = 0; i < capacity; i++) {
		alloc(&slab, &slot);
		cr_assert_eq(slot, i, "a new slab gives its slots in ascending order");
	}
	cr_assert_null(mv_slab_alloc(&slab, &slot));
	cr_assert_eq(mv_slab_capacity(&slab), capacity);

	cr_assert_eq(mv_slab_reserve(&slab, 1), 0);
	cr_assert_gt(mv_slab_capacity(&slab), capacity);
	alloc(&slab, &slot);
	mv_slab_uninit(&slab);
}

Test(slab, reserving_again_counts_what_is_free)
{
	struct mv_slab slab;
	size_t capacity;
	uint32_t slot;

	mv_slab_init(&slab, sizeof(struct item), MV_SLAB_PLAIN);
	cr_assert_eq(mv_slab_reserve(&slab, 10), 0);
	capacity = mv_slab_capacity(&slab);
	cr_assert_eq(mv_slab_reserve(&slab, capacity), 0);
	cr_assert_eq(mv_slab_capacity(&slab), capacity);
	alloc(&slab, &slot);
	mv_slab_free(&slab, slot);
	cr_assert_eq(mv_slab_reserve(&slab, capacity), 0);
	cr_assert_eq(mv_slab_capacity(&slab), capacity);
	alloc(&slab, &slot);
	cr_assert_eq(mv_slab_reserve(&slab, capacity), 0);
	cr_assert_gt(mv_slab_capacity(&slab), capacity);
	mv_slab_uninit(&slab);
}

Test(slab, refuses_more_than_there_are_slots)
{
	struct mv_slab slab;
	uint32_t slot;

	mv_slab_init(&slab, sizeof(struct item), MV_SLAB_PLAIN);
	cr_assert_eq(mv_slab_reserve(&slab, 1), 0);
	alloc(&slab, &slot);
	cr_assert_eq(mv_slab_reserve(&slab, SIZE_MAX), -ENOMEM);
	cr_assert_eq(mv_slab_reserve(&slab, MV_SLOT_NONE), -ENOMEM);
	cr_assert_not_null(mv_slab_at(&slab, slot));
	cr_assert_not_null(mv_slab_alloc(&slab, &slot));
	mv_slab_uninit(&slab);
}

Test(slab, addresses_stay_and_items_lie_in_cache_lines)
{
	enum { COUNT = 3000 };
	static uint8_t *items[COUNT];
	struct mv_slab slab;
	uint32_t slot;

	mv_slab_init(&slab, 64, MV_SLAB_PLAIN);
	for (uint32_t i = 0; i < COUNT; i++) {
		cr_assert_eq(mv_slab_reserve(&slab, 1), 0);
		items[i] = mv_slab_alloc(&slab, &slot);
		cr_assert_eq((uintptr_t)items[i] % 64, 0);
		memset(items[i], (int)(i % 251), 64);
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		cr_assert_eq(mv_slab_at(&slab, i), items[i]);
		cr_assert_eq(items[i][0], i % 251);
		cr_assert_eq(items[i][63], i % 251);
	}
	mv_slab_uninit(&slab);
}

Test(slab, an_item_may_be_larger_than_a_chunk)
{
	enum { BYTES = 100000 };
	struct mv_slab slab;
	uint8_t *items[3];
	uint32_t slot;

	mv_slab_init(&slab, BYTES, MV_SLAB_PLAIN);
	cr_assert_eq(mv_slab_reserve(&slab, 3), 0);
	cr_assert_eq(mv_slab_capacity(&slab), 3);
	for (int i = 0; i < 3; i++) {
		items[i] = mv_slab_alloc(&slab, &slot);
		memset(items[i], i + 1, BYTES);
	}
	for (int i = 0; i < 3; i++) {
		cr_assert(items[i][0] == i + 1 && items[i][BYTES - 1] == i + 1);
	}
	mv_slab_uninit(&slab);
}

Test(slab, freeing_wipes_and_ends_the_generation)
{
	struct mv_slab slab;
	struct item *item, *other;
	uint32_t slot, other_slot, generation, other_generation;

	mv_slab_init(&slab, sizeof(struct item), MV_SLAB_PLAIN);
	cr_assert_eq(mv_slab_reserve(&slab, 2), 0);
	item = alloc(&slab, &slot);
	other = alloc(&slab, &other_slot);
	generation = mv_slab_generation(&slab, slot);
	other_generation = mv_slab_generation(&slab, other_slot);
	cr_assert_eq(mv_slab_at(&slab, slot), item);

	mv_slab_free(&slab, slot);
	cr_assert(is_zero(item));
	cr_assert(is_within(wiped, wiped_count, item, sizeof(*item)));
	cr_assert_null(mv_slab_at(&slab, slot));
	cr_assert_neq(mv_slab_generation(&slab, slot), generation);
	cr_assert_not(is_zero(other), "only the item itself is wiped");
	cr_assert_eq(mv_slab_generation(&slab, other_slot), other_generation);
	mv_slab_uninit(&slab);
}

Test(slab, a_freed_slot_comes_back_last_and_as_another_generation)
{
	struct mv_slab slab;
	uint32_t slot, generation;
	size_t capacity;

	mv_slab_init(&slab, sizeof(struct item), MV_SLAB_PLAIN);
	cr_assert_eq(mv_slab_reserve(&slab, 1), 0);
	capacity = mv_slab_capacity(&slab);
	alloc(&slab, &slot);
	generation = mv_slab_generation(&slab, 0);
	mv_slab_free(&slab, 0);
	for (size_t i = 1; i < capacity; i++) {
		alloc(&slab, &slot);
		cr_assert_eq(slot, i);
	}
	alloc(&slab, &slot);
	cr_assert_eq(slot, 0);
	cr_assert_neq(mv_slab_generation(&slab, 0), generation);
	mv_slab_uninit(&slab);
}

Test(slab, knows_which_slots_are_in_use)
{
	struct mv_slab slab;
	uint32_t slot;

	mv_slab_init(&slab, sizeof(struct item), MV_SLAB_PLAIN);
	cr_assert_null(mv_slab_at(&slab, 0));
	cr_assert_eq(mv_slab_reserve(&slab, 1), 0);
	cr_assert_null(mv_slab_at(&slab, 0));
	alloc(&slab, &slot);
	cr_assert_not_null(mv_slab_at(&slab, 0));
	cr_assert_null(mv_slab_at(&slab, 1));
	cr_assert_null(mv_slab_at(&slab, (uint32_t)mv_slab_capacity(&slab)));
	cr_assert_null(mv_slab_at(&slab, MV_SLOT_NONE));
	mv_slab_uninit(&slab);
}

Test(slab, walks_over_every_used_slot)
{
	struct mv_slab slab;
	uint32_t slot, seen = 0;

	mv_slab_init(&slab, sizeof(struct item), MV_SLAB_PLAIN);
	cr_assert_eq(mv_slab_reserve(&slab, 1000), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		alloc(&slab, &slot);
	}
	for (slot = MV_SLOT_NONE; mv_slab_next(&slab, &slot); seen++) {
		cr_assert_eq(slot, seen);
	}
	cr_assert_eq(seen, 1000);
	mv_slab_uninit(&slab);
}

Test(slab, walks_in_slot_order_while_items_are_freed)
{
	struct mv_slab slab;
	uint32_t slot, seen = 0;
	size_t capacity;

	mv_slab_init(&slab, sizeof(struct item), MV_SLAB_PLAIN);
	slot = MV_SLOT_NONE;
	cr_assert_null(mv_slab_next(&slab, &slot));
	cr_assert_eq(mv_slab_reserve(&slab, 1000), 0);
	slot = MV_SLOT_NONE;
	cr_assert_null(mv_slab_next(&slab, &slot));

	capacity = mv_slab_capacity(&slab);
	for (size_t i = 0; i < capacity; i++) {
		alloc(&slab, &slot);
	}
	for (slot = 0; slot < capacity; slot++) {
		if (slot % 7 != 3) {
			mv_slab_free(&slab, slot);
		}
		wiped_count = 0;
	}
	slot = MV_SLOT_NONE;
	for (struct item *item; (item = mv_slab_next(&slab, &slot)); seen++) {
		cr_assert_eq(slot, 7 * seen + 3);
		cr_assert_eq(item, mv_slab_at(&slab, slot));
		mv_slab_free(&slab, slot);
		wiped_count = 0;
	}
	cr_assert_eq(seen, (capacity + 3) / 7);
	slot = MV_SLOT_NONE;
	cr_assert_null(mv_slab_next(&slab, &slot));
	mv_slab_uninit(&slab);
}

Test(slab, uninit_wipes_everything)
{
	struct mv_slab slab;
	const struct item *items[3];
	uint32_t slot;

	for (enum mv_slab_kind kind = MV_SLAB_PLAIN; kind <= MV_SLAB_LOCKED; kind++) {
		mv_slab_init(&slab, sizeof(struct item), kind);
		cr_assert_eq(mv_slab_reserve(&slab, 400), 0);
		for (size_t i = 0; i < 3; i++) {
			items[i] = alloc(&slab, &slot);
			for (size_t skipped = 0; skipped < 130; skipped++) {
				alloc(&slab, &slot);
			}
		}
		for (size_t i = 0; i < 3; i++) {
			cr_assert_not(is_within(wiped, wiped_count, items[i], sizeof(**items)));
		}
		mv_slab_uninit(&slab);
		for (size_t i = 0; i < 3; i++) {
			cr_assert(is_within(wiped, wiped_count, items[i], sizeof(**items)));
		}
		wiped_count = 0;

		cr_assert_eq(mv_slab_capacity(&slab), 0, "it can be used again");
		cr_assert_eq(mv_slab_reserve(&slab, 1), 0);
		alloc(&slab, &slot);
		mv_slab_uninit(&slab);
		wiped_count = 0;
	}
}

Test(slab, locks_whole_pages_of_its_own)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct mv_slab slab;
	uint32_t slot;

	mv_slab_init(&slab, sizeof(struct item), MV_SLAB_LOCKED);
	cr_assert_eq(mv_slab_reserve(&slab, 1000), 0);
	cr_assert_gt(locked_count, 1);
	for (size_t i = 0; i < locked_count; i++) {
		cr_assert_eq((uintptr_t)locked[i].start % page, 0);
		cr_assert_eq(locked[i].bytes % page, 0);
	}
	for (size_t i = 0; i < mv_slab_capacity(&slab); i++) {
		const struct item *item = alloc(&slab, &slot);

		cr_assert(is_within(locked, locked_count, item, sizeof(*item)));
	}
	cr_assert_not(mv_slab_lock_refused(&slab));
	mv_slab_uninit(&slab);
}

Test(slab, a_plain_one_locks_nothing)
{
	struct mv_slab slab;

	mv_slab_init(&slab, sizeof(struct item), MV_SLAB_PLAIN);
	cr_assert_eq(mv_slab_reserve(&slab, 1000), 0);
	cr_assert_eq(locked_count, 0);
	mv_slab_uninit(&slab);
}

Test(slab, remembers_that_a_lock_was_refused_and_works_on)
{
	struct mv_slab slab;
	uint32_t slot;

	mv_slab_init(&slab, sizeof(struct item), MV_SLAB_LOCKED);
	refuse_to_lock = true;
	cr_assert_eq(mv_slab_reserve(&slab, 1), 0);
	cr_assert(mv_slab_lock_refused(&slab));
	refuse_to_lock = false;
	cr_assert_eq(mv_slab_reserve(&slab, 1000), 0);
	cr_assert(mv_slab_lock_refused(&slab));
	alloc(&slab, &slot);
	mv_slab_uninit(&slab);
}

Test(slab, agrees_with_a_reference_over_random_operations)
{
	enum { SLOTS = 4096, STEPS = 200000 };
	static uint64_t expected[SLOTS]; /* 0: not in use */
	unsigned short seed[3] = {1, 2, 3};
	struct mv_slab slab;
	uint32_t used = 0;

	mv_slab_init(&slab, sizeof(uint64_t), MV_SLAB_PLAIN);
	cr_assert_eq(mv_slab_reserve(&slab, SLOTS), 0);
	cr_assert_eq(mv_slab_capacity(&slab), SLOTS);
	for (uint64_t step = 1; step <= STEPS; step++) {
		uint32_t slot = (uint32_t)jrand48(seed) % SLOTS;
		uint64_t *item = mv_slab_at(&slab, slot);

		cr_assert_eq(item ? *item : 0, expected[slot]);
		if (item) {
			mv_slab_free(&slab, slot);
			expected[slot] = 0;
			used--;
		} else {
			item = mv_slab_alloc(&slab, &slot);
			cr_assert_eq(expected[slot], 0);
			cr_assert_eq(*item, 0);
			*item = expected[slot] = step;
			used++;
		}
		cr_assert_eq(slab.used, used);
		wiped_count = 0;
	}
	mv_slab_uninit(&slab);
}
