/*
 * Handshakes that go wrong: lost, doubled, replayed, forged, too many, both at once; and the rules
 * that bring a tunnel up all the same.
 */
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "tunnel/device_state.h"
#include "tunnel/handshake.h"
#include "world.h"

#define S  MV_NS_PER_S
#define MS MV_NS_PER_MS

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

TestSuite(handshake, .init = setup, .fini = teardown);

struct caught {
	uint8_t bytes[256];
	size_t len;
};

static struct caught last(size_t device, unsigned type)
{
	struct caught caught;
	const uint8_t *bytes = world_last_sent(world, device, type, &caught.len);

	cr_assert(caught.len > 0 && caught.len <= sizeof caught.bytes);
	memcpy(caught.bytes, bytes, caught.len);
	return caught;
}

static void inject(size_t to, size_t from, const struct caught *caught)
{
	struct mv_endpoint endpoint = world_endpoint(from);

	world_inject(world, to, &endpoint, caught->bytes, caught->len);
}

static uint64_t initiations(size_t device)
{
	return world_sent(world, device, MV_MESSAGE_INITIATION);
}

static void expect_works(size_t a, size_t b)
{
	uint64_t at_a = world_delivered(world, a), at_b = world_delivered(world, b);

	world_ping(world, a, b);
	cr_expect_eq(world_delivered(world, b), at_b + 1);
	world_ping(world, b, a);
	cr_expect_eq(world_delivered(world, a), at_a + 1);
}

/* The device may begin a handshake again at once, with a newer timestamp. */
static void restart(size_t device)
{
	world_set_up(world, device, false);
	world_step_wall_clock(world, 1);
	world_set_up(world, device, true);
}

Test(handshake, a_lost_message_is_made_good_for_by_a_retry)
{
	const struct {
		size_t from;
		unsigned type;
	} losses[] = {{0, MV_MESSAGE_INITIATION}, {1, MV_MESSAGE_RESPONSE}};

	for (size_t i = 0; i < 2; i++) {
		restart(0);
		restart(1);
		world_run_for(world, S);
		uint64_t sent = initiations(0), delivered = world_delivered(world, 1);

		world_lose(world, losses[i].from, losses[i].type, 1);
		world_ping(world, 0, 1);
		cr_expect_eq(world_delivered(world, 1), delivered);
		world_run_for(world, 5 * S + 333 * MS);
		cr_expect_eq(initiations(0), sent + 2);
		cr_expect_eq(world_delivered(world, 1), delivered + 1);
		expect_works(0, 1);
	}
}

Test(handshake, every_retry_is_a_new_initiation)
{
	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_ping(world, 0, 1);
	struct caught first = last(0, MV_MESSAGE_INITIATION);
	world_run_for(world, 6 * S);
	struct caught second = last(0, MV_MESSAGE_INITIATION);

	cr_expect_arr_neq(first.bytes + 4, second.bytes + 4, 4, "index");
	cr_expect_arr_neq(first.bytes + 8, second.bytes + 8, 32, "ephemeral");

	/* The first is forgotten: a response to it comes too late. */
	inject(1, 0, &first);
	cr_expect_eq(world_drops(world, 0, MV_DROP_UNKNOWN_INDEX), 1);
	cr_expect_eq(world_delivered(world, 1), 0);
}

Test(handshake, the_responder_is_silent_until_it_hears_data)
{
	world_lose(world, 0, MV_MESSAGE_DATA, 1);
	world_ping(world, 0, 1);
	cr_assert_eq(world_sent(world, 1, MV_MESSAGE_RESPONSE), 1);
	world_ping(world, 1, 0);
	world_ping(world, 1, 0);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_DATA), 0);
	cr_expect_eq(world_look(world, 1, 0).last_handshake_s, 0);
	cr_expect_eq(world_look(world, 0, 1).last_handshake_s, world_now(world).wall_s);

	world_run_for(world, S);
	world_ping(world, 0, 1);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_DATA), 2);
	cr_expect_eq(world_delivered(world, 0), 2);
	cr_expect_eq(world_look(world, 1, 0).last_handshake_s, world_now(world).wall_s);
}

