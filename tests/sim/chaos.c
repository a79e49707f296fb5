#include "chaos.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaos_state.h"
#include "proto/tai64n.h"
#include "tunnel/device_state.h"

#define S  MV_NS_PER_S
#define MS MV_NS_PER_MS

#define REST_DELAY_NS (10 * MS)

/* After the last packet: two keepalives at most, then a handshake. */
#define LAST_WORD_NS (2 * MV_KEEPALIVE_TIMEOUT_NS + 2 * MV_REKEY_TIMEOUT_NS)

/* Of a handshake that is not answered. */
#define GIVE_UP_NS ((MV_HANDSHAKE_RETRIES_MAX + 2) * (MV_REKEY_TIMEOUT_NS + MV_JITTER_MAX_NS))

static bool is_over(const struct chaos *chaos)
{
	return chaos->result.verdict.broken != INVARIANT_NONE;
}

void chaos_say(const struct chaos *chaos, const char *format, ...)
{
	va_list arguments;

	if (!chaos->options.is_verbose) {
		return;
	}
	printf("%10.3f s  ", (double)(chaos_now_ns(chaos) - chaos->begin_ns) / 1e9);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

/* --- What the devices do --- */

static const char *const messages[WORLD_TYPES] = {[MV_MESSAGE_INITIATION] = "an initiation",
	[MV_MESSAGE_RESPONSE] = "a response",
	[MV_MESSAGE_COOKIE_REPLY] = "a cookie reply",
	[MV_MESSAGE_DATA] = "a keepalive"};

static void on_transmit(
	void *ctx, size_t from, const struct mv_endpoint *to, const uint8_t *datagram, size_t len)
{
	struct chaos *chaos = ctx;

	if (chaos->mood == CHAOS_SILENCE) {
		verdict_fail(&chaos->result.verdict, INVARIANT_SILENT, chaos_now_ns(chaos),
			"device %zu sends a message of type %u", from, datagram[0]);
	}
	if (datagram[0] != MV_MESSAGE_DATA || len == MV_MESSAGE_DATA_OVERHEAD) {
		chaos_say(chaos, "device %zu sends %s", from, messages[datagram[0]]);
	}
	watch_transmit(&chaos->watch, from, datagram, len);
	sabotage_transmit(&chaos->sabotage, from, datagram, len);
	attacker_see(chaos->attacker, from, to, datagram, len);
	wire_send(&chaos->wire, chaos_now_ns(chaos), from, to, datagram, len);
}

static void on_deliver(void *ctx, size_t device, const uint8_t *packet, size_t len)
{
	struct chaos *chaos = ctx;

	if (!chaos->in_hand) {
		return; /* An answer to the device's own packet. */
	}
	size_t owner =
		watch_deliver(&chaos->watch, device, chaos->in_hand->bytes, chaos->in_hand->len);
	ledger_deliver(&chaos->ledger, chaos_now_ns(chaos), device, owner, packet, len);
	sabotage_deliver(&chaos->sabotage, device, owner, chaos->in_hand, packet, len);
}

void chaos_step(struct chaos *chaos)
{
	sabotage_step(&chaos->sabotage);
	watch_step(&chaos->watch);
}

static void receive_due(struct chaos *chaos)
{
	while (wire_next(&chaos->wire) <= chaos_now_ns(chaos) && !is_over(chaos)) {
		struct wire_datagram *datagram = wire_take(&chaos->wire);
		size_t device = wire_owner(&chaos->wire, &datagram->to);

		if (device < chaos->devices) {
			chaos->in_hand = datagram;
			world_inject(chaos->world, device, &datagram->from, datagram->bytes,
				datagram->len);
			chaos->in_hand = NULL;
			chaos_step(chaos);
		}
		free(datagram);
	}
}

static uint64_t pause_ns(struct chaos *chaos)
{
	if (chaos->mood == CHAOS_REST) {
		return dice_between(&chaos->dice, 700 * MS, 1000 * MS);
	}
	if (dice_chance(&chaos->dice, 10)) {
		/* Longer than a keepalive waits, or even than keys live. */
		return dice_between(&chaos->dice, 5 * S, 200 * S);
	}
	return dice_between(&chaos->dice, 10 * MS, 3 * S);
}

static void send_packet(struct chaos *chaos, size_t from, size_t to)
{
	size_t len = dice_between(&chaos->dice, 28, LEDGER_PACKET_MAX);
	bool is_spoofed = chaos->mood == CHAOS_TROUBLE && dice_chance(&chaos->dice, 20);
	uint8_t packet[LEDGER_PACKET_MAX];

	ledger_make(&chaos->ledger, chaos_now_ns(chaos), from, to, len, is_spoofed, packet);
	world_send(chaos->world, from, packet, len);
	chaos->pairs[from][to].next_packet_ns = chaos_now_ns(chaos) + pause_ns(chaos);
	chaos_step(chaos);
}

static void send_due(struct chaos *chaos)
{
	for (size_t from = 0; from < chaos->devices; from++) {
		for (size_t to = 0; to < chaos->devices; to++) {
			if (from != to &&
				chaos->pairs[from][to].next_packet_ns <= chaos_now_ns(chaos)) {
				send_packet(chaos, from, to);
			}
		}
	}
}

/* --- The course of time --- */

static void every_second(struct chaos *chaos)
{
	chaos->next_second_ns = chaos_now_ns(chaos) + S;
	if (chaos->mood == CHAOS_TROUBLE) {
		chaos_trouble(chaos);
	}
}

static uint64_t next_event(const struct chaos *chaos, uint64_t end_ns)
{
	uint64_t next_ns = world_deadline(chaos->world);

	next_ns = next_ns < end_ns ? next_ns : end_ns;
	next_ns = next_ns < chaos->next_second_ns ? next_ns : chaos->next_second_ns;
	next_ns = next_ns < wire_next(&chaos->wire) ? next_ns : wire_next(&chaos->wire);
	for (size_t from = 0; from < chaos->devices; from++) {
		for (size_t to = 0; to < chaos->devices; to++) {
			uint64_t packet_ns = chaos->pairs[from][to].next_packet_ns;

			next_ns = packet_ns < next_ns ? packet_ns : next_ns;
		}
	}
	return next_ns;
}

static void run_until(struct chaos *chaos, uint64_t end_ns)
{
	while (chaos_now_ns(chaos) < end_ns && !is_over(chaos)) {
		world_run_until(chaos->world, next_event(chaos, end_ns));
		chaos_step(chaos);
		receive_due(chaos);
		if (chaos->next_second_ns <= chaos_now_ns(chaos)) {
			every_second(chaos);
		}
		send_due(chaos);
	}
}

static void run_for(struct chaos *chaos, uint64_t ns)
{
	run_until(chaos, chaos_now_ns(chaos) + ns);
}

/* Could a handshake that `from` begins come about? */
static bool can_initiate(const struct chaos *chaos, size_t from, size_t to)
{
	const struct mv_peer *there = world_peer(chaos->world, from, to);
	const struct mv_peer *here = world_peer(chaos->world, to, from);
	uint8_t timestamp[MV_TIMESTAMP_LEN];

	mv_tai64n_next(timestamp, there->sent_timestamp, world_now_of(chaos->world, from));
	return mv_endpoint_equal(&there->endpoint, &chaos->wire.seen[to]) &&
	       mv_tai64n_after(timestamp, here->latest_timestamp);
}

static void set_peer(struct chaos *chaos, size_t device, size_t peer,
	const struct mv_endpoint *endpoint, bool ends_keepalives)
{
	struct mv_changes changes;

	mv_changes_init(&changes);
	int error =
		mv_changes_add_key(&changes, MV_CHANGE_PEER, world_public_key(chaos->world, peer));
	if (error == 0 && endpoint) {
		error = mv_changes_add_endpoint(&changes, MV_CHANGE_ENDPOINT, endpoint);
	}
	if (error == 0 && ends_keepalives) {
		error = mv_changes_add_keepalive(&changes, 0);
	}
	if (error != 0 || world_apply(chaos->world, device, &changes) != 0) {
		abort();
	}
	mv_changes_uninit(&changes);
}

/*
 * An attacker who gets messages through that the network lost moves the endpoint of a peer to where
 * they came from, as the protocol wants it. If that is so on both sides, or the one that is right
 * has lost its clock, then no handshake comes about any more: somebody must name the endpoint anew.
 */
static void name_endpoints(struct chaos *chaos)
{
	for (size_t a = 0; a < chaos->devices; a++) {
		for (size_t b = 0; b < a; b++) {
			if (can_initiate(chaos, a, b) || can_initiate(chaos, b, a)) {
				continue;
			}
			chaos_say(chaos, "devices %zu and %zu are told where the other is", b, a);
			set_peer(chaos, a, b, &chaos->wire.seen[b], false);
			set_peer(chaos, b, a, &chaos->wire.seen[a], false);
		}
	}
}

static bool carries(const struct chaos *chaos, uint64_t since_ns)
{
	for (size_t from = 0; from < chaos->devices; from++) {
		for (size_t to = 0; to < chaos->devices; to++) {
			if (from != to && chaos->ledger.carried_ns[from][to] < since_ns) {
				return false;
			}
		}
	}
	return true;
}

static void begin_rest(struct chaos *chaos)
{
	chaos->mood = CHAOS_REST;
	chaos_end_trouble(chaos, chaos->options.control == INVARIANT_HEALS);
	chaos->wire.faults.delay_min_ns = REST_DELAY_NS;
	chaos->wire.faults.delay_max_ns = REST_DELAY_NS;
	for (size_t from = 0; from < chaos->devices; from++) {
		for (size_t to = 0; to < chaos->devices; to++) {
			uint64_t *packet_ns = &chaos->pairs[from][to].next_packet_ns;

			*packet_ns = from == to ? MV_NEVER : chaos_now_ns(chaos) + pause_ns(chaos);
		}
	}
}

/*
 * A responder that never heard its initiator again still has the keys of that handshake. When it
 * begins one itself they take the place of the current ones, as the protocol wants it, and what is
 * under way is lost: between such a pair nothing is promised.
 */
static bool is_promised(const struct chaos *chaos, size_t from, size_t to)
{
	return from != to && !world_peer(chaos->world, to, from)->keypairs.next;
}

static void expect_no_loss(struct chaos *chaos)
{
	bool promised[WORLD_DEVICES_MAX][WORLD_DEVICES_MAX] = {0};
	uint64_t since_ns = chaos_now_ns(chaos);

	for (size_t from = 0; from < chaos->devices; from++) {
		for (size_t to = 0; to < chaos->devices; to++) {
			promised[from][to] = is_promised(chaos, from, to);
		}
	}
	run_for(chaos, dice_between(&chaos->dice, 5 * S, 30 * S));
	for (size_t from = 0; from < chaos->devices && !is_over(chaos); from++) {
		for (size_t to = 0; to < chaos->devices; to++) {
			if (promised[from][to]) {
				ledger_expect_all(&chaos->ledger, from, to, since_ns,
					chaos_now_ns(chaos) - S, chaos_now_ns(chaos));
			}
		}
	}
}

static void rest(struct chaos *chaos)
{
	begin_rest(chaos);
	run_for(chaos, CHAOS_DELAY_MAX_NS); /* What is still under way may do its harm. */
	name_endpoints(chaos);

	uint64_t healed_ns = chaos_now_ns(chaos);
	chaos->watch.crossings = 0;
	chaos_say(chaos, "the network is healed");
	run_for(chaos, CHAOS_PROMISE_NS);
	for (unsigned met = 0; met < chaos->watch.crossings && !carries(chaos, healed_ns); met++) {
		run_for(chaos, CHAOS_CROSSING_NS);
	}
	if (!carries(chaos, healed_ns)) {
		verdict_fail(&chaos->result.verdict, INVARIANT_HEALS, chaos_now_ns(chaos),
			"not all pairs of devices hear each other");
	}
	expect_no_loss(chaos);
}

static void expect_rekeys(struct chaos *chaos)
{
	size_t rekeys = chaos->options.control == INVARIANT_REKEYS
				? 0
				: watch_sessions(&chaos->watch, 0, 1) - 1;

	if (rekeys < 2 && !chaos->is_dark) {
		verdict_fail(&chaos->result.verdict, INVARIANT_REKEYS, chaos_now_ns(chaos),
			"keys were renewed %zu times", rekeys);
	}
}

/*
 * Nobody wants to send any more. Keepalives, and a handshake that they ask for, are the last. Where
 * the initiations of a device that lost its clock are refused, it sends them until it gives up,
 * however well the session does that its peer began.
 */
static void be_silent(struct chaos *chaos)
{
	for (size_t from = 0; from < chaos->devices; from++) {
		for (size_t to = 0; to < chaos->devices; to++) {
			chaos->pairs[from][to].next_packet_ns = MV_NEVER;
			if (from != to) {
				set_peer(chaos, from, to, NULL, true);
			}
		}
	}
	chaos->next_second_ns = MV_NEVER;
	run_for(chaos,
		chaos->clockless == WORLD_DEVICES_MAX ? LAST_WORD_NS : LAST_WORD_NS + GIVE_UP_NS);
	chaos_say(chaos, "silence");
	chaos->mood = CHAOS_SILENCE;
	if (chaos->options.control == INVARIANT_SILENT) {
		chaos->pairs[0][1].next_packet_ns = chaos_now_ns(chaos) + S;
	}
	run_for(chaos, MV_ZERO_KEY_MATERIAL_NS);
	if (!is_over(chaos)) {
		watch_expect_nothing(&chaos->watch);
	}
}

static void begin(struct chaos *chaos, const struct chaos_options *options)
{
	struct world_hooks hooks = {.ctx = chaos,
		.transmit = on_transmit,
		.deliver = on_deliver,
		.seed = options->seed};
	static const uint8_t psk[MV_KEY_LEN] = {1, 2, 3};

	*chaos = (struct chaos){.options = *options, .dice = {.state = options->seed}};
	chaos->devices = dice_chance(&chaos->dice, 200) ? 3 : 2;
	chaos->is_dark = dice_chance(&chaos->dice, 30);
	chaos->clockless = dice_chance(&chaos->dice, 500) ? 0 : WORLD_DEVICES_MAX;
	chaos->keeps_record = dice_chance(&chaos->dice, 500);
	hooks.keeps_timestamps = chaos->keeps_record;
	chaos->world = world_create(chaos->devices, &hooks);
	chaos->attacker = malloc(sizeof(*chaos->attacker));
	if (!chaos->attacker) {
		abort();
	}
	wire_init(&chaos->wire, &chaos->dice);
	watch_init(&chaos->watch, chaos->world, chaos->devices, &chaos->result.verdict);
	chaos->watch.crossing_ns = REST_DELAY_NS;
	ledger_init(&chaos->ledger, &chaos->result.verdict);
	attacker_init(chaos->attacker, chaos->world, chaos->devices, &chaos->wire, &chaos->dice);
	sabotage_init(
		&chaos->sabotage, options->control, chaos->world, &chaos->watch, &chaos->ledger);
	world_connect(chaos->world, dice_chance(&chaos->dice, 500) ? psk : NULL,
		dice_chance(&chaos->dice, 250) ? 25 : 0);
	chaos->begin_ns = chaos_now_ns(chaos);
	for (size_t i = 0; i < chaos->devices; i++) {
		chaos->wall_least_s[i] = INT64_MIN / 2;
	}
}

static void end(struct chaos *chaos)
{
	struct chaos_result *result = &chaos->result;

	for (size_t device = 0; device < chaos->devices; device++) {
		chaos_collect_drops(chaos, device);
	}
	result->sent = chaos->ledger.count;
	result->delivered = chaos->ledger.delivered;
	result->sessions = chaos->watch.key_count;
	result->lost = chaos->wire.lost;
	result->duplicated = chaos->wire.duplicated;
	result->flipped = chaos->wire.flipped;
	result->truncated = chaos->wire.truncated;
	if (is_over(chaos)) {
		result->verdict.at_ns -= chaos->begin_ns;
	}
	ledger_uninit(&chaos->ledger);
	watch_uninit(&chaos->watch);
	wire_uninit(&chaos->wire);
	free(chaos->attacker);
	world_destroy(chaos->world);
}

struct chaos_result chaos_run(const struct chaos_options *options)
{
	struct chaos chaos;

	begin(&chaos, options);
	uint64_t end_ns = chaos.begin_ns + UINT64_C(60) * options->minutes * S;
	rest(&chaos);
	while (chaos_now_ns(&chaos) < end_ns && !is_over(&chaos)) {
		chaos_begin_trouble(&chaos);
		run_for(&chaos, chaos.is_dark ? end_ns - chaos_now_ns(&chaos)
					      : dice_between(&chaos.dice, 30 * S, 150 * S));
		rest(&chaos);
	}
	if (!is_over(&chaos)) {
		expect_rekeys(&chaos);
		be_silent(&chaos);
	}
	end(&chaos);
	return chaos.result;
}
