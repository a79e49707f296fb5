/*
 * Under load: who has not shown that he receives at his address gets a cookie and no computation,
 * and who has gets no more than his share.
 */
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "proto/messages.h"
#include "tunnel/handshake.h"
#include "world.h"

#define S  MV_NS_PER_S
#define MS MV_NS_PER_MS

struct caught {
	uint8_t bytes[MV_HANDSHAKE_MESSAGE_MAX];
	size_t len;
};

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

TestSuite(load, .init = setup, .fini = teardown);

static struct caught last(size_t device, unsigned type)
{
	struct caught caught;
	const uint8_t *bytes = world_last_sent(world, device, type, &caught.len);

	cr_assert(caught.len > 0 && caught.len <= sizeof(caught.bytes));
	memcpy(caught.bytes, bytes, caught.len);
	return caught;
}

static void inject_from(size_t to, struct mv_endpoint from, const struct caught *caught)
{
	world_inject(world, to, &from, caught->bytes, caught->len);
}

static void inject(size_t to, size_t from, const struct caught *caught)
{
	inject_from(to, world_endpoint(from), caught);
}

/* The device has not been under load before this moment, and nobody else is by it. */
static void press(size_t device)
{
	const struct caught junk = {.bytes = {MV_MESSAGE_RESPONSE}, .len = 92};

	world_set_backlog(world, MV_HANDSHAKE_QUEUE_LOAD);
	inject(device, 2, &junk);
	world_set_backlog(world, 0);
}

static uint64_t replies(size_t device)
{
	return world_sent(world, device, MV_MESSAGE_COOKIE_REPLY);
}

static uint64_t responses(size_t device)
{
	return world_sent(world, device, MV_MESSAGE_RESPONSE);
}

static bool has_mac2(const struct caught *message)
{
	return !sodium_is_zero(message->bytes + message->len - MV_MAC_LEN, MV_MAC_LEN);
}

/* An initiation from device 0 to 1 that got lost. */
static struct caught initiation(void)
{
	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	world_ping(world, 0, 1);
	return last(0, MV_MESSAGE_INITIATION);
}

/* One with a cookie in it, for which device 1 is under load from now on. */
static struct caught initiation_with_cookie(void)
{
	world_set_backlog(world, MV_HANDSHAKE_QUEUE_LOAD);
	world_ping(world, 0, 1);
	cr_assert_eq(replies(1), 1);
	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	world_run_for(world, 6 * S);
	struct caught message = last(0, MV_MESSAGE_INITIATION);
	cr_assert(has_mac2(&message));
	cr_assert_eq(responses(1), 0);
	return message;
}

static struct mv_endpoint stranger(uint16_t port)
{
	return (struct mv_endpoint){
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {198, 51, 100, 7}}, .port = port};
}

Test(load, a_handshake_takes_a_cookie_and_then_works)
{
	press(1);
	world_ping(world, 0, 1);
	cr_expect_eq(replies(1), 1);
	cr_expect_eq(responses(1), 0);
	cr_expect_eq(world_drops(world, 1, MV_DROP_UNDER_LOAD), 1);
	struct caught first = last(0, MV_MESSAGE_INITIATION);
	cr_expect_not(has_mac2(&first));

	world_run_for(world, 4900 * MS);
	press(1);
	world_run_for(world, 500 * MS);
	struct caught second = last(0, MV_MESSAGE_INITIATION);
	cr_expect(has_mac2(&second));
	cr_expect_eq(world_drops(world, 1, MV_DROP_UNDER_LOAD), 1);
	cr_expect_eq(replies(1), 1);
	cr_expect_eq(responses(1), 1);
	cr_expect_eq(world_delivered(world, 1), 1);
}

Test(load, a_response_takes_a_cookie_too)
{
	world_set_backlog(world, MV_HANDSHAKE_QUEUE_LOAD);
	world_ping(world, 0, 1);
	world_run_for(world, 6 * S);
	cr_expect_eq(replies(1), 1);
	cr_expect_eq(responses(1), 1);
	cr_expect_eq(replies(0), 1);
	cr_expect_eq(world_drops(world, 0, MV_DROP_UNDER_LOAD), 1);
	cr_expect_eq(world_delivered(world, 1), 0);

	world_run_for(world, 6 * S);
	struct caught response = last(1, MV_MESSAGE_RESPONSE);
	cr_expect(has_mac2(&response));
	cr_expect_eq(replies(0) + replies(1), 2);
	cr_expect_eq(world_delivered(world, 1), 1);
}