/* The initiator has nothing more to say, so the responder has to ask. */
Test(handshake, a_lost_confirmation_is_made_good_for_by_the_responder)
{
	world_lose(world, 0, MV_MESSAGE_DATA, 1);
	world_ping(world, 0, 1);
	world_ping(world, 1, 0);
	world_run_for(world, 5 * S + 333 * MS);
	cr_expect_eq(initiations(1), 1);
	cr_expect_eq(world_delivered(world, 0), 1);
	expect_works(0, 1);
}

Test(handshake, the_response_is_confirmed_at_once_where_nothing_waits)
{
	struct mv_changes changes;

	mv_changes_init(&changes);
	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PEER, world_public_key(world, 1)), 0);
	cr_assert_eq(mv_changes_add_keepalive(&changes, 60), 0);
	cr_assert_eq(world_apply(world, 0, &changes), 0);
	mv_changes_uninit(&changes);
	struct caught keepalive = last(0, MV_MESSAGE_DATA);
	cr_expect_eq(keepalive.len, 32);
	cr_expect_eq(world_sent(world, 0, MV_MESSAGE_DATA), 1);
	world_ping(world, 1, 0);
	cr_expect_eq(world_delivered(world, 0), 1);
	cr_expect_eq(initiations(1), 0);
}

Test(handshake, an_initiation_counts_once)
{
	world_ping(world, 0, 1);
	struct caught initiation = last(0, MV_MESSAGE_INITIATION);

	inject(1, 0, &initiation);
	cr_expect_eq(world_drops(world, 1, MV_DROP_OLD_TIMESTAMP), 1);
	world_run_for(world, 60 * S);
	inject(1, 2, &initiation);
	cr_expect_eq(world_drops(world, 1, MV_DROP_OLD_TIMESTAMP), 2);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_RESPONSE), 1);

	struct mv_endpoint home = world_endpoint(0);
	struct mv_endpoint shown = world_look(world, 1, 0).endpoint;
	cr_expect(mv_endpoint_equal(&home, &shown));
	cr_expect_eq(world_look(world, 1, 0).rx_bytes, 148 + 128);
	expect_works(0, 1);
}

/* The timestamp outlives the session and the link. */
Test(handshake, an_old_initiation_stays_old)
{
	world_ping(world, 0, 1);
	struct caught initiation = last(0, MV_MESSAGE_INITIATION);

	restart(1);
	world_run_for(world, 600 * S);
	inject(1, 0, &initiation);
	cr_expect_eq(world_drops(world, 1, MV_DROP_OLD_TIMESTAMP), 1);
}

Test(handshake, at_most_fifty_initiations_a_second_from_a_peer)
{
	world_ping(world, 0, 1);
	restart(0);
	world_ping(world, 0, 1);
	cr_expect_eq(world_drops(world, 1, MV_DROP_HANDSHAKE_FLOOD), 1);
	world_run_for(world, 20 * MS - 1);
	restart(0);
	world_ping(world, 0, 1);
	cr_expect_eq(world_drops(world, 1, MV_DROP_HANDSHAKE_FLOOD), 2);
	world_ping(world, 2, 1);
	cr_expect_eq(world_delivered(world, 1), 2, "another peer has its own time");

	world_run_for(world, 1);
	restart(0);
	world_ping(world, 0, 1);
	cr_expect_eq(world_drops(world, 1, MV_DROP_HANDSHAKE_FLOOD), 2);
	cr_expect_eq(world_delivered(world, 1), 3);
}

Test(handshake, of_an_unknown_peer)
{
	struct mv_changes changes;

	mv_changes_init(&changes);
	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PEER, world_public_key(world, 0)), 0);
	cr_assert_eq(mv_changes_add(&changes, MV_CHANGE_REMOVE), 0);
	cr_assert_eq(world_apply(world, 1, &changes), 0);
	mv_changes_uninit(&changes);
	world_ping(world, 0, 1);
	cr_expect_eq(world_drops(world, 1, MV_DROP_UNKNOWN_PEER), 1);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_RESPONSE), 0);
}

Test(handshake, mac1_covers_all_before_it)
{
	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	world_ping(world, 0, 1);
	struct caught initiation = last(0, MV_MESSAGE_INITIATION);

	for (size_t i = 4; i < 132; i++) {
		struct caught bad = initiation;

		bad.bytes[i] ^= 1;
		inject(1, 0, &bad);
	}
	cr_expect_eq(world_drops(world, 1, MV_DROP_BAD_MAC1), 128);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_RESPONSE), 0);

	/* mac2 is asked for only under load. */
	initiation.bytes[147] ^= 1;
	inject(1, 0, &initiation);
	cr_expect_eq(world_delivered(world, 1), 1);
}

