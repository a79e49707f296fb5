/*
 * Batches of packets of a few flows, some of them damaged: the writes that edge/coalesce makes of
 * them, cut again by edge/split, are the packets that came in; those of a flow stay in order; and a
 * write that was refused leaves its packets as they were.
 */
#include "edge/coalesce.h"

#include <sodium.h>
#include <string.h>

#include "../unit/inet_packet.h"
#include "edge/split.h"
#include "input.h"

#define FLOWS       4
#define PAYLOAD_MAX 1500

static struct mv_batch *batch;
static struct mv_coalesce coalesce;
static uint8_t before[MV_BATCH_PACKETS][MV_COALESCE_HEADER_MAX + PAYLOAD_MAX];
static uint8_t flat[INET_PACKET_MAX], cut[INET_PACKET_MAX];

/* What comes in */

static void change(struct recipe *recipe, struct input *input)
{
	uint8_t what = input_byte(input), value = input_byte(input);

	recipe->flags = what & 1 ? value : 0;
	recipe->ack += what & 2 ? value : 0;
	recipe->sequence += what & 4 ? value : 0;
	recipe->tos ^= what & 8 ? value : 0;
	recipe->ttl ^= what & 16 ? value : 0;
	recipe->fragment ^= (uint16_t)(what & 32 ? value << 8 : 0);
	recipe->options_len = what & 64 ? value % 11 * 4 : recipe->options_len;
	recipe->window ^= what & 128 ? value : 0;
}

/* The next packet of a flow; `how` says what is special about it. */
static void add_packet(struct recipe *flows, struct input *input)
{
	uint8_t how = input_byte(input);
	struct recipe *recipe = &flows[how % FLOWS];
	uint8_t *room = mv_batch_room(batch);

	if (how & 4) {
		recipe->payload_len = input_number(input, 2) % (PAYLOAD_MAX + 1);
	}
	if (how & 8) {
		change(recipe, input);
	}
	size_t len = make_packet(room, recipe);
	recipe->sequence += (uint32_t)recipe->payload_len;
	recipe->id++;
	if (how & 16) {
		size_t at = 1 + input_number(input, 2) % (len - 1); /* the version stays */

		room[at] ^= input_byte(input);
	}
	memcpy(before[batch->count], room, len);
	mv_batch_add(batch, len)->live = !(how & 32);
}

static void make_batch(struct input *input)
{
	struct recipe flows[FLOWS] = {{.payload_len = 100}, {.payload_len = 100, .is_udp = true},
		{.payload_len = 100, .is_ipv6 = true, .options_len = 12, .option = 1},
		{.payload_len = 100, .is_ipv6 = true, .is_udp = true}};

	mv_batch_reset(batch);
	while (input->left > 0 && batch->count < MV_BATCH_PACKETS && mv_batch_room(batch)) {
		add_packet(flows, input);
	}
}

/* What goes out */

/* The identification counts up within a write, whatever it was before; and with it the header's
 * checksum changes. Nobody looks at either of a packet that is no fragment (RFC 6864). */
static void demand_same(uint8_t *packet, size_t at, size_t len)
{
	demand(batch->packets[at].len == len, "a packet has the length that it had");
	if (packet[0] >> 4 == 4) {
		memcpy(packet + IPV4_ID, before[at] + IPV4_ID, 2);
		memcpy(packet + IPV4_CHECKSUM, before[at] + IPV4_CHECKSUM, 2);
	}
	demand(memcmp(packet, before[at], len) == 0, "a packet is what it was");
}

static void check_write(const struct mv_coalesced *write)
{
	struct iovec pieces[MV_COALESCE_PIECES];
	struct virtio_net_hdr header;
	struct mv_split split;
	size_t len = 0, at = write->first;

	size_t count = mv_coalesce_finish(&coalesce, write, &header, pieces);
	for (size_t i = 0; i < count; i++) {
		demand(len + pieces[i].iov_len <= sizeof(flat), "a write is a packet");
		memcpy(flat + len, pieces[i].iov_base, pieces[i].iov_len);
		len += pieces[i].iov_len;
	}
	demand(mv_split_begin(&split, &header, flat, len) == MV_DROP_NONE, "a write can be cut");
	for (size_t i = 0; i < write->count; i++, at = coalesce.next[at]) {
		demand_same(cut, at, mv_split_next(&split, cut));
	}
	demand(!mv_split_has_more(&split), "and there is no more in it");
	mv_coalesce_refused(&coalesce, write);
}

/* The damage may have made it one of another flow, or of none that can be told. */
static bool tells_its_flow(const uint8_t *packet)
{
	uint8_t protocol = packet[0] >> 4 == 6 ? packet[IPV6_NEXT_HEADER] : packet[IPV4_PROTOCOL];

	if (packet[0] >> 4 == 4 &&
		(packet[0] != 0x45 || (mv_load_be16(packet + IPV4_FRAGMENT) &
					      (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET)))) {
		return false;
	}
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

/* Addresses and ports lie one behind the other. */
static bool may_be_one_flow(const uint8_t *a, const uint8_t *b)
{
	if (!tells_its_flow(a) || !tells_its_flow(b)) {
		return true;
	}
	if (a[0] >> 4 != b[0] >> 4) {
		return false;
	}
	return a[0] >> 4 == 6 ? a[IPV6_NEXT_HEADER] == b[IPV6_NEXT_HEADER] &&
					memcmp(a + IPV6_ADDRESSES, b + IPV6_ADDRESSES, 32 + 4) == 0
			      : a[IPV4_PROTOCOL] == b[IPV4_PROTOCOL] &&
					memcmp(a + IPV4_ADDRESSES, b + IPV4_ADDRESSES, 8 + 4) == 0;
}

static void check_order(const size_t *order, size_t count)
{
	for (size_t later = 1; later < count; later++) {
		for (size_t i = 0; i < later; i++) {
			demand(order[i] < order[later] ||
					!may_be_one_flow(before[order[i]], before[order[later]]),
				"the order in a flow stays");
		}
	}
}

static void check_writes(void)
{
	size_t order[MV_BATCH_PACKETS], count = 0, live = 0;

	for (size_t i = 0; i < coalesce.count; i++) {
		const struct mv_coalesced *write = &coalesce.writes[i];
		size_t at = write->first;

		if (write->count > 1) {
			check_write(write);
		}
		for (size_t k = 0; k < write->count; k++, at = coalesce.next[at]) {
			demand(count < MV_BATCH_PACKETS && batch->packets[at].live,
				"what is dead is not written");
			order[count++] = at;
		}
	}
	check_order(order, count);
	for (size_t i = 0; i < batch->count; i++) {
		live += batch->packets[i].live;
		demand(memcmp(batch->packets[i].data, before[i], batch->packets[i].len) == 0,
			"after a refusal all is as it was");
	}
	demand(count == live, "each packet is written once");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};

	if (!batch) {
		demand(sodium_init() >= 0, "libsodium");
		batch = mv_batch_create(&mv_aead_sodium);
		demand(batch, "memory");
	}
	make_batch(&input);
	mv_coalesce_init(&coalesce, true, true);
	mv_coalesce_batch(&coalesce, batch);
	check_writes();
	return 0;
}
