/*
 * The way out: every reason to drop a packet, what waits and in which order it goes, padding, and
 * the limits of a session.
 */
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "tunnel/device_state.h"
#include "tunnel/handshake.h"
#include "tunnel/outbox.h"
#include "tunnel/send.h"
#include "world.h"

#define S MV_NS_PER_S

/* The marks of the packets that were delivered, and the counters of the data messages from device
 * 0, in order. */
struct record {
	size_t mark_count, counter_count;
	uint32_t marks[512];
	uint64_t counters[512];
};

static struct record record;
static struct world *world;

static void deliver(void *ctx, size_t device, const uint8_t *packet, size_t len)
{
	(void)ctx, (void)device, (void)len;
	record.marks[record.mark_count++] = mv_load_be32(packet + 20);
}

static bool carry(void *ctx, size_t from, size_t to, uint8_t *datagram, size_t len)
{
	(void)ctx, (void)to, (void)len;
	if (from == 0 && datagram[0] == MV_MESSAGE_DATA) {
		record.counters[record.counter_count++] = mv_load_le64(datagram + 8);
	}
	return true;
}

static void setup(void)
{
	memset(&record, 0, sizeof record);
	world = world_create(3, &(struct world_hooks){.carry = carry, .deliver = deliver});
	world_connect(world, NULL, 0);
}

static void teardown(void)
{
	world_destroy(world);
}

TestSuite(send, .init = setup, .fini = teardown);

static void send_marked(size_t to, uint32_t mark)
{
	uint8_t packet[100];

	world_send(world, 0, packet, world_packet(packet, 0, to, sizeof packet, mark));
}

static uint64_t sent_in_all(size_t device)
{
	uint64_t sum = 0;

	for (unsigned type = 1; type < WORLD_TYPES; type++) {
		sum += world_sent(world, device, type);
	}
	return sum;
}

/* Exactly one packet is dropped for this reason, and nothing leaves the device. */
static void expect_dropped(enum mv_drop reason, const uint8_t *packet, size_t len)
{
	struct mv_snapshot *before = world_snapshot(world, 0);
	uint64_t sent = sent_in_all(0);

	world_send(world, 0, packet, len);
	struct mv_snapshot *after = world_snapshot(world, 0);
	for (unsigned drop = 0; drop < MV_DROP_COUNT; drop++) {
		cr_expect_eq(after->drops[drop] - before->drops[drop], drop == reason ? 1 : 0, "%s",
			mv_drop_word((enum mv_drop)drop));
	}
	cr_expect_eq(sent_in_all(0), sent);
	mv_snapshot_destroy(before);
	mv_snapshot_destroy(after);
}

static void apply(size_t device, struct mv_changes *changes)
{
	cr_assert_eq(world_apply(world, device, changes), 0);
	mv_changes_uninit(changes);
}

/* Begins a list about a peer of device 0. */
static struct mv_changes about(size_t peer)
{
	struct mv_changes changes;

	mv_changes_init(&changes);
	cr_assert_eq(
		mv_changes_add_key(&changes, MV_CHANGE_PEER, world_public_key(world, peer)), 0);
	return changes;
}

static void add_endpoint(
	struct mv_changes *changes, enum mv_change_kind kind, struct mv_endpoint endpoint)
{
	cr_assert_eq(mv_changes_add_endpoint(changes, kind, &endpoint), 0);
}

Test(send, what_is_no_ip_packet_is_dropped)
{
	uint8_t packet[84];

	world_packet(packet, 0, 1, sizeof packet, 0);
	expect_dropped(MV_DROP_NOT_IP, packet, 0);
	expect_dropped(MV_DROP_NOT_IP, packet, 19);
	expect_dropped(MV_DROP_NOT_IP, packet, 83);
	packet[0] = 0x75;
	expect_dropped(MV_DROP_NOT_IP, packet, sizeof packet);
}

Test(send, a_destination_of_no_peer_is_dropped)
{
	uint8_t packet[84];

	world_packet(packet, 0, 99, sizeof packet, 0);
	expect_dropped(MV_DROP_NO_ROUTE, packet, sizeof packet);
	cr_expect_eq(world_look(world, 0, 1).drops, 0);
}

