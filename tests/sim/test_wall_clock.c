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
#include "tunnel/device_state.h"
#include "tunnel/outbox.h"
#include "tunnel/timestamps.h"
#include "world.h"

#define S       MV_NS_PER_S
#define HOUR    3600
#define CENTURY (INT64_C(100) * 365 * 24 * HOUR)

static struct world *world;

static void setup(void)
{
	world = world_create(3, &(struct world_hooks){.keeps_timestamps = true});
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

static void expect_near_the_clock(size_t peer)
{
	uint8_t limit[MV_TIMESTAMP_LEN];

	mv_tai64n(limit, world_now(world));
	mv_tai64n_add(limit, 600 + 20 * 4);
	cr_expect(mv_tai64n_after(limit, world_peer(world, 0, peer)->reserved_timestamp));
}

/* A tunnel that is killed every few seconds, on a machine with a right clock: what was reserved
 * does not add up, neither for the peer that is called each time nor for the silent one. */
Test(wall_clock, that_is_right_is_followed_however_often_the_power_is_lost)
{
	world_ping(world, 0, 2);
	for (unsigned i = 0; i < 20; i++) {
		world_restart_with_record(world, 0, false);
		world_run_for(world, S);
		world_ping(world, 0, 1);
		cr_expect_eq(world_delivered(world, 1), i + 1);
		expect_near_the_clock(1);
		expect_near_the_clock(2);
	}
	world_ping(world, 0, 2);
	cr_expect_eq(world_delivered(world, 2), 2);
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

/* Nor are those drawn along who were called before, when the power fails in the future. */
Test(wall_clock, set_forward_and_lost_with_the_power_it_is_so_for_no_others)
{
	uint8_t timestamp[MV_TIMESTAMP_LEN], year[MV_TIMESTAMP_LEN];

	world_ping(world, 0, 2);
	world_step_wall_clock_of(world, 0, CENTURY);
	world_ping(world, 0, 1);
	world_step_wall_clock_of(world, 0, -CENTURY);
	world_restart_with_record(world, 0, false);
	world_run_for(world, S);
	world_ping(world, 0, 2);
	cr_expect_eq(world_delivered(world, 2), 2);
	mv_tai64n(year, world_now(world));
	mv_tai64n_add(year, 365 * 24 * HOUR);
	memcpy(timestamp, world_peer(world, 2, 0)->latest_timestamp, sizeof(timestamp));
	cr_expect(mv_tai64n_after(year, timestamp));
	memcpy(timestamp, world_peer(world, 0, 1)->sent_timestamp, sizeof(timestamp));
	cr_expect(mv_tai64n_after(timestamp, year), "the one that was called then goes on there");
}

/* No handshake waits for a disk more than once in the time that is reserved. */
Test(wall_clock, few_handshakes_need_a_write)
{
	world_ping(world, 0, 1);
	world_ping(world, 0, 2);
	cr_expect_eq(world_writes(world, 0), 2, "each peer is new once");
	for (unsigned i = 0; i < 60; i++) {
		const struct mv_peer *peer = world_peer(world, 0, 1 + i % 2);

		world_run_for(world, 61 * S);
		world_ping(world, 0, 1 + i % 2);
		cr_expect_not(mv_tai64n_after(peer->sent_timestamp, peer->reserved_timestamp));
		cr_expect_not(mv_timestamps_are_due(world_device(world, 0)));
	}
	cr_expect_geq(world_sent(world, 0, MV_MESSAGE_INITIATION), 60);
	cr_expect_geq(world_writes(world, 0), 5);
	cr_expect_leq(world_writes(world, 0), 10, "an hour, and one write serves all");
}

/* Who is tried for ever, with a clock that is behind, takes a grain each time. */
Test(wall_clock, tries_without_an_answer_need_few_writes_too)
{
	world_ping(world, 0, 1);
	world_step_wall_clock_of(world, 0, -HOUR);
	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_run_for(world, 181 * S);
	uint64_t writes = world_writes(world, 0);
	for (unsigned i = 0; i < 180; i++) {
		world_ping(world, 0, 1);
		world_run_for(world, 5 * S);
	}
	cr_expect_leq(world_writes(world, 0), writes + 2, "in a quarter of an hour");
}

/* What waits for the disk holds up nothing else: the packet that was ready has gone before. */
Test(wall_clock, an_initiation_alone_waits_for_its_timestamp)
{
	struct mv_device *device = world_device(world, 0);
	struct mv_batch *out = mv_batch_create(&mv_aead_sodium);
	struct mv_now now;

	world_ping(world, 0, 1);
	now = world_now(world);
	mv_peer_wish(device, world_peer(world, 0, 1), MV_WISH_KEEPALIVE);
	mv_peer_wish(device, world_peer(world, 0, 2), MV_WISH_HANDSHAKE);
	cr_assert(mv_outbox_fill(device, out, now));
	cr_expect_eq(out->count, 1);
	cr_expect(mv_timestamps_are_due(device));
	mv_batch_reset(out);

	cr_expect_not(mv_outbox_fill(device, out, now), "nothing goes without");
	mv_timestamps_reserve(device, now, 600);
	cr_expect_not(mv_timestamps_are_due(device));
	cr_assert(mv_outbox_fill(device, out, now));
	cr_expect_eq(out->packets[0].data[0], MV_MESSAGE_INITIATION);
	mv_batch_destroy(out);
}

/* Whoever keeps nothing waits for nothing. */
Test(wall_clock, without_a_disk_nothing_waits)
{
	struct world *other = world_create(2, NULL);

	world_connect(other, NULL, 0);
	world_ping(other, 0, 1);
	cr_expect_eq(world_delivered(other, 1), 1);
	cr_expect_eq(world_writes(other, 0), 0);
	cr_expect_not(mv_timestamps_are_reserved(world_device(other, 0)));
	world_destroy(other);
}

/* An identity that nobody has seen yet has nothing to go on from. */
Test(wall_clock, a_new_key_begins_with_the_clock)
{
	struct mv_timestamps timestamps;
	struct mv_changes changes;
	uint8_t key[MV_KEY_LEN] = {[0] = 8, [5] = 7, [31] = 64};

	world_ping(world, 0, 1);
	cr_assert_eq(mv_timestamps_copy(world_device(world, 0), &timestamps), 0);
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
