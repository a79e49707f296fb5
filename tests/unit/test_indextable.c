#include "tunnel/indextable.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

static struct mv_indextable table;

static void setup(void)
{
	mv_indextable_init(&table);
}

static void teardown(void)
{
	mv_indextable_uninit(&table);
}

TestSuite(indextable, .init = setup, .fini = teardown);

static void expect(uint32_t index, enum mv_index_kind kind, uint32_t peer)
{
	const struct mv_index_entry *entry = mv_indextable_find(&table, index);

	cr_assert_not_null(entry);
	cr_assert_eq(entry->index, index);
	cr_assert_eq(entry->kind, kind);
	cr_assert_eq(entry->peer, peer);
}

static void insert(uint32_t index, uint32_t peer)
{
	cr_assert(mv_indextable_insert(&table, index, MV_INDEX_HANDSHAKE, peer));
}

Test(indextable, nothing_is_found_in_an_empty_one)
{
	cr_assert_null(mv_indextable_find(&table, 0));
	mv_indextable_remove(&table, 0);
	cr_assert_eq(mv_indextable_reserve(&table, 0), 0);
	cr_assert_null(mv_indextable_find(&table, 0));
	cr_assert_eq(mv_indextable_reserve(&table, 1), 0);
	cr_assert_null(mv_indextable_find(&table, 0));
	cr_assert_null(mv_indextable_find(&table, UINT32_MAX));
	mv_indextable_remove(&table, 0);
	cr_assert_eq(table.count, 0);
}

Test(indextable, zero_is_an_index_like_any_other)
{
	cr_assert_eq(mv_indextable_reserve(&table, 1), 0);
	insert(0, 0);
	expect(0, MV_INDEX_HANDSHAKE, 0);
	cr_assert_not(mv_indextable_insert(&table, 0, MV_INDEX_KEYPAIR, 1));
	insert(UINT32_MAX, 9);
	expect(UINT32_MAX, MV_INDEX_HANDSHAKE, 9);
	mv_indextable_remove(&table, 0);
	cr_assert_null(mv_indextable_find(&table, 0));
	expect(UINT32_MAX, MV_INDEX_HANDSHAKE, 9);
}

Test(indextable, a_taken_index_is_refused)
{
	cr_assert_eq(mv_indextable_reserve(&table, 1), 0);
	insert(0x1234, 5);
	cr_assert_not(mv_indextable_insert(&table, 0x1234, MV_INDEX_KEYPAIR, 6));
	expect(0x1234, MV_INDEX_HANDSHAKE, 5);
	cr_assert_eq(table.count, 1);
	mv_indextable_remove(&table, 0x1234);
	cr_assert(mv_indextable_insert(&table, 0x1234, MV_INDEX_KEYPAIR, 6));
	expect(0x1234, MV_INDEX_KEYPAIR, 6);
}

Test(indextable, a_handshake_becomes_its_keypair)
{
	cr_assert_eq(mv_indextable_reserve(&table, 1), 0);
	insert(8, 3);
	insert(16, 4);
	mv_indextable_replace(&table, 8, MV_INDEX_KEYPAIR);
	expect(8, MV_INDEX_KEYPAIR, 3);
	expect(16, MV_INDEX_HANDSHAKE, 4);
	cr_assert_eq(table.count, 2);
}

Test(indextable, all_indices_of_all_peers_fit)
{
	const uint32_t peers = 1000, indices = MV_INDICES_PER_PEER * peers;

	cr_assert_eq(mv_indextable_reserve(&table, peers), 0);
	cr_assert_geq(table.capacity / 2, indices);
	for (uint32_t i = 0; i < indices; i++) {
		insert(i * 2654435761, i / MV_INDICES_PER_PEER);
	}
	for (uint32_t i = 0; i < indices; i++) {
		expect(i * 2654435761, MV_INDEX_HANDSHAKE, i / MV_INDICES_PER_PEER);
	}
}

