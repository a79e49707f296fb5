/*
 * Keys are renewed under traffic in both directions while the network does one thing to one message
 * of it: loses it, doubles it, or brings it late. No packet may be lost by that but the one that
 * was in a lost message, none may come out twice, and the new keys must be in use before the old
 * ones are too old.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/bytes.h"
#include "proto/messages.h"
#include "world.h"

#define S  MV_NS_PER_S
#define MS MV_NS_PER_MS

#define PACKET_INTERVAL_NS (100 * MS)
#define QUIET_NS           (110 * S) /* until here keys are young */
#define END_NS             (175 * S)

enum message { INITIATION, RESPONSE, FIRST_OF_INITIATOR, FIRST_OF_RESPONDER, MESSAGES };

enum fate { LOST, DOUBLED, LATE };

struct trouble {
	enum message message;
	enum fate fate;
	uint64_t late_ns;
};

struct network {
	struct trouble trouble;
	uint64_t now_ns;
	bool is_armed;
	uint32_t old_index[2]; /* that data went to before */
	uint64_t came_out[2];
	bool has_lost_packet[2]; /* one that came from this device */
	/* What is still under way. */
	size_t to, len;
	uint64_t due_ns;
	uint8_t datagram[2048];
};

static uint32_t index_of_data(const uint8_t *datagram)
{
	return mv_load_le32(datagram + offsetof(struct mv_message_data, receiver_index));
}

static bool is_the_one(const struct network *network, size_t from, const uint8_t *datagram)
{
	switch (network->trouble.message) {
	case INITIATION:
		return datagram[0] == MV_MESSAGE_INITIATION;
	case RESPONSE:
		return datagram[0] == MV_MESSAGE_RESPONSE;
	case FIRST_OF_INITIATOR:
	case FIRST_OF_RESPONDER:
		return datagram[0] == MV_MESSAGE_DATA &&
		       from == (network->trouble.message == FIRST_OF_INITIATOR ? 0 : 1) &&
		       index_of_data(datagram) != network->old_index[from];
	case MESSAGES:
		break;
	}
	return false;
}

static bool carry(void *ctx, size_t from, size_t to, uint8_t *datagram, size_t len)
{
	struct network *network = ctx;

	if (!network->is_armed) {
		if (datagram[0] == MV_MESSAGE_DATA) {
			network->old_index[from] = index_of_data(datagram);
		}
		return true;
	}
	if (!is_the_one(network, from, datagram)) {
		return true;
	}
	network->is_armed = false;
	if (network->trouble.fate == LOST) {
		network->has_lost_packet[from] =
			datagram[0] == MV_MESSAGE_DATA && len > MV_MESSAGE_DATA_OVERHEAD;
		return false;
	}
	network->to = to;
	network->len = len;
	network->due_ns = network->now_ns + network->trouble.late_ns;
	memcpy(network->datagram, datagram, len);
	return network->trouble.fate == DOUBLED;
}

static void deliver(void *ctx, size_t device, const uint8_t *packet, size_t len)
{
	struct network *network = ctx;

	(void)packet, (void)len;
	network->came_out[device]++;
}

static void bring_what_is_due(struct world *world, struct network *network)
{
	struct mv_endpoint from = world_endpoint(1 - network->to);

	if (network->len > 0 && network->due_ns <= network->now_ns) {
		world_inject(world, network->to, &from, network->datagram, network->len);
		network->len = 0;
	}
}

static uint64_t run(struct world *world, struct network *network)
{
	uint64_t begin_ns = world_now(world).boot_ns;
	uint64_t packets = 0;

	for (uint64_t ns = 0; ns < END_NS; ns += PACKET_INTERVAL_NS) {
		network->now_ns = begin_ns + ns;
		world_run_until(world, network->now_ns);
		if (ns == QUIET_NS) {
			network->is_armed = true;
		}
		world_ping(world, 0, 1);
		world_ping(world, 1, 0);
		packets++;
		bring_what_is_due(world, network);
	}
	return packets;
}

static bool has_new_keys(struct world *world, size_t device)
{
	const struct mv_keypair *current = world_peer(world, device, 1 - device)->keypairs.current;

	return current && world_now(world).boot_ns - current->birth_ns < END_NS - QUIET_NS;
}

static void survives(enum message message, enum fate fate, uint64_t late_ns)
{
	struct network network = {
		.trouble = {.message = message, .fate = fate, .late_ns = late_ns}};
	struct world_hooks hooks = {.ctx = &network, .carry = carry, .deliver = deliver};
	struct world *world = world_create(2, &hooks);

	world_connect(world, NULL, 0);
	uint64_t packets = run(world, &network);

	cr_expect_not(network.is_armed, "message %d never came", message);
	cr_expect_eq(network.len, 0, "all has come");
	for (size_t device = 0; device < 2; device++) {
		cr_expect_eq(network.came_out[device],
			packets - network.has_lost_packet[1 - device],
			"message %d, fate %d, %llu ns: device %zu got %llu of %llu", message, fate,
			(unsigned long long)late_ns, device,
			(unsigned long long)network.came_out[device], (unsigned long long)packets);
		cr_expect(has_new_keys(world, device), "message %d, fate %d: device %zu", message,
			fate, device);
	}
	world_destroy(world);
}

Test(rekey, with_any_message_lost)
{
	for (enum message message = 0; message < MESSAGES; message++) {
		survives(message, LOST, 0);
	}
}

Test(rekey, with_any_message_doubled)
{
	static const uint64_t late_ns[] = {0, 10 * MS, 3 * S, 40 * S};

	for (enum message message = 0; message < MESSAGES; message++) {
		for (size_t i = 0; i < sizeof(late_ns) / sizeof(*late_ns); i++) {
			survives(message, DOUBLED, late_ns[i]);
		}
	}
}

/* Before the message would be tried again, after it, and after all is over. */
Test(rekey, with_any_message_late)
{
	static const uint64_t late_ns[] = {50 * MS, 3 * S, 7 * S, 40 * S};

	for (enum message message = 0; message < MESSAGES; message++) {
		for (size_t i = 0; i < sizeof(late_ns) / sizeof(*late_ns); i++) {
			survives(message, LATE, late_ns[i]);
		}
	}
}
