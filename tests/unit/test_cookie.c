#include "proto/cookie.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "../vectors/noise.h"
#include "hex.h"

#define S  UINT64_C(1000000000)
#define NS UINT64_C(1)

static const uint64_t t0 = 1000 * S;
static uint8_t responder_public[MV_KEY_LEN];
static struct mv_cookie_maker maker;
static struct mv_message_initiation initiation;

static void start(void)
{
	cr_assert_geq(sodium_init(), 0);
	unhex(responder_public, sizeof(responder_public), SESSION_RESPONDER_PUBLIC);
	memset(&maker, 0xee, sizeof(maker));
	mv_cookie_maker_init(&maker, responder_public);
	cr_assert_eq(unhex((void *)&initiation, sizeof(initiation), SESSION_INITIATION),
		sizeof(initiation));
}

TestSuite(cookie, .init = start);

static void expect_hex(const uint8_t *bytes, const char *hex)
{
	uint8_t wanted[MV_HASH_LEN];

	cr_assert_eq(unhex(wanted, sizeof(wanted), hex), sizeof(wanted));
	cr_expect_arr_eq(bytes, wanted, sizeof(wanted), "%s", hex);
}

Test(cookie, published_keys)
{
	struct mv_cookie_checker checker;

	expect_hex(maker.mac1_key, SESSION_RESPONDER_MAC1_KEY);
	expect_hex(maker.cookie_key, SESSION_RESPONDER_COOKIE_KEY);
	mv_cookie_checker_init(&checker, responder_public);
	expect_hex(checker.mac1_key, SESSION_RESPONDER_MAC1_KEY);
}

/* Signing a captured message with its macs spoilt must bring back the captured one. */
static void expect_signed(const char *public_hex, const char *message_hex, size_t len)
{
	uint8_t public_key[MV_KEY_LEN], message[MV_HANDSHAKE_MESSAGE_MAX];
	uint8_t wanted[MV_HANDSHAKE_MESSAGE_MAX];
	struct mv_cookie_maker to;

	unhex(public_key, sizeof(public_key), public_hex);
	cr_assert_eq(unhex(wanted, sizeof(wanted), message_hex), len);
	memcpy(message, wanted, len);
	memset(message + len - sizeof(struct mv_message_macs), 0xee,
		sizeof(struct mv_message_macs));
	mv_cookie_maker_init(&to, public_key);
	mv_cookie_maker_sign(&to, message, len, t0);
	cr_expect_arr_eq(message, wanted, len);
	cr_expect_arr_eq(to.last_mac1, wanted + len - sizeof(struct mv_message_macs), MV_MAC_LEN);
}

Test(cookie, published_messages_are_signed_as_they_were)
{
	expect_signed(
		SESSION_RESPONDER_PUBLIC, SESSION_INITIATION, sizeof(struct mv_message_initiation));
	expect_signed(
		SESSION_INITIATOR_PUBLIC, SESSION_RESPONSE, sizeof(struct mv_message_response));
}

