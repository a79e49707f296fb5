/*
 * The way in: every reason to drop a datagram, reached by datagrams from outside, and in which
 * order one that is good is believed.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/bytes.h"
#include "tunnel/receive.h"
#include "world.h"

#define S MV_NS_PER_S

static struct world *world;

/* Where datagrams come from that no device has sent. */
static const struct mv_endpoint stranger = {
	.ip = {.family = MV_FAMILY_IPV6, .bytes = {0x20, 1, 0x0d, 0xb8}}, .port = 7};

static void setup(void)
{
	world = world_create(2, NULL);
	world_connect(world, NULL, 0);
}

static void teardown(void)
{
	world_destroy(world);
}

TestSuite(receive, .init = setup, .fini = teardown);

/* A datagram on its way to device 1. */
struct caught {
	uint8_t bytes[2048];
	size_t len;
};

/* The last message of this type from device 0. */
static struct caught last(unsigned type)
{
	struct caught caught;
	const uint8_t *bytes = world_last_sent(world, 0, type, &caught.len);

	cr_assert(caught.len > 0 && caught.len <= sizeof caught.bytes);
	memcpy(caught.bytes, bytes, caught.len);
	return caught;
}

/* The data message of a ping from device 0, which does not arrive. */
static struct caught catch_ping(void)
{
	world_lose(world, 0, MV_MESSAGE_DATA, 1);
	world_ping(world, 0, 1);
	return last(MV_MESSAGE_DATA);
}

/* A message as device 0 would make it, but around whatever these bytes are. */
static struct caught seal(const uint8_t *inner, size_t len)
{
	struct mv_keypair *keypair = world_peer(world, 0, 1)->keypairs.current;
	struct caught caught = {.len = len + MV_MESSAGE_DATA_OVERHEAD};

	mv_store_le32(caught.bytes, MV_MESSAGE_DATA);
	mv_store_le32(caught.bytes + 4, keypair->remote_index);
	mv_store_le64(caught.bytes + 8, keypair->sending_counter);
	mv_aead_seal(caught.bytes + 16, inner, len, NULL, 0, keypair->keys->send,
		keypair->sending_counter++);
	return caught;
}

static void inject(const struct mv_endpoint *from, const struct caught *caught)
{
	world_inject(world, 1, from, caught->bytes, caught->len);
}

static struct mv_peer_snapshot peer(void)
{
	return world_look(world, 1, 0);
}

static bool is_at(struct mv_endpoint expected)
{
	struct mv_endpoint shown = peer().endpoint;

	return mv_endpoint_equal(&shown, &expected);
}

/* Device 1 drops it for this reason alone, writes nothing into its tunnel, and answers nothing. */
static void expect_dropped(
	enum mv_drop reason, const struct mv_endpoint *from, const uint8_t *bytes, size_t len)
{
	struct mv_snapshot *before = world_snapshot(world, 1);
	uint64_t delivered = world_delivered(world, 1);
	uint64_t sent = 0;

	for (unsigned type = 1; type < WORLD_TYPES; type++) {
		sent += world_sent(world, 1, type);
	}
	world_inject(world, 1, from, bytes, len);
	struct mv_snapshot *after = world_snapshot(world, 1);
	for (unsigned drop = 0; drop < MV_DROP_COUNT; drop++) {
		cr_assert_eq(after->drops[drop] - before->drops[drop], drop == reason ? 1 : 0,
			"%s of %zu bytes: %s", mv_drop_word(reason), len,
			mv_drop_word((enum mv_drop)drop));
	}
	for (unsigned type = 1; type < WORLD_TYPES; type++) {
		sent -= world_sent(world, 1, type);
	}
	cr_expect_eq(sent, 0);
	cr_expect_eq(world_delivered(world, 1), delivered);
	mv_snapshot_destroy(before);
	mv_snapshot_destroy(after);
}

