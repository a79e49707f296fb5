/*
 * Packets from TUN: what is sent comes out of the other device unchanged and in order, what is
 * refused is answered as the RFCs have it, what waits is sent later, and nothing gets lost without
 * a reason. The input is a row of steps: a byte says which, and what it needs follows.
 */
#include <string.h>

#include "base/bytes.h"
#include "consistency.h"
#include "input.h"
#include "lane.h"
#include "ledger.h"
#include "tunnel/device_state.h"

#define DEVICES     2
#define SENDER      LANE_DEVICE
#define RECEIVER    1
#define STEPS_MAX   64
#define TIMES_MAX   16
#define PACKETS_MAX 1000

/* In the byte of a step: its packet waits for the next, to go out in one batch with it. */
#define HOLD 0x80

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define ICMP_HEADER 8

struct fuzz {
	struct world *world;
	struct lane lane;
	struct ledger ledger; /* an entry for each packet that was put into the sender */
	size_t expected;      /* the place in it behind the last that came out */
	size_t first_of_batch;
	uint64_t in, out;
	struct input input;
	unsigned times;
	uint8_t packet[MV_PACKET_MAX];
};

static void deliver(void *ctx, size_t device, const uint8_t *packet, size_t len)
{
	struct fuzz *fuzz = ctx;

	demand(device == RECEIVER, "the sender gets nothing");
	fuzz->expected = 1 + ledger_deliver(&fuzz->ledger, fuzz->expected, device, packet, len);
	fuzz->out++;
}

/* RFC 1071: the sum over data with its checksum in it is all ones. */
static uint32_t add_words(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	}
	while (sum > 0xffff) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static void check_answer4(const uint8_t *answer, size_t len, const uint8_t *packet, size_t quoted)
{
	demand(len >= IPV4_HEADER + ICMP_HEADER && len <= 576, "an ICMP error has its length");
	demand(answer[0] == 0x45 && mv_load_be16(answer + 2) == len, "an IPv4 header");
	demand(add_words(0, answer, IPV4_HEADER) == 0xffff, "the checksum of the header");
	demand(add_words(0, answer + IPV4_HEADER, len - IPV4_HEADER) == 0xffff, "that of ICMP");
	demand(memcmp(answer + 12, packet + 16, 4) == 0 && memcmp(answer + 16, packet + 12, 4) == 0,
		"it goes back");
	demand(answer[9] == 1 && answer[IPV4_HEADER] == 3, "destination unreachable");
	demand(packet[12] < 224 && packet[16] < 224 && !(mv_load_be16(packet + 6) & 0x1fff),
		"neither groups nor fragments are answered");
	demand(len == IPV4_HEADER + ICMP_HEADER + quoted || len == 576, "it quotes what it can");
	demand(memcmp(answer + IPV4_HEADER + ICMP_HEADER, packet,
		       len - IPV4_HEADER - ICMP_HEADER) == 0,
		"it quotes the packet");
}

static void check_answer6(const uint8_t *answer, size_t len, const uint8_t *packet, size_t quoted)
{
	demand(len >= IPV6_HEADER + ICMP_HEADER && len <= 1280, "an ICMPv6 error has its length");
	demand(answer[0] == 0x60 && (size_t)mv_load_be16(answer + 4) + IPV6_HEADER == len,
		"an IPv6 header");
	uint32_t pseudo = add_words((uint32_t)(len - IPV6_HEADER) + 58, answer + 8, 32);
	demand(add_words(pseudo, answer + IPV6_HEADER, len - IPV6_HEADER) == 0xffff,
		"the checksum of ICMPv6");
	demand(memcmp(answer + 8, packet + 24, 16) == 0 && memcmp(answer + 24, packet + 8, 16) == 0,
		"it goes back");
	demand(answer[6] == 58 && answer[IPV6_HEADER] < 128, "an error");
	demand(packet[8] != 0xff && packet[24] != 0xff, "groups are not answered");
	demand(packet[6] != 58 || packet[IPV6_HEADER] >= 128, "errors are not answered");
	demand(len == IPV6_HEADER + ICMP_HEADER + quoted || len == 1280, "it quotes what it can");
	demand(memcmp(answer + IPV6_HEADER + ICMP_HEADER, packet,
		       len - IPV6_HEADER - ICMP_HEADER) == 0,
		"it quotes the packet");
}

static bool is_reason_to_refuse(enum mv_drop drop)
{
	return drop == MV_DROP_NOT_IP || drop == MV_DROP_NO_ROUTE || drop == MV_DROP_NO_ENDPOINT ||
	       drop == MV_DROP_NO_HANDSHAKE_POSSIBLE || drop == MV_DROP_DEVICE_DOWN ||
	       drop == MV_DROP_TOO_BIG;
}

