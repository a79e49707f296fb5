/*
 * The numbers by which handshakes and sessions are found: random, and each given out once. So
 * seldom are two of them the same by chance that the draw has to be rigged here.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/bytes.h"
#include "tunnel/exchange.h"
#include "world.h"

#define S MV_NS_PER_S

/* One draw of candidates for an index brings these: after so many others. */
struct rig {
	bool is_set;
	unsigned skip;
	uint32_t candidates[MV_EXCHANGE_INDICES];
};

static struct rig rig;
static struct world *world;

static bool draw(void *ctx, void *out, size_t len)
{
	(void)ctx;
	if (!rig.is_set || len != sizeof(rig.candidates)) {
		return false;
	}
	if (rig.skip > 0) {
		rig.skip--;
		return false;
	}
	memcpy(out, rig.candidates, len);
	rig.is_set = false;
	return true;
}

static void setup(void)
{
	rig = (struct rig){0};
	world = world_create(3, &(struct world_hooks){.draw = draw});
	world_connect(world, NULL, 0);
}

static void teardown(void)
{
	world_destroy(world);
}

TestSuite(indices, .init = setup, .fini = teardown);

/* The index that the device gave its last message of this type. */
static uint32_t last_index(size_t device, unsigned type)
{
	size_t len;
	const uint8_t *message = world_last_sent(world, device, type, &len);

	cr_assert_gt(len, 8);
	return mv_load_le32(message + 4);
}

static void rig_draw(unsigned skip, uint32_t taken, uint32_t last)
{
	rig = (struct rig){.is_set = true, .skip = skip};
	for (size_t i = 0; i < MV_EXCHANGE_INDICES; i++) {
		rig.candidates[i] = i + 1 < MV_EXCHANGE_INDICES ? taken : last;
	}
}

static void expect_works(size_t a, size_t b)
{
	uint64_t at_a = world_delivered(world, a), at_b = world_delivered(world, b);

	world_ping(world, a, b);
	world_ping(world, b, a);
	cr_expect_eq(world_delivered(world, b), at_b + 1);
	cr_expect_eq(world_delivered(world, a), at_a + 1);
}

Test(indices, are_all_random_bits)
{
	uint32_t seen = 0, missing = 0;

	for (unsigned i = 0; i < 64; i++) {
		uint32_t index;

		world_set_up(world, 0, false);
		world_set_up(world, 0, true);
		world_step_wall_clock(world, 1);
		world_run_for(world, S);
		world_ping(world, 0, 1);
		index = last_index(0, MV_MESSAGE_INITIATION);
		seen |= index;
		missing |= ~index;
	}
	cr_expect_eq(seen, UINT32_MAX);
	cr_expect_eq(missing, UINT32_MAX);
}

Test(indices, one_that_is_taken_is_passed_over)
{
	world_ping(world, 0, 1);
	uint32_t taken = last_index(0, MV_MESSAGE_INITIATION);

	rig_draw(0, taken, 0);
	world_ping(world, 0, 2);
	cr_assert_not(rig.is_set);
	cr_expect_eq(last_index(0, MV_MESSAGE_INITIATION), 0, "zero is an index like any other");
	expect_works(0, 2);
	expect_works(0, 1);
}

Test(indices, a_responder_passes_over_what_is_taken_too)
{
	world_ping(world, 0, 1);
	uint32_t taken = last_index(1, MV_MESSAGE_RESPONSE);

	rig_draw(1, taken, 77);
	world_ping(world, 2, 1);
	cr_assert_not(rig.is_set);
	cr_expect_eq(last_index(1, MV_MESSAGE_RESPONSE), 77);
	expect_works(2, 1);
	expect_works(0, 1);
}

/* Nobody loses his session to it; the next packet tries again. */
Test(indices, where_all_are_taken_there_is_no_initiation)
{
	world_ping(world, 0, 1);
	uint32_t taken = last_index(0, MV_MESSAGE_INITIATION);
	uint64_t sent = world_sent(world, 0, MV_MESSAGE_INITIATION);

	rig_draw(0, taken, taken);
	world_ping(world, 0, 2);
	cr_assert_not(rig.is_set);
	cr_expect_eq(world_sent(world, 0, MV_MESSAGE_INITIATION), sent);
	cr_expect_not(world_peer(world, 0, 2)->handshake_is_pending);
	expect_works(0, 1);

	world_ping(world, 0, 2);
	cr_expect_eq(world_sent(world, 0, MV_MESSAGE_INITIATION), sent + 1);
	cr_expect_eq(world_delivered(world, 2), 2, "the first one has waited");
}

Test(indices, where_all_are_taken_there_is_no_response)
{
	world_ping(world, 0, 1);
	uint32_t taken = last_index(1, MV_MESSAGE_RESPONSE);
	uint64_t delivered = world_delivered(world, 1);

	rig_draw(1, taken, taken);
	world_ping(world, 2, 1);
	cr_assert_not(rig.is_set);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_RESPONSE), 1);
	expect_works(0, 1);

	/* The initiator has a timer for such a case. */
	world_run_for(world, 6 * S);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_RESPONSE), 2);
	cr_expect_eq(world_delivered(world, 1), delivered + 2);
}
