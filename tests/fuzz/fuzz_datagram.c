/*
 * Datagrams into a device that has a live session with one peer and a pending handshake with
 * another. The input is a row of steps: a byte says which, and what it needs follows. Most steps
 * make a datagram, and all but the raw ones have their macs and tags repaired.
 */
#include <string.h>

#include "base/bytes.h"
#include "consistency.h"
#include "forge.h"
#include "input.h"
#include "lane.h"
#include "ledger.h"
#include "proto/tai64n.h"
#include "tunnel/device_state.h"
#include "tunnel/handshake.h"

#define DEVICES   3
#define VICTIM    LANE_DEVICE
#define STEPS_MAX 64
#define TIMES_MAX 16

/* In the byte of a step: its datagram waits for the next, to come in one batch with it. */
#define HOLD 0x80

struct fuzz {
	struct world *world;
	struct lane lane;
	struct ledger ledger;
	struct input input;
	const uint8_t *psk;
	unsigned times;
	bool has_change; /* for the next batch */
	uint8_t change;
	uint32_t mark; /* of the next ping */
	uint8_t message[MV_PACKET_MAX];
};

static const uint8_t shared_psk[MV_KEY_LEN] = {'p', 's', 'k'};

/* The controls: with one of these faults planted, the fuzzer must report. */
static void plant_fault(struct fuzz *fuzz, size_t device, const uint8_t *packet, size_t len)
{
#if defined(MINIVPN_FUZZ_CONTROL_MODEL)
	ledger_deliver(&fuzz->ledger, 0, device, packet, len);
#elif defined(MINIVPN_FUZZ_CONTROL_MEMORY)
	uint8_t *copy = malloc(len);

	memcpy(copy, packet, len);
	fuzz->mark += copy[len];
	free(copy);
	(void)device;
#else
	(void)fuzz, (void)device, (void)packet, (void)len;
#endif
}

static void deliver(void *ctx, size_t device, const uint8_t *packet, size_t len)
{
	struct fuzz *fuzz = ctx;

	ledger_deliver(&fuzz->ledger, 0, device, packet, len);
	plant_fault(fuzz, device, packet, len);
}

static void ping(struct fuzz *fuzz, size_t from, size_t to)
{
	uint8_t packet[84];

	world_packet(packet, from, to, sizeof(packet), fuzz->mark++);
	ledger_send(&fuzz->ledger, from, to, packet, sizeof(packet), NULL, 0);
	world_send(fuzz->world, from, packet, sizeof(packet));
}

/* The two that are not the victim, by a bit. */
static size_t choose_peer(uint8_t choice)
{
	return choice & 1 ? 2 : 1;
}

/* The victim is told something new about a peer, or of itself. */
static void change(struct fuzz *fuzz, uint8_t choice)
{
	static const uint8_t no_key[MV_KEY_LEN];
	const uint8_t *peer = world_public_key(fuzz->world, choose_peer(choice));
	struct mv_changes changes;
	int error = 0;

	mv_changes_init(&changes);
	switch (choice >> 1 & 3) {
	case 0:
		error |= mv_changes_add_key(&changes, MV_CHANGE_PEER, peer);
		error |= mv_changes_add(&changes, MV_CHANGE_REMOVE);
		break;
	case 1:
		error |= mv_changes_add_key(&changes, MV_CHANGE_PEER, peer);
		error |= mv_changes_add_endpoint(
			&changes, MV_CHANGE_ENDPOINT, &(struct mv_endpoint){0});
		break;
	case 2:
		error |= mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY,
			choice & 8 ? no_key : world_private_key(fuzz->world, VICTIM));
		break;
	default:
		error |= mv_changes_add_key(&changes, MV_CHANGE_PEER, peer);
		error |= mv_changes_add_key(&changes, MV_CHANGE_PRESHARED_KEY, no_key);
		break;
	}
	demand(error == 0 && world_apply(fuzz->world, VICTIM, &changes) == 0, "a change is made");
	mv_changes_uninit(&changes);
}

