/*
 * Time: keepalives, handshakes that silence sets off, the end of keys, and the link going down and
 * up.
 */
#include <criterion/criterion.h>
#include <sodium.h>

#include "tunnel/device_state.h"
#include "tunnel/tick.h"
#include "world.h"

#define S  MV_NS_PER_S
#define MS MV_NS_PER_MS

static struct world *world;
static uint64_t birth_ns; /* of the session */

/* Device 0 has just reached device 1, and been answered. */
static void setup(void)
{
	world = world_create(2, NULL);
	world_connect(world, NULL, 0);
	world_ping(world, 0, 1);
	world_ping(world, 1, 0);
	birth_ns = world_now(world).boot_ns;
	cr_assert_eq(world_delivered(world, 0), 1);
}

static void teardown(void)
{
	world_destroy(world);
}

TestSuite(tick, .init = setup, .fini = teardown);

static uint64_t sent(size_t device, unsigned type)
{
	return world_sent(world, device, type);
}

static void set_keepalive(size_t device, uint16_t seconds)
{
	struct mv_changes changes;

	mv_changes_init(&changes);
	cr_assert_eq(
		mv_changes_add_key(&changes, MV_CHANGE_PEER, world_public_key(world, 1 - device)),
		0);
	cr_assert_eq(mv_changes_add_keepalive(&changes, seconds), 0);
	cr_assert_eq(world_apply(world, device, &changes), 0);
	mv_changes_uninit(&changes);
}

static const uint8_t *secrets(size_t device)
{
	return (const uint8_t *)world_peer(world, device, 1 - device)->secrets->sessions;
}

Test(tick, who_has_nothing_to_say_confirms_after_10_s)
{
	size_t len;

	world_run_for(world, 20 * S); /* The last ping of the setup is confirmed on the way. */
	uint64_t before = sent(1, MV_MESSAGE_DATA);
	world_ping(world, 0, 1);
	world_run_for(world, 10 * S - 1);
	cr_expect_eq(sent(1, MV_MESSAGE_DATA), before);
	world_run_for(world, 1);
	cr_expect_eq(sent(1, MV_MESSAGE_DATA), before + 1);
	world_last_sent(world, 1, MV_MESSAGE_DATA, &len);
	cr_expect_eq(len, 32);

	/* A keepalive is not answered by one: two idle peers fall silent. */
	uint64_t answers = sent(0, MV_MESSAGE_DATA);
	world_run_for(world, 100 * S);
	cr_expect_eq(sent(0, MV_MESSAGE_DATA), answers);
	cr_expect_eq(sent(1, MV_MESSAGE_DATA), before + 1);
}

/* What came while a keepalive was due already gets one more, and that is the last. */
Test(tick, data_on_data_is_confirmed_twice)
{
	world_run_for(world, 20 * S);
	uint64_t before = sent(1, MV_MESSAGE_DATA);

	world_ping(world, 0, 1);
	world_run_for(world, 5 * S);
	world_ping(world, 0, 1);
	world_run_for(world, 5 * S);
	cr_expect_eq(sent(1, MV_MESSAGE_DATA), before + 1);
	world_run_for(world, 10 * S);
	cr_expect_eq(sent(1, MV_MESSAGE_DATA), before + 2);
	world_run_for(world, 60 * S);
	cr_expect_eq(sent(1, MV_MESSAGE_DATA), before + 2);
}

Test(tick, an_answer_makes_the_keepalive_needless)
{
	world_run_for(world, 20 * S);
	uint64_t before = sent(1, MV_MESSAGE_DATA);

	world_ping(world, 0, 1);
	world_run_for(world, 9 * S);
	world_ping(world, 1, 0);
	world_run_for(world, 60 * S);
	cr_expect_eq(sent(1, MV_MESSAGE_DATA), before + 1);
}

/* So does a response: whoever gets it knows that we are here. */
Test(tick, a_response_makes_the_keepalive_needless)
{
	world_run_for(world, 20 * S);
	world_ping(world, 0, 1);
	cr_assert_neq(world_peer(world, 1, 0)->timers.send_keepalive_ns, MV_NEVER);

	world_run_for(world, 5 * S);
	world_set_up(world, 0, false);
	world_set_up(world, 0, true);
	world_lose(world, 0, MV_MESSAGE_DATA, UINT64_MAX);
	uint64_t responses = sent(1, MV_MESSAGE_RESPONSE);
	world_ping(world, 0, 1);
	cr_assert_eq(sent(1, MV_MESSAGE_RESPONSE), responses + 1);
	cr_expect_eq(world_peer(world, 1, 0)->timers.send_keepalive_ns, MV_NEVER);
}