Test(send, ipv6_goes_its_way)
{
	uint8_t packet[60] = {0x60, [5] = 20, [8] = 0xfd, [23] = 1, [24] = 0xfd, [39] = 2};

	world_send(world, 0, packet, sizeof packet);
	cr_expect_eq(world_delivered(world, 1), 1);
	packet[39] = 99;
	expect_dropped(MV_DROP_NO_ROUTE, packet, sizeof packet);
}

Test(send, a_peer_without_endpoint_is_no_reason_to_wait)
{
	struct mv_changes changes = about(1);
	uint8_t packet[84];

	add_endpoint(&changes, MV_CHANGE_ENDPOINT, (struct mv_endpoint){0});
	apply(0, &changes);
	world_packet(packet, 0, 1, sizeof packet, 0);
	expect_dropped(MV_DROP_NO_ENDPOINT, packet, sizeof packet);

	struct mv_peer_snapshot peer = world_look(world, 0, 1);
	cr_expect_eq(peer.drops, 1);
	cr_expect_eq(peer.last_drop, MV_DROP_NO_ENDPOINT);
	cr_expect_eq(peer.last_drop_s, world_now(world).wall_s);
	cr_expect_eq(world_peer(world, 0, 1)->staged.count, 0);
}

Test(send, a_device_that_is_down_sends_nothing)
{
	uint8_t packet[84];

	world_ping(world, 0, 1);
	world_set_up(world, 0, false);
	world_packet(packet, 0, 1, sizeof packet, 0);
	expect_dropped(MV_DROP_DEVICE_DOWN, packet, sizeof packet);
}

Test(send, a_device_without_private_key_sends_nothing)
{
	struct mv_changes changes;
	uint8_t packet[84];

	mv_changes_init(&changes);
	cr_assert_eq(
		mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY, (uint8_t[MV_KEY_LEN]){0}), 0);
	apply(0, &changes);
	world_packet(packet, 0, 1, sizeof packet, 0);
	expect_dropped(MV_DROP_NO_HANDSHAKE_POSSIBLE, packet, sizeof packet);
}

/* All public keys for which X25519 gives zero. */
static const char *const low_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

/* Begins a list about a peer with one of these keys and the inner address 10.0.0.(101 + i). */
static struct mv_changes about_low_order(uint8_t i)
{
	struct mv_prefix prefix = {
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {10, 0, 0, 101 + i}}, .bits = 32};
	uint8_t key[MV_KEY_LEN];
	struct mv_changes changes;

	cr_assert_eq(sodium_hex2bin(key, sizeof key, low_order[i], 64, NULL, NULL, NULL), 0);
	mv_changes_init(&changes);
	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PEER, key), 0);
	cr_assert_eq(mv_changes_add_prefix(&changes, MV_CHANGE_ALLOWED_IP, &prefix), 0);
	return changes;
}

Test(send, to_a_key_of_low_order_no_datagram_is_ever_sent)
{
	for (uint8_t i = 0; i < 7; i++) {
		struct mv_changes changes = about_low_order(i);
		uint8_t packet[84];

		add_endpoint(&changes, MV_CHANGE_ENDPOINT, world_endpoint(1));
		cr_assert_eq(mv_changes_add_keepalive(&changes, 25), 0);
		apply(0, &changes);

		world_packet(packet, 0, 100U + i, sizeof packet, 0);
		expect_dropped(MV_DROP_NO_HANDSHAKE_POSSIBLE, packet, sizeof packet);
		world_run_for(world, 200 * S);
		expect_dropped(MV_DROP_NO_HANDSHAKE_POSSIBLE, packet, sizeof packet);
	}
	cr_expect_eq(sent_in_all(0), 0);
	world_ping(world, 0, 1);
	cr_expect_eq(world_delivered(world, 1), 1, "the others can be reached");
}