static void planned(void *ctx, size_t i, const struct mv_packet *packet)
{
	struct fuzz *fuzz = ctx;
	const struct ledger_entry *entry = &fuzz->ledger.entries[fuzz->first_of_batch + i];

	demand(!packet->live || packet->drop == MV_DROP_NONE, "what is dropped does not go on");
	demand(packet->drop == MV_DROP_NONE || is_reason_to_refuse(packet->drop),
		"a refused packet has its reason");
	demand(!packet->is_answer || packet->drop != MV_DROP_NONE, "only a refusal is answered");
	if (packet->live) {
		demand(packet->len >= entry->len + MV_MESSAGE_DATA_OVERHEAD &&
				packet->len < entry->len + MV_MESSAGE_DATA_OVERHEAD + MV_PADDING,
			"padding is short");
	}
	if (packet->is_answer && entry->packet[0] >> 4 == 4) {
		check_answer4(packet->data, packet->len, entry->packet, entry->len);
	} else if (packet->is_answer) {
		check_answer6(packet->data, packet->len, entry->packet, entry->len);
	}
}

/* Of the sender, where packets wait, and of the receiver; handshakes are no packets. */
static uint64_t count_drops(struct fuzz *fuzz, size_t which)
{
	const struct mv_device *device = world_device(fuzz->world, which);
	uint64_t drops = 0;

	for (size_t drop = 0; drop < MV_DROP_COUNT; drop++) {
		drops += device->drops[drop];
	}
	return drops;
}

static void check_account(struct fuzz *fuzz)
{
	const struct mv_device *sender = world_device(fuzz->world, SENDER);
	const struct mv_peer *peer = world_peer(fuzz->world, SENDER, RECEIVER);
	uint64_t waiting = peer ? peer->staged.count : 0;

	demand(fuzz->in <= fuzz->out + waiting + count_drops(fuzz, SENDER) +
				   count_drops(fuzz, RECEIVER),
		"no packet gets lost without a reason");
	consistency_check(sender);
	consistency_check(world_device(fuzz->world, RECEIVER));
}

static void send_batch(struct fuzz *fuzz)
{
	if (fuzz->lane.batch->count > 0) {
		lane_send(&fuzz->lane);
	}
	fuzz->first_of_batch = fuzz->ledger.count;
	check_account(fuzz);
}

static void add_packet(struct fuzz *fuzz, size_t len)
{
	if (fuzz->in == PACKETS_MAX) {
		return;
	}
	if (!mv_batch_room(fuzz->lane.batch)) {
		send_batch(fuzz);
	}
	ledger_send(&fuzz->ledger, SENDER, RECEIVER, fuzz->packet, len, NULL, 0);
	lane_add(&fuzz->lane, &(struct mv_endpoint){0}, fuzz->packet, len);
	fuzz->in++;
}

/* Repairs the length that the header tells. */
static void fix_length(uint8_t *packet, size_t len)
{
	if (len >= IPV4_HEADER && packet[0] >> 4 == 4) {
		mv_store_be16(packet + 2, (uint16_t)len);
	} else if (len >= IPV6_HEADER && packet[0] >> 4 == 6) {
		mv_store_be16(packet + 4, (uint16_t)(len - IPV6_HEADER));
	}
}

/* --- The steps --- */

/* The bytes of the input; choice: with the right length, and with more zeros behind them. */
static void step_packet(struct fuzz *fuzz, uint8_t choice)
{
	size_t len = input_number(&fuzz->input, 2);
	struct input piece = input_piece(&fuzz->input, choice & 2 ? 64 : len);

	if (!(choice & 2)) {
		len = piece.left;
	}
	memset(fuzz->packet, 0, len);
	if (piece.left > 0) {
		memcpy(fuzz->packet, piece.at, piece.left < len ? piece.left : len);
	}
	if (choice & 1) {
		fix_length(fuzz->packet, len);
	}
	if (len > 0) {
		add_packet(fuzz, len);
	}
}

/* As many small packets as a batch has room for. */
static void step_many(struct fuzz *fuzz, uint8_t choice)
{
	for (unsigned i = 0; i <= choice; i++) {
		add_packet(fuzz, world_packet(fuzz->packet, SENDER, RECEIVER, 28 + i % 64, i));
	}
}

static void step_time(struct fuzz *fuzz, uint8_t choice)
{
	(void)choice;
	uint64_t ns = input_number(&fuzz->input, 2) * 10 * MV_NS_PER_MS;

	if (fuzz->times++ < TIMES_MAX) {
		world_run_for(fuzz->world, ns);
	}
}

