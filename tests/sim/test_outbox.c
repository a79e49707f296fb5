/*
 * What a device sends of its own accord, by hand: one wish after the other, and more than a batch
 * can hold.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "tunnel/device_state.h"
#include "tunnel/outbox.h"
#include "tunnel/send.h"
#include "world.h"

#define S MV_NS_PER_S

/* More peers than a batch has packets. */
#define CROWD 200

static struct world *world;
static struct mv_batch *batch;

static void setup(void)
{
	world = world_create(2, NULL);
	world_connect(world, NULL, 0);
	batch = mv_batch_create(&mv_aead_sodium);
	cr_assert_not_null(batch);
}

static void teardown(void)
{
	mv_batch_destroy(batch);
	world_destroy(world);
}

TestSuite(outbox, .init = setup, .fini = teardown);

static bool fill(void)
{
	return mv_outbox_fill(world_device(world, 0), batch, world_now(world));
}

static void wish(unsigned wishes)
{
	mv_peer_wish(world_device(world, 0), world_peer(world, 0, 1), (enum mv_wish)wishes);
}

Test(outbox, where_nothing_is_wished_for_it_stays_empty)
{
	cr_expect_not(fill());
	cr_expect_eq(batch->count, 0);

	/* A flush of nothing is nothing. */
	wish(MV_WISH_FLUSH);
	cr_expect_not(fill());
	cr_expect(TAILQ_EMPTY(&world_device(world, 0)->wishing));
}

Test(outbox, an_initiation_is_finished_and_has_its_address)
{
	struct mv_endpoint expected = world_endpoint(1);

	wish(MV_WISH_HANDSHAKE);
	cr_assert(fill());
	cr_assert_eq(batch->count, 1);
	const struct mv_packet *packet = &batch->packets[0];
	cr_expect(packet->live);
	cr_expect(packet->is_handshake);
	cr_expect_null(packet->job);
	cr_expect_eq(packet->len, 148);
	cr_expect_eq(packet->data[0], MV_MESSAGE_INITIATION);
	cr_expect(mv_endpoint_equal(&packet->endpoint, &expected));

	/* The next may come in 5 s. */
	mv_batch_reset(batch);
	wish(MV_WISH_HANDSHAKE);
	cr_expect_not(fill());
	cr_expect(TAILQ_EMPTY(&world_device(world, 0)->wishing));
	world_run_for(world, 5 * S - 1);
	mv_batch_reset(batch);
	wish(MV_WISH_HANDSHAKE);
	cr_expect_not(fill());
}

Test(outbox, without_a_session_a_keepalive_is_a_handshake)
{
	wish(MV_WISH_KEEPALIVE);
	cr_assert(fill());
	cr_assert_eq(batch->count, 1);
	cr_expect_eq(batch->packets[0].data[0], MV_MESSAGE_INITIATION);
}

Test(outbox, a_keepalive_is_empty_and_carries_no_data)
{
	world_ping(world, 0, 1);
	wish(MV_WISH_KEEPALIVE);
	wish(MV_WISH_KEEPALIVE);
	cr_assert(fill());
	cr_assert_eq(batch->count, 1, "wished for twice, it is sent once");
	cr_expect_eq(batch->packets[0].len, 32);
	cr_expect(batch->packets[0].live);
	cr_expect_not(batch->packets[0].carries_data);
	cr_expect_not_null(batch->packets[0].job);
}

/* What waits says all that a keepalive could say. */
Test(outbox, what_waits_goes_instead_of_a_keepalive)
{
	struct mv_peer *peer = world_peer(world, 0, 1);
	uint8_t packet[100];

	world_ping(world, 0, 1);
	world_packet(packet, 0, 1, sizeof packet, 0);
	for (unsigned i = 0; i < 2; i++) {
		mv_stage_push(
			&world_device(world, 0)->stage_pool, &peer->staged, packet, sizeof packet);
	}
	wish(MV_WISH_KEEPALIVE);
	cr_assert(fill());
	cr_assert_eq(batch->count, 2);
	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(batch->packets[i].len, 112 + 32);
		cr_expect(batch->packets[i].carries_data);
	}
	cr_expect_eq(peer->staged.count, 0);
}