Test(handshake, a_message_for_somebody_else)
{
	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	world_ping(world, 0, 2);
	struct caught initiation = last(0, MV_MESSAGE_INITIATION);

	inject(1, 0, &initiation);
	cr_expect_eq(world_drops(world, 1, MV_DROP_BAD_MAC1), 1);
}

/* One byte is wrong, but the macs are those of somebody who knows the public key. */
static struct caught forge(const struct caught *good, size_t byte, size_t receiver)
{
	struct mv_cookie_maker maker;
	struct caught bad = *good;

	bad.bytes[byte] ^= 1;
	mv_cookie_maker_init(&maker, world_public_key(world, receiver));
	mv_cookie_maker_sign(&maker, bad.bytes, bad.len, 0);
	return bad;
}

Test(handshake, a_forged_initiation_is_refused)
{
	const size_t bytes[] = {8, 39, 40, 87, 88, 115};

	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	world_ping(world, 0, 1);
	struct caught initiation = last(0, MV_MESSAGE_INITIATION);

	for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
		struct caught bad = forge(&initiation, bytes[i], 1);

		inject(1, 0, &bad);
		cr_expect_eq(world_drops(world, 1, MV_DROP_BAD_HANDSHAKE), i + 1);
	}
	cr_expect_eq(world_look(world, 1, 0).rx_bytes, 0);
	cr_expect(sodium_is_zero((const uint8_t *)world_device(world, 1)->scratch,
		sizeof(struct mv_handshake_scratch)));
	inject(1, 0, &initiation);
	cr_expect_eq(world_delivered(world, 1), 1);
}

Test(handshake, a_forged_response_does_not_end_the_handshake)
{
	const size_t bytes[] = {12, 43, 44, 59};

	world_lose(world, 1, MV_MESSAGE_RESPONSE, 1);
	world_ping(world, 0, 1);
	struct caught response = last(1, MV_MESSAGE_RESPONSE);

	for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
		struct caught bad = forge(&response, bytes[i], 0);

		inject(0, 2, &bad);
		cr_expect_eq(world_drops(world, 0, MV_DROP_BAD_RESPONSE), i + 1);
	}
	inject(0, 1, &response);
	cr_expect_eq(world_delivered(world, 1), 1);
	cr_expect_eq(initiations(0), 1);
}

Test(handshake, a_second_response_is_stale)
{
	world_ping(world, 0, 1);
	struct caught response = last(1, MV_MESSAGE_RESPONSE);
	uint64_t rx_bytes = world_look(world, 0, 1).rx_bytes;

	inject(0, 2, &response);
	cr_expect_eq(world_drops(world, 0, MV_DROP_STALE_RESPONSE), 1);
	cr_expect_eq(world_look(world, 0, 1).rx_bytes, rx_bytes);
	response = forge(&response, 8, 0);
	inject(0, 2, &response);
	cr_expect_eq(world_drops(world, 0, MV_DROP_UNKNOWN_INDEX), 1);
	expect_works(0, 1);
}

/* Both initiations are on their way before either arrives; so both responses come too late. */
static void begin_both(size_t first, size_t second)
{
	world_lose(world, first, MV_MESSAGE_INITIATION, 1);
	world_lose(world, second, MV_MESSAGE_INITIATION, 1);
	world_ping(world, first, second);
	world_ping(world, second, first);
	struct caught of_first = last(first, MV_MESSAGE_INITIATION);
	struct caught of_second = last(second, MV_MESSAGE_INITIATION);

	world_lose(world, second, MV_MESSAGE_RESPONSE, 1);
	inject(second, first, &of_first);
	inject(first, second, &of_second);
	struct caught late = last(second, MV_MESSAGE_RESPONSE);
	inject(first, second, &late);
	cr_expect_eq(world_drops(world, first, MV_DROP_UNKNOWN_INDEX), 1);
	cr_expect_eq(world_drops(world, second, MV_DROP_UNKNOWN_INDEX), 1);

	world_run_for(world, 11 * S);
	cr_expect_eq(world_delivered(world, first), 1);
	cr_expect_eq(world_delivered(world, second), 1);
	cr_expect_eq(initiations(first) + initiations(second), 3, "one retry does for both");
	expect_works(first, second);
}

