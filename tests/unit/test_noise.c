#include "proto/noise.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "../vectors/noise.h"
#include "base/bytes.h"
#include "hex.h"
#include "low_order.h"

/* One side of a handshake, with all that it knows. */
struct side {
	struct mv_noise_identity identity;
	struct mv_noise_remote remote;
	struct mv_noise_handshake handshake;
	struct mv_session_keys keys;
	uint8_t random[MV_KEY_LEN];
};

static struct side initiator, responder;
static uint8_t timestamp[MV_TIMESTAMP_LEN];

static void know(struct side *side, const struct side *other)
{
	memcpy(side->remote.public_key, other->identity.public_key, MV_KEY_LEN);
	mv_noise_remote_precompute(&side->remote, &side->identity);
}

static void make_side(struct side *side, const char *private_hex, const char *random_hex)
{
	uint8_t private_key[MV_KEY_LEN];

	memset(side, 0xee, sizeof(*side));
	memset(side->remote.preshared_key, 0, MV_KEY_LEN);
	cr_assert_eq(unhex(private_key, sizeof(private_key), private_hex), MV_KEY_LEN);
	cr_assert_eq(unhex(side->random, sizeof(side->random), random_hex), MV_KEY_LEN);
	mv_noise_identity_set(&side->identity, private_key);
}

static void start(void)
{
	cr_assert_geq(sodium_init(), 0);
	make_side(&initiator, SESSION_INITIATOR_PRIVATE, SESSION_INITIATOR_EPHEMERAL);
	make_side(&responder, SESSION_RESPONDER_PRIVATE, SESSION_RESPONDER_EPHEMERAL);
	know(&initiator, &responder);
	know(&responder, &initiator);
	unhex(timestamp, sizeof(timestamp), SESSION_TIMESTAMP);
}

TestSuite(noise, .init = start);

static void expect_hex(const uint8_t bytes[static 32], const char *hex)
{
	uint8_t wanted[32];

	cr_assert_eq(unhex(wanted, sizeof(wanted), hex), sizeof(wanted));
	cr_expect_arr_eq(bytes, wanted, sizeof(wanted), "%s", hex);
}

static bool create_initiation(struct mv_message_initiation *message)
{
	return mv_noise_create_initiation(message, &initiator.handshake, &initiator.identity,
		&initiator.remote, initiator.random, timestamp, SESSION_INITIATOR_INDEX);
}

/* Both steps of the responder, with the look-up between them. */
static bool consume_initiation(const struct mv_message_initiation *message)
{
	uint8_t who[MV_KEY_LEN], when[MV_TIMESTAMP_LEN];

	return mv_noise_consume_initiation_static(
		       &responder.handshake, who, message, &responder.identity) &&
	       memcmp(who, responder.remote.public_key, MV_KEY_LEN) == 0 &&
	       mv_noise_consume_initiation_timestamp(
		       &responder.handshake, when, message, &responder.remote) &&
	       memcmp(when, timestamp, MV_TIMESTAMP_LEN) == 0;
}

static bool create_response(struct mv_message_response *message)
{
	return mv_noise_create_response(message, &responder.keys, &responder.handshake,
		&responder.remote, responder.random, SESSION_RESPONDER_INDEX);
}

static bool consume_response(const struct mv_message_response *message)
{
	return mv_noise_consume_response(&initiator.keys, &initiator.handshake, message,
		&initiator.identity, &initiator.remote);
}

/* The handshake up to the response. */
static struct mv_message_response respond(void)
{
	struct mv_message_initiation initiation;
	struct mv_message_response response;

	cr_assert(create_initiation(&initiation));
	cr_assert(consume_initiation(&initiation));
	cr_assert(create_response(&response));
	return response;
}

static void expect_session(void)
{
	cr_expect_arr_eq(initiator.keys.send, responder.keys.receive, MV_AEAD_KEY_LEN);
	cr_expect_arr_eq(initiator.keys.receive, responder.keys.send, MV_AEAD_KEY_LEN);
	cr_expect_arr_neq(initiator.keys.send, initiator.keys.receive, MV_AEAD_KEY_LEN);
}