Test(tick, without_an_answer_a_handshake_is_tried_after_15_s)
{
	world_run_for(world, 20 * S);
	world_lose(world, 1, MV_MESSAGE_DATA, 1);
	world_ping(world, 0, 1);
	world_run_for(world, 15 * S - 1);
	cr_expect_eq(sent(0, MV_MESSAGE_INITIATION), 1);
	world_run_for(world, 333 * MS + 1);
	cr_expect_eq(sent(0, MV_MESSAGE_INITIATION), 2);
	world_run_for(world, 200 * S);
	cr_expect_eq(sent(0, MV_MESSAGE_INITIATION), 2);
}

/* The first packet without an answer counts, not the last. */
Test(tick, more_packets_do_not_put_the_handshake_off)
{
	world_run_for(world, 20 * S);
	world_lose(world, 1, MV_MESSAGE_DATA, UINT64_MAX);
	for (unsigned second = 0; second < 16; second++) {
		world_ping(world, 0, 1);
		world_run_for(world, S);
	}
	cr_expect_eq(sent(0, MV_MESSAGE_INITIATION), 2);
}

/* It keeps a mapping alive, and traffic in either direction does that as well. */
Test(tick, a_persistent_keepalive_comes_only_after_silence)
{
	set_keepalive(0, 8);
	uint64_t before = sent(0, MV_MESSAGE_DATA);

	world_run_for(world, 5 * S);
	world_ping(world, 1, 0);
	world_run_for(world, 8 * S - 1);
	cr_expect_eq(sent(0, MV_MESSAGE_DATA), before);
	world_run_for(world, 1);
	cr_expect_eq(sent(0, MV_MESSAGE_DATA), before + 1);
	world_run_for(world, 4 * S);
	world_ping(world, 0, 1);
	world_run_for(world, 8 * S - 1);
	cr_expect_eq(sent(0, MV_MESSAGE_DATA), before + 2);
	world_run_for(world, 1);
	cr_expect_eq(sent(0, MV_MESSAGE_DATA), before + 3);
}

Test(tick, after_540_s_all_keys_are_wiped_and_nothing_fires_any_more)
{
	world_run_until(world, birth_ns + 540 * S - 1);
	for (size_t device = 0; device < 2; device++) {
		cr_assert_not(sodium_is_zero(
			secrets(device), sizeof(struct mv_session_keys) * MV_KEYPAIR_SLOTS));
		cr_assert_eq(world_device(world, device)->indices.count, 1);
	}
	world_run_for(world, 1);
	for (size_t device = 0; device < 2; device++) {
		const struct mv_peer *peer = world_peer(world, device, 1 - device);

		cr_expect(sodium_is_zero(
			secrets(device), sizeof(struct mv_session_keys) * MV_KEYPAIR_SLOTS));
		cr_expect(sodium_is_zero((const uint8_t *)&peer->secrets->handshake,
			sizeof peer->secrets->handshake));
		cr_expect_null(peer->keypairs.current);
		cr_expect_eq(world_device(world, device)->indices.count, 0);
	}
	cr_expect_eq(world_deadline(world), MV_NEVER);
}

/* Also the keys of a handshake that led to nothing. */
Test(tick, a_handshake_that_was_given_up_is_wiped_too)
{
	const struct mv_peer *peer = world_peer(world, 0, 1);

	world_set_up(world, 0, false);
	world_set_up(world, 0, true);
	for (size_t device = 0; device < 2; device++) {
		world_lose(world, device, MV_MESSAGE_INITIATION, UINT64_MAX);
	}
	world_ping(world, 0, 1);
	world_run_for(world, 540 * S);
	cr_assert(peer->handshake_is_pending);
	world_run_for(world, 110 * S);
	cr_expect_not(peer->handshake_is_pending);
	cr_expect(sodium_is_zero(
		(const uint8_t *)&peer->secrets->handshake, sizeof peer->secrets->handshake));
	cr_expect_eq(world_device(world, 0)->indices.count, 0);
	cr_expect_eq(mv_device_arm(world_device(world, 0)), MV_NEVER);
}

Test(tick, an_initiator_that_only_listens_asks_once_at_165_s)
{
	world_run_until(world, birth_ns + 165 * S - 1);
	world_ping(world, 1, 0);
	cr_expect_eq(sent(0, MV_MESSAGE_INITIATION), 1);

	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_run_for(world, 1);
	world_ping(world, 1, 0);
	cr_expect_eq(sent(0, MV_MESSAGE_INITIATION), 2);
	world_run_for(world, 2 * S);
	uint8_t retries = world_peer(world, 0, 1)->timers.handshake_retries = 7;
	world_ping(world, 1, 0);
	cr_expect_eq(world_peer(world, 0, 1)->timers.handshake_retries, retries,
		"the row is not begun anew");

	world_lose(world, 0, MV_MESSAGE_INITIATION, 0);
	world_run_for(world, 6 * S);
	cr_expect_gt(world_peer(world, 0, 1)->keypairs.current->birth_ns, birth_ns);
	cr_expect_not(world_peer(world, 0, 1)->timers.rekey_on_receive_sent);
}

