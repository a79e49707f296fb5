/*
 * bench: X25519, and handshakes between two devices in memory, with everything that a device does
 * for one but the sockets. Their clock is turned on by as much as makes each handshake a first one,
 * so that no limit of the protocol is met.
 */
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/bench_measure.h"
#include "crypto/x25519.h"
#include "tunnel/device.h"
#include "tunnel/handshake.h"
#include "tunnel/outbox.h"

static void print_row(const char *what, double ns)
{
	printf("%-30s %11.0f %9.0f\n", what, ns, mv_bench_a_second(ns));
	fflush(stdout);
}

static void print_heading(const char *what)
{
	printf("\n%-30s %11s %9s\n", what, "ns", "a second");
}

/* X25519 */

struct keys {
	uint8_t secret[MV_KEY_LEN], public_key[MV_KEY_LEN], shared[MV_KEY_LEN];
};

/* What comes out is the next point, so that no two rounds are alike. */
static void agree(void *ctx)
{
	struct keys *keys = ctx;

	(void)mv_x25519(keys->public_key, keys->secret, keys->public_key);
}

static void make_public(void *ctx)
{
	struct keys *keys = ctx;

	mv_x25519_public(keys->public_key, keys->secret);
}

static unsigned count_x25519(void)
{
	return 2;
}

static enum mv_exit run_x25519(uint64_t budget_ns)
{
	const struct mv_bench_work agreeing = {.round = agree, .ops = 1};
	const struct mv_bench_work making = {.round = make_public, .ops = 1};
	struct keys keys;

	randombytes_buf(keys.secret, sizeof(keys.secret));
	mv_x25519_clamp(keys.secret);
	mv_x25519_public(keys.public_key, keys.secret);

	print_heading("X25519");
	print_row("shared secret", mv_bench_ns(&agreeing, &keys, budget_ns));
	print_row("public key", mv_bench_ns(&making, &keys, budget_ns));
	return MV_EXIT_DONE;
}

const struct mv_bench_group mv_bench_x25519 = {.count = count_x25519, .run = run_x25519};

/* Handshakes */

/* Longer than any session lives. */
#define STEP_NS (1000 * MV_NS_PER_S)

struct side {
	struct mv_device *device;
	struct mv_batch *out;
	uint8_t private_key[MV_KEY_LEN], public_key[MV_KEY_LEN];
	struct mv_endpoint endpoint;
};

struct pair {
	struct side initiator, responder;
	struct mv_handshake_message initiation, response;
	struct mv_now now;
	bool has_failed;
};

static void fill_random(void *ctx, void *out, size_t len)
{
	(void)ctx;
	randombytes_buf(out, len);
}

static bool init_side(struct side *side, uint8_t last_byte)
{
	const struct mv_environment environment = {.random = fill_random};

	side->endpoint = (struct mv_endpoint){
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {192, 0, 2, last_byte}}, .port = 51820};
	randombytes_buf(side->private_key, sizeof(side->private_key));
	mv_x25519_clamp(side->private_key);
	mv_x25519_public(side->public_key, side->private_key);
	side->out = mv_batch_create(&mv_aead_sodium);
	return side->out && mv_device_create(&side->device, &environment) == 0;
}

static void uninit_side(struct side *side)
{
	mv_device_destroy(side->device);
	mv_batch_destroy(side->out);
	sodium_memzero(side, sizeof(*side));
}

/* With a keepalive, a side begins a handshake as soon as it goes up. */
static bool introduce(const struct side *side, const struct side *other, uint16_t keepalive_s)
{
	const struct mv_now now = {0};
	struct mv_changes changes;

	mv_changes_init(&changes);
	bool ok = mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY, side->private_key) == 0 &&
		  mv_changes_add_key(&changes, MV_CHANGE_PEER, other->public_key) == 0 &&
		  mv_changes_add_endpoint(&changes, MV_CHANGE_ENDPOINT, &other->endpoint) == 0 &&
		  mv_changes_add_keepalive(&changes, keepalive_s) == 0 &&
		  mv_device_apply(side->device, &changes, now) == 0;
	mv_changes_uninit(&changes);
	return ok;
}

