#include "tunnel/packet.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

static struct mv_batch *batch;

static void setup(void)
{
	cr_assert_geq(sodium_init(), 0);
	batch = mv_batch_create(&mv_aead_sodium);
	cr_assert_not_null(batch);
}

static void teardown(void)
{
	mv_batch_destroy(batch);
}

TestSuite(packet, .init = setup, .fini = teardown);

/* A packet of this length, all of one byte. */
static struct mv_packet *add(size_t len, uint8_t byte)
{
	uint8_t *room = mv_batch_room(batch);

	cr_assert_not_null(room);
	memset(room, byte, len);

	struct mv_packet *packet = mv_batch_add(batch, len);
	cr_assert_eq(packet->data, room, "it stays where it was read to");
	return packet;
}

Test(packet, a_new_packet_is_live_and_knows_nothing_else)
{
	const struct mv_packet *packet = add(84, 1);

	cr_expect_eq(packet->len, 84);
	cr_expect(packet->live);
	cr_expect_not(packet->is_handshake);
	cr_expect_not(packet->carries_data);
	cr_expect_not(packet->sent);
	cr_expect_eq(packet->drop, MV_DROP_NONE);
	cr_expect_null(packet->job);
}

Test(packet, a_batch_holds_128_packets_of_an_ordinary_mtu)
{
	for (size_t i = 0; i < MV_BATCH_PACKETS; i++) {
		add(1500, (uint8_t)i);
	}
	cr_expect_eq(batch->count, MV_BATCH_PACKETS);
	cr_expect_null(mv_batch_room(batch));
}

Test(packet, with_the_largest_packets_a_batch_is_shorter_and_never_overruns)
{
	size_t count = 0;

	for (; mv_batch_room(batch); count++) {
		struct mv_packet *packet = add(MV_PACKET_MAX, (uint8_t)count);

		/* Head- and tailroom are the batch's own memory too. */
		memset(packet->data - MV_TRANSPORT_HEADROOM, 0xee, MV_TRANSPORT_HEADROOM);
		memset(packet->data + packet->len, 0xee, MV_TRANSPORT_TAILROOM);
	}
	cr_expect_geq(count, 2);
	cr_expect_lt(count, MV_BATCH_PACKETS);
	for (size_t i = 0; i < count; i++) {
		cr_expect_eq(batch->packets[i].data[0], i);
		cr_expect_eq(batch->packets[i].data[MV_PACKET_MAX - 1], i);
	}
}

Test(packet, neighbours_do_not_touch_when_they_become_messages)
{
	const uint8_t key[MV_AEAD_KEY_LEN] = {7};
	const size_t lens[] = {0, 1, 63, 64, 65, 1420};
	const size_t count = sizeof lens / sizeof lens[0];

	for (size_t i = 0; i < count; i++) {
		struct mv_packet *packet = add(lens[i], (uint8_t)(i + 1));
		struct mv_aead_job *job = mv_batch_add_job(batch, packet, key);

		mv_transport_prepare_seal(job, packet->data, lens[i], 1420, job->key, i, 1);
	}
	mv_batch_seal(batch);
	for (size_t i = 0; i < count; i++) {
		cr_expect_neq(batch->packets[i].data[0], i + 1, "sealed");
	}
	mv_batch_open(batch);
	for (size_t i = 0; i < count; i++) {
		cr_expect(batch->jobs[i].ok);
		for (size_t byte = 0; byte < lens[i]; byte++) {
			cr_assert_eq(batch->packets[i].data[byte], i + 1);
		}
	}
}

Test(packet, a_job_has_its_own_copy_of_the_key)
{
	uint8_t key[MV_AEAD_KEY_LEN];

	memset(key, 0x11, sizeof key);
	const struct mv_aead_job *first = mv_batch_add_job(batch, add(1, 0), key);
	memset(key, 0x22, sizeof key);
	const struct mv_aead_job *second = mv_batch_add_job(batch, add(1, 0), key);

	cr_expect_eq(first->key[0], 0x11);
	cr_expect_eq(second->key[0], 0x22);
	cr_expect_eq(batch->packets[1].job, second);
	cr_expect_eq(batch->job_count, 2);
}

Test(packet, a_reset_wipes_the_keys_and_gives_all_room_back)
{
	uint8_t key[MV_AEAD_KEY_LEN];
	uint8_t *room = mv_batch_room(batch);

	memset(key, 0x33, sizeof key);
	for (size_t i = 0; i < MV_BATCH_PACKETS; i++) {
		mv_batch_add_job(batch, add(1500, 0), key);
	}
	cr_assert_eq(batch->keys[MV_BATCH_PACKETS - 1][0], 0x33);
	mv_batch_reset(batch);
	cr_expect(sodium_is_zero(batch->keys[0], (size_t)MV_BATCH_PACKETS * MV_AEAD_KEY_LEN));
	cr_expect_eq(batch->count, 0);
	cr_expect_eq(batch->job_count, 0);
	cr_expect_eq(mv_batch_room(batch), room);
}

Test(packet, what_is_dropped_is_not_live_and_says_why)
{
	struct mv_packet *packet = add(10, 0);

	mv_packet_drop(packet, MV_DROP_NO_ROUTE);
	cr_expect_not(packet->live);
	cr_expect_eq(packet->drop, MV_DROP_NO_ROUTE);
}

Test(packet, destroying_nothing_is_allowed)
{
	mv_batch_destroy(NULL);
}