Test(tick, a_responder_that_listens_does_not_ask)
{
	world_run_until(world, birth_ns + 110 * S);
	for (unsigned second = 0; second < 9; second++) {
		world_ping(world, 0, 1);
		world_run_for(world, S);
	}
	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_run_until(world, birth_ns + 170 * S);
	world_ping(world, 0, 1);
	cr_expect_eq(sent(1, MV_MESSAGE_INITIATION), 0);
}

Test(tick, a_link_that_goes_down_forgets_all_but_the_configuration)
{
	struct mv_peer_snapshot before = world_look(world, 0, 1);

	set_keepalive(0, 25);
	world_run_for(world, 200 * S);
	world_set_up(world, 0, false);
	cr_expect(sodium_is_zero(secrets(0), sizeof(struct mv_session_keys) * MV_KEYPAIR_SLOTS));
	cr_expect_eq(world_device(world, 0)->indices.count, 0);
	cr_expect_eq(mv_device_arm(world_device(world, 0)), MV_NEVER);

	struct mv_peer_snapshot after = world_look(world, 0, 1);
	cr_expect(mv_endpoint_equal(&before.endpoint, &after.endpoint));
	cr_expect_eq(after.persistent_keepalive_s, 25);
	cr_expect_geq(after.tx_bytes, before.tx_bytes);

	uint64_t sent_before = sent(0, MV_MESSAGE_INITIATION);
	world_run_for(world, 3600 * S);
	cr_expect_eq(sent(0, MV_MESSAGE_INITIATION), sent_before);
}

Test(tick, what_waits_when_the_link_goes_down_is_dropped)
{
	world_run_for(world, 200 * S);
	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_ping(world, 0, 1);
	world_ping(world, 0, 1);
	world_set_up(world, 0, false);
	cr_expect_eq(world_drops(world, 0, MV_DROP_DEVICE_DOWN), 2);
	cr_expect_eq(world_peer(world, 0, 1)->staged.count, 0);
}

Test(tick, a_link_that_comes_up_begins_at_once)
{
	set_keepalive(0, 25);
	world_step_wall_clock(world, 1);
	world_set_up(world, 0, false);
	world_run_for(world, S);
	world_set_up(world, 0, true);
	/* The last handshake was just now; that was before. */
	cr_expect_eq(sent(0, MV_MESSAGE_INITIATION), 2);
	cr_expect_eq(world_peer(world, 0, 1)->handshake_is_pending, false);

	/* Up once more changes nothing. */
	uint64_t before = sent(0, MV_MESSAGE_DATA);
	world_set_up(world, 0, true);
	cr_expect_eq(sent(0, MV_MESSAGE_INITIATION), 2);
	cr_expect_eq(sent(0, MV_MESSAGE_DATA), before);
}

Test(tick, without_a_keepalive_a_link_that_comes_up_is_silent)
{
	world_set_up(world, 0, false);
	world_set_up(world, 0, true);
	world_run_for(world, 5 * S);
	cr_expect_eq(sent(0, MV_MESSAGE_INITIATION), 1);
}

Test(tick, coming_too_early_does_nothing)
{
	uint64_t deadline_ns = mv_device_arm(world_device(world, 0));
	struct mv_now early = world_now(world);

	cr_assert_lt(early.boot_ns, deadline_ns);
	for (unsigned i = 0; i < 3; i++) {
		mv_tick(world_device(world, 0), early);
		cr_expect(TAILQ_EMPTY(&world_device(world, 0)->wishing));
		cr_expect_eq(mv_device_arm(world_device(world, 0)), deadline_ns);
	}
	early.boot_ns = deadline_ns;
	mv_tick(world_device(world, 0), early);
	cr_expect_not(TAILQ_EMPTY(&world_device(world, 0)->wishing));
}

/* After a suspend everything is due at once, and keys are too old. */
Test(tick, a_jump_of_the_clock_is_survived)
{
	struct mv_now later = world_now(world);

	later.boot_ns += 86400 * S;
	for (size_t device = 0; device < 2; device++) {
		mv_tick(world_device(world, device), later);
		cr_expect(sodium_is_zero(
			secrets(device), sizeof(struct mv_session_keys) * MV_KEYPAIR_SLOTS));
	}
	world_run_until(world, later.boot_ns);
	world_ping(world, 0, 1);
	cr_expect_eq(world_delivered(world, 1), 2);
}