static bool init_pair(struct pair *pair)
{
	bool ok = init_side(&pair->initiator, 1) && init_side(&pair->responder, 2) &&
		  introduce(&pair->initiator, &pair->responder, 1) &&
		  introduce(&pair->responder, &pair->initiator, 0);

	pair->now.wall_s = 1;
	if (ok) {
		mv_device_set_up(pair->responder.device, true, pair->now);
	}
	return ok;
}

static void uninit_pair(struct pair *pair)
{
	uninit_side(&pair->initiator);
	uninit_side(&pair->responder);
}

/* Takes the one message of this type that a side has sent. */
static void carry(struct pair *pair, struct side *from, struct mv_handshake_message *message,
	enum mv_message_type type)
{
	struct mv_batch *out = from->out;

	if (out->count == 1 && out->packets[0].data[0] == type) {
		mv_handshake_message_copy(message, &out->packets[0]);
		message->from = from->endpoint;
	} else {
		pair->has_failed = true;
	}
	mv_batch_reset(out);
}

/* As if neither had heard of the other for a long time. */
static void begin(void *ctx)
{
	struct pair *pair = ctx;

	mv_device_set_up(pair->initiator.device, false, pair->now);
	pair->now.boot_ns += STEP_NS;
	pair->now.wall_s += STEP_NS / MV_NS_PER_S;
	mv_device_set_up(pair->initiator.device, true, pair->now);
	mv_batch_reset(pair->initiator.out);
}

static void make(void *ctx)
{
	struct pair *pair = ctx;

	(void)mv_outbox_fill(pair->initiator.device, pair->initiator.out, pair->now);
}

static void make_and_carry(void *ctx)
{
	struct pair *pair = ctx;

	begin(pair);
	make(pair);
	carry(pair, &pair->initiator, &pair->initiation, MV_MESSAGE_INITIATION);
	mv_batch_reset(pair->responder.out);
}

static void answer(void *ctx)
{
	struct pair *pair = ctx;

	mv_handshake_receive(
		pair->responder.device, pair->responder.out, &pair->initiation, 0, pair->now);
}

static void answer_and_carry(void *ctx)
{
	struct pair *pair = ctx;

	make_and_carry(pair);
	answer(pair);
	carry(pair, &pair->responder, &pair->response, MV_MESSAGE_RESPONSE);
}

static void take_answer(void *ctx)
{
	struct pair *pair = ctx;

	mv_handshake_receive(
		pair->initiator.device, pair->initiator.out, &pair->response, 0, pair->now);
}

/* Who has a session may send: what the initiator wants to send now is data, a keepalive. */
static bool has_session(struct pair *pair)
{
	answer_and_carry(pair);
	take_answer(pair);
	(void)mv_outbox_fill(pair->initiator.device, pair->initiator.out, pair->now);
	return !pair->has_failed && pair->initiator.out->count > 0 &&
	       pair->initiator.out->packets[0].data[0] == MV_MESSAGE_DATA;
}

static unsigned count_handshake(void)
{
	return 3;
}

static void measure_pair(struct pair *pair, uint64_t budget_ns)
{
	const struct mv_bench_work making = {.prepare = begin, .round = make, .ops = 1};
	const struct mv_bench_work answering = {
		.prepare = make_and_carry, .round = answer, .ops = 1};
	const struct mv_bench_work taking = {
		.prepare = answer_and_carry, .round = take_answer, .ops = 1};

	print_row("initiator: make initiation", mv_bench_ns(&making, pair, budget_ns));
	print_row("responder: answer it", mv_bench_ns(&answering, pair, budget_ns));
	print_row("initiator: take answer", mv_bench_ns(&taking, pair, budget_ns));
}

static enum mv_exit run_handshake(uint64_t budget_ns)
{
	struct pair pair = {0};

	if (!init_pair(&pair)) {
		uninit_pair(&pair);
		return mv_command_failed("no memory");
	}
	print_heading("handshake");
	measure_pair(&pair, budget_ns);
	bool ok = has_session(&pair);
	uninit_pair(&pair);
	return ok ? MV_EXIT_DONE : mv_command_failed("the handshakes did not come about");
}

const struct mv_bench_group mv_bench_handshake = {.count = count_handshake, .run = run_handshake};