Test(indextable, reserving_keeps_the_entries_and_never_shrinks)
{
	size_t capacity;

	cr_assert_eq(mv_indextable_reserve(&table, 1), 0);
	for (uint32_t i = 0; i < MV_INDICES_PER_PEER; i++) {
		insert(0x80 * i, i);
	}
	mv_indextable_replace(&table, 0x80, MV_INDEX_KEYPAIR);
	cr_assert_eq(mv_indextable_reserve(&table, 100), 0);
	capacity = table.capacity;
	for (uint32_t i = 0; i < MV_INDICES_PER_PEER; i++) {
		expect(0x80 * i, i == 1 ? MV_INDEX_KEYPAIR : MV_INDEX_HANDSHAKE, i);
	}
	cr_assert_eq(table.count, MV_INDICES_PER_PEER);
	cr_assert_eq(mv_indextable_reserve(&table, 1), 0);
	cr_assert_eq(table.capacity, capacity);
}

Test(indextable, too_many_peers_leave_it_as_it_was)
{
	cr_assert_eq(mv_indextable_reserve(&table, 1), 0);
	insert(1, 2);
	cr_assert_eq(mv_indextable_reserve(&table, SIZE_MAX), -ENOMEM);
	expect(1, MV_INDEX_HANDSHAKE, 2);
}

/*
 * Every removal from every full row of entries, wherever it lies: homes h, h or h + 1, ..., round
 * the end of the table. The rest must still be found, and the table must be clean afterwards.
 */
Test(indextable, a_removal_leaves_no_hole_in_any_row)
{
	cr_assert_eq(mv_indextable_reserve(&table, 2), 0);
	cr_assert_eq(table.capacity, 16);
	for (unsigned code = 0; code < 16 * 6561; code++) {
		uint32_t indices[8];
		unsigned rest = code / 16;

		for (uint32_t i = 0; i < 8; i++, rest /= 3) {
			indices[i] = (code % 16 + rest % 3 * 2) % 16 + 16 * i;
			insert(indices[i], i);
		}
		for (uint32_t removed = 0; removed < 8; removed++) {
			mv_indextable_remove(&table, indices[removed * 3 % 8]);
			for (uint32_t i = 0; i < 8; i++) {
				bool found = mv_indextable_find(&table, indices[i * 3 % 8]);

				cr_assert_eq(found, i > removed);
			}
		}
		cr_assert_eq(table.count, 0);
		for (size_t i = 0; i < table.capacity; i++) {
			cr_assert_not(table.entries[i].used);
		}
	}
}

enum { KEYS = 4096 };

struct reference {
	uint32_t index, peer;
	uint8_t kind;
	bool used;
};

/* A quarter of the keys crowd at the end of any table, and so go on at its beginning. */
static void make_keys(struct reference keys[static KEYS], unsigned short seed[static 3])
{
	for (uint32_t i = 0; i < KEYS; i++) {
		keys[i].index = (uint32_t)jrand48(seed);
		if (i % 4 == 0) {
			keys[i].index = (i << 18) | 0x3fffe | (keys[i].index & 1);
		}
	}
	keys[1].index = 0;
}

static void compare(const struct reference *key)
{
	if (key->used) {
		expect(key->index, key->kind, key->peer);
	} else {
		cr_assert_null(mv_indextable_find(&table, key->index));
	}
}

static void step(struct reference *key, uint32_t random)
{
	if (!key->used && table.count < table.capacity / 2) {
		key->kind = random & 1;
		key->peer = random;
		key->used = true;
		cr_assert(mv_indextable_insert(&table, key->index, key->kind, key->peer));
	} else if (key->used && random % 4 == 0) {
		cr_assert_not_null(mv_indextable_find(&table, key->index));
		key->kind = !key->kind;
		mv_indextable_replace(&table, key->index, key->kind);
	} else {
		key->used = false;
		mv_indextable_remove(&table, key->index);
	}
	compare(key);
}

Test(indextable, agrees_with_a_reference_over_a_million_random_operations)
{
	static struct reference keys[KEYS];
	unsigned short seed[3] = {4, 5, 6};

	make_keys(keys, seed);
	cr_assert_eq(mv_indextable_reserve(&table, 100), 0);
	for (uint32_t i = 0; i < 1000000; i++) {
		struct reference *key = &keys[(uint32_t)jrand48(seed) % KEYS];
		size_t used = 0;

		if (i == 500000) {
			cr_assert_eq(mv_indextable_reserve(&table, 400), 0);
		}
		step(key, (uint32_t)jrand48(seed));
		if (i % 5000 != 0) {
			continue;
		}
		for (uint32_t k = 0; k < KEYS; k++) {
			compare(&keys[k]);
			used += keys[k].used;
		}
		cr_assert_eq(table.count, used);
	}
}