Test(load, an_eighth_of_the_queue_is_load)
{
	world_set_backlog(world, MV_HANDSHAKE_QUEUE / 8 - 1);
	world_ping(world, 0, 1);
	cr_expect_eq(replies(1), 0);
	cr_expect_eq(world_delivered(world, 1), 1);

	world_set_backlog(world, MV_HANDSHAKE_QUEUE / 8);
	world_ping(world, 2, 1);
	cr_expect_eq(replies(1), 1);
	cr_expect_eq(world_delivered(world, 1), 1);
}

/* The message with other bytes and the macs that anybody can make who knows the public key. */
static struct caught forged(struct caught message)
{
	uint8_t key[MV_HASH_LEN];

	message.bytes[60] ^= 1;
	mv_hash(key, "mac1----", 8, world_public_key(world, 1), MV_KEY_LEN);
	mv_mac(message.bytes + 116, key, sizeof(key), message.bytes, 116);
	return message;
}

/* However short the queue is. */
Test(load, many_in_a_second_are_load)
{
	struct caught message = forged(initiation()), junk = message;

	world_run_for(world, 10 * S);
	junk.bytes[50] ^= 1;
	const unsigned many = 2 * MV_HANDSHAKE_RATE_LOAD;
	for (unsigned i = 0; i < many; i++) {
		inject_from(1, stranger(7), &junk);
	}
	cr_expect_eq(world_drops(world, 1, MV_DROP_BAD_MAC1), many);
	for (unsigned i = 0; i < MV_HANDSHAKE_RATE_LOAD; i++) {
		inject_from(1, stranger(7), &message);
	}
	cr_expect_eq(world_drops(world, 1, MV_DROP_BAD_HANDSHAKE), MV_HANDSHAKE_RATE_LOAD);
	cr_expect_eq(replies(1), 0);
	inject_from(1, stranger(7), &message);
	cr_expect_eq(world_drops(world, 1, MV_DROP_BAD_HANDSHAKE), MV_HANDSHAKE_RATE_LOAD);
	cr_expect_eq(replies(1), 1);

	world_run_for(world, S);
	inject_from(1, stranger(7), &message);
	cr_expect_eq(replies(1), 1);
	cr_expect_eq(world_drops(world, 1, MV_DROP_BAD_HANDSHAKE), MV_HANDSHAKE_RATE_LOAD + 1);
}

Test(load, ends_a_second_after_the_last_of_it)
{
	press(1);
	world_run_for(world, 500 * MS);
	press(1);
	world_run_for(world, S - 1);
	world_ping(world, 0, 1);
	cr_expect_eq(replies(1), 1);
	cr_expect_eq(responses(1), 0);

	world_run_for(world, 1);
	world_ping(world, 2, 1);
	cr_expect_eq(replies(1), 1);
	cr_expect_eq(responses(1), 1);
}

Test(load, is_of_one_device)
{
	press(1);
	world_ping(world, 0, 2);
	cr_expect_eq(world_delivered(world, 2), 1);
	world_ping(world, 0, 1);
	cr_expect_eq(world_delivered(world, 1), 0);
}

Test(load, data_goes_on)
{
	world_ping(world, 0, 1);
	world_set_backlog(world, MV_HANDSHAKE_QUEUE_LOAD);
	world_ping(world, 0, 1);
	world_ping(world, 1, 0);
	cr_expect_eq(world_delivered(world, 1), 2);
	cr_expect_eq(world_delivered(world, 0), 1);
}

/* Without load nobody looks at mac2, and nobody is limited. */
Test(load, without_it_there_are_no_cookies)
{
	struct caught message = initiation();

	memset(message.bytes + message.len - MV_MAC_LEN, 0xee, MV_MAC_LEN);
	inject(1, 0, &message);
	cr_expect_eq(responses(1), 1);
	for (unsigned i = 0; i < 50; i++) {
		inject(1, 0, &message);
	}
	cr_expect_eq(world_drops(world, 1, MV_DROP_OLD_TIMESTAMP), 50);
	cr_expect_eq(world_drops(world, 1, MV_DROP_RATE_LIMITED), 0);
	cr_expect_eq(replies(1), 0);
}

/* Replies */

/* What one message is answered with: nothing, or one datagram. */
static struct mv_batch *receive(const struct caught *caught, const struct mv_endpoint *from)
{
	struct mv_handshake_message message = {.from = *from, .len = caught->len};
	struct mv_batch *out = mv_batch_create(&mv_aead_sodium);