/* mac1 stands before mac2, which is not looked at. */
static void expect_every_bit_counts(const char *public_hex, const char *message_hex, size_t len)
{
	const size_t bits = 8 * (len - MV_MAC_LEN);
	uint8_t public_key[MV_KEY_LEN], message[MV_HANDSHAKE_MESSAGE_MAX];
	struct mv_cookie_checker checker;

	unhex(public_key, sizeof(public_key), public_hex);
	mv_cookie_checker_init(&checker, public_key);
	cr_assert_eq(unhex(message, sizeof(message), message_hex), len);
	cr_assert(mv_cookie_checker_mac1_is_valid(&checker, message, len));
	for (size_t bit = 0; bit < 8 * len; bit++) {
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_eq(mv_cookie_checker_mac1_is_valid(&checker, message, len), bit >= bits,
			"bit %zu", bit);
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

Test(cookie, every_flipped_bit_breaks_mac1)
{
	expect_every_bit_counts(
		SESSION_RESPONDER_PUBLIC, SESSION_INITIATION, sizeof(struct mv_message_initiation));
	expect_every_bit_counts(
		SESSION_INITIATOR_PUBLIC, SESSION_RESPONSE, sizeof(struct mv_message_response));
}

Test(cookie, mac1_is_for_one_receiver)
{
	uint8_t initiator_public[MV_KEY_LEN];
	struct mv_cookie_checker right, wrong;

	unhex(initiator_public, sizeof(initiator_public), SESSION_INITIATOR_PUBLIC);
	mv_cookie_checker_init(&right, responder_public);
	mv_cookie_checker_init(&wrong, initiator_public);
	cr_expect(mv_cookie_checker_mac1_is_valid(&right, &initiation, sizeof(initiation)));
	cr_expect_not(mv_cookie_checker_mac1_is_valid(&wrong, &initiation, sizeof(initiation)));
}

static void sign(uint64_t now_ns)
{
	memset(&initiation.macs, 0xee, sizeof(initiation.macs));
	mv_cookie_maker_sign(&maker, &initiation, sizeof(initiation), now_ns);
}

/* What a responder under load sends: `cookie` for the message with this mac1. */
static struct mv_message_cookie_reply reply(uint8_t cookie, const uint8_t mac1[static MV_MAC_LEN],
	const uint8_t key[static MV_AEAD_KEY_LEN])
{
	struct mv_message_cookie_reply message = {.type = {MV_MESSAGE_COOKIE_REPLY}};
	uint8_t text[MV_COOKIE_LEN];

	memset(text, cookie, sizeof(text));
	memset(message.nonce, cookie ^ 0x5a, sizeof(message.nonce));
	mv_xaead_seal(
		message.encrypted_cookie, text, sizeof(text), mac1, MV_MAC_LEN, key, message.nonce);
	return message;
}

static bool consume_reply(uint8_t cookie, uint64_t now_ns)
{
	const struct mv_message_cookie_reply message =
		reply(cookie, initiation.macs.mac1, maker.cookie_key);

	return mv_cookie_maker_consume(&maker, &message, now_ns);
}

/* mac2 by this cookie, over all that comes before it. */
static bool mac2_is_by(uint8_t cookie)
{
	const size_t covered = sizeof(initiation) - MV_MAC_LEN;
	uint8_t key[MV_COOKIE_LEN], mac2[MV_MAC_LEN];

	memset(key, cookie, sizeof(key));
	mv_mac(mac2, key, sizeof(key), &initiation, covered);
	return memcmp(mac2, initiation.macs.mac2, MV_MAC_LEN) == 0;
}

static bool has_mac2(void)
{
	return !sodium_is_zero(initiation.macs.mac2, MV_MAC_LEN);
}

Test(cookie, mac2_is_zero_without_a_cookie)
{
	sign(t0);
	cr_expect_not(has_mac2());
	sign(0);
	cr_expect_not(has_mac2());
}

Test(cookie, the_next_message_carries_mac2)
{
	struct mv_cookie_checker checker;

	sign(t0);
	cr_expect(consume_reply(7, t0));
	cr_expect_eq(maker.cookie_birth_ns, t0);
	sign(t0 + 5 * S);
	cr_expect(mac2_is_by(7));
	mv_cookie_checker_init(&checker, responder_public);
	cr_expect(mv_cookie_checker_mac1_is_valid(&checker, &initiation, sizeof(initiation)));
}

Test(cookie, a_response_carries_mac2_too)
{
	uint8_t key[MV_COOKIE_LEN], mac2[MV_MAC_LEN];
	struct mv_message_response response;

	sign(t0);
	cr_expect(consume_reply(7, t0));
	memset(&response, 0x11, sizeof(response));
	mv_cookie_maker_sign(&maker, &response, sizeof(response), t0);
	memset(key, 7, sizeof(key));
	mv_mac(mac2, key, sizeof(key), &response, sizeof(response) - MV_MAC_LEN);
	cr_expect_arr_eq(response.macs.mac2, mac2, sizeof(mac2));
}

Test(cookie, is_used_for_115_seconds)
{
	sign(t0);
	cr_expect(consume_reply(7, t0));
	sign(t0 + 115 * S - NS);
	cr_expect(mac2_is_by(7));
	sign(t0 + 115 * S);
	cr_expect_not(has_mac2());
	sign(t0 + 10000 * S);
	cr_expect_not(has_mac2());
}

Test(cookie, a_new_one_takes_the_place_of_the_old_one)
{
	sign(t0);
	cr_expect(consume_reply(7, t0));
	sign(t0 + 100 * S);
	cr_expect(consume_reply(8, t0 + 100 * S));
	sign(t0 + 215 * S - NS);
	cr_expect(mac2_is_by(8));
	sign(t0 + 215 * S);
	cr_expect_not(has_mac2());
}

/* 0 is the boot, not "never". */
Test(cookie, one_of_the_boot_is_one)
{
	sign(0);
	cr_expect(consume_reply(7, 0));
	sign(115 * S - NS);
	cr_expect(mac2_is_by(7));
	sign(115 * S);
	cr_expect_not(has_mac2());
}

Test(cookie, a_reply_must_be_awaited)
{
	memcpy(initiation.macs.mac1, maker.last_mac1, MV_MAC_LEN);
	cr_expect_not(consume_reply(7, t0), "nothing was sent");
	sign(t0);
	cr_expect(consume_reply(7, t0));
	cr_expect_not(consume_reply(7, t0), "the same again");
	cr_expect_not(consume_reply(8, t0 + S), "a second one to the same message");
	cr_expect_eq(maker.cookie_birth_ns, t0);
	sign(t0);
	cr_expect(mac2_is_by(7));
	cr_expect(consume_reply(8, t0 + S), "one to the next message");
}

Test(cookie, a_reply_to_another_message_is_refused)
{
	struct mv_message_cookie_reply late;

	sign(t0);
	late = reply(7, initiation.macs.mac1, maker.cookie_key);
	initiation.sender_index[0] ^= 1;
	sign(t0 + 5 * S);
	cr_expect_not(mv_cookie_maker_consume(&maker, &late, t0 + 5 * S));
	cr_expect(consume_reply(7, t0 + 5 * S));
}

Test(cookie, a_reply_under_another_key_is_refused)
{
	struct mv_message_cookie_reply message;

	sign(t0);
	message = reply(7, initiation.macs.mac1, maker.mac1_key);
	cr_expect_not(mv_cookie_maker_consume(&maker, &message, t0));
	cr_expect(consume_reply(7, t0));
}

/* A forged reply changes nothing, so that the true one is still taken after it. */
Test(cookie, every_flipped_bit_of_a_reply_is_found)
{
	struct mv_message_cookie_reply message;
	struct mv_cookie_maker before;
	uint8_t *bytes = (void *)&message;

	sign(t0);
	before = maker;
	message = reply(7, initiation.macs.mac1, maker.cookie_key);
	for (size_t bit = 8 * offsetof(struct mv_message_cookie_reply, nonce);
		bit < 8 * sizeof(message); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_not(mv_cookie_maker_consume(&maker, &message, t0), "bit %zu", bit);
		cr_expect_arr_eq(&maker, &before, sizeof(maker), "bit %zu", bit);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cr_expect(mv_cookie_maker_consume(&maker, &message, t0));
}

Test(cookie, a_refused_reply_keeps_the_old_cookie)
{
	struct mv_message_cookie_reply message;

	sign(t0);
	cr_expect(consume_reply(7, t0));
	sign(t0 + S);
	message = reply(8, initiation.macs.mac1, maker.mac1_key);
	cr_expect_not(mv_cookie_maker_consume(&maker, &message, t0 + S));
	sign(t0 + 2 * S);
	cr_expect(mac2_is_by(7));
}

Test(cookie, another_key_of_the_peer_begins_without_one)
{
	sign(t0);
	cr_expect(consume_reply(7, t0));
	mv_cookie_maker_init(&maker, responder_public);
	cr_expect_not(consume_reply(8, t0));
	sign(t0);
	cr_expect_not(has_mac2());
}

/* The checker */

static struct mv_cookie_checker checker;

static struct mv_endpoint endpoint(const char *text)
{
	struct mv_endpoint parsed;

	cr_assert(mv_endpoint_parse(&parsed, text), "%s", text);
	return parsed;
}

static void start_checker(void)
{
	uint8_t secret[MV_HASH_LEN];

	start();
	memset(secret, 0x5c, sizeof(secret));
	mv_cookie_checker_init(&checker, responder_public);
	mv_cookie_checker_set_secret(&checker, secret, t0);
}

TestSuite(cookie_checker, .init = start_checker);

/* What a responder under load answers to a message from there. */
static struct mv_message_cookie_reply answer(
	const void *message, size_t len, const struct mv_endpoint *from)
{
	struct mv_message_cookie_reply made;
	uint8_t nonce[MV_XAEAD_NONCE_LEN];

	memset(&made, 0xee, sizeof(made));
	memset(nonce, 0xa5, sizeof(nonce));
	mv_cookie_checker_reply(&checker, &made, message, len, from, nonce);
	return made;
}

/* The initiation of somebody who was given the cookie for this address. */
static void sign_from(const struct mv_endpoint *from)
{
	sign(t0);
	const struct mv_message_cookie_reply made = answer(&initiation, sizeof(initiation), from);
	cr_assert(mv_cookie_maker_consume(&maker, &made, t0));
	sign(t0);
}

static bool mac2_is_valid(const struct mv_endpoint *from)
{
	return mv_cookie_checker_mac2_is_valid(&checker, &initiation, sizeof(initiation), from);
}

/* A cookie for the one is good for it and not for the other. */
static void expect_mac2_only_from(const char *here, const char *elsewhere)
{
	const struct mv_endpoint from = endpoint(here), other = endpoint(elsewhere);

	sign_from(&from);
	cr_expect(mac2_is_valid(&from), "%s", here);
	cr_expect_not(mac2_is_valid(&other), "%s by a cookie for %s", elsewhere, here);
}

Test(cookie_checker, mac2_is_for_one_address_and_port)
{
	expect_mac2_only_from("192.0.2.1:51820", "192.0.2.1:51821");
	expect_mac2_only_from("192.0.2.1:51820", "192.0.2.1:108"); /* The low byte is the same. */
	expect_mac2_only_from("192.0.2.1:51820", "192.0.2.2:51820");
	expect_mac2_only_from("192.0.2.1:51820", "193.0.2.1:51820");
	expect_mac2_only_from("[2001:db8::1]:51820", "[2001:db8::1]:51821");
	expect_mac2_only_from("[2001:db8::1]:51820", "[2001:db8::2]:51820");
	expect_mac2_only_from("[2001:db8::1]:51820", "[2001:db8:0:0:1::1]:51820");
	expect_mac2_only_from("[2001:db8::1]:51820", "[3001:db8::1]:51820");
	expect_mac2_only_from("192.0.2.1:51820", "[c000:201::]:51820");
	expect_mac2_only_from("[c000:201::]:51820", "192.0.2.1:51820");
}

Test(cookie_checker, a_message_without_a_cookie_has_no_valid_mac2)
{
	const struct mv_endpoint from = endpoint("192.0.2.1:51820");

	sign(t0);
	cr_expect_not(has_mac2());
	cr_expect_not(mac2_is_valid(&from));
	sign_from(&from);
	cr_expect(mac2_is_valid(&from));
}

Test(cookie_checker, every_flipped_bit_breaks_mac2)
{
	const struct mv_endpoint from = endpoint("192.0.2.1:51820");
	uint8_t *bytes = (void *)&initiation;

	sign_from(&from);
	for (size_t bit = 0; bit < 8 * sizeof(initiation); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_not(mac2_is_valid(&from), "bit %zu", bit);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cr_expect(mac2_is_valid(&from));
}

Test(cookie_checker, a_response_has_a_mac2_too)
{
	const struct mv_endpoint from = endpoint("192.0.2.1:51820"),
				 other = endpoint("192.0.2.1:1");
	struct mv_message_response response;

	sign_from(&from);
	memset(&response, 0x11, sizeof(response));
	mv_cookie_maker_sign(&maker, &response, sizeof(response), t0);
	cr_expect(mv_cookie_checker_mac2_is_valid(&checker, &response, sizeof(response), &from));
	cr_expect_not(
		mv_cookie_checker_mac2_is_valid(&checker, &response, sizeof(response), &other));
}

Test(cookie_checker, a_secret_is_wanted_at_first_and_every_120_s)
{
	const uint8_t secret[MV_HASH_LEN] = {1};

	mv_cookie_checker_init(&checker, responder_public);
	cr_expect(mv_cookie_checker_wants_secret(&checker, 0));
	cr_expect(mv_cookie_checker_wants_secret(&checker, t0));
	mv_cookie_checker_set_secret(&checker, secret, 0);
	cr_expect_not(mv_cookie_checker_wants_secret(&checker, 0));
	cr_expect_not(mv_cookie_checker_wants_secret(&checker, 120 * S - NS));
	cr_expect(mv_cookie_checker_wants_secret(&checker, 120 * S));
	mv_cookie_checker_set_secret(&checker, secret, 120 * S);
	cr_expect_not(mv_cookie_checker_wants_secret(&checker, 240 * S - NS));
	cr_expect(mv_cookie_checker_wants_secret(&checker, 10000 * S));
}

Test(cookie_checker, a_new_secret_ends_the_cookies_of_the_old_one)
{
	const struct mv_endpoint from = endpoint("192.0.2.1:51820");
	uint8_t secret[MV_HASH_LEN];

	sign_from(&from);
	cr_expect(mac2_is_valid(&from));
	memset(secret, 0x5d, sizeof(secret));
	mv_cookie_checker_set_secret(&checker, secret, t0 + 120 * S);
	cr_expect_not(mac2_is_valid(&from));
	sign_from(&from);
	cr_expect(mac2_is_valid(&from));
}

/* A reply names the message that it answers, and is smaller than the smallest of them. */
static void expect_reply_to(const void *message, size_t len, const struct mv_endpoint *from)
{
	static const uint8_t type[] = {MV_MESSAGE_COOKIE_REPLY, 0, 0, 0};
	const struct mv_message_cookie_reply made = answer(message, len, from);

	cr_expect_eq(sizeof(made), 64);
	cr_expect_lt(sizeof(made), len);
	cr_expect_arr_eq(made.type, type, sizeof(type));
	cr_expect_arr_eq(made.receiver_index, (const uint8_t *)message + 4, 4);
	for (size_t i = 0; i < sizeof(made.nonce); i++) {
		cr_expect_eq(made.nonce[i], 0xa5);
	}
}

Test(cookie_checker, a_reply_goes_to_the_sender_index)
{
	const struct mv_endpoint from = endpoint("192.0.2.1:51820");
	struct mv_message_response response = {.sender_index = {4, 3, 2, 1}};

	expect_reply_to(&initiation, sizeof(initiation), &from);
	memset(response.receiver_index, 0xcc, sizeof(response.receiver_index));
	mv_cookie_maker_sign(&maker, &response, sizeof(response), t0);
	expect_reply_to(&response, sizeof(response), &from);

	const struct mv_message_cookie_reply made = answer(&response, sizeof(response), &from);
	cr_expect(mv_cookie_maker_consume(&maker, &made, t0));
}

/* The published cookie key is the one that seals it, with the mac1 of the message beside it. */
Test(cookie_checker, a_reply_is_sealed_for_those_who_sent_the_message)
{
	const struct mv_endpoint from = endpoint("192.0.2.1:51820");
	uint8_t key[MV_HASH_LEN], cookie[MV_COOKIE_LEN], mac2[MV_MAC_LEN];

	sign(t0);
	const struct mv_message_cookie_reply made = answer(&initiation, sizeof(initiation), &from);
	unhex(key, sizeof(key), SESSION_RESPONDER_COOKIE_KEY);
	cr_assert(mv_xaead_open(cookie, made.encrypted_cookie, sizeof(made.encrypted_cookie),
		initiation.macs.mac1, MV_MAC_LEN, key, made.nonce));
	cr_assert(mv_cookie_maker_consume(&maker, &made, t0));
	sign(t0);
	mv_mac(mac2, cookie, sizeof(cookie), &initiation, sizeof(initiation) - MV_MAC_LEN);
	cr_expect_arr_eq(initiation.macs.mac2, mac2, sizeof(mac2));
}

Test(cookie_checker, a_reply_to_another_mac1_does_not_open)
{
	const struct mv_endpoint from = endpoint("192.0.2.1:51820");
	struct mv_message_initiation other;

	sign(t0);
	other = initiation;
	other.macs.mac1[0] ^= 1;
	const struct mv_message_cookie_reply wrong = answer(&other, sizeof(other), &from);
	cr_expect_not(mv_cookie_maker_consume(&maker, &wrong, t0));
	const struct mv_message_cookie_reply right = answer(&initiation, sizeof(initiation), &from);
	cr_expect(mv_cookie_maker_consume(&maker, &right, t0));
}