/* Before its handshake was ever tried, a packet waits; it must not wait for ever. */
Test(send, what_waits_for_a_key_of_low_order_is_dropped)
{
	struct mv_changes changes = about_low_order(1);
	uint8_t packet[84];

	cr_assert_eq(mv_changes_add_text(&changes, MV_CHANGE_ENDPOINTS, "b.test:7"), 0);
	apply(0, &changes);
	world_packet(packet, 0, 101, sizeof packet, 0);
	for (unsigned i = 0; i < 5; i++) {
		world_send(world, 0, packet, sizeof packet);
	}
	cr_expect_eq(world_drops(world, 0, MV_DROP_NO_HANDSHAKE_POSSIBLE), 0);

	changes = about_low_order(1);
	add_endpoint(&changes, MV_CHANGE_ENDPOINT, world_endpoint(1));
	apply(0, &changes);
	cr_expect_eq(world_drops(world, 0, MV_DROP_NO_HANDSHAKE_POSSIBLE), 5);

	/* From now on none even begins to wait. */
	struct mv_batch *batch = mv_batch_create(&mv_aead_sodium);
	cr_assert_not_null(batch);
	memcpy(mv_batch_room(batch), packet, sizeof packet);
	const struct mv_packet *planned = mv_batch_add(batch, sizeof packet);
	cr_expect_not(mv_send_plan(world_device(world, 0), batch, world_now(world)));
	cr_expect_eq(planned->drop, MV_DROP_NO_HANDSHAKE_POSSIBLE);
	mv_batch_destroy(batch);
}

Test(send, what_the_system_refuses_is_counted_and_nothing_else)
{
	uint8_t packet[84];

	world_ping(world, 0, 1);
	world_ping(world, 1, 0);
	uint64_t tx_bytes = world_look(world, 0, 1).tx_bytes;
	cr_assert_eq(world_peer(world, 0, 1)->timers.new_handshake_ns, MV_NEVER);

	world_refuse(world, 0, true);
	world_packet(packet, 0, 1, sizeof packet, 0);
	expect_dropped(MV_DROP_SEND_FAILED, packet, sizeof packet);
	cr_expect_eq(world_look(world, 0, 1).tx_bytes, tx_bytes);
	/* A dead route of our own is no reason for a handshake. */
	cr_expect_eq(world_peer(world, 0, 1)->timers.new_handshake_ns, MV_NEVER);

	world_refuse(world, 0, false);
	world_ping(world, 0, 1);
	cr_expect_eq(world_look(world, 0, 1).tx_bytes, tx_bytes + 128);
	/* The counter of the refused one is not used again. */
	cr_expect_eq(record.counters[1], 2);
}

Test(send, what_does_not_fit_into_a_datagram_is_dropped)
{
	static uint8_t packet[65535];

	world_ping(world, 0, 1);
	mv_device_set_mtu(world_device(world, 0), 65535);
	world_packet(packet, 0, 1, 65475, 0);
	expect_dropped(MV_DROP_TOO_BIG, packet, 65475); /* padded to 65488 */
	world_packet(packet, 0, 1, 65472, 0);
	world_send(world, 0, packet, 65472);
	cr_expect_eq(world_delivered(world, 1), 2);

	/* Over IPv6 there are 20 bytes more. */
	struct mv_endpoint over_ipv6 = {
		.ip = {.family = MV_FAMILY_IPV6, .bytes = {0x20, 1}}, .port = 1};
	struct mv_changes changes = about(1);
	add_endpoint(&changes, MV_CHANGE_ENDPOINT, over_ipv6);
	apply(0, &changes);
	uint64_t sent = sent_in_all(0);
	world_packet(packet, 0, 1, 65475, 0);
	world_send(world, 0, packet, 65475);
	cr_expect_eq(sent_in_all(0), sent + 1);
	world_packet(packet, 0, 1, 65489, 0);
	expect_dropped(MV_DROP_TOO_BIG, packet, 65489);
}

Test(send, padding_goes_to_a_multiple_of_16_but_not_beyond_the_mtu)
{
	const struct {
		uint32_t mtu;
		size_t len, padded;
	} cases[] = {{1420, 28, 32}, {1420, 32, 32}, {1420, 33, 48}, {1420, 1409, 1420},
		{1420, 1420, 1420}, {1300, 1299, 1300}, {1299, 1297, 1299}, {1420, 1500, 1500},
		{1420, 1501, 1516}, {0, 33, 48}, {0, 1420, 1424}};
	uint8_t packet[1600];

	world_ping(world, 0, 1);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t sent_len, delivered_len;

		mv_device_set_mtu(world_device(world, 0), cases[i].mtu);
		world_packet(packet, 0, 1, cases[i].len, 0x77);
		world_send(world, 0, packet, cases[i].len);
		world_last_sent(world, 0, MV_MESSAGE_DATA, &sent_len);
		cr_expect_eq(
			sent_len, cases[i].padded + 32, "%zu, mtu %u", cases[i].len, cases[i].mtu);

		const uint8_t *delivered = world_last_delivered(world, 1, &delivered_len);
		cr_assert_eq(delivered_len, cases[i].len, "the padding is cut off");
		cr_expect_arr_eq(delivered, packet, cases[i].len);
	}
}

