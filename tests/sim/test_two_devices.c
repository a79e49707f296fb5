/*
 * Two devices with a virtual clock: handshake, packets both ways, rekeys, a day of traffic and a
 * day of silence.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "world.h"

#define S MV_NS_PER_S

struct record {
	uint64_t delivered[WORLD_DEVICES_MAX];
	uint8_t last[2048];
	size_t last_len;
	uint64_t lost;
	unsigned lose_type; /* datagrams of this type are lost, as long as lose is not 0 */
	uint64_t lose;
};

static void deliver(void *ctx, size_t device, const uint8_t *packet, size_t len)
{
	struct record *record = ctx;

	record->delivered[device]++;
	memcpy(record->last, packet, len);
	record->last_len = len;
}

static bool carry(void *ctx, size_t from, size_t to, uint8_t *datagram, size_t len)
{
	struct record *record = ctx;

	(void)from, (void)to, (void)len;
	if (record->lose > 0 && datagram[0] == record->lose_type) {
		record->lose--;
		record->lost++;
		return false;
	}
	return true;
}

static struct world *two_devices(struct record *record, const uint8_t *psk, uint16_t keepalive_s)
{
	struct world *world = world_create(
		2, &(struct world_hooks){.ctx = record, .carry = carry, .deliver = deliver});

	world_connect(world, psk, keepalive_s);
	return world;
}

static void send_one(struct world *world, size_t from, size_t len)
{
	uint8_t packet[2048];

	world_packet(packet, from, 1 - from, len, 7);
	world_send(world, from, packet, len);
}

Test(two_devices, the_first_packet_arrives_as_it_was)
{
	struct record record = {0};
	struct world *world = two_devices(&record, NULL, 0);
	uint8_t packet[100];

	world_packet(packet, 0, 1, sizeof packet, 0x55);
	world_send(world, 0, packet, sizeof packet);
	cr_assert_eq(record.delivered[1], 1);
	cr_assert_eq(record.last_len, sizeof packet);
	cr_assert_arr_eq(record.last, packet, sizeof packet);

	/* No keepalive is needed where a packet waited. */
	cr_expect_eq(world_sent(world, 0, 1), 1);
	cr_expect_eq(world_sent(world, 1, 2), 1);
	cr_expect_eq(world_sent(world, 0, 4), 1);

	send_one(world, 1, 1420);
	cr_expect_eq(record.delivered[0], 1);
	world_destroy(world);
}

Test(two_devices, rekeys_after_120_s_and_only_the_initiator_does)
{
	struct record record = {0};
	struct world *world = two_devices(&record, (const uint8_t[MV_KEY_LEN]){1, 2, 3}, 0);

	for (unsigned second = 0; second < 600; second++) {
		send_one(world, 0, 200);
		send_one(world, 1, 200);
		world_run_for(world, S);
	}
	cr_expect_eq(record.delivered[0], 600);
	cr_expect_eq(record.delivered[1], 600);
	cr_expect_eq(world_sent(world, 0, 1), 5);
	cr_expect_eq(world_sent(world, 1, 1), 0);
	world_destroy(world);
}

static uint64_t sent_in_all(const struct world *world)
{
	uint64_t sum = 0;

	for (unsigned type = 1; type <= 4; type++) {
		sum += world_sent(world, 0, type) + world_sent(world, 1, type);
	}
	return sum;
}

Test(two_devices, survive_a_day_of_traffic_and_a_day_of_silence, .timeout = 110)
{
	struct record record = {0};
	struct world *world = two_devices(&record, NULL, 0);
	const uint64_t packets = UINT64_C(24) * 3600 * 10;

	for (uint64_t i = 0; i < packets; i++) {
		send_one(world, 0, 60);
		send_one(world, 1, 60);
		world_run_for(world, S / 10);
	}
	cr_expect_eq(record.delivered[0], packets);
	cr_expect_eq(record.delivered[1], packets);
	/* One handshake in two minutes, and no more. */
	cr_expect_eq(world_sent(world, 0, 1), UINT64_C(24) * 30);
	cr_expect_eq(world_sent(world, 1, 1), 0);

	/* The last packets are answered by a keepalive, which may renew the keys; then they are
	 * erased. */
	world_run_for(world, 20 * S);
	cr_expect_lt(world_deadline(world), MV_NEVER);
	uint64_t sent = sent_in_all(world);
	world_run_for(world, 540 * S);

	/* From then on nothing fires any more. */
	cr_expect_eq(world_deadline(world), MV_NEVER);
	world_run_for(world, UINT64_C(24) * 3600 * S);
	cr_expect_eq(world_deadline(world), MV_NEVER);
	cr_expect_eq(sent_in_all(world), sent);

	send_one(world, 1, 60);
	cr_expect_eq(record.delivered[0], packets + 1);
	cr_expect_gt(sent_in_all(world), sent);
	world_destroy(world);
}