/* What a device knows beforehand. */

Test(noise, a_private_key_is_clamped_when_it_comes_in)
{
	struct mv_noise_identity identity;
	uint8_t key[MV_KEY_LEN], public_key[MV_KEY_LEN];

	memset(key, 0xff, sizeof(key));
	mv_noise_identity_set(&identity, key);
	cr_expect_eq(identity.private_key[0], 0xf8);
	cr_expect_eq(identity.private_key[MV_KEY_LEN - 1], 0x7f);
	mv_x25519_public(public_key, identity.private_key);
	cr_expect_arr_eq(identity.public_key, public_key, MV_KEY_LEN);
	cr_expect(mv_noise_identity_is_set(&identity));
}

Test(noise, published_public_keys)
{
	expect_hex(initiator.identity.public_key, SESSION_INITIATOR_PUBLIC);
	expect_hex(responder.identity.public_key, SESSION_RESPONDER_PUBLIC);
}

Test(noise, a_zero_private_key_is_no_identity)
{
	static const uint8_t zero[MV_KEY_LEN];

	cr_expect(mv_noise_identity_is_set(&initiator.identity));
	mv_noise_identity_set(&initiator.identity, zero);
	cr_expect_not(mv_noise_identity_is_set(&initiator.identity));
	cr_expect(sodium_is_zero((const void *)&initiator.identity, sizeof(initiator.identity)));
}

Test(noise, the_static_secret_is_the_same_on_both_sides)
{
	cr_expect(mv_noise_remote_is_usable(&initiator.remote));
	cr_expect(mv_noise_remote_is_usable(&responder.remote));
	cr_expect_arr_eq(
		initiator.remote.static_static, responder.remote.static_static, MV_KEY_LEN);
}

Test(noise, without_an_identity_no_peer_is_usable)
{
	static const uint8_t zero[MV_KEY_LEN];
	struct mv_message_initiation initiation;

	mv_noise_identity_set(&initiator.identity, zero);
	mv_noise_remote_precompute(&initiator.remote, &initiator.identity);
	cr_expect_not(mv_noise_remote_is_usable(&initiator.remote));
	cr_expect(sodium_is_zero(initiator.remote.static_static, MV_KEY_LEN));
	cr_expect_not(create_initiation(&initiation));
}

static void set_low_order(struct side *side, size_t point)
{
	unhex(side->remote.public_key, MV_KEY_LEN, low_order_points[point]);
	mv_noise_remote_precompute(&side->remote, &side->identity);
}

Test(noise, a_peer_of_low_order_gets_no_message)
{
	for (size_t i = 0; i < LOW_ORDER_POINTS; i++) {
		struct mv_message_initiation initiation;
		struct mv_message_response response;

		start();
		respond(); /* leaves the responder ready to make another one */
		set_low_order(&initiator, i);
		cr_expect_not(mv_noise_remote_is_usable(&initiator.remote), "point %zu", i);
		cr_expect(sodium_is_zero(initiator.remote.static_static, MV_KEY_LEN));
		cr_expect_not(create_initiation(&initiation), "point %zu", i);
		cr_assert(create_response(&response));
		set_low_order(&responder, i);
		cr_expect_not(create_response(&response), "point %zu", i);
	}
}

/* A session as it went over the wire. The macs are not of this module. */

Test(noise, published_initiation)
{
	struct mv_message_initiation message, wanted;

	memset(&message, 0xee, sizeof(message));
	cr_assert_eq(unhex((void *)&wanted, sizeof(wanted), SESSION_INITIATION), sizeof(wanted));
	cr_assert(create_initiation(&message));
	cr_expect_arr_eq(&message, &wanted, offsetof(struct mv_message_initiation, macs));
	cr_expect(sodium_is_zero((const void *)&message.macs, sizeof(message.macs)));

	expect_hex(initiator.handshake.symmetric.chaining_key, SESSION_INITIATION_CHAINING_KEY);
	expect_hex(initiator.handshake.symmetric.hash, SESSION_INITIATION_HASH);
	expect_hex(initiator.handshake.ephemeral_private, SESSION_INITIATOR_EPHEMERAL);
	cr_expect_eq(initiator.handshake.local_index, SESSION_INITIATOR_INDEX);
}