Test(handshake, two_at_once_end_in_a_tunnel)
{
	begin_both(0, 1);
}

Test(handshake, two_at_once_end_in_a_tunnel_the_other_way_round)
{
	begin_both(1, 0);
}

static void set_psk(size_t device, size_t peer, uint8_t byte)
{
	struct mv_changes changes;

	mv_changes_init(&changes);
	cr_assert_eq(
		mv_changes_add_key(&changes, MV_CHANGE_PEER, world_public_key(world, peer)), 0);
	cr_assert_eq(
		mv_changes_add_key(&changes, MV_CHANGE_PRESHARED_KEY, (uint8_t[MV_KEY_LEN]){byte}),
		0);
	cr_assert_eq(world_apply(world, device, &changes), 0);
	mv_changes_uninit(&changes);
}

Test(handshake, with_another_preshared_key_there_is_none)
{
	set_psk(0, 1, 1);
	world_ping(world, 0, 1);
	world_ping(world, 1, 0);
	world_run_for(world, 60 * S);
	cr_expect_eq(world_delivered(world, 0) + world_delivered(world, 1), 0);
	cr_expect_gt(world_drops(world, 0, MV_DROP_BAD_RESPONSE), 0);

	set_psk(1, 0, 1);
	world_run_for(world, 6 * S);
	cr_expect_eq(world_delivered(world, 0), 1);
	cr_expect_eq(world_delivered(world, 1), 1);
}

Test(handshake, retries_come_after_5_s_and_up_to_a_third)
{
	uint64_t shortest = MV_NEVER, longest = 0;

	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_ping(world, 0, 1);
	for (unsigned i = 0; i < 19; i++) {
		uint64_t wait_ns = world_deadline(world) - world_now(world).boot_ns;

		cr_expect_geq(wait_ns, 5 * S);
		cr_expect_leq(wait_ns, 5 * S + 333 * MS);
		shortest = wait_ns < shortest ? wait_ns : shortest;
		longest = wait_ns > longest ? wait_ns : longest;
		world_run_for(world, wait_ns);
		cr_assert_eq(initiations(0), i + 2);
	}
	cr_expect_gt(longest - shortest, 100 * MS, "they are spread");
}

Test(handshake, after_twenty_tries_there_is_silence)
{
	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_ping(world, 0, 1);
	world_ping(world, 0, 1);
	world_run_for(world, 99 * S);
	cr_expect_eq(world_drops(world, 0, MV_DROP_HANDSHAKE_GAVE_UP), 0);
	world_run_for(world, 8 * S);
	cr_expect_eq(initiations(0), 20);
	cr_expect_eq(world_drops(world, 0, MV_DROP_HANDSHAKE_GAVE_UP), 2);
	world_run_for(world, 3600 * S);
	cr_expect_eq(initiations(0), 20);
	cr_expect_eq(world_deadline(world), MV_NEVER);

	/* The next packet begins anew, with as many. */
	world_ping(world, 0, 1);
	world_run_for(world, 300 * S);
	cr_expect_eq(initiations(0), 40);
}

/* That there was a session once, which is due for renewal, does not make the row any longer. */
Test(handshake, a_peer_that_was_there_is_given_up_too)
{
	world_ping(world, 0, 1);
	world_run_for(world, 130 * S);
	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_lose(world, 0, MV_MESSAGE_DATA, UINT64_MAX);
	world_ping(world, 0, 1);
	world_run_for(world, 130 * S);
	uint64_t sent = initiations(0);

	cr_expect_geq(sent, 21);
	cr_expect_leq(sent, 25);
	world_run_for(world, 600 * S);
	cr_expect_eq(initiations(0), sent);
}

Test(handshake, a_persistent_keepalive_goes_on_for_ever)
{
	struct mv_changes changes;

	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	mv_changes_init(&changes);
	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PEER, world_public_key(world, 1)), 0);
	cr_assert_eq(mv_changes_add_keepalive(&changes, 25), 0);
	cr_assert_eq(world_apply(world, 0, &changes), 0);
	mv_changes_uninit(&changes);

	for (unsigned hour = 0; hour < 6; hour++) {
		uint64_t sent = initiations(0);

		world_run_for(world, 3600 * S);
		cr_expect_gt(initiations(0), sent + 500);
	}
	world_lose(world, 0, MV_MESSAGE_INITIATION, 0);
	world_run_for(world, 31 * S);
	expect_works(0, 1);
}

