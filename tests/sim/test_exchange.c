/*
 * A handshake is computed without the lock: which random numbers it takes along as indices, and
 * what may have changed when it comes back.
 */
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "tunnel/device_state.h"
#include "tunnel/exchange.h"
#include "world.h"

#define S MV_NS_PER_S

static struct world *world;

/* Stands between a device and the world. */
struct surroundings {
	struct mv_environment world;
	struct mv_device *device;
	bool chooses;
	uint32_t indices[MV_EXCHANGE_INDICES]; /* what it draws for indices, if `chooses` */
	void (*meanwhile)(void);               /* happens once, while keys are being computed */
};

static struct surroundings surroundings[2];

static void draw(void *ctx, void *out, size_t len)
{
	struct surroundings *around = ctx;

	if (around->chooses && len == sizeof around->indices) {
		memcpy(out, around->indices, len);
	} else {
		around->world.random(around->world.ctx, out, len);
	}
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

static void choose(size_t device, const uint32_t indices[static MV_EXCHANGE_INDICES])
{
	surroundings[device].chooses = true;
	memcpy(surroundings[device].indices, indices, sizeof surroundings[device].indices);
}

/* The sender index of the last message of this type. */
static uint32_t index_of(size_t device, unsigned type)
{
	size_t len;
	const uint8_t *bytes = world_last_sent(world, device, type, &len);

	cr_assert_gt(len, 0);
	return mv_load_le32(bytes + 4);
}

static void expect_works(size_t a, size_t b)
{
	uint64_t at_a = world_delivered(world, a), at_b = world_delivered(world, b);

	world_ping(world, a, b);
	cr_expect_eq(world_delivered(world, b), at_b + 1);
	world_ping(world, b, a);
	cr_expect_eq(world_delivered(world, a), at_a + 1);
}

Test(exchange, indices_are_random_numbers)
{
	const uint32_t drawn[][MV_EXCHANGE_INDICES] = {
		{0xfedcba98, 1, 2, 3}, {5, 1, 2, 3}, {0x80000000, 1, 2, 3}};

	for (size_t i = 0; i < 3; i++) {
		choose(0, drawn[i]);
		choose(1, drawn[2 - i]);
		world_ping(world, 0, 1);
		cr_expect_eq(index_of(0, MV_MESSAGE_INITIATION), drawn[i][0]);
		cr_expect_eq(index_of(1, MV_MESSAGE_RESPONSE), drawn[2 - i][0]);
		expect_works(0, 1);
		world_run_for(world, 181 * S);
	}
}

/* Of one device: another may well have the same. */
Test(exchange, an_index_that_is_taken_is_not_given_out_again)
{
	const uint32_t drawn[MV_EXCHANGE_INDICES] = {70, 71, 72, 73};

	choose(0, drawn);
	choose(1, drawn);
	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	world_ping(world, 0, 1);
	cr_expect_eq(index_of(0, MV_MESSAGE_INITIATION), 70);
	world_ping(world, 0, 2);
	cr_expect_eq(index_of(0, MV_MESSAGE_INITIATION), 71);
	world_ping(world, 2, 1);
	cr_expect_eq(index_of(1, MV_MESSAGE_RESPONSE), 70);

	world_run_for(world, 6 * S);
	cr_expect_eq(index_of(0, MV_MESSAGE_INITIATION), 72);
	cr_expect_eq(index_of(1, MV_MESSAGE_RESPONSE), 71);
	expect_works(0, 1);
	expect_works(0, 2);
	expect_works(1, 2);
}

Test(exchange, where_no_index_is_free_nothing_goes_out)
{
	const uint32_t drawn[MV_EXCHANGE_INDICES] = {70, 70, 70, 70};

	choose(0, drawn);
	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	world_ping(world, 0, 1);
	cr_expect_eq(world_sent(world, 0, MV_MESSAGE_INITIATION), 1);
	world_ping(world, 0, 2);
	cr_expect_eq(world_sent(world, 0, MV_MESSAGE_INITIATION), 1);
	cr_expect_not(world_peer(world, 0, 2)->handshake_is_pending);

	/* The next packet asks again. */
	surroundings[0].chooses = false;
	world_ping(world, 0, 2);
	cr_expect_eq(world_delivered(world, 2), 2);
	world_run_for(world, 6 * S);
	expect_works(0, 1);
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