Test(send, packets_wait_for_the_handshake_and_go_in_order)
{
	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	for (uint32_t mark = 0; mark < 5; mark++) {
		send_marked(1, mark);
	}
	cr_expect_eq(world_sent(world, 0, MV_MESSAGE_INITIATION), 1);
	cr_expect_eq(world_delivered(world, 1), 0);
	world_run_for(world, 6 * S);
	send_marked(1, 5);

	cr_assert_eq(record.mark_count, 6);
	cr_assert_eq(record.counter_count, 6);
	for (uint32_t i = 0; i < 6; i++) {
		cr_expect_eq(record.marks[i], i);
		cr_expect_eq(record.counters[i], i);
	}
	cr_expect_eq(world_look(world, 0, 1).drops, 0);
}

/* Between the response and the flush there is a moment in which a session and staged packets both
 * are there. */
Test(send, a_new_packet_does_not_overtake_those_that_wait)
{
	struct mv_handshake_message message = {.from = world_endpoint(1)};
	struct mv_batch *batch = mv_batch_create(&mv_aead_sodium);

	cr_assert_not_null(batch);
	world_lose(world, 1, MV_MESSAGE_RESPONSE, 1);
	send_marked(1, 1);
	send_marked(1, 2);
	memcpy(message.bytes, world_last_sent(world, 1, MV_MESSAGE_RESPONSE, &message.len),
		sizeof(struct mv_message_response));
	mv_handshake_receive(world_device(world, 0), batch, &message, 0, world_now(world));

	world_packet(mv_batch_room(batch), 0, 1, 100, 3);
	const struct mv_packet *packet = mv_batch_add(batch, 100);
	cr_expect(mv_send_plan(world_device(world, 0), batch, world_now(world)));
	cr_expect_not(packet->live);
	cr_expect_eq(packet->drop, MV_DROP_NONE);
	mv_batch_destroy(batch);

	world_run_for(world, 0);
	cr_assert_eq(record.mark_count, 3);
	for (uint32_t i = 0; i < 3; i++) {
		cr_expect_eq(record.marks[i], i + 1);
		cr_expect_eq(record.counters[i], i);
	}
}

Test(send, beyond_128_the_oldest_that_waits_is_dropped)
{
	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	for (uint32_t mark = 0; mark < MV_STAGED_PACKETS_MAX + 3; mark++) {
		send_marked(1, mark);
	}
	cr_expect_eq(world_drops(world, 0, MV_DROP_STAGED_OVERFLOW), 3);
	cr_expect_eq(world_look(world, 0, 1).drops, 3);
	world_run_for(world, 6 * S);
	cr_assert_eq(record.mark_count, MV_STAGED_PACKETS_MAX);
	for (uint32_t i = 0; i < MV_STAGED_PACKETS_MAX; i++) {
		cr_expect_eq(record.marks[i], i + 3);
	}
}

/* One peer more than one batch can take. */
Test(send, all_that_waits_goes_at_once_however_much_it_is)
{
	struct mv_changes changes;

	for (size_t peer = 1; peer <= 2; peer++) {
		world_ping(world, 0, peer);
	}
	for (size_t peer = 1; peer <= 2; peer++) {
		changes = about(peer);
		add_endpoint(&changes, MV_CHANGE_ENDPOINT, (struct mv_endpoint){0});
		cr_assert_eq(mv_changes_add_text(&changes, MV_CHANGE_ENDPOINTS, "b.test:7"), 0);
		apply(0, &changes);
		for (uint32_t mark = 0; mark < 100; mark++) {
			send_marked(peer, mark);
		}
	}
	changes = about(1);
	add_endpoint(&changes, MV_CHANGE_ENDPOINT, world_endpoint(1));
	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PEER, world_public_key(world, 2)), 0);
	add_endpoint(&changes, MV_CHANGE_ENDPOINT, world_endpoint(2));
	apply(0, &changes);
	cr_expect_eq(world_delivered(world, 1), 101);
	cr_expect_eq(world_delivered(world, 2), 101);
	cr_expect_eq(world_look(world, 0, 1).drops + world_look(world, 0, 2).drops, 0);
}