	cr_assert(out);
	message.source.ip = world_endpoint(1).ip;
	message.source.ifindex = 7;
	memcpy(message.bytes, caught->bytes, caught->len);
	mv_handshake_receive(
		world_device(world, 1), out, &message, MV_HANDSHAKE_QUEUE_LOAD, world_now(world));
	return out;
}

Test(load, a_reply_goes_back_to_where_the_message_came_from)
{
	const struct mv_endpoint from = stranger(7);
	const struct caught message = initiation();
	struct mv_batch *out = receive(&message, &from);
	const struct mv_packet *reply = &out->packets[0];

	cr_assert_eq(out->count, 1);
	cr_expect_eq(reply->len, 64);
	cr_expect_lt(reply->len, message.len);
	cr_expect_eq(reply->data[0], MV_MESSAGE_COOKIE_REPLY);
	cr_expect_arr_eq(reply->data + 4, message.bytes + 4, 4);
	cr_expect(mv_endpoint_equal(&reply->endpoint, &from));
	cr_expect_eq(reply->source.ifindex, 7);
	cr_expect_eq(reply->tos, 0);
	cr_expect(reply->live);
	mv_batch_destroy(out);
}

Test(load, one_message_is_answered_by_one_that_is_smaller)
{
	const struct caught message = initiation();
	struct mv_peer_snapshot before = world_look(world, 1, 0);

	world_set_backlog(world, MV_HANDSHAKE_QUEUE_LOAD);
	for (uint16_t port = 1; port <= 1000; port++) {
		inject_from(1, stranger(port), &message);
	}
	cr_expect_eq(replies(1), 1000);
	struct caught reply = last(1, MV_MESSAGE_COOKIE_REPLY);
	cr_expect_eq(reply.len, sizeof(struct mv_message_cookie_reply));
	cr_expect_eq(responses(1), 0);
	/* They are nobody's traffic. */
	cr_expect_eq(world_look(world, 1, 0).tx_bytes, before.tx_bytes);
	cr_expect_eq(world_look(world, 1, 0).rx_bytes, before.rx_bytes);
}

Test(load, two_replies_have_nothing_in_common)
{
	const struct caught message = initiation();

	world_set_backlog(world, MV_HANDSHAKE_QUEUE_LOAD);
	inject(1, 0, &message);
	struct caught first = last(1, MV_MESSAGE_COOKIE_REPLY);
	inject(1, 0, &message);
	struct caught second = last(1, MV_MESSAGE_COOKIE_REPLY);
	cr_expect_arr_eq(first.bytes, second.bytes, 8);
	cr_expect_arr_neq(first.bytes + 8, second.bytes + 8, MV_XAEAD_NONCE_LEN);
	cr_expect_arr_neq(first.bytes + 32, second.bytes + 32, 32);
}

Test(load, to_a_wrong_mac1_there_is_no_reply)
{
	struct caught message = initiation();

	world_set_backlog(world, MV_HANDSHAKE_QUEUE_LOAD);
	message.bytes[50] ^= 1;
	inject(1, 0, &message);
	cr_expect_eq(replies(1), 0);
	cr_expect_eq(world_drops(world, 1, MV_DROP_BAD_MAC1), 1);
	message.bytes[50] ^= 1;
	inject(1, 0, &message);
	cr_expect_eq(replies(1), 1);
}

/* A reply proves nothing: it changes the next mac2, and nothing else. */
Test(load, a_reply_moves_and_completes_nothing)
{
	press(1);
	world_lose(world, 1, MV_MESSAGE_COOKIE_REPLY, 1);
	world_ping(world, 0, 1);
	struct caught reply = last(1, MV_MESSAGE_COOKIE_REPLY);
	struct mv_peer_snapshot before = world_look(world, 0, 1);
	uint64_t deadline_ns = world_deadline(world);

	inject_from(0, stranger(7), &reply);
	cr_expect_eq(world_drops(world, 0, MV_DROP_COOKIE_UNWANTED), 0);
	struct mv_peer_snapshot after = world_look(world, 0, 1);
	cr_expect(mv_endpoint_equal(&after.endpoint, &before.endpoint));
	cr_expect_eq(after.last_handshake_s, 0);
	cr_expect_eq(after.rx_bytes, 0);
	cr_expect_eq(world_deadline(world), deadline_ns);
	cr_expect_eq(world_sent(world, 0, MV_MESSAGE_INITIATION), 1);
	cr_expect_eq(world_sent(world, 0, MV_MESSAGE_DATA), 0);

	inject_from(0, stranger(7), &reply);
	cr_expect_eq(world_drops(world, 0, MV_DROP_COOKIE_UNWANTED), 1, "it was taken once");
}

