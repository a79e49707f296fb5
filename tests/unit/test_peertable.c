#include "tunnel/peertable.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define PEERS 500

static struct mv_peertable table;
static struct mv_peer *peers;
static struct mv_peer_secrets *secrets;

static void setup(void)
{
	mv_peertable_init(&table);
	peers = calloc(PEERS, sizeof *peers);
	secrets = calloc(PEERS, sizeof *secrets);
	cr_assert(peers && secrets);
	for (size_t i = 0; i < PEERS; i++) {
		peers[i].secrets = &secrets[i];
	}
}

static void teardown(void)
{
	mv_peertable_uninit(&table);
	free(secrets);
	free(peers);
}

TestSuite(peertable, .init = setup, .fini = teardown);

/* The public key that is `home` where the table looks first, and i behind it. */
static const uint8_t *make_key(size_t i, uint64_t home)
{
	uint8_t *key = secrets[i].remote.public_key;

	mv_store_le64(key, home);
	mv_store_le64(key + 24, i);
	return key;
}

static void insert(size_t i, uint64_t home)
{
	make_key(i, home);
	mv_peertable_insert(&table, &peers[i]);
}

static struct mv_peer *find(size_t i)
{
	return mv_peertable_find(&table, secrets[i].remote.public_key);
}

Test(peertable, nothing_is_found_in_an_empty_one)
{
	cr_expect_null(mv_peertable_find(&table, make_key(0, 0)));
	cr_assert_eq(mv_peertable_reserve(&table, 1), 0);
	cr_expect_null(mv_peertable_find(&table, make_key(0, 0)));
}

Test(peertable, keys_that_differ_in_the_last_bit_are_two_peers)
{
	cr_assert_eq(mv_peertable_reserve(&table, 2), 0);
	insert(0, 5);
	make_key(1, 5);
	secrets[1].remote.public_key[24] = 0;
	secrets[1].remote.public_key[31] = 0x80;
	cr_expect_null(find(1));
	mv_peertable_insert(&table, &peers[1]);
	cr_expect_eq(find(0), &peers[0]);
	cr_expect_eq(find(1), &peers[1]);
	cr_expect_eq(table.count, 2);
}

Test(peertable, all_zero_is_a_key_like_any_other)
{
	cr_assert_eq(mv_peertable_reserve(&table, 1), 0);
	insert(0, 0);
	cr_expect_eq(mv_peertable_find(&table, (uint8_t[MV_KEY_LEN]){0}), &peers[0]);
}

Test(peertable, growing_keeps_all)
{
	for (size_t i = 0; i < PEERS; i++) {
		cr_assert_eq(mv_peertable_reserve(&table, i + 1), 0);
		insert(i, i * UINT64_C(0x9e3779b97f4a7c15));
		cr_assert_leq(2 * table.count, table.capacity);
	}
	for (size_t i = 0; i < PEERS; i++) {
		cr_assert_eq(find(i), &peers[i]);
	}
}

Test(peertable, reserving_less_changes_nothing)
{
	cr_assert_eq(mv_peertable_reserve(&table, 100), 0);
	size_t capacity = table.capacity;
	struct mv_peer **entries = table.entries;

	cr_assert_eq(mv_peertable_reserve(&table, 1), 0);
	cr_expect_eq(table.capacity, capacity);
	cr_expect_eq(table.entries, entries);
}

Test(peertable, no_memory_leaves_the_table_as_it_was)
{
	cr_assert_eq(mv_peertable_reserve(&table, 1), 0);
	insert(0, 3);
	cr_expect_eq(mv_peertable_reserve(&table, SIZE_MAX), -ENOMEM);
	cr_expect_eq(find(0), &peers[0]);
	cr_expect_eq(table.count, 1);
}

/* All in one run that goes over the end of the memory; each hole must be closed. */
Test(peertable, removing_from_a_run_loses_no_other)
{
	for (size_t removed = 0; removed < 8; removed++) {
		cr_assert_eq(mv_peertable_reserve(&table, 8), 0);
		for (size_t i = 0; i < 8; i++) {
			insert(i, i % 2 == 0 ? 13 : 14);
		}
		mv_peertable_remove(&table, &peers[removed]);
		for (size_t i = 0; i < 8; i++) {
			cr_expect_eq(find(i), i == removed ? NULL : &peers[i]);
		}
		cr_expect_eq(table.count, 7);
		mv_peertable_uninit(&table);
	}
}

Test(peertable, agrees_with_a_list_over_many_changes)
{
	bool present[PEERS] = {false};
	uint64_t random = 1;

	cr_assert_eq(mv_peertable_reserve(&table, PEERS), 0);
	for (size_t step = 0; step < 20000; step++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		size_t i = (random >> 33) % PEERS;

		if (present[i]) {
			mv_peertable_remove(&table, &peers[i]);
		} else {
			insert(i, i % 16); /* much collides */
		}
		present[i] = !present[i];
		size_t other = (random >> 45) % PEERS;
		make_key(other, other % 16);
		cr_assert_eq(find(other), present[other] ? &peers[other] : NULL);
	}
}