/* Peers that never answer, and each has more packets waiting than its share. */
Test(send, dead_peers_leave_room_for_others)
{
	uint8_t packet[84];

	for (uint8_t i = 0; i < 20; i++) {
		struct mv_prefix prefix = {
			.ip = {.family = MV_FAMILY_IPV4, .bytes = {10, 0, 0, 11 + i}}, .bits = 32};
		struct mv_changes changes;

		mv_changes_init(&changes);
		cr_assert_eq(mv_changes_add_key(
				     &changes, MV_CHANGE_PEER, (uint8_t[MV_KEY_LEN]){9, [8] = i}),
			0);
		add_endpoint(&changes, MV_CHANGE_ENDPOINT, world_endpoint(77));
		cr_assert_eq(mv_changes_add_prefix(&changes, MV_CHANGE_ALLOWED_IP, &prefix), 0);
		apply(0, &changes);
		world_packet(packet, 0, 10U + i, sizeof packet, 0);
		for (unsigned n = 0; n < 100; n++) {
			world_send(world, 0, packet, sizeof packet);
		}
	}
	cr_assert_gt(
		world_drops(world, 0, MV_DROP_STAGED_OVERFLOW), 0, "the pool was under strain");
	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	send_marked(1, 7);
	cr_expect_eq(world_look(world, 0, 1).drops, 0);
	world_run_for(world, 6 * S);
	cr_assert_eq(record.mark_count, 1);
	cr_expect_eq(record.marks[0], 7);
}

Test(send, a_session_is_not_used_for_sending_at_180_s)
{
	world_ping(world, 0, 1);
	uint64_t birth_ns = world_peer(world, 0, 1)->keypairs.current->birth_ns;

	/* The responder does not renew, so it is the one that reaches the end. */
	world_run_until(world, birth_ns + 180 * S - 1);
	world_ping(world, 1, 0);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_INITIATION), 0);
	cr_expect_eq(world_delivered(world, 0), 1);
}

Test(send, at_180_s_a_packet_waits_for_a_new_session)
{
	world_ping(world, 0, 1);
	uint64_t birth_ns = world_peer(world, 0, 1)->keypairs.current->birth_ns;

	world_run_until(world, birth_ns + 180 * S);
	world_lose(world, 1, MV_MESSAGE_INITIATION, 1);
	world_ping(world, 1, 0);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_INITIATION), 1);
	cr_expect_eq(world_peer(world, 1, 0)->staged.count, 1);
	world_run_for(world, 6 * S);
	cr_expect_eq(world_delivered(world, 0), 1);
}

Test(send, after_so_many_messages_either_role_asks_for_new_keys)
{
	world_ping(world, 0, 1);
	world_run_for(world, 6 * S);
	world_peer(world, 1, 0)->keypairs.current->sending_counter = MV_REKEY_AFTER_MESSAGES - 1;
	world_ping(world, 1, 0);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_INITIATION), 0);
	world_ping(world, 1, 0);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_INITIATION), 1);
	cr_expect_eq(world_delivered(world, 0), 2);
}

Test(send, no_counter_is_used_beyond_the_limit)
{
	size_t len;

	world_ping(world, 0, 1);
	world_run_for(world, 6 * S);
	world_peer(world, 0, 1)->keypairs.current->sending_counter = MV_REJECT_AFTER_MESSAGES - 1;
	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_ping(world, 0, 1);
	const uint8_t *data = world_last_sent(world, 0, MV_MESSAGE_DATA, &len);
	cr_expect_eq(mv_load_le64(data + 8), MV_REJECT_AFTER_MESSAGES - 1);
	cr_expect_eq(world_delivered(world, 1), 2);

	uint64_t sent = world_sent(world, 0, MV_MESSAGE_DATA);
	world_ping(world, 0, 1);
	cr_expect_eq(world_sent(world, 0, MV_MESSAGE_DATA), sent);
	cr_expect_eq(world_peer(world, 0, 1)->staged.count, 1);
}