static struct caught cookie_reply(const struct caught *message, size_t maker, const uint8_t *cookie)
{
	struct caught reply = {.len = 64};
	uint8_t key[MV_HASH_LEN];

	mv_hash(key, "cookie--", 8, world_public_key(world, maker), MV_KEY_LEN);
	mv_store_le32(reply.bytes, MV_MESSAGE_COOKIE_REPLY);
	memcpy(reply.bytes + 4, message->bytes + 4, 4);
	reply.bytes[8] = 77; /* nonce */
	mv_xaead_seal(reply.bytes + 32, cookie, MV_COOKIE_LEN,
		message->bytes + message->len - sizeof(struct mv_message_macs), MV_MAC_LEN, key,
		reply.bytes + 8);
	return reply;
}

Test(handshake, a_cookie_goes_into_the_next_initiation)
{
	const uint8_t cookie[MV_COOKIE_LEN] = {5, 6, 7};
	uint8_t mac2[MV_MAC_LEN];

	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_ping(world, 0, 1);
	struct caught initiation = last(0, MV_MESSAGE_INITIATION);
	struct mv_peer_snapshot before = world_look(world, 0, 1);
	uint64_t deadline_ns = world_deadline(world);
	cr_expect(sodium_is_zero(initiation.bytes + 132, MV_MAC_LEN));

	struct caught reply = cookie_reply(&initiation, 1, cookie);
	struct caught forged = reply;
	forged.bytes[63] ^= 1;
	inject(0, 2, &forged);
	cr_expect_eq(world_drops(world, 0, MV_DROP_COOKIE_UNWANTED), 1);

	/* It proves nothing, so it changes nothing but the next mac2. */
	inject(0, 2, &reply);
	struct mv_peer_snapshot after = world_look(world, 0, 1);
	cr_expect(mv_endpoint_equal(&before.endpoint, &after.endpoint));
	cr_expect_eq(after.rx_bytes, 0);
	cr_expect_eq(world_deadline(world), deadline_ns);
	cr_expect_eq(initiations(0), 1);
	inject(0, 2, &reply);
	cr_expect_eq(world_drops(world, 0, MV_DROP_COOKIE_UNWANTED), 2, "one to a mac1");

	world_run_for(world, 6 * S);
	initiation = last(0, MV_MESSAGE_INITIATION);
	mv_mac(mac2, cookie, sizeof cookie, initiation.bytes, 132);
	cr_expect_arr_eq(initiation.bytes + 132, mac2, MV_MAC_LEN);

	/* Too old, it is left out. */
	world_run_for(world, 120 * S);
	world_ping(world, 0, 1);
	initiation = last(0, MV_MESSAGE_INITIATION);
	cr_expect(sodium_is_zero(initiation.bytes + 132, MV_MAC_LEN));
}

Test(handshake, a_cookie_that_nobody_asked_for)
{
	const uint8_t cookie[MV_COOKIE_LEN] = {1};
	struct caught message = {.len = 148};

	message.bytes[4] = 99; /* An index of nobody. */
	struct caught reply = cookie_reply(&message, 1, cookie);
	inject(0, 1, &reply);
	cr_expect_eq(world_drops(world, 0, MV_DROP_COOKIE_UNWANTED), 1);
}

Test(handshake, the_endpoint_follows_initiations_and_responses)
{
	struct mv_endpoint third = world_endpoint(2);

	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	world_ping(world, 0, 1);
	struct caught initiation = last(0, MV_MESSAGE_INITIATION);
	inject(1, 2, &initiation);
	struct mv_endpoint shown = world_look(world, 1, 0).endpoint;
	cr_expect(mv_endpoint_equal(&shown, &third));

	struct caught response = last(1, MV_MESSAGE_RESPONSE);
	inject(0, 2, &response);
	shown = world_look(world, 0, 1).endpoint;
	cr_expect(mv_endpoint_equal(&shown, &third));
}

/* The peer is there: nothing needs to be asked, though its data was lost. */
Test(handshake, an_initiation_is_a_sign_of_life)
{
	world_ping(world, 0, 1);
	world_run_for(world, S);
	world_ping(world, 0, 1);
	cr_assert_neq(world_peer(world, 0, 1)->timers.new_handshake_ns, MV_NEVER);
	restart(1);
	world_lose(world, 1, MV_MESSAGE_DATA, UINT64_MAX);
	world_ping(world, 1, 0);
	cr_assert_eq(initiations(1), 1);
	cr_expect_eq(world_peer(world, 0, 1)->timers.new_handshake_ns, MV_NEVER);
}

