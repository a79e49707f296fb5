/*
 * A handshake is computed without the lock: what may have changed when it comes back.
 */
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "tunnel/device_state.h"
#include "tunnel/exchange.h"
#include "world.h"

static struct world *world;

/* Stands between a device and the world. */
struct surroundings {
	struct mv_environment world;
	struct mv_device *device;
	void (*meanwhile)(void); /* happens once, while keys are being computed */
};

static struct surroundings surroundings[2];

static void draw(void *ctx, void *out, size_t len)
{
	const struct surroundings *around = ctx;

	around->world.random(around->world.ctx, out, len);
}

/* The first lock that is taken when there are keys is that of the commit. */
static void lock(void *ctx)
{
	struct surroundings *around = ctx;
	const struct mv_session_keys *keys = &around->device->scratch->keys;
	void (*meanwhile)(void) = around->meanwhile;

	if (meanwhile && !sodium_is_zero((const uint8_t *)keys, sizeof *keys)) {
		around->meanwhile = NULL;
		meanwhile();
	}
}

static void setup(void)
{
	world = world_create(3, NULL);
	world_connect(world, NULL, 0);
	for (size_t i = 0; i < 2; i++) {
		struct mv_device *device = world_device(world, i);

		surroundings[i] =
			(struct surroundings){.world = device->environment, .device = device};
		device->environment.ctx = &surroundings[i];
		device->environment.random = draw;
		device->environment.lock = lock;
	}
}

static void teardown(void)
{
	world_destroy(world);
}

TestSuite(exchange, .init = setup, .fini = teardown);

/* The sender index of the last message of this type. */
static uint32_t index_of(size_t device, unsigned type)
{
	size_t len;
	const uint8_t *bytes = world_last_sent(world, device, type, &len);

	cr_assert_gt(len, 0);
	return mv_load_le32(bytes + 4);
}

static void hear_a_later_timestamp(void)
{
	memset(world_peer(world, 1, 0)->latest_timestamp, 0xff, MV_TIMESTAMP_LEN);
}

static void hear_another_initiation(void)
{
	world_peer(world, 1, 0)->initiation_allowed_ns = MV_NEVER;
}

static void expect_no_response(void (*meanwhile)(void), enum mv_drop reason)
{
	surroundings[1].meanwhile = meanwhile;
	world_ping(world, 0, 1);
	cr_expect_null(surroundings[1].meanwhile, "it happened");
	cr_expect_eq(world_drops(world, 1, reason), 1);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_RESPONSE), 0);
	cr_expect_null(world_peer(world, 1, 0)->keypairs.next);
}

Test(exchange, a_timestamp_that_became_old_gets_no_response)
{
	expect_no_response(hear_a_later_timestamp, MV_DROP_OLD_TIMESTAMP);
}

Test(exchange, an_initiation_too_many_gets_no_response)
{
	expect_no_response(hear_another_initiation, MV_DROP_HANDSHAKE_FLOOD);
}

static void end_the_handshake(void)
{
	mv_peer_erase_handshake(world_device(world, 0), world_peer(world, 0, 1));
}

/* The index is given out again before the response counts. */
static void begin_one_with_another_peer(void)
{
	struct mv_device *device = world_device(world, 0);
	uint32_t index = index_of(0, MV_MESSAGE_INITIATION);

	end_the_handshake();
	mv_indextable_insert(
		&device->indices, index, MV_INDEX_HANDSHAKE, world_peer(world, 0, 2)->slot);
}

static void expect_no_session(void (*meanwhile)(void), enum mv_drop reason)
{
	surroundings[0].meanwhile = meanwhile;
	world_ping(world, 0, 1);
	cr_expect_null(surroundings[0].meanwhile, "it happened");
	cr_expect_eq(world_drops(world, 0, reason), 1);
	cr_expect_null(world_peer(world, 0, 1)->keypairs.current);
	cr_expect_null(world_peer(world, 0, 2)->keypairs.current);
	cr_expect_eq(world_sent(world, 0, MV_MESSAGE_DATA), 0);
}

Test(exchange, a_handshake_that_ended_leads_to_no_session)
{
	expect_no_session(end_the_handshake, MV_DROP_UNKNOWN_INDEX);
}

Test(exchange, the_handshake_of_another_peer_leads_to_no_session)
{
	expect_no_session(begin_one_with_another_peer, MV_DROP_STALE_RESPONSE);
}