/* By hand: a packet in a live session, up to the moment when it is sealed. */
static struct mv_packet *plan(struct mv_batch *batch)
{
	cr_assert_not_null(batch);
	world_ping(world, 0, 1);
	world_packet(mv_batch_room(batch), 0, 1, 100, 0);
	struct mv_packet *packet = mv_batch_add(batch, 100);
	mv_send_plan(world_device(world, 0), batch, world_now(world));
	cr_assert(packet->live);
	return packet;
}

Test(send, a_peer_may_go_while_its_packets_are_sealed)
{
	struct mv_batch *batch = mv_batch_create(&mv_aead_sodium);
	struct mv_device *device = world_device(world, 0);
	struct mv_packet *packet = plan(batch);

	struct mv_changes changes = about(1);
	cr_assert_eq(mv_changes_add(&changes, MV_CHANGE_REMOVE), 0);
	apply(0, &changes);
	packet->sent = true;
	mv_send_commit(device, batch, world_now(world));
	cr_expect_eq(mv_device_arm(device), MV_NEVER);
	packet->sent = false;
	mv_send_commit(device, batch, world_now(world));
	cr_expect_eq(world_drops(world, 0, MV_DROP_SEND_FAILED), 1);
	mv_batch_destroy(batch);
}

/* Whoever gets its place next has sent nothing. */
Test(send, the_successor_of_a_peer_does_not_inherit_its_packets)
{
	struct mv_batch *batch = mv_batch_create(&mv_aead_sodium);
	struct mv_slab *peers = &world_device(world, 0)->peers;
	struct mv_packet *packet = plan(batch);
	struct mv_changes changes = about(1);

	cr_assert_eq(mv_changes_add(&changes, MV_CHANGE_REMOVE), 0);
	apply(0, &changes);
	mv_changes_init(&changes);
	for (uint16_t i = 0; i < 4096; i++) {
		const uint8_t key[MV_KEY_LEN] = {9, [8] = (uint8_t)i, [9] = (uint8_t)(i >> 8)};

		cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PEER, key), 0);
	}
	apply(0, &changes);
	const struct mv_peer *successor = mv_slab_at(peers, packet->peer.slot);
	cr_assert_not_null(successor);
	packet->sent = true;
	mv_send_commit(world_device(world, 0), batch, world_now(world));
	cr_expect_eq(successor->tx_bytes, 0);
	cr_expect_eq(successor->timers.new_handshake_ns, MV_NEVER);
	mv_batch_destroy(batch);
}

Test(send, what_was_sent_while_the_link_went_down_leaves_no_timer)
{
	struct mv_batch *batch = mv_batch_create(&mv_aead_sodium);
	struct mv_packet *packet = plan(batch);

	world_set_up(world, 0, false);
	packet->sent = true;
	mv_send_commit(world_device(world, 0), batch, world_now(world));
	world_set_up(world, 0, true);
	cr_expect_eq(mv_device_arm(world_device(world, 0)), MV_NEVER);
	cr_expect_eq(world_look(world, 0, 1).tx_bytes, 148 + 128 + 144);
	mv_batch_destroy(batch);
}

Test(send, the_control_loop_is_woken_only_when_there_is_something_new)
{
	struct mv_batch *batch = mv_batch_create(&mv_aead_sodium);
	struct mv_device *device = world_device(world, 0);

	cr_assert_not_null(batch);
	cr_assert_eq(mv_device_arm(device), MV_NEVER);
	for (unsigned round = 0; round < 3; round++) {
		world_packet(mv_batch_room(batch), 0, 1, 100, 0);
		struct mv_packet *packet = mv_batch_add(batch, 100);

		/* The first wishes for a handshake. */
		cr_expect_eq(mv_send_plan(device, batch, world_now(world)), round == 0);
		world_run_for(world, 0);
		packet->sent = true;
		/* The first to be sent arms a timer, the next finds it armed. */
		cr_expect_eq(mv_send_commit(device, batch, world_now(world)), round == 1);
		mv_device_arm(device);
		mv_batch_reset(batch);
		if (round == 0) {
			world_ping(world, 1, 0);
			mv_device_arm(device);
		}
	}
	mv_batch_destroy(batch);
}
