#include "proto/symmetric.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "../vectors/noise.h"
#include "hex.h"
#include "low_order.h"

static void start_sodium(void)
{
	cr_assert_geq(sodium_init(), 0);
}

TestSuite(symmetric, .init = start_sodium);

static void expect_hex(const uint8_t bytes[static 32], const char *hex)
{
	uint8_t wanted[32];

	cr_assert_eq(unhex(wanted, sizeof(wanted), hex), sizeof(wanted));
	cr_expect_arr_eq(bytes, wanted, sizeof(wanted), "%s", hex);
}

static void start(struct mv_symmetric *state)
{
	static const char identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";

	memset(state, 0xa5, sizeof(*state));
	mv_symmetric_init(state, NOISE_CONSTRUCTION, identifier, strlen(identifier));
}

Test(symmetric, begins_with_the_hashed_construction)
{
	struct mv_symmetric state;

	start(&state);
	expect_hex(state.chaining_key,
		"60e26daef327efc02ec335e2a025d2d016eb4206f87277f52d38d1988b78cd36");
	expect_hex(state.hash, "2211b361081ac566691243db458ad5322d9c6c662293e8b70ee19c65ba079ef3");
	cr_expect(sodium_is_zero(state.key, sizeof(state.key)));
}

/* One of the two of the published handshake: its keys, and what it has of the other. */
struct party {
	struct mv_symmetric state;
	uint8_t secret[MV_KEY_LEN], public_key[MV_KEY_LEN];
	uint8_t ephemeral[MV_KEY_LEN];
};

static uint8_t psk[MV_KEY_LEN];

static void prepare(struct party *party, const char *secret, const char *ephemeral,
	const uint8_t responder_public[static MV_KEY_LEN])
{
	uint8_t prologue[9];

	cr_assert_eq(unhex(prologue, sizeof(prologue), CACOPHONY_PROLOGUE), sizeof(prologue));
	cr_assert_eq(unhex(psk, sizeof(psk), CACOPHONY_PSK), sizeof(psk));
	unhex(party->secret, MV_KEY_LEN, secret);
	unhex(party->ephemeral, MV_KEY_LEN, ephemeral);
	mv_x25519_public(party->public_key, party->secret);
	mv_symmetric_init(&party->state, NOISE_CONSTRUCTION, prologue, sizeof(prologue));
	mv_symmetric_mix_hash(&party->state, responder_public, MV_KEY_LEN);
}

static void prepare_both(struct party *initiator, struct party *responder)
{
	uint8_t secret[MV_KEY_LEN], responder_public[MV_KEY_LEN];

	unhex(secret, sizeof(secret), CACOPHONY_RESPONDER_STATIC);
	mv_x25519_public(responder_public, secret);
	prepare(initiator, CACOPHONY_INITIATOR_STATIC, CACOPHONY_INITIATOR_EPHEMERAL,
		responder_public);
	prepare(responder, CACOPHONY_RESPONDER_STATIC, CACOPHONY_RESPONDER_EPHEMERAL,
		responder_public);
}

static void mix_ephemeral(struct party *party, const uint8_t ephemeral[static MV_KEY_LEN])
{
	mv_symmetric_mix_hash(&party->state, ephemeral, MV_KEY_LEN);
	mv_symmetric_mix_key(&party->state, ephemeral);
}

struct message1 {
	uint8_t ephemeral[MV_KEY_LEN];
	uint8_t sealed_static[MV_KEY_LEN + MV_AEAD_TAG_LEN];
	uint8_t payload[16 + MV_AEAD_TAG_LEN];
};

struct message2 {
	uint8_t ephemeral[MV_KEY_LEN];
	uint8_t payload[15 + MV_AEAD_TAG_LEN];
};

static struct message1 write_message1(struct party *initiator, const struct party *responder)
{
	struct message1 message;
	uint8_t payload[16];

	unhex(payload, sizeof(payload), CACOPHONY_PAYLOAD1);
	mv_x25519_public(message.ephemeral, initiator->ephemeral);
	mix_ephemeral(initiator, message.ephemeral);
	cr_assert(mv_symmetric_mix_dh(
		&initiator->state, initiator->ephemeral, responder->public_key));
	mv_symmetric_seal(
		&initiator->state, message.sealed_static, initiator->public_key, MV_KEY_LEN);
	cr_assert(mv_symmetric_mix_dh(&initiator->state, initiator->secret, responder->public_key));
	mv_symmetric_seal(&initiator->state, message.payload, payload, sizeof(payload));
	return message;
}

static void read_message1(struct party *responder, const struct message1 *message)
{
	uint8_t initiator[MV_KEY_LEN], payload[16], wanted[16];

	mix_ephemeral(responder, message->ephemeral);
	cr_assert(mv_symmetric_mix_dh(&responder->state, responder->secret, message->ephemeral));
	cr_assert(mv_symmetric_open(
		&responder->state, initiator, message->sealed_static, MV_KEY_LEN));
	cr_assert(mv_symmetric_mix_dh(&responder->state, responder->secret, initiator));
	cr_assert(mv_symmetric_open(&responder->state, payload, message->payload, sizeof(payload)));
	unhex(wanted, sizeof(wanted), CACOPHONY_PAYLOAD1);
	cr_expect_arr_eq(payload, wanted, sizeof(wanted));
}

static struct message2 write_message2(
	struct party *responder, const struct party *initiator, const struct message1 *first)
{
	struct message2 message;
	uint8_t payload[15];