/* Four places that a datagram can come from. */
static struct mv_endpoint choose_endpoint(uint8_t choice)
{
	struct mv_endpoint endpoint = world_endpoint(1 + (choice & 1));

	if (choice & 2) {
		endpoint.ip = (struct mv_ip){
			.family = MV_FAMILY_IPV6, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = choice}};
	}
	return endpoint;
}

/* What a device has done about datagrams, whatever it was. */
static uint64_t count_traces(struct fuzz *fuzz)
{
	const struct mv_device *device = world_device(fuzz->world, VICTIM);
	const struct mv_peer *peer;
	uint64_t traces = 0, cookies = 0;

	for (size_t drop = 0; drop < MV_DROP_COUNT; drop++) {
		traces += device->drops[drop];
	}
	for (uint32_t slot = MV_SLOT_NONE; (peer = mv_slab_next(&device->peers, &slot));) {
		traces += peer->rx_bytes;
		cookies += !peer->cookie.awaits_cookie;
	}
	return traces | cookies << 60;
}

/* The control loop's turn between plan and commit. */
static void meanwhile(void *ctx)
{
	struct fuzz *fuzz = ctx;

	if (fuzz->has_change) {
		fuzz->has_change = false;
		change(fuzz, fuzz->change);
	}
}

/* All that wait come in. */
static void receive(struct fuzz *fuzz)
{
	uint64_t before = count_traces(fuzz);
	bool is_changed = fuzz->has_change;

	if (fuzz->lane.batch->count > 0) {
		lane_receive(&fuzz->lane);
		demand(is_changed || count_traces(fuzz) != before,
			"a datagram is taken or counted as dropped");
	}
}

/* The message comes from the endpoint that the input chooses. */
static void arrive(struct fuzz *fuzz, uint8_t choice, size_t len)
{
	struct mv_endpoint endpoint = choose_endpoint(choice);

	if (len > 0 && !lane_add(&fuzz->lane, &endpoint, fuzz->message, len)) {
		receive(fuzz);
	}
}

/* One byte is changed, before the macs are made. */
static void damage(struct fuzz *fuzz, size_t len)
{
	size_t at = input_number(&fuzz->input, 2);
	uint8_t mask = input_byte(&fuzz->input);

	if (at < len) {
		fuzz->message[at] ^= mask;
	}
}

static void sign(struct fuzz *fuzz, uint8_t choice, size_t len)
{
	struct mv_endpoint endpoint = choose_endpoint(choice);

	if (len >= sizeof(struct mv_message_macs)) {
		forge_macs(fuzz->world, VICTIM, &endpoint, choice & 0x10, fuzz->message, len);
	}
}

static size_t take_message(struct fuzz *fuzz)
{
	struct input piece = input_piece(&fuzz->input, input_number(&fuzz->input, 2));

	if (piece.left > 0) {
		memcpy(fuzz->message, piece.at, piece.left);
	}
	return piece.left;
}

/* --- The steps --- */

static void step_raw(struct fuzz *fuzz, uint8_t choice)
{
	arrive(fuzz, choice, take_message(fuzz));
}

static void step_signed(struct fuzz *fuzz, uint8_t choice)
{
	size_t len = take_message(fuzz);

	sign(fuzz, choice, len);
	arrive(fuzz, choice, len);
}

/* From a peer or, as a stranger, from the victim itself. */
static void step_initiation(struct fuzz *fuzz, uint8_t choice)
{
	size_t from = choice & 8 ? VICTIM : choose_peer(choice >> 2);
	uint8_t timestamp[MV_TIMESTAMP_LEN] = {0};
	uint32_t index = (uint32_t)input_number(&fuzz->input, 4);

	if (choice & 0x20) {
		mv_tai64n(timestamp, world_now(fuzz->world));
	}
	for (size_t i = 0; i < sizeof(timestamp); i++) {
		timestamp[i] ^= input_byte(&fuzz->input);
	}
	size_t len = forge_initiation(fuzz->message, fuzz->world, from, VICTIM, timestamp, index);
	damage(fuzz, len);
	sign(fuzz, choice, len);
	arrive(fuzz, choice, len);
}