Test(receive, nothing_shorter_than_a_message_is_one)
{
	uint8_t bytes[41] = {0};

	for (size_t len = 0; len < sizeof bytes; len++) {
		for (unsigned type = 0; type < 256; type++) {
			bytes[0] = (uint8_t)type;
			expect_dropped(type == MV_MESSAGE_DATA && len >= 32 ? MV_DROP_UNKNOWN_INDEX
									    : MV_DROP_BAD_MESSAGE,
				&stranger, bytes, len);
		}
	}
}

Test(receive, handshake_messages_have_their_one_size)
{
	uint8_t bytes[200] = {0};

	for (size_t len = 41; len < sizeof bytes; len++) {
		for (uint8_t type = 1; type <= 3; type++) {
			enum mv_drop reason = MV_DROP_BAD_MESSAGE;

			if ((type == 1 && len == 148) || (type == 2 && len == 92)) {
				reason = MV_DROP_BAD_MAC1;
			} else if (type == 3 && len == 64) {
				reason = MV_DROP_COOKIE_UNWANTED;
			}
			bytes[0] = type;
			expect_dropped(reason, &stranger, bytes, len);
		}
	}
}

Test(receive, reserved_bytes_must_be_zero)
{
	world_ping(world, 0, 1);
	struct caught good = catch_ping();

	for (size_t i = 1; i <= 3; i++) {
		struct caught bad = good;

		bad.bytes[i] = 1;
		expect_dropped(MV_DROP_BAD_MESSAGE, &stranger, bad.bytes, bad.len);
	}
	inject(&stranger, &good);
	cr_expect_eq(world_delivered(world, 1), 2);
}

Test(receive, an_index_of_nobody)
{
	world_ping(world, 0, 1);
	struct caught bad = catch_ping();

	bad.bytes[4] ^= 1;
	expect_dropped(MV_DROP_UNKNOWN_INDEX, &stranger, bad.bytes, bad.len);
}

