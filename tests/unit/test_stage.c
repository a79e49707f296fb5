#include "tunnel/stage.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#define BLOCKS 1024 /* of the pool */

static struct mv_stage_pool pool;
static struct mv_stage stage;

static void setup(void)
{
	cr_assert_eq(mv_stage_pool_init(&pool), 0);
}

static void teardown(void)
{
	mv_stage_pool_uninit(&pool);
}

TestSuite(stage, .init = setup, .fini = teardown);

/* How many packets had to give way for it. */
static size_t push(struct mv_stage *queue, size_t len, uint8_t byte)
{
	static uint8_t packet[65535];
	struct mv_stage *victim;
	size_t lost = 0;

	memset(packet, byte, len);
	while ((victim = mv_stage_victim(&pool, queue, len))) {
		mv_stage_pop(&pool, victim, NULL);
		lost++;
	}
	mv_stage_push(&pool, queue, packet, len);
	return lost;
}

/* The oldest is of this length and these bytes, and what lies behind it stays as it was. */
static void pop(struct mv_stage *queue, size_t len, uint8_t byte)
{
	static uint8_t packet[65536];

	memset(packet, 0xcc, sizeof packet);
	cr_assert_eq(mv_stage_first_len(queue), len);
	mv_stage_pop(&pool, queue, packet);
	for (size_t i = 0; i < len; i++) {
		cr_assert_eq(packet[i], byte);
	}
	cr_assert_eq(packet[len], 0xcc);
}

Test(stage, first_in_first_out)
{
	for (uint8_t i = 0; i < 10; i++) {
		cr_expect_eq(push(&stage, 100 + i, i), 0);
	}
	cr_expect_eq(stage.count, 10);
	for (uint8_t i = 0; i < 10; i++) {
		pop(&stage, 100 + i, i);
	}
	cr_expect_eq(stage.count, 0);
	cr_expect_eq(pool.free_count, BLOCKS);
}

Test(stage, emptied_it_can_be_filled_again)
{
	push(&stage, 50, 1);
	pop(&stage, 50, 1);
	push(&stage, 60, 2);
	push(&stage, 70, 3);
	pop(&stage, 60, 2);
	pop(&stage, 70, 3);
	cr_expect_null(stage.first);
	cr_expect_null(stage.last);
}

Test(stage, packets_of_every_size_come_back_whole)
{
	const size_t lens[] = {0, 1, 1500, 2023, 2024, 2025, 2048, 4048, 4049, 9000, 65535};

	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		cr_expect_eq(push(&stage, lens[i], (uint8_t)(i + 1)), 0);
	}
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		pop(&stage, lens[i], (uint8_t)(i + 1));
	}
	cr_expect_eq(pool.free_count, BLOCKS);
}

Test(stage, beyond_128_the_oldest_is_lost)
{
	for (unsigned i = 0; i < MV_STAGED_PACKETS_MAX; i++) {
		cr_assert_eq(push(&stage, 100, (uint8_t)i), 0);
	}
	cr_expect_eq(push(&stage, 100, 200), 1);
	cr_expect_eq(push(&stage, 100, 201), 1);
	cr_expect_eq(stage.count, MV_STAGED_PACKETS_MAX);
	for (unsigned i = 2; i < MV_STAGED_PACKETS_MAX; i++) {
		pop(&stage, 100, (uint8_t)i);
	}
	pop(&stage, 100, 200);
	pop(&stage, 100, 201);
}

Test(stage, thrown_away_it_gives_its_blocks_back)
{
	push(&stage, 65535, 1);
	cr_assert_lt(pool.free_count, BLOCKS);
	mv_stage_pop(&pool, &stage, NULL);
	cr_expect_eq(pool.free_count, BLOCKS);
	cr_expect_eq(stage.count, 0);
}

/* Each has one packet waiting. The newest comer finds room, and the oldest of all gives way. */
Test(stage, thousands_of_dead_peers_do_not_use_up_the_pool)
{
	static struct mv_stage dead[3000];

	for (size_t i = 0; i < 3000; i++) {
		cr_assert_eq(push(&dead[i], 100, 1), i < BLOCKS ? 0 : 1);
	}
	cr_expect_eq(pool.free_count, 0);
	cr_expect_eq(dead[3000 - BLOCKS - 1].count, 0);
	cr_expect_eq(dead[3000 - BLOCKS].count, 1);

	cr_expect_eq(push(&stage, 100, 2), 1);
	cr_expect_eq(dead[3000 - BLOCKS].count, 0);
	pop(&stage, 100, 2);
}

/* Those that want much, want it from themselves. */
Test(stage, greedy_peers_leave_the_others_alone)
{
	static struct mv_stage greedy[4];
	struct mv_stage modest = {0};

	push(&modest, 100, 9);
	for (size_t i = 0; i < (size_t)4 * MV_STAGED_PACKETS_MAX; i++) {
		for (size_t k = 0; k < 4; k++) {
			push(&greedy[k], 1500, 1);
		}
	}
	for (size_t k = 0; k < 4; k++) {
		cr_expect_eq(greedy[k].count, MV_STAGED_PACKETS_MAX);
	}
	pop(&modest, 100, 9);
}

Test(stage, one_queue_of_large_packets_takes_only_its_own_place)
{
	struct mv_stage other = {0};
	size_t lost = 0;

	push(&other, 100, 9);
	for (unsigned i = 0; i < 64; i++) {
		lost += push(&stage, 65535, (uint8_t)i);
	}
	cr_expect_gt(stage.count, 1);
	cr_expect_eq(stage.count + lost, 64);
	cr_expect_eq(other.count, 1);
	pop(&other, 100, 9);
	pop(&stage, 65535, (uint8_t)lost);
}

Test(stage, a_large_packet_makes_as_many_give_way_as_it_needs)
{
	static struct mv_stage others[BLOCKS];

	for (size_t i = 0; i < BLOCKS; i++) {
		push(&others[i], 100, 1);
	}
	size_t lost = push(&stage, 65535, 2);
	cr_expect_eq(lost, 33);
	cr_expect_eq(others[32].count, 0);
	cr_expect_eq(others[33].count, 1);
	pop(&stage, 65535, 2);
	cr_expect_eq(pool.free_count, 33);
}

static bool holds(uint8_t byte)
{
	const uint8_t *memory = (const uint8_t *)pool.blocks;
	size_t run = 0;

	for (size_t i = 0; i < pool.touched_count * (size_t)2048 && run < 64; i++) {
		run = memory[i] == byte ? run + 1 : 0;
	}
	return run == 64;
}

Test(stage, no_packet_stays_behind_in_free_memory)
{
	push(&stage, 1500, 0xa5);
	push(&stage, 9000, 0xa5);
	cr_assert(holds(0xa5));
	mv_stage_pop(&pool, &stage, NULL);
	mv_stage_pop(&pool, &stage, NULL);
	cr_expect_not(holds(0xa5));
}

Test(stage, blocks_are_used_again_before_untouched_ones)
{
	for (unsigned i = 0; i < 1000; i++) {
		push(&stage, 100, 1);
		pop(&stage, 100, 1);
	}
	cr_expect_eq(pool.touched_count, 1);
}
