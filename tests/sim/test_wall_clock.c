/*
 * A wall clock that is set: a peer takes an initiation only if its timestamp is later than all
 * before, so the timestamps of a device go up whatever its clock does.
 */
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "proto/messages.h"
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
Test(wall_clock, set_back_and_restarted_it_is_refused_until_the_clock_has_caught_up)
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

/* One timestamp serves one initiation, to whichever peer. */
Test(wall_clock, two_peers_at_one_moment)
{
	uint8_t one[MV_TIMESTAMP_LEN], other[MV_TIMESTAMP_LEN];

	world_ping(world, 0, 1);
	world_ping(world, 0, 2);
	cr_expect_eq(world_delivered(world, 1), 1);
	cr_expect_eq(world_delivered(world, 2), 1);
	memcpy(one, world_peer(world, 1, 0)->latest_timestamp, sizeof(one));
	memcpy(other, world_peer(world, 2, 0)->latest_timestamp, sizeof(other));
	cr_expect_gt(memcmp(other, one, sizeof(one)), 0);
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
