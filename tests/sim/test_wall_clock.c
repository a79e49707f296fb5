/*
 * A wall clock that is set: a peer takes an initiation only if its timestamp is later than all
 * before, so the timestamps of a device go up whatever its clock does.
 */
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "proto/messages.h"
#include "proto/tai64n.h"
#include "tunnel/timestamps.h"
#include "world.h"

#define S       MV_NS_PER_S
#define HOUR    3600
#define CENTURY (INT64_C(100) * 365 * 24 * HOUR)

static struct world *world;

static void setup(void)
{
	world = world_create(3, NULL);
	world_connect(world, NULL, 0);
}

static void teardown(void)
{
	world_destroy(world);
}

TestSuite(wall_clock, .init = setup, .fini = teardown);

/* A new handshake, with both sides' consent. */
static void expect_handshake(void)
{
	uint64_t responses = world_sent(world, 1, MV_MESSAGE_RESPONSE);
	uint64_t delivered = world_delivered(world, 1);

	world_run_for(world, 181 * S);
	world_ping(world, 0, 1);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_RESPONSE), responses + 1);
	cr_expect_eq(world_delivered(world, 1), delivered + 1);
	cr_expect_eq(world_drops(world, 1, MV_DROP_OLD_TIMESTAMP), 0);
}

static void read_timestamp(uint8_t timestamp[static MV_TIMESTAMP_LEN])
{
	memcpy(timestamp, world_peer(world, 1, 0)->latest_timestamp, MV_TIMESTAMP_LEN);
}

Test(wall_clock, set_back_by_an_hour)
{
	uint8_t before[MV_TIMESTAMP_LEN], after[MV_TIMESTAMP_LEN];

	world_ping(world, 0, 1);
	read_timestamp(before);
	world_step_wall_clock(world, -HOUR);
	expect_handshake();
	read_timestamp(after);
	cr_expect_gt(memcmp(after, before, sizeof(after)), 0);
	cr_expect_lt(mv_load_be64(after) - mv_load_be64(before), 2, "by the least that counts");
	expect_handshake();
}

/* The positive control: it is the last timestamp alone that makes it so. */
Test(wall_clock,
	set_back_and_restarted_without_a_record_it_is_refused_until_the_clock_has_caught_up)
{
	world_ping(world, 0, 1);
	world_step_wall_clock_of(world, 0, -HOUR);
	world_restart(world, 0);
	world_ping(world, 0, 1);
	cr_expect_eq(world_drops(world, 1, MV_DROP_OLD_TIMESTAMP), 1);
	cr_expect_eq(world_delivered(world, 1), 1);

	world_step_wall_clock_of(world, 0, HOUR + 1);
	world_run_for(world, 6 * S);
	cr_expect_eq(world_delivered(world, 1), 2);
}

Test(wall_clock, set_forward_and_back_again)
{
	world_ping(world, 0, 1);
	world_step_wall_clock(world, CENTURY);
	expect_handshake();
	world_step_wall_clock(world, -CENTURY);
	expect_handshake();
	expect_handshake();
}

/* Each step back begins anew, and a day of them uses up no more than seconds. */
Test(wall_clock, set_back_again_and_again)
{
	world_ping(world, 0, 1);
	for (unsigned i = 0; i < 100; i++) {
		world_step_wall_clock(world, -HOUR);
		expect_handshake();
	}
}

/* As on a host without a battery: 1970 after every boot, until the network has set it. */
Test(wall_clock, before_the_clock_is_set)
{
	world_step_wall_clock(world, -(int64_t)world_now(world).wall_s);
	world_ping(world, 0, 1);
	cr_expect_eq(world_delivered(world, 1), 1);
	world_step_wall_clock(world, 1700000000);
	expect_handshake();
}

Test(wall_clock, that_stands_still)
{
	world_ping(world, 0, 1);
	for (unsigned i = 0; i < 20; i++) {
		world_run_for(world, 181 * S);
		world_step_wall_clock(world, -181);
		world_ping(world, 0, 1);
	}
	cr_expect_eq(world_delivered(world, 1), 21);
	cr_expect_eq(world_drops(world, 1, MV_DROP_OLD_TIMESTAMP), 0);
}