	unhex(payload, sizeof(payload), CACOPHONY_PAYLOAD2);
	mv_x25519_public(message.ephemeral, responder->ephemeral);
	mix_ephemeral(responder, message.ephemeral);
	cr_assert(mv_symmetric_mix_dh(&responder->state, responder->ephemeral, first->ephemeral));
	cr_assert(mv_symmetric_mix_dh(
		&responder->state, responder->ephemeral, initiator->public_key));
	mv_symmetric_mix_psk(&responder->state, psk);
	mv_symmetric_seal(&responder->state, message.payload, payload, sizeof(payload));
	return message;
}

static void read_message2(struct party *initiator, const struct message2 *message)
{
	uint8_t payload[15], wanted[15];

	mix_ephemeral(initiator, message->ephemeral);
	cr_assert(mv_symmetric_mix_dh(&initiator->state, initiator->ephemeral, message->ephemeral));
	cr_assert(mv_symmetric_mix_dh(&initiator->state, initiator->secret, message->ephemeral));
	mv_symmetric_mix_psk(&initiator->state, psk);
	cr_assert(mv_symmetric_open(&initiator->state, payload, message->payload, sizeof(payload)));
	unhex(wanted, sizeof(wanted), CACOPHONY_PAYLOAD2);
	cr_expect_arr_eq(payload, wanted, sizeof(wanted));
}

static void expect_end(const struct mv_symmetric *state)
{
	uint8_t forth[MV_AEAD_KEY_LEN], back[MV_AEAD_KEY_LEN];

	expect_hex(state->hash, CACOPHONY_HASH);
	mv_symmetric_split(state, forth, back);
	expect_hex(forth, CACOPHONY_FORTH);
	expect_hex(back, CACOPHONY_BACK);
}

Test(symmetric, published_handshake_of_both_sides)
{
	struct party initiator, responder;
	struct message1 first, wanted_first;
	struct message2 second, wanted_second;

	prepare_both(&initiator, &responder);
	first = write_message1(&initiator, &responder);
	cr_assert_eq(
		unhex((void *)&wanted_first, sizeof(first), CACOPHONY_MESSAGE1), sizeof(first));
	cr_expect_arr_eq(&first, &wanted_first, sizeof(first));
	read_message1(&responder, &first);

	second = write_message2(&responder, &initiator, &first);
	cr_assert_eq(
		unhex((void *)&wanted_second, sizeof(second), CACOPHONY_MESSAGE2), sizeof(second));
	cr_expect_arr_eq(&second, &wanted_second, sizeof(second));
	read_message2(&initiator, &second);

	expect_end(&initiator.state);
	expect_end(&responder.state);
}

/* Whoever knows no secret knows what results from a zero one, so it must not get that far. */
Test(symmetric, a_zero_shared_secret_ends_the_handshake)
{
	struct mv_symmetric state, before;
	uint8_t secret[MV_KEY_LEN], point[MV_KEY_LEN];

	start(&state);
	before = state;
	memset(secret, 0x42, sizeof(secret));
	for (size_t i = 0; i < LOW_ORDER_POINTS; i++) {
		unhex(point, sizeof(point), low_order_points[i]);
		cr_expect_not(mv_symmetric_mix_dh(&state, secret, point), "point %zu", i);
		cr_expect_arr_eq(&state, &before, sizeof(state), "point %zu", i);
	}
	mv_x25519_public(point, secret);
	cr_expect(mv_symmetric_mix_dh(&state, secret, point));
	cr_expect_arr_neq(&state, &before, sizeof(state));
}

#define TEXT "a text"

Test(symmetric, what_was_sealed_opens_in_the_same_state_only)
{
	struct mv_symmetric sealing, opening, other;
	uint8_t sealed[sizeof(TEXT) + MV_AEAD_TAG_LEN], text[sizeof(TEXT)];

	start(&sealing);
	opening = sealing;
	mv_symmetric_seal(&sealing, sealed, TEXT, sizeof(TEXT));

	other = opening;
	mv_symmetric_mix_hash(&other, NULL, 0);
	cr_expect_not(mv_symmetric_open(&other, text, sealed, sizeof(TEXT)));
	other = opening;
	mv_symmetric_mix_key(&other, opening.hash);
	cr_expect_not(mv_symmetric_open(&other, text, sealed, sizeof(TEXT)));

	other = opening;
	cr_expect(mv_symmetric_open(&other, text, sealed, sizeof(TEXT)));
	cr_expect_str_eq((const char *)text, TEXT);
	cr_expect_arr_eq(&other, &sealing, sizeof(other));
}

Test(symmetric, every_flipped_bit_is_found)
{
	struct mv_symmetric sealing, opening;
	uint8_t sealed[sizeof(TEXT) + MV_AEAD_TAG_LEN], text[sizeof(TEXT)];

	start(&sealing);
	mv_symmetric_seal(&sealing, sealed, TEXT, sizeof(TEXT));
	for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
		start(&opening);
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_not(
			mv_symmetric_open(&opening, text, sealed, sizeof(TEXT)), "bit %zu", bit);
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	start(&opening);
	cr_expect(mv_symmetric_open(&opening, text, sealed, sizeof(TEXT)));
}

/* The pre-shared key goes into all three: chaining key, hash and key. */
Test(symmetric, the_preshared_key_changes_everything)
{
	struct mv_symmetric with, other, before;
	uint8_t key[MV_KEY_LEN] = {1};

	start(&before);
	with = other = before;
	mv_symmetric_mix_psk(&with, key);
	key[MV_KEY_LEN - 1] = 1;
	mv_symmetric_mix_psk(&other, key);
	cr_expect_arr_neq(with.chaining_key, other.chaining_key, MV_HASH_LEN);
	cr_expect_arr_neq(with.hash, other.hash, MV_HASH_LEN);
	cr_expect_arr_neq(with.key, other.key, MV_AEAD_KEY_LEN);
	cr_expect_arr_neq(with.hash, before.hash, MV_HASH_LEN);
}