static void step_response(struct fuzz *fuzz, uint8_t choice)
{
	uint32_t index = (uint32_t)input_number(&fuzz->input, 4);
	size_t len = forge_response(
		fuzz->message, fuzz->world, fuzz->psk, choose_peer(choice >> 2), VICTIM, index);

	damage(fuzz, len);
	sign(fuzz, choice, len);
	arrive(fuzz, choice, len);
}

static void step_cookie_reply(struct fuzz *fuzz, uint8_t choice)
{
	struct mv_endpoint endpoint = choose_endpoint(choice);
	size_t len = forge_cookie_reply(
		fuzz->message, fuzz->world, choose_peer(choice >> 2), VICTIM, &endpoint);

	damage(fuzz, len);
	arrive(fuzz, choice, len);
}

/* A plaintext under a session that the peer has, with the next counter or any. */
static void step_data(struct fuzz *fuzz, uint8_t choice)
{
	size_t from = choose_peer(choice >> 2);
	enum forge_role role = (choice >> 3 & 3) % FORGE_ROLES;
	struct mv_keypair *keypair = forge_keypair(fuzz->world, from, VICTIM, role);
	uint64_t counter = choice & 0x20 ? input_number(&fuzz->input, 8) : 0;
	struct input text = input_piece(&fuzz->input, input_number(&fuzz->input, 2));

	if (!keypair || text.left + MV_MESSAGE_DATA_OVERHEAD > sizeof(fuzz->message)) {
		return;
	}
	if (!(choice & 0x20)) {
		counter = keypair->sending_counter++;
	}
	ledger_send(&fuzz->ledger, from, VICTIM, text.at, text.left, keypair->keys->send, counter);
	arrive(fuzz, choice, forge_data(fuzz->message, keypair, counter, text.at, text.left));
}

/* What a peer has sent last comes once more, maybe changed. */
static void step_replay(struct fuzz *fuzz, uint8_t choice)
{
	unsigned type = 1 + (choice >> 3) % 4;
	size_t len;
	const uint8_t *bytes = world_last_sent(fuzz->world, choose_peer(choice >> 2), type, &len);

	memcpy(fuzz->message, bytes, len);
	damage(fuzz, len);
	arrive(fuzz, choice, len);
}

static void step_ping(struct fuzz *fuzz, uint8_t choice)
{
	size_t peer = choose_peer(choice);

	if (choice & 2) {
		ping(fuzz, VICTIM, peer);
	} else {
		ping(fuzz, peer, VICTIM);
	}
}

/* In steps of 10 ms, up to 11 minutes. */
static void step_time(struct fuzz *fuzz, uint8_t choice)
{
	uint64_t ns = input_number(&fuzz->input, 2) * 10 * MV_NS_PER_MS;

	if (choice & 1) {
		world_step_wall_clock(fuzz->world, (int8_t)input_byte(&fuzz->input));
	}
	if (fuzz->times++ < TIMES_MAX) {
		world_run_for(fuzz->world, ns);
	}
}

static void step_load(struct fuzz *fuzz, uint8_t choice)
{
	size_t backlog = choice & 1 ? MV_HANDSHAKE_QUEUE_LOAD : 0;

	fuzz->lane.backlog = backlog;
	world_set_backlog(fuzz->world, backlog);
}

/* The network loses some of the next, or the system refuses to send, or the device goes down. */
static void step_trouble(struct fuzz *fuzz, uint8_t choice)
{
	size_t device = (choice & 3) % DEVICES;

	switch (choice >> 2 & 3) {
	case 0:
		world_lose(fuzz->world, device, 1 + (choice >> 4 & 3), input_byte(&fuzz->input));
		break;
	case 1:
		world_refuse(fuzz->world, device, choice & 0x10);
		break;
	default:
		world_set_up(fuzz->world, device, choice & 0x10);
		break;
	}
}