/* A handshake under way has an index, but no keys for data. */
Test(receive, data_for_a_handshake)
{
	uint8_t bytes[32] = {MV_MESSAGE_DATA};
	size_t len;

	world_lose(world, 1, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_ping(world, 1, 0);
	const uint8_t *initiation = world_last_sent(world, 1, MV_MESSAGE_INITIATION, &len);
	memcpy(bytes + 4, initiation + 4, 4);
	expect_dropped(MV_DROP_UNKNOWN_INDEX, &stranger, bytes, sizeof bytes);
}

/* Whatever byte is wrong, the message is refused, and neither the window nor the counters that are
 * shown know of it. */
Test(receive, a_byte_that_was_flipped)
{
	world_ping(world, 0, 1);
	struct caught good = catch_ping();
	struct mv_endpoint endpoint = world_endpoint(0);
	uint64_t rx_bytes = peer().rx_bytes;

	for (size_t i = 0; i < good.len; i++) {
		struct caught bad = good;
		enum mv_drop reason = MV_DROP_BAD_TAG;

		if (i < 4) {
			reason = MV_DROP_BAD_MESSAGE;
		} else if (i < 8) {
			reason = MV_DROP_UNKNOWN_INDEX;
		}
		bad.bytes[i] ^= 0x10;
		expect_dropped(reason, &stranger, bad.bytes, bad.len);
	}
	cr_expect(is_at(endpoint));
	cr_expect_eq(peer().rx_bytes, rx_bytes);
	cr_expect_eq(peer().last_drop, MV_DROP_BAD_TAG);
	inject(&endpoint, &good);
	cr_expect_eq(world_delivered(world, 1), 2);
}

Test(receive, a_message_counts_once)
{
	world_ping(world, 0, 1);
	struct caught first = catch_ping();
	struct caught second = catch_ping();

	/* In any order, but each once. */
	inject(&stranger, &second);
	inject(&stranger, &first);
	cr_expect_eq(world_delivered(world, 1), 3);
	expect_dropped(MV_DROP_REPLAYED, &stranger, first.bytes, first.len);
	expect_dropped(MV_DROP_REPLAYED, &stranger, second.bytes, second.len);
	struct caught lost = catch_ping();
	inject(&stranger, &lost);
	cr_expect_eq(world_delivered(world, 1), 4);
}

Test(receive, what_lies_behind_the_window)
{
	world_ping(world, 0, 1);
	struct caught old = catch_ping();

	world_peer(world, 0, 1)->keypairs.current->sending_counter += MV_REPLAY_WINDOW + 1;
	world_ping(world, 0, 1);
	expect_dropped(MV_DROP_REPLAYED, &stranger, old.bytes, old.len);
}

Test(receive, a_source_that_is_not_allowed)
{
	uint8_t packet[84];
	uint64_t rx_bytes;

	world_ping(world, 0, 1);
	rx_bytes = peer().rx_bytes;
	world_packet(packet, 5, 1, sizeof packet, 0);
	struct caught bad = seal(packet, sizeof packet);
	expect_dropped(MV_DROP_SOURCE_NOT_ALLOWED, &stranger, bad.bytes, bad.len);
	cr_expect_eq(peer().rx_bytes, rx_bytes);

	/* The address of the receiver itself is not the peer's either. */
	world_packet(packet, 1, 1, sizeof packet, 0);
	bad = seal(packet, sizeof packet);
	expect_dropped(MV_DROP_SOURCE_NOT_ALLOWED, &stranger, bad.bytes, bad.len);
}

/* Whoever has a session can send nothing in the name of somebody else who has one. */
Test(receive, the_source_of_another_peer)
{
	const struct mv_prefix other = {
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {10, 0, 0, 6}}, .bits = 32};
	struct mv_changes changes;
	uint8_t packet[84];

	mv_changes_init(&changes);
	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PEER, (uint8_t[MV_KEY_LEN]){9}), 0);
	cr_assert_eq(mv_changes_add_prefix(&changes, MV_CHANGE_ALLOWED_IP, &other), 0);
	cr_assert_eq(world_apply(world, 1, &changes), 0);
	mv_changes_uninit(&changes);

	world_ping(world, 0, 1);
	world_packet(packet, 5, 1, sizeof packet, 0);
	struct caught bad = seal(packet, sizeof packet);
	expect_dropped(MV_DROP_SOURCE_NOT_ALLOWED, &stranger, bad.bytes, bad.len);
}

Test(receive, the_source_is_looked_up_in_its_own_family)
{
	uint8_t packet[60] = {0x60, [5] = 20, [8] = 0xfd, [23] = 1, [24] = 0xfd, [39] = 2};

	world_ping(world, 0, 1);
	world_send(world, 0, packet, sizeof packet);
	cr_expect_eq(world_delivered(world, 1), 2);
	packet[23] = 9;
	struct caught bad = seal(packet, sizeof packet);
	expect_dropped(MV_DROP_SOURCE_NOT_ALLOWED, &stranger, bad.bytes, bad.len);
}

Test(receive, inner_packets_that_are_none)
{
	uint8_t packet[84];
	struct caught bad;

	world_ping(world, 0, 1);
	uint64_t rx_bytes = peer().rx_bytes;

	bad = seal((const uint8_t[]){0x45}, 1);
	expect_dropped(MV_DROP_BAD_INNER, &stranger, bad.bytes, bad.len);
	world_packet(packet, 0, 1, sizeof packet, 0);
	bad = seal(packet, sizeof packet - 1); /* It says that it is longer. */
	expect_dropped(MV_DROP_BAD_INNER, &stranger, bad.bytes, bad.len);
	packet[0] = 0x55;
	bad = seal(packet, sizeof packet);
	expect_dropped(MV_DROP_BAD_INNER, &stranger, bad.bytes, bad.len);
	cr_expect_eq(peer().rx_bytes, rx_bytes);
}