/* Once more after a restart: the clock is that of a machine without a battery. */
static void lose_the_clock(bool in_order)
{
	world_ping(world, 0, 1);
	world_run_for(world, 300 * S);
	world_ping(world, 0, 1);
	cr_assert_eq(world_delivered(world, 1), 2);
	world_step_wall_clock_of(world, 0, -(int64_t)world_now(world).wall_s);
	world_restart_with_record(world, 0, in_order);
	world_run_for(world, S);
	world_ping(world, 0, 1);
	cr_expect_eq(world_delivered(world, 1), 3);
	cr_expect_eq(world_drops(world, 1, MV_DROP_OLD_TIMESTAMP), 0);
	expect_handshake();
}

Test(wall_clock, lost_in_a_restart_in_order)
{
	uint8_t before[MV_TIMESTAMP_LEN], after[MV_TIMESTAMP_LEN];

	world_ping(world, 0, 1);
	read_timestamp(before);
	world_step_wall_clock_of(world, 0, -HOUR);
	world_restart_with_record(world, 0, true);
	world_run_for(world, S);
	world_ping(world, 0, 1);
	read_timestamp(after);
	cr_expect_gt(memcmp(after, before, sizeof(after)), 0);
	cr_expect_lt(mv_load_be64(after) - mv_load_be64(before), 2, "by the least that counts");
	cr_expect_eq(world_delivered(world, 1), 2);
}

Test(wall_clock, lost_in_a_restart)
{
	lose_the_clock(true);
}

/* A machine that loses its power writes nothing down: it goes on behind what it had reserved. */
Test(wall_clock, lost_with_the_power)
{
	lose_the_clock(false);
}

Test(wall_clock, lost_with_the_power_again_and_again)
{
	for (unsigned i = 0; i < 20; i++) {
		world_step_wall_clock_of(world, 0, -HOUR);
		world_restart_with_record(world, 0, false);
		world_run_for(world, S);
		world_ping(world, 0, 1);
		cr_expect_eq(world_delivered(world, 1), i + 1);
	}
	cr_expect_eq(world_drops(world, 1, MV_DROP_OLD_TIMESTAMP), 0);
}

/* Crashes do not add up for a peer that got nothing meanwhile. */
Test(wall_clock, lost_with_the_power_again_and_again_it_is_not_ahead_of_a_silent_peer)
{
	uint8_t timestamp[MV_TIMESTAMP_LEN], limit[MV_TIMESTAMP_LEN];

	world_ping(world, 0, 1);
	mv_tai64n(limit, world_now(world));
	mv_tai64n_add(limit, HOUR);
	for (unsigned i = 0; i < 20; i++) {
		world_restart_with_record(world, 0, false);
		world_run_for(world, S);
		world_ping(world, 0, 2);
	}
	world_ping(world, 0, 1);
	cr_expect_eq(world_delivered(world, 1), 2);
	read_timestamp(timestamp);
	cr_expect(mv_tai64n_after(limit, timestamp));
}

/* A jump forward is beyond every reservation: it is written down before the handshake goes out. */
Test(wall_clock, set_forward_and_lost_with_the_power)
{
	world_ping(world, 0, 1);
	world_step_wall_clock_of(world, 0, CENTURY);
	world_run_for(world, 181 * S);
	world_ping(world, 0, 1);
	cr_assert_eq(world_delivered(world, 1), 2);
	world_step_wall_clock_of(world, 0, -CENTURY);
	world_restart_with_record(world, 0, false);
	world_run_for(world, S);
	world_ping(world, 0, 1);
	cr_expect_eq(world_delivered(world, 1), 3);
}

/* Who was never told of a future that did not come stays in the present, also after a restart with
 * the record (CVE-2021-46873). */