static void step_mtu(struct fuzz *fuzz, uint8_t choice)
{
	size_t device = choice & 1 ? RECEIVER : SENDER;

	mv_device_set_mtu(
		world_device(fuzz->world, device), (uint32_t)input_number(&fuzz->input, 2));
}

/* Handshakes get lost, so that packets wait; or the sender goes down and up. */
static void step_trouble(struct fuzz *fuzz, uint8_t choice)
{
	if (choice & 4) {
		world_set_up(fuzz->world, SENDER, choice & 8);
	} else {
		world_lose(fuzz->world, choice & 1, 1 + (choice >> 1 & 1),
			input_byte(&fuzz->input) % 32);
	}
}

/* What the sender knows of the receiver changes. */
static void step_change(struct fuzz *fuzz, uint8_t choice)
{
	static const uint8_t no_key[MV_KEY_LEN];
	struct mv_endpoint endpoint = world_endpoint(RECEIVER);
	struct mv_changes changes;
	int error;

	mv_changes_init(&changes);
	if (choice & 8) {
		error = mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY,
			choice & 1 ? no_key : world_private_key(fuzz->world, SENDER));
	} else {
		error = mv_changes_add_key(
			&changes, MV_CHANGE_PEER, world_public_key(fuzz->world, RECEIVER));
	}
	switch (choice & 11) {
	case 0:
		error |= mv_changes_add(&changes, MV_CHANGE_REMOVE);
		break;
	case 1:
		error |= mv_changes_add_endpoint(
			&changes, MV_CHANGE_ENDPOINT, &(struct mv_endpoint){0});
		break;
	case 2:
		error |= mv_changes_add_text(&changes, MV_CHANGE_ENDPOINTS, "b.test:51820");
		break;
	case 3:
		error |= mv_changes_add_endpoint(&changes, MV_CHANGE_ENDPOINT, &endpoint);
		break;
	}
	demand(error == 0 && world_apply(fuzz->world, SENDER, &changes) == 0, "a change is made");
	mv_changes_uninit(&changes);
}

/* The receiver gets everything; so any destination leads to it. */
static void step_default_route(struct fuzz *fuzz, uint8_t choice)
{
	struct mv_prefix all = {.ip.family = choice & 1 ? MV_FAMILY_IPV6 : MV_FAMILY_IPV4};
	struct mv_changes changes;

	mv_changes_init(&changes);
	demand(mv_changes_add_key(
		       &changes, MV_CHANGE_PEER, world_public_key(fuzz->world, RECEIVER)) == 0 &&
			mv_changes_add(&changes, MV_CHANGE_UPDATE_ONLY) == 0 &&
			mv_changes_add_prefix(&changes, MV_CHANGE_ALLOWED_IP, &all) == 0 &&
			world_apply(fuzz->world, SENDER, &changes) == 0,
		"a route is added");
	mv_changes_uninit(&changes);
}

static const struct {
	void (*run)(struct fuzz *fuzz, uint8_t choice);
	bool makes_packets;
} steps[] = {
	{step_packet, true},
	{step_packet, true},
	{step_many, true},
	{step_time, false},
	{step_mtu, false},
	{step_trouble, false},
	{step_change, false},
	{step_default_route, false},
};

static void run_step(struct fuzz *fuzz)
{
	uint8_t which = input_byte(&fuzz->input);
	uint8_t choice = input_byte(&fuzz->input);
	size_t i = (which & ~HOLD) % (sizeof(steps) / sizeof(*steps));

	if (!steps[i].makes_packets) {
		send_batch(fuzz);
	}
	steps[i].run(fuzz, choice);
	if (!(which & HOLD)) {
		send_batch(fuzz);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz *fuzz = calloc(1, sizeof(*fuzz));

	demand(fuzz, "memory");
	fuzz->input = (struct input){data, size};
	fuzz->world = world_create(DEVICES, &(struct world_hooks){.ctx = fuzz, .deliver = deliver});
	world_connect(fuzz->world, NULL, input_byte(&fuzz->input) & 1 ? 25 : 0);
	world_run_for(fuzz->world, 0);
	lane_init(&fuzz->lane, fuzz->world, DEVICES,
		&(struct lane_hooks){.ctx = fuzz, .deliver = deliver, .planned = planned});
	for (unsigned i = 0; i < STEPS_MAX && fuzz->input.left > 0; i++) {
		run_step(fuzz);
	}
	send_batch(fuzz);
	lane_uninit(&fuzz->lane);
	world_destroy(fuzz->world);
	ledger_uninit(&fuzz->ledger);
	free(fuzz);
	return 0;
}