Test(receive, a_packet_without_padding_is_welcome)
{
	uint8_t packet[85];
	size_t len;

	world_ping(world, 0, 1);
	world_packet(packet, 0, 1, sizeof packet, 3);
	struct caught good = seal(packet, sizeof packet);
	inject(&stranger, &good);
	cr_expect_eq(world_delivered(world, 1), 2);
	cr_expect_arr_eq(world_last_delivered(world, 1, &len), packet, sizeof packet);
	cr_expect_eq(len, sizeof packet);
}

Test(receive, a_session_receives_for_180_s)
{
	world_ping(world, 0, 1);
	struct caught in_time = catch_ping();
	struct caught too_late = catch_ping();
	uint64_t birth_ns = world_peer(world, 1, 0)->keypairs.current->birth_ns;

	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_lose(world, 1, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_run_until(world, birth_ns + 180 * S - 1);
	inject(&stranger, &in_time);
	cr_expect_eq(world_delivered(world, 1), 2);
	world_run_for(world, 1);
	expect_dropped(MV_DROP_KEYPAIR_TOO_OLD, &stranger, too_late.bytes, too_late.len);
}

Test(receive, no_counter_is_accepted_beyond_the_limit)
{
	uint8_t packet[84];
	struct mv_keypair *keypair;

	world_ping(world, 0, 1);
	keypair = world_peer(world, 0, 1)->keypairs.current;
	world_packet(packet, 0, 1, sizeof packet, 0);
	keypair->sending_counter = MV_REJECT_AFTER_MESSAGES - 1;
	struct caught last_one = seal(packet, sizeof packet);
	struct caught beyond = seal(packet, sizeof packet);

	expect_dropped(MV_DROP_KEYPAIR_TOO_OLD, &stranger, beyond.bytes, beyond.len);
	inject(&stranger, &last_one);
	cr_expect_eq(world_delivered(world, 1), 2);
}

Test(receive, the_endpoint_follows_authentic_messages_only)
{
	struct mv_endpoint home = world_endpoint(0);

	world_ping(world, 0, 1);
	struct caught good = catch_ping();
	struct caught forged = good;

	forged.bytes[forged.len - 1] ^= 1;
	expect_dropped(MV_DROP_BAD_TAG, &stranger, forged.bytes, forged.len);
	cr_expect(is_at(home));
	inject(&stranger, &good);
	cr_expect(is_at(stranger));

	/* Said again by somebody elsewhere, it moves nothing. */
	expect_dropped(MV_DROP_REPLAYED, &home, good.bytes, good.len);
	cr_expect(is_at(stranger));
	good = catch_ping();
	inject(&home, &good);
	cr_expect(is_at(home));
}

Test(receive, the_endpoint_follows_whatever_is_inside)
{
	uint8_t packet[84];

	world_ping(world, 0, 1);
	world_packet(packet, 5, 1, sizeof packet, 0);
	struct caught not_allowed = seal(packet, sizeof packet);
	expect_dropped(MV_DROP_SOURCE_NOT_ALLOWED, &stranger, not_allowed.bytes, not_allowed.len);
	cr_expect(is_at(stranger));

	struct mv_endpoint home = world_endpoint(0);
	struct caught keepalive = seal(NULL, 0);
	inject(&home, &keepalive);
	cr_expect(is_at(home));
}

/* The peer waits for a sign of life; it does not know that its packet was of no use. */
Test(receive, whatever_is_inside_is_confirmed)
{
	uint8_t packet[84];

	world_ping(world, 0, 1);
	world_run_for(world, 20 * S);
	cr_assert_eq(world_peer(world, 1, 0)->timers.send_keepalive_ns, MV_NEVER);
	world_packet(packet, 5, 1, sizeof packet, 0);
	struct caught not_allowed = seal(packet, sizeof packet);
	expect_dropped(MV_DROP_SOURCE_NOT_ALLOWED, &stranger, not_allowed.bytes, not_allowed.len);
	cr_expect_eq(world_peer(world, 1, 0)->timers.send_keepalive_ns,
		world_now(world).boot_ns + 10 * S);
}

Test(receive, answers_go_to_where_the_peer_is_now)
{
	struct mv_endpoint home = world_endpoint(0);

	world_ping(world, 0, 1);
	struct caught good = catch_ping();
	inject(&stranger, &good);
	world_ping(world, 1, 0);
	cr_expect_eq(world_delivered(world, 0), 0);
	good = catch_ping();
	inject(&home, &good);
	world_ping(world, 1, 0);
	cr_expect_eq(world_delivered(world, 0), 1);
}

Test(receive, a_keepalive_is_counted_but_not_delivered_nor_answered)
{
	world_ping(world, 0, 1);
	world_ping(world, 1, 0);
	uint64_t rx_bytes = peer().rx_bytes;
	uint64_t delivered = world_delivered(world, 1);
	struct caught keepalive = seal(NULL, 0);

	cr_assert_eq(keepalive.len, 32);
	world_peer(world, 1, 0)->timers.send_keepalive_ns = MV_NEVER;
	inject(&stranger, &keepalive);
	cr_expect_eq(peer().rx_bytes, rx_bytes + 32);
	cr_expect_eq(world_delivered(world, 1), delivered);
	cr_expect_eq(peer().drops, 0);
	cr_expect_eq(world_peer(world, 1, 0)->timers.send_keepalive_ns, MV_NEVER);
	cr_expect_eq(world_peer(world, 1, 0)->timers.new_handshake_ns, MV_NEVER);
	inject(&stranger, &keepalive);
	cr_expect_eq(world_drops(world, 1, MV_DROP_REPLAYED), 1);
}

Test(receive, ten_pings_are_counted_to_the_byte)
{
	for (unsigned i = 0; i < 10; i++) {
		world_ping(world, 0, 1);
		world_ping(world, 1, 0);
		world_run_for(world, S);
	}
	cr_assert_eq(world_delivered(world, 0), 10);
	struct mv_peer_snapshot pinging = world_look(world, 0, 1);
	cr_expect_eq(pinging.tx_bytes, 148 + 10 * 128);
	cr_expect_eq(pinging.rx_bytes, 92 + 10 * 128);
	struct mv_peer_snapshot pinged = peer();
	cr_expect_eq(pinged.tx_bytes, 92 + 10 * 128);
	cr_expect_eq(pinged.rx_bytes, 148 + 10 * 128);
}

Test(receive, nothing_comes_in_while_the_device_is_down)
{
	world_ping(world, 0, 1);
	struct caught data = catch_ping();
	struct caught initiation = last(MV_MESSAGE_INITIATION);

	world_set_up(world, 1, false);
	expect_dropped(MV_DROP_DEVICE_DOWN, &stranger, data.bytes, data.len);
	expect_dropped(MV_DROP_DEVICE_DOWN, &stranger, initiation.bytes, initiation.len);
	expect_dropped(MV_DROP_DEVICE_DOWN, &stranger, data.bytes, 3);
}

/* Plan and commit by hand, with something in between. */
static struct mv_packet *plan(struct mv_batch *batch, const struct caught *caught)
{
	cr_assert_not_null(batch);
	memcpy(mv_batch_room(batch), caught->bytes, caught->len);
	struct mv_packet *packet = mv_batch_add(batch, caught->len);
	packet->endpoint = stranger;
	mv_receive_plan(world_device(world, 1), batch, world_now(world));
	mv_batch_open(batch);
	return packet;
}

static void expect_peer_gone(struct mv_batch *batch, const struct mv_packet *packet)
{
	mv_receive_commit(world_device(world, 1), batch, world_now(world));
	cr_expect_not(packet->live);
	cr_expect_eq(packet->drop, MV_DROP_PEER_GONE);
	cr_expect_eq(world_drops(world, 1, MV_DROP_PEER_GONE), 1);
	mv_batch_destroy(batch);
}

Test(receive, a_peer_may_go_while_its_packets_are_opened)
{
	struct mv_batch *batch = mv_batch_create(&mv_aead_sodium);
	struct mv_changes changes;

	world_ping(world, 0, 1);
	struct caught caught = catch_ping();
	struct mv_packet *packet = plan(batch, &caught);
	cr_assert(packet->live && packet->job->ok);

	/* Removed and created anew: it has the same key, but it is another. */
	mv_changes_init(&changes);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(
			mv_changes_add_key(&changes, MV_CHANGE_PEER, world_public_key(world, 0)),
			0);
		if (i == 0) {
			cr_assert_eq(mv_changes_add(&changes, MV_CHANGE_REMOVE), 0);
		}
	}
	cr_assert_eq(world_apply(world, 1, &changes), 0);
	mv_changes_uninit(&changes);
	expect_peer_gone(batch, packet);
	cr_expect_eq(peer().endpoint.ip.family, MV_FAMILY_NONE);
}