static void consume_published_initiation(void)
{
	struct mv_message_initiation message;
	uint8_t who[MV_KEY_LEN], when[MV_TIMESTAMP_LEN];

	unhex((void *)&message, sizeof(message), SESSION_INITIATION);
	cr_assert(mv_noise_consume_initiation_static(
		&responder.handshake, who, &message, &responder.identity));
	expect_hex(who, SESSION_INITIATOR_PUBLIC);
	cr_assert(mv_noise_consume_initiation_timestamp(
		&responder.handshake, when, &message, &responder.remote));
	cr_expect_arr_eq(when, timestamp, sizeof(when));

	expect_hex(responder.handshake.symmetric.chaining_key, SESSION_INITIATION_CHAINING_KEY);
	expect_hex(responder.handshake.symmetric.hash, SESSION_INITIATION_HASH);
	cr_expect_arr_eq(responder.handshake.remote_ephemeral, message.ephemeral, MV_KEY_LEN);
	cr_expect_eq(responder.handshake.remote_index, SESSION_INITIATOR_INDEX);
}

Test(noise, published_response)
{
	struct mv_message_response message, wanted;

	consume_published_initiation();
	memset(&message, 0xee, sizeof(message));
	cr_assert_eq(unhex((void *)&wanted, sizeof(wanted), SESSION_RESPONSE), sizeof(wanted));
	cr_assert(create_response(&message));
	cr_expect_arr_eq(&message, &wanted, offsetof(struct mv_message_response, macs));
	cr_expect(sodium_is_zero((const void *)&message.macs, sizeof(message.macs)));

	expect_hex(responder.handshake.symmetric.chaining_key, SESSION_RESPONSE_CHAINING_KEY);
	expect_hex(responder.handshake.symmetric.hash, SESSION_RESPONSE_HASH);
	cr_expect_eq(responder.handshake.local_index, SESSION_RESPONDER_INDEX);
	expect_hex(responder.keys.receive, SESSION_FORTH_KEY);
	expect_hex(responder.keys.send, SESSION_BACK_KEY);
}

Test(noise, published_response_is_consumed)
{
	struct mv_message_initiation initiation;
	struct mv_message_response response;

	cr_assert(create_initiation(&initiation));
	unhex((void *)&response, sizeof(response), SESSION_RESPONSE);
	cr_assert(consume_response(&response));
	expect_hex(initiator.keys.send, SESSION_FORTH_KEY);
	expect_hex(initiator.keys.receive, SESSION_BACK_KEY);
}

/* Handshakes of our own. */

Test(noise, nothing_of_an_earlier_handshake_is_left)
{
	struct mv_message_initiation initiation;

	memset(&initiator.handshake, 0xee, sizeof(initiator.handshake));
	memset(&responder.handshake, 0xee, sizeof(responder.handshake));
	cr_assert(create_initiation(&initiation));
	cr_expect(sodium_is_zero(initiator.handshake.remote_ephemeral, MV_KEY_LEN));
	cr_expect_eq(initiator.handshake.remote_index, 0);
	cr_assert(consume_initiation(&initiation));
	cr_expect(sodium_is_zero(responder.handshake.ephemeral_private, MV_KEY_LEN));
	cr_expect_eq(responder.handshake.local_index, 0);
}

Test(noise, any_random_bytes_make_an_ephemeral_key)
{
	struct mv_message_initiation initiation;
	struct mv_message_response response;
	uint8_t public_key[MV_KEY_LEN];

	memset(initiator.random, 0xff, MV_KEY_LEN);
	memset(responder.random, 0x00, MV_KEY_LEN);
	cr_assert(create_initiation(&initiation));
	cr_expect_eq(initiator.handshake.ephemeral_private[0], 0xf8);
	cr_expect_eq(initiator.handshake.ephemeral_private[MV_KEY_LEN - 1], 0x7f);
	mv_x25519_public(public_key, initiator.random);
	cr_expect_arr_eq(initiation.ephemeral, public_key, MV_KEY_LEN);
	cr_assert(consume_initiation(&initiation));
	cr_assert(create_response(&response));
	cr_assert(consume_response(&response));
	expect_session();
}