Test(wall_clock, set_forward_it_is_so_for_those_alone_who_heard_of_it)
{
	uint8_t timestamp[MV_TIMESTAMP_LEN], year[MV_TIMESTAMP_LEN];

	world_step_wall_clock_of(world, 0, CENTURY);
	world_ping(world, 0, 1);
	cr_assert_eq(world_delivered(world, 1), 1);
	mv_tai64n(year, world_now(world));
	mv_tai64n_add(year, 365 * 24 * HOUR);
	read_timestamp(timestamp);
	cr_assert(mv_tai64n_after(timestamp, year), "the first has seen the future");

	world_step_wall_clock_of(world, 0, -CENTURY);
	world_restart_with_record(world, 0, true);
	world_run_for(world, S);
	world_ping(world, 0, 1);
	world_ping(world, 0, 2);
	cr_expect_eq(world_delivered(world, 1), 2, "goes on from there");
	cr_expect_eq(world_delivered(world, 2), 1);
	memcpy(timestamp, world_peer(world, 2, 0)->latest_timestamp, sizeof(timestamp));
	cr_expect(mv_tai64n_after(year, timestamp), "the second has not");
}

/* No handshake waits for a disk more than once in the time that is reserved. */
Test(wall_clock, few_handshakes_need_a_write)
{
	unsigned writes = 0;

	for (unsigned i = 0; i < 30; i++) {
		uint8_t before[MV_TIMESTAMP_LEN];
		const struct mv_peer *peer = world_peer(world, 0, 1);

		memcpy(before, peer->reserved_timestamp, sizeof(before));
		world_run_for(world, 121 * S);
		world_ping(world, 0, 1);
		writes += memcmp(before, peer->reserved_timestamp, sizeof(before)) != 0;
		cr_expect_not(mv_tai64n_after(peer->sent_timestamp, peer->reserved_timestamp));
		cr_expect_not(mv_timestamps_are_due(world_device(world, 0)));
	}
	cr_expect_geq(world_sent(world, 0, MV_MESSAGE_INITIATION), 30);
	cr_expect_geq(writes, 5);
	cr_expect_leq(writes, 8);
}

/* An identity that nobody has seen yet has nothing to go on from. */
Test(wall_clock, a_new_key_begins_with_the_clock)
{
	struct mv_timestamps timestamps;
	struct mv_changes changes;
	uint8_t key[MV_KEY_LEN] = {[0] = 8, [5] = 7, [31] = 64};

	world_ping(world, 0, 1);
	cr_assert_eq(mv_timestamps_reserve(world_device(world, 0), 0, &timestamps), 0);
	cr_assert_eq(timestamps.count, 1);
	mv_changes_init(&changes);
	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY, key), 0);
	cr_assert_eq(world_apply(world, 0, &changes), 0);
	mv_changes_uninit(&changes);
	cr_expect(sodium_is_zero(world_peer(world, 0, 1)->sent_timestamp, MV_TIMESTAMP_LEN));

	mv_timestamps_restore(world_device(world, 0), &timestamps);
	cr_expect(sodium_is_zero(world_peer(world, 0, 1)->sent_timestamp, MV_TIMESTAMP_LEN),
		"the other key's record is not this one's");
	mv_timestamps_uninit(&timestamps);
}

/* The least that a peer takes is told to it alone: two may get the same. */
Test(wall_clock, two_peers_at_one_moment)
{
	world_ping(world, 0, 1);
	world_ping(world, 0, 2);
	cr_expect_eq(world_delivered(world, 1), 1);
	cr_expect_eq(world_delivered(world, 2), 1);
	cr_expect_arr_eq(world_peer(world, 1, 0)->latest_timestamp,
		world_peer(world, 2, 0)->latest_timestamp, MV_TIMESTAMP_LEN);
}

/* What an attacker kept is old, however the clocks of both sides are set. */
Test(wall_clock, a_step_back_does_not_let_a_replay_in)
{
	struct mv_endpoint from = world_endpoint(0);
	uint8_t initiation[148];
	size_t len;

	world_ping(world, 0, 1);
	const uint8_t *sent = world_last_sent(world, 0, MV_MESSAGE_INITIATION, &len);
	cr_assert_eq(len, sizeof(initiation));
	memcpy(initiation, sent, len);
	world_step_wall_clock(world, -HOUR);
	world_run_for(world, S);
	world_inject(world, 1, &from, initiation, len);
	cr_expect_eq(world_drops(world, 1, MV_DROP_OLD_TIMESTAMP), 1);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_RESPONSE), 1);
}