Test(receive, keys_may_be_erased_while_packets_are_opened)
{
	struct mv_batch *batch = mv_batch_create(&mv_aead_sodium);

	world_ping(world, 0, 1);
	struct caught caught = catch_ping();
	struct mv_packet *packet = plan(batch, &caught);
	cr_assert(packet->live && packet->job->ok);
	world_set_up(world, 1, false);
	expect_peer_gone(batch, packet);
	cr_expect_eq(mv_device_arm(world_device(world, 1)), MV_NEVER);
}

/* An index may be given out again; the session is another. */
Test(receive, a_session_may_be_replaced_while_packets_are_opened)
{
	struct mv_batch *batch = mv_batch_create(&mv_aead_sodium);

	world_ping(world, 0, 1);
	struct caught caught = catch_ping();
	struct mv_packet *packet = plan(batch, &caught);
	cr_assert(packet->live && packet->job->ok);
	world_peer(world, 1, 0)->keypairs.current->id++;
	expect_peer_gone(batch, packet);
}

Test(receive, handshakes_of_a_batch_are_left_to_the_control_loop)
{
	struct mv_batch *batch = mv_batch_create(&mv_aead_sodium);

	world_ping(world, 0, 1);
	struct caught initiation = last(MV_MESSAGE_INITIATION);
	const struct mv_packet *packet = plan(batch, &initiation);
	cr_expect(packet->is_handshake);
	cr_expect_not(packet->live);
	cr_expect_eq(packet->drop, MV_DROP_NONE);
	cr_expect_null(packet->job);
	mv_batch_destroy(batch);
}