static void set_psk(struct side *side, uint8_t value)
{
	memset(side->remote.preshared_key, value, MV_KEY_LEN);
}

Test(noise, a_preshared_key_changes_the_session)
{
	struct mv_message_response response;

	set_psk(&initiator, 0x33);
	set_psk(&responder, 0x33);
	response = respond();
	cr_assert(consume_response(&response));
	expect_session();
	set_psk(&initiator, 0);
	set_psk(&responder, 0);
	const struct mv_session_keys with = initiator.keys;
	response = respond();
	cr_assert(consume_response(&response));
	expect_session();
	cr_expect_arr_neq(&initiator.keys, &with, sizeof(with));
}

/* It is read when the response is made and when it is consumed, not before. */
Test(noise, a_preshared_key_may_come_after_the_initiation)
{
	struct mv_message_initiation initiation;
	struct mv_message_response response;

	set_psk(&initiator, 0x11);
	cr_assert(create_initiation(&initiation));
	cr_assert(consume_initiation(&initiation));
	set_psk(&responder, 0x44);
	cr_assert(create_response(&response));
	cr_expect_not(consume_response(&response));
	set_psk(&initiator, 0x44);
	cr_expect(consume_response(&response));
	expect_session();
}

Test(noise, another_preshared_key_fails)
{
	struct mv_message_response response = respond();

	for (size_t i = 0; i < MV_KEY_LEN; i++) {
		initiator.remote.preshared_key[i] ^= 0x80;
		cr_expect_not(consume_response(&response), "byte %zu", i);
		initiator.remote.preshared_key[i] ^= 0x80;
	}
	cr_expect(consume_response(&response));
}

Test(noise, an_initiation_is_for_one_responder)
{
	struct mv_message_initiation initiation;

	cr_assert(create_initiation(&initiation));
	cr_expect(consume_initiation(&initiation));
	make_side(&responder, CACOPHONY_RESPONDER_STATIC, SESSION_RESPONDER_EPHEMERAL);
	know(&responder, &initiator);
	cr_expect_not(consume_initiation(&initiation));
}

/* Anybody can name a static key; only the timestamp proves that its owner speaks. */
Test(noise, a_borrowed_static_key_is_found_at_the_timestamp)
{
	struct mv_message_initiation initiation;
	uint8_t who[MV_KEY_LEN], when[MV_TIMESTAMP_LEN];
	struct side thief;

	make_side(&thief, CACOPHONY_INITIATOR_STATIC, SESSION_INITIATOR_EPHEMERAL);
	know(&thief, &responder);
	memcpy(thief.identity.public_key, initiator.identity.public_key, MV_KEY_LEN);
	cr_assert(mv_noise_create_initiation(&initiation, &thief.handshake, &thief.identity,
		&thief.remote, thief.random, timestamp, 1));
	cr_expect(mv_noise_consume_initiation_static(
		&responder.handshake, who, &initiation, &responder.identity));
	cr_expect_arr_eq(who, initiator.identity.public_key, MV_KEY_LEN);
	cr_expect_not(mv_noise_consume_initiation_timestamp(
		&responder.handshake, when, &initiation, &responder.remote));
}

Test(noise, a_response_is_for_one_initiation)
{
	struct mv_message_initiation later;
	struct mv_message_response response = respond();

	cr_expect(consume_response(&response));
	initiator.random[5] ^= 1;
	cr_assert(create_initiation(&later));
	cr_expect_not(consume_response(&response));
}