/* Who is computed for */

Test(load, a_spoofed_source_gets_no_computation)
{
	const struct caught message = forged(initiation());

	inject_from(1, stranger(7), &message);
	cr_expect_eq(world_drops(world, 1, MV_DROP_BAD_HANDSHAKE), 1, "without load it does");
	world_set_backlog(world, MV_HANDSHAKE_QUEUE_LOAD);
	inject_from(1, stranger(7), &message);
	cr_expect_eq(world_drops(world, 1, MV_DROP_BAD_HANDSHAKE), 1);
	cr_expect_eq(world_drops(world, 1, MV_DROP_UNDER_LOAD), 1);
}

Test(load, a_cookie_is_of_no_use_from_elsewhere)
{
	const struct caught message = initiation_with_cookie();
	struct mv_endpoint other_port = world_endpoint(0);

	other_port.port++;
	inject(1, 2, &message);
	inject_from(1, other_port, &message);
	cr_expect_eq(world_drops(world, 1, MV_DROP_UNDER_LOAD), 3);
	cr_expect_eq(responses(1), 0);
	struct mv_endpoint shown = world_look(world, 1, 0).endpoint, home = world_endpoint(0);
	cr_expect(mv_endpoint_equal(&shown, &home));

	inject(1, 0, &message);
	cr_expect_eq(responses(1), 1);
}

Test(load, a_cookie_is_good_for_as_long_as_the_secret)
{
	const uint64_t birth_ns = world_now(world).boot_ns;
	const struct caught message = initiation_with_cookie();

	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_run_until(world, birth_ns + 120 * S - 1);
	inject(1, 0, &message);
	cr_expect_eq(world_drops(world, 1, MV_DROP_UNDER_LOAD), 1);
	cr_expect_eq(responses(1), 1);

	world_run_until(world, birth_ns + 120 * S);
	inject(1, 0, &message);
	cr_expect_eq(world_drops(world, 1, MV_DROP_UNDER_LOAD), 2);
}

Test(load, a_cookie_buys_five_at_once_and_twenty_a_second)
{
	const struct caught message = initiation_with_cookie();

	for (unsigned i = 0; i < 9; i++) {
		inject(1, 0, &message);
	}
	cr_expect_eq(responses(1), 1);
	cr_expect_eq(world_drops(world, 1, MV_DROP_OLD_TIMESTAMP), 4);
	cr_expect_eq(world_drops(world, 1, MV_DROP_RATE_LIMITED), 4);

	world_run_for(world, 50 * MS);
	inject(1, 0, &message);
	inject(1, 0, &message);
	cr_expect_eq(world_drops(world, 1, MV_DROP_OLD_TIMESTAMP), 5);
	cr_expect_eq(world_drops(world, 1, MV_DROP_RATE_LIMITED), 5);
	cr_expect_eq(replies(1), 1, "who has a cookie needs no other");
}

/* What is refused for want of a cookie is not charged to the address that it claims to come from.
 */
Test(load, a_spoofed_flood_does_not_use_up_the_share_of_its_victim)
{
	const struct caught message = initiation_with_cookie();
	struct caught spoofed = message;

	spoofed.bytes[spoofed.len - 1] ^= 1;
	for (unsigned i = 0; i < 100; i++) {
		inject(1, 0, &spoofed);
	}
	cr_expect_eq(world_drops(world, 1, MV_DROP_UNDER_LOAD), 101);
	inject(1, 0, &message);
	cr_expect_eq(responses(1), 1);
}

/* Another identity makes other cookies. */
Test(load, a_new_private_key_ends_all_cookies)
{
	const struct caught message = initiation_with_cookie();
	struct mv_changes changes;

	mv_changes_init(&changes);
	cr_assert_eq(
		mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY, world_private_key(world, 2)),
		0);
	cr_assert_eq(world_apply(world, 1, &changes), 0);
	mv_changes_uninit(&changes);
	inject(1, 0, &message);
	cr_expect_eq(world_drops(world, 1, MV_DROP_BAD_MAC1), 1);
}