/* What the session has no number for waits for the next session, and asks for it. */
Test(outbox, a_session_may_end_while_what_waits_is_sent)
{
	struct mv_peer *peer = world_peer(world, 0, 1);
	uint8_t packet[100];

	world_ping(world, 0, 1);
	world_run_for(world, 6 * S);
	world_packet(packet, 0, 1, sizeof packet, 0);
	for (unsigned i = 0; i < 2; i++) {
		mv_stage_push(
			&world_device(world, 0)->stage_pool, &peer->staged, packet, sizeof packet);
	}
	peer->keypairs.current->sending_counter = MV_REJECT_AFTER_MESSAGES - 1;
	wish(MV_WISH_FLUSH);
	cr_assert(fill());
	cr_assert_eq(batch->count, 1);
	cr_expect_eq(peer->staged.count, 1);

	batch->packets[0].sent = true;
	mv_send_commit(world_device(world, 0), batch, world_now(world));
	mv_batch_reset(batch);
	world_run_for(world, 0);
	cr_expect_eq(world_delivered(world, 1), 2);
	cr_expect_eq(peer->staged.count, 0);
}

Test(outbox, a_handshake_and_data_may_go_together)
{
	world_ping(world, 0, 1);
	world_run_for(world, 10 * S);
	wish(MV_WISH_KEEPALIVE | MV_WISH_HANDSHAKE);
	cr_assert(fill());
	cr_assert_eq(batch->count, 2);
	cr_expect_eq(batch->packets[0].data[0], MV_MESSAGE_DATA);
	cr_expect_eq(batch->packets[1].data[0], MV_MESSAGE_INITIATION);
}

Test(outbox, while_the_device_is_down_wishes_are_not_kept)
{
	world_ping(world, 0, 1);
	wish(MV_WISH_KEEPALIVE | MV_WISH_HANDSHAKE | MV_WISH_FLUSH);
	mv_device_set_up(world_device(world, 0), false, world_now(world));
	cr_expect_not(fill());
	cr_expect(TAILQ_EMPTY(&world_device(world, 0)->wishing));
}

/* Peers with keys 9 and so on, all with a keepalive; the world of device 0. */
static void invite_crowd(void)
{
	struct mv_endpoint endpoint = world_endpoint(77);
	struct mv_changes changes;

	mv_changes_init(&changes);
	for (unsigned i = 0; i < CROWD; i++) {
		cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PEER,
				     (uint8_t[MV_KEY_LEN]){9, [8] = (uint8_t)i}),
			0);
		cr_assert_eq(mv_changes_add_endpoint(&changes, MV_CHANGE_ENDPOINT, &endpoint), 0);
		cr_assert_eq(mv_changes_add_keepalive(&changes, 25), 0);
	}
	cr_assert_eq(mv_device_apply(world_device(world, 0), &changes, world_now(world)), 0);
	mv_changes_uninit(&changes);
}

Test(outbox, what_one_batch_cannot_hold_comes_in_the_next)
{
	invite_crowd();
	cr_assert(fill());
	cr_expect_eq(batch->count, MV_BATCH_PACKETS);
	mv_batch_reset(batch);
	cr_assert(fill());
	cr_expect_eq(batch->count, CROWD - MV_BATCH_PACKETS);
	mv_batch_reset(batch);
	cr_expect_not(fill());
	for (size_t i = 0; i < CROWD; i++) {
		const uint8_t key[MV_KEY_LEN] = {9, [8] = (uint8_t)i};

		cr_expect(mv_peertable_find(&world_device(world, 0)->peers_by_key, key)
				  ->handshake_is_pending);
	}
}

/* A full batch takes nothing more, and nothing of it is forgotten. */
Test(outbox, a_full_batch_puts_everything_off)
{
	world_ping(world, 0, 1);
	world_run_for(world, 10 * S);
	for (unsigned i = 0; i < MV_BATCH_PACKETS; i++) {
		mv_batch_add(batch, 0)->live = false;
	}
	wish(MV_WISH_KEEPALIVE | MV_WISH_HANDSHAKE);
	cr_expect(fill());
	cr_expect_eq(batch->count, MV_BATCH_PACKETS);
	mv_batch_reset(batch);
	cr_assert(fill());
	cr_expect_eq(batch->count, 2);

	/* One place is left: the data goes, the handshake waits. */
	world_run_for(world, 10 * S);
	mv_batch_reset(batch);
	for (unsigned i = 0; i < MV_BATCH_PACKETS - 1; i++) {
		mv_batch_add(batch, 0)->live = false;
	}
	world_peer(world, 0, 1)->timers.handshake_allowed_ns = 0;
	wish(MV_WISH_KEEPALIVE | MV_WISH_HANDSHAKE);
	cr_expect(fill());
	mv_batch_reset(batch);
	cr_assert(fill());
	cr_assert_eq(batch->count, 1);
	cr_expect(batch->packets[0].is_handshake);
}