static void step_change(struct fuzz *fuzz, uint8_t choice)
{
	change(fuzz, choice);
}

/* Keeps the change for the next batch. */
static void step_change_meanwhile(struct fuzz *fuzz, uint8_t choice)
{
	fuzz->has_change = true;
	fuzz->change = choice;
}

static const struct {
	void (*run)(struct fuzz *fuzz, uint8_t choice);
	bool joins_batch;
} steps[] = {
	{step_raw, true},
	{step_signed, true},
	{step_initiation, true},
	{step_response, true},
	{step_cookie_reply, true},
	{step_data, true},
	{step_replay, true},
	{step_ping, false},
	{step_time, false},
	{step_load, false},
	{step_trouble, false},
	{step_change, false},
	{step_change_meanwhile, true},
};

static void run_step(struct fuzz *fuzz)
{
	uint8_t which = input_byte(&fuzz->input);
	uint8_t choice = input_byte(&fuzz->input);
	size_t i = (which & ~HOLD) % (sizeof(steps) / sizeof(*steps));

	if (!steps[i].joins_batch) {
		receive(fuzz);
	}
	steps[i].run(fuzz, choice);
	if (!(which & HOLD)) {
		receive(fuzz);
		consistency_check(world_device(fuzz->world, VICTIM));
	}
}

static void keep_alive(struct fuzz *fuzz)
{
	struct mv_changes changes;

	mv_changes_init(&changes);
	for (size_t peer = 1; peer < DEVICES; peer++) {
		demand(mv_changes_add_key(&changes, MV_CHANGE_PEER,
			       world_public_key(fuzz->world, peer)) == 0 &&
				mv_changes_add_keepalive(&changes, 25) == 0,
			"memory");
	}
	demand(world_apply(fuzz->world, VICTIM, &changes) == 0, "a change is made");
	mv_changes_uninit(&changes);
}

/* A session with 1, proved by packets both ways; and 2 has not answered yet. */
static void begin(struct fuzz *fuzz, uint8_t choice)
{
	struct world_hooks hooks = {.ctx = fuzz, .deliver = deliver};

	fuzz->psk = choice & 1 ? shared_psk : NULL;
	fuzz->world = world_create(DEVICES, &hooks);
	world_connect(fuzz->world, fuzz->psk, 0);
	lane_init(&fuzz->lane, fuzz->world, DEVICES,
		&(struct lane_hooks){.ctx = fuzz, .deliver = deliver, .meanwhile = meanwhile});
	if (choice & 4) {
		ping(fuzz, VICTIM, 1);
	}
	ping(fuzz, 1, VICTIM);
	ping(fuzz, VICTIM, 1);
	world_lose(fuzz->world, VICTIM, MV_MESSAGE_INITIATION, 1);
	ping(fuzz, VICTIM, 2);
	demand(forge_keypair(fuzz->world, 1, VICTIM, FORGE_CURRENT), "a session");
	if (choice & 2) {
		keep_alive(fuzz);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz *fuzz = calloc(1, sizeof(*fuzz));

	demand(fuzz, "memory");
	fuzz->input = (struct input){data, size};
	begin(fuzz, input_byte(&fuzz->input));
	for (unsigned i = 0; i < STEPS_MAX && fuzz->input.left > 0; i++) {
		run_step(fuzz);
	}
	receive(fuzz);
	for (size_t i = 0; i < DEVICES; i++) {
		consistency_check(world_device(fuzz->world, i));
	}
	lane_uninit(&fuzz->lane);
	world_destroy(fuzz->world);
	ledger_uninit(&fuzz->ledger);
	free(fuzz);
	return 0;
}