Test(handshake, without_a_private_key_there_is_none)
{
	struct mv_changes changes;

	mv_changes_init(&changes);
	cr_assert_eq(
		mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY, (uint8_t[MV_KEY_LEN]){0}), 0);
	cr_assert_eq(world_apply(world, 1, &changes), 0);
	mv_changes_uninit(&changes);
	world_ping(world, 0, 1);
	cr_expect_eq(world_drops(world, 1, MV_DROP_NO_IDENTITY), 1);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_RESPONSE), 0);
}

/* Between the lane and the control loop a message may wait while the link goes down. */
Test(handshake, what_waited_while_the_link_went_down_is_dropped)
{
	struct mv_batch *out = mv_batch_create(&mv_aead_sodium);
	struct mv_handshake_message message = {.from = world_endpoint(0)};

	cr_assert_not_null(out);
	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	world_ping(world, 0, 1);
	struct caught initiation = last(0, MV_MESSAGE_INITIATION);
	message.len = initiation.len;
	memcpy(message.bytes, initiation.bytes, initiation.len);

	world_set_up(world, 1, false);
	mv_handshake_receive(world_device(world, 1), out, &message, 0, world_now(world));
	cr_expect_eq(out->count, 0);
	cr_expect_eq(world_drops(world, 1, MV_DROP_DEVICE_DOWN), 1);
	cr_expect_eq(mv_device_arm(world_device(world, 1)), MV_NEVER);
	mv_batch_destroy(out);
}

/* What is no handshake message does not get here by way of the plan; it is refused all the same. */
Test(handshake, what_is_no_handshake_message_is_refused)
{
	struct mv_batch *out = mv_batch_create(&mv_aead_sodium);
	const struct mv_handshake_message data = {
		.from = world_endpoint(0), .len = 32, .bytes = {MV_MESSAGE_DATA}};

	cr_assert_not_null(out);
	mv_handshake_receive(world_device(world, 1), out, &data, 0, world_now(world));
	cr_expect_eq(world_drops(world, 1, MV_DROP_BAD_MESSAGE), 1);
	mv_batch_destroy(out);
}

/* What `status` makes its sentences of. */
Test(handshake, what_is_not_answered_and_not_confirmed_is_counted)
{
	world_lose(world, 0, MV_MESSAGE_INITIATION, 2);
	world_ping(world, 0, 1);
	world_run_for(world, 6 * S);
	cr_expect_eq(world_peer(world, 0, 1)->unanswered, 2);
	cr_expect_eq(world_peer(world, 0, 1)->unanswered_since_s, world_now(world).wall_s - 6);

	world_lose(world, 1, MV_MESSAGE_RESPONSE, 2);
	world_run_for(world, 11 * S);
	cr_expect_eq(world_peer(world, 1, 0)->unconfirmed, 2);

	world_run_for(world, 6 * S);
	cr_assert_eq(world_delivered(world, 1), 1);
	cr_expect_eq(world_peer(world, 0, 1)->unanswered, 0);
	cr_expect_eq(world_peer(world, 1, 0)->unconfirmed, 0);
}

Test(handshake, no_secret_stays_behind)
{
	world_ping(world, 0, 1);
	for (size_t device = 0; device < 2; device++) {
		const struct mv_peer *peer = world_peer(world, device, 1 - device);

		cr_expect(sodium_is_zero((const uint8_t *)world_device(world, device)->scratch,
			sizeof(struct mv_handshake_scratch)));
		cr_expect(sodium_is_zero((const uint8_t *)&peer->secrets->handshake,
			sizeof peer->secrets->handshake));
		cr_expect_not(sodium_is_zero(
			(const uint8_t *)peer->secrets->sessions, sizeof peer->secrets->sessions));
	}
}

/* At most three sessions and a handshake a peer, however many there were. */
Test(handshake, indices_do_not_pile_up)
{
	for (unsigned i = 0; i < 50; i++) {
		world_run_for(world, 181 * S);
		expect_works(i % 2, 1 - i % 2);
	}
	cr_expect_leq(world_device(world, 0)->indices.count, 3);
	cr_expect_leq(world_device(world, 1)->indices.count, 3);
}