/* What the edge finds out before or after the core is counted here too. */
Test(receive, drops_of_the_edge_are_counted)
{
	struct mv_batch *batch = mv_batch_create(&mv_aead_sodium);
	struct mv_device *device = world_device(world, 1);

	cr_assert_not_null(batch);
	world_ping(world, 0, 1);
	mv_packet_drop(mv_batch_add(batch, 100), MV_DROP_TRUNCATED);
	mv_receive_plan(device, batch, world_now(world));
	mv_receive_commit(device, batch, world_now(world));
	cr_expect_eq(world_drops(world, 1, MV_DROP_TRUNCATED), 1);
	mv_batch_reset(batch);

	struct caught caught = catch_ping();
	struct mv_packet *packet = plan(batch, &caught);
	mv_receive_commit(device, batch, world_now(world));
	cr_assert(packet->live);
	mv_packet_drop(packet, MV_DROP_TUN_WRITE_FAILED);
	mv_batch_add(batch, 100); /* one that was written */
	mv_device_count_drops(device, batch, world_now(world));
	cr_expect_eq(world_drops(world, 1, MV_DROP_TUN_WRITE_FAILED), 1);
	cr_expect_eq(peer().drops, 1);
	cr_expect_eq(peer().last_drop, MV_DROP_TUN_WRITE_FAILED);

	mv_device_count_drop(device, MV_DROP_HANDSHAKE_QUEUE_FULL);
	cr_expect_eq(world_drops(world, 1, MV_DROP_HANDSHAKE_QUEUE_FULL), 1);
	mv_batch_destroy(batch);
}