/* Type and indices are covered by the macs alone; all between them by the handshake itself. */
Test(noise, every_flipped_bit_of_an_initiation_is_found)
{
	struct mv_message_initiation message;
	uint8_t *bytes = (void *)&message;

	cr_assert(create_initiation(&message));
	for (size_t bit = 8 * offsetof(struct mv_message_initiation, ephemeral);
		bit < 8 * offsetof(struct mv_message_initiation, macs); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_not(consume_initiation(&message), "bit %zu", bit);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cr_expect(consume_initiation(&message));
}

/* A forged response must not end the handshake that waits for the true one. */
Test(noise, every_flipped_bit_of_a_response_is_found_and_harmless)
{
	struct mv_message_response message = respond();
	const struct mv_noise_handshake before = initiator.handshake;
	const struct mv_session_keys keys = initiator.keys;
	uint8_t *bytes = (void *)&message;

	for (size_t bit = 8 * offsetof(struct mv_message_response, ephemeral);
		bit < 8 * offsetof(struct mv_message_response, macs); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_not(consume_response(&message), "bit %zu", bit);
		cr_assert_arr_eq(&initiator.handshake, &before, sizeof(before), "bit %zu", bit);
		cr_assert_arr_eq(&initiator.keys, &keys, sizeof(keys), "bit %zu", bit);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cr_expect(consume_response(&message));
	cr_expect_arr_eq(&initiator.handshake, &before, sizeof(before));
	expect_session();
}

/*
 * Shared secrets of zero. The forgeries below are right in every other respect: their maker knows
 * that the secret is zero, and goes on with it or leaves it out (NULL), whichever a receiver that
 * overlooks it would do.
 */

static const uint8_t zero_secret[MV_KEY_LEN];
static const uint8_t *const known_secrets[] = {zero_secret, NULL};

static void mix_secret(struct mv_symmetric *symmetric, const uint8_t *secret)
{
	if (secret) {
		mv_symmetric_mix_key(symmetric, secret);
	}
}

static void mix_ephemeral(
	struct mv_symmetric *symmetric, const uint8_t ephemeral[static MV_KEY_LEN])
{
	mv_symmetric_mix_hash(symmetric, ephemeral, MV_KEY_LEN);
	mv_symmetric_mix_key(symmetric, ephemeral);
}

/* An initiation with any public keys, and whatever their shared secrets are said to be. */
static struct mv_message_initiation forge_initiation(const uint8_t ephemeral[static MV_KEY_LEN],
	const uint8_t *es, const uint8_t static_key[static MV_KEY_LEN], const uint8_t *ss)
{
	static const char identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";
	struct mv_message_initiation message = {.type = {MV_MESSAGE_INITIATION}};
	struct mv_symmetric symmetric;

	mv_symmetric_init(&symmetric, NOISE_CONSTRUCTION, identifier, strlen(identifier));
	mv_symmetric_mix_hash(&symmetric, responder.identity.public_key, MV_KEY_LEN);
	memcpy(message.ephemeral, ephemeral, MV_KEY_LEN);
	mix_ephemeral(&symmetric, ephemeral);
	mix_secret(&symmetric, es);
	mv_symmetric_seal(&symmetric, message.encrypted_static, static_key, MV_KEY_LEN);
	mix_secret(&symmetric, ss);
	mv_symmetric_seal(&symmetric, message.encrypted_timestamp, timestamp, MV_TIMESTAMP_LEN);
	return message;
}

/* The ephemeral key of an honest forger, and its shared secret with the responder. */
static void honest_ephemeral(uint8_t ephemeral[static MV_KEY_LEN], uint8_t es[static MV_KEY_LEN])
{
	mv_x25519_public(ephemeral, initiator.random);
	cr_assert(mv_x25519(es, initiator.random, responder.identity.public_key));
}

Test(noise, forged_initiations_are_as_good_as_true_ones)
{
	uint8_t ephemeral[MV_KEY_LEN], es[MV_KEY_LEN];
	struct mv_message_initiation message;

	honest_ephemeral(ephemeral, es);
	message = forge_initiation(
		ephemeral, es, initiator.identity.public_key, initiator.remote.static_static);
	cr_expect(consume_initiation(&message));
}

Test(noise, an_initiation_with_an_ephemeral_of_low_order_fails)
{
	uint8_t ephemeral[MV_KEY_LEN], who[MV_KEY_LEN];

	for (size_t i = 0; i < 2 * LOW_ORDER_POINTS; i++) {
		const uint8_t *secret = known_secrets[i % 2];

		unhex(ephemeral, sizeof(ephemeral), low_order_points[i / 2]);
		const struct mv_message_initiation message = forge_initiation(ephemeral, secret,
			initiator.identity.public_key, initiator.remote.static_static);

		cr_expect_not(mv_noise_consume_initiation_static(
				      &responder.handshake, who, &message, &responder.identity),
			"point %zu", i / 2);
	}
}

Test(noise, an_initiation_of_a_static_key_of_low_order_fails)
{
	uint8_t ephemeral[MV_KEY_LEN], es[MV_KEY_LEN], who[MV_KEY_LEN], when[MV_TIMESTAMP_LEN];

	honest_ephemeral(ephemeral, es);
	for (size_t i = 0; i < 2 * LOW_ORDER_POINTS; i++) {
		const uint8_t *secret = known_secrets[i % 2];

		set_low_order(&responder, i / 2);
		const struct mv_message_initiation message =
			forge_initiation(ephemeral, es, responder.remote.public_key, secret);

		cr_expect(mv_noise_consume_initiation_static(
			&responder.handshake, who, &message, &responder.identity));
		cr_expect_arr_eq(who, responder.remote.public_key, MV_KEY_LEN);
		cr_expect_not(mv_noise_consume_initiation_timestamp(
				      &responder.handshake, when, &message, &responder.remote),
			"point %zu", i / 2);
	}
}

Test(noise, a_response_to_an_ephemeral_of_low_order_is_not_made)
{
	for (size_t i = 0; i < LOW_ORDER_POINTS; i++) {
		struct mv_message_response response = respond();

		unhex(responder.handshake.remote_ephemeral, MV_KEY_LEN, low_order_points[i]);
		cr_expect_not(create_response(&response), "point %zu", i);
	}
}

/* Goes on from the state that the initiator waits in. */
static struct mv_message_response forge_response(
	const uint8_t ephemeral[static MV_KEY_LEN], const uint8_t *ee, const uint8_t *se)
{
	struct mv_message_response message = {.type = {MV_MESSAGE_RESPONSE}};
	struct mv_symmetric symmetric = initiator.handshake.symmetric;

	memcpy(message.ephemeral, ephemeral, MV_KEY_LEN);
	mix_ephemeral(&symmetric, ephemeral);
	mix_secret(&symmetric, ee);
	mix_secret(&symmetric, se);
	mv_symmetric_mix_psk(&symmetric, initiator.remote.preshared_key);
	mv_symmetric_seal(&symmetric, message.encrypted_nothing, NULL, 0);
	return message;
}

Test(noise, a_response_with_an_ephemeral_of_low_order_fails)
{
	uint8_t ephemeral[MV_KEY_LEN], ee[MV_KEY_LEN], se[MV_KEY_LEN];
	struct mv_message_response message;

	respond();
	mv_x25519_public(ephemeral, responder.random);
	cr_assert(mv_x25519(ee, initiator.handshake.ephemeral_private, ephemeral));
	cr_assert(mv_x25519(se, initiator.identity.private_key, ephemeral));
	message = forge_response(ephemeral, ee, se);
	cr_expect(consume_response(&message), "a true one");

	for (size_t i = 0; i < 2 * LOW_ORDER_POINTS; i++) {
		const uint8_t *secret = known_secrets[i % 2];

		unhex(ephemeral, sizeof(ephemeral), low_order_points[i / 2]);
		message = forge_response(ephemeral, secret, secret);
		cr_expect_not(consume_response(&message), "point %zu", i / 2);
	}
}

/* The static secret is checked for itself, also where the ephemeral one is sound. */
Test(noise, a_zero_static_secret_ends_both_sides)
{
	struct mv_message_initiation message;
	uint8_t who[MV_KEY_LEN], when[MV_TIMESTAMP_LEN];

	cr_assert(create_initiation(&message));
	cr_assert(mv_noise_consume_initiation_static(
		&responder.handshake, who, &message, &responder.identity));
	sodium_memzero(responder.remote.static_static, MV_KEY_LEN);
	cr_expect_not(mv_noise_consume_initiation_timestamp(
		&responder.handshake, when, &message, &responder.remote));
	sodium_memzero(initiator.remote.static_static, MV_KEY_LEN);
	cr_expect_not(create_initiation(&message));
}
