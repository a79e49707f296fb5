/*
 * One device and PEERS others, each with a session of its own, all of them within a minute of
 * the virtual clock and all at the same time. The device is the real one, with all its timers; the
 * others are clients, and every handshake is computed on both sides.
 */
#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "client.h"
#include "tunnel/handshake.h"
#include "world.h"

#define S          MV_NS_PER_S
#define MINUTE     (60 * S)
#define PACKET_LEN 84

/* A datagram that the network has not handed over yet. */
struct reply {
	size_t client;
	size_t len;
	uint8_t bytes[CLIENT_MESSAGE_MAX];
};

/* What one call of the device can bring about at most. */
#define REPLIES_MAX 64

static struct client clients[PEERS];
static unsigned arrived_at_client[PEERS], arrived_from_client[PEERS];
static struct reply replies[REPLIES_MAX];
static size_t reply_count;
static uint64_t random_count;
static uint64_t begin_ns;
static struct world *world;

/* Of the client: outside, and inside the tunnel. */
static struct mv_endpoint endpoint_of(size_t client)
{
	struct mv_endpoint endpoint = {
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {198, 18}}, .port = 51820};

	mv_store_be16(endpoint.ip.bytes + 2, (uint16_t)client);
	return endpoint;
}

static struct mv_prefix inner_of(size_t client)
{
	struct mv_prefix prefix = {.ip = {.family = MV_FAMILY_IPV4, .bytes = {10, 1}}, .bits = 32};

	mv_store_be16(prefix.ip.bytes + 2, (uint16_t)client);
	return prefix;
}

/* Between the client and 10.0.0.1, which is the device. */
static void make_packet(uint8_t packet[static PACKET_LEN], size_t client, bool is_from_client)
{
	struct mv_prefix inner = inner_of(client);

	world_packet(packet, 0, 0, PACKET_LEN, (uint32_t)client);
	memcpy(packet + (is_from_client ? 12 : 16), inner.ip.bytes, 4);
}

/* The same in every run. */
static void fill_random(uint8_t random[static MV_KEY_LEN])
{
	uint8_t seed[randombytes_SEEDBYTES] = {0};

	mv_store_le64(seed, ++random_count);
	randombytes_buf_deterministic(random, MV_KEY_LEN, seed);
}

static uint8_t *put_reply(size_t client)
{
	cr_assert_lt(reply_count, REPLIES_MAX);
	replies[reply_count].client = client;
	return replies[reply_count].bytes;
}

static void put_data(size_t client)
{
	uint8_t packet[PACKET_LEN];

	make_packet(packet, client, true);
	uint8_t *out = put_reply(client);
	replies[reply_count++].len = client_seal(&clients[client], out, packet, sizeof(packet));
}

static void put_initiation(size_t client)
{
	uint8_t random[MV_KEY_LEN];

	fill_random(random);
	uint8_t *out = put_reply(client);
	replies[reply_count++].len = client_initiate(
		&clients[client], out, random, (uint32_t)random_count, world_now(world));
}

static void put_response(size_t client, const uint8_t *initiation)
{
	uint8_t random[MV_KEY_LEN];

	fill_random(random);
	uint8_t *out = put_reply(client);
	replies[reply_count].len = client_respond(&clients[client], out, initiation, random,
		(uint32_t)random_count, world_now(world));
	cr_assert_gt(replies[reply_count++].len, 0);
}

/* A packet is answered by a packet, a keepalive by nothing. */
static void take_data(size_t client, const uint8_t *message, size_t message_len)
{
	uint8_t inner[CLIENT_MESSAGE_MAX], expected[PACKET_LEN];
	size_t len;

	cr_assert(client_open(&clients[client], inner, &len, message, message_len));
	if (len == 0) {
		return;
	}
	make_packet(expected, client, false);
	cr_assert_geq(len, sizeof(expected));
	cr_assert_arr_eq(inner, expected, sizeof(expected));
	arrived_at_client[client]++;
	put_data(client);
}

/* The network: the client has its datagram at once, and what it answers waits in `replies`. */
static void transmit(
	void *ctx, size_t from, const struct mv_endpoint *to, const uint8_t *datagram, size_t len)
{
	size_t client = mv_load_be16(to->ip.bytes + 2);
	struct mv_endpoint expected = endpoint_of(client);

	(void)ctx, (void)from;
	cr_assert(client < PEERS && mv_endpoint_equal(to, &expected));
	switch (datagram[0]) {
	case MV_MESSAGE_INITIATION:
		put_response(client, datagram);
		break;
	case MV_MESSAGE_RESPONSE:
		cr_assert(client_take_response(&clients[client], datagram));
		put_data(client);
		break;
	case MV_MESSAGE_COOKIE_REPLY:
		cr_assert(client_take_cookie(&clients[client], datagram, world_now(world)));
		break;
	default:
		take_data(client, datagram, len);
		break;
	}
}

/* Out of the device's tunnel. */
static void deliver(void *ctx, size_t device, const uint8_t *packet, size_t len)
{
	size_t client = mv_load_be16(packet + 14);
	uint8_t expected[PACKET_LEN];

	(void)ctx, (void)device;
	cr_assert_lt(client, PEERS);
	make_packet(expected, client, true);
	cr_assert(len == sizeof(expected) && memcmp(packet, expected, len) == 0);
	arrived_from_client[client]++;
}

/* All that is on its way arrives, and what follows from it. */
static void hand_over(void)
{
	while (reply_count > 0) {
		struct reply reply = replies[0];
		struct mv_endpoint from = endpoint_of(reply.client);

		memmove(replies, replies + 1, --reply_count * sizeof(replies[0]));
		world_inject(world, 0, &from, reply.bytes, reply.len);
	}
}

static void send_to(size_t client)
{
	uint8_t packet[PACKET_LEN];

	make_packet(packet, client, false);
	world_send(world, 0, packet, sizeof(packet));
	hand_over();
}

/* Every other one calls, so the device does not know where it is. */
static bool calls(size_t client)
{
	return client % 2 == 1;
}

static void add_peer(struct mv_changes *changes, size_t client)
{
	struct mv_endpoint endpoint = endpoint_of(client);
	struct mv_prefix inner = inner_of(client);

	cr_assert_eq(
		mv_changes_add_key(changes, MV_CHANGE_PEER, clients[client].identity.public_key),
		0);
	cr_assert_eq(mv_changes_add_prefix(changes, MV_CHANGE_ALLOWED_IP, &inner), 0);
	if (!calls(client)) {
		cr_assert_eq(mv_changes_add_endpoint(changes, MV_CHANGE_ENDPOINT, &endpoint), 0);
	}
}

static void setup(void)
{
	struct mv_changes changes;

	world = world_create(1, &(struct world_hooks){.deliver = deliver, .transmit = transmit});
	world_connect(world, NULL, 0);
	mv_changes_init(&changes);
	for (size_t i = 0; i < PEERS; i++) {
		uint8_t key[MV_KEY_LEN];

		fill_random(key);
		client_init(&clients[i], key, world_public_key(world, 0));
		add_peer(&changes, i);
	}
	cr_assert_eq(world_apply(world, 0, &changes), 0);
	mv_changes_uninit(&changes);
	begin_ns = world_now(world).boot_ns;
}

static void teardown(void)
{
	world_destroy(world);
}

TestSuite(many_peers, .init = setup, .fini = teardown);

static uint64_t sent(unsigned type)
{
	return world_sent(world, 0, type);
}

/* The device shows a handshake of this minute with everybody, and dropped what is told and nothing
 * else. */
static void expect_all_are_up(uint64_t under_load, uint64_t rate_limited)
{
	struct mv_snapshot *snapshot = world_snapshot(world, 0);
	uint64_t now_s = world_now(world).wall_s;

	cr_expect_leq(world_now(world).boot_ns - begin_ns, MINUTE);
	cr_assert_eq(snapshot->peer_count, PEERS);
	for (size_t i = 0; i < PEERS; i++) {
		cr_assert_geq(snapshot->peers[i].last_handshake_s, now_s - MINUTE / S);
		cr_assert(clients[i].has_session);
	}
	for (unsigned drop = 0; drop < MV_DROP_COUNT; drop++) {
		uint64_t expected = drop == MV_DROP_UNDER_LOAD     ? under_load
				    : drop == MV_DROP_RATE_LIMITED ? rate_limited
								   : 0;

		cr_expect_eq(
			snapshot->drops[drop], expected, "%s", mv_drop_word((enum mv_drop)drop));
	}
	mv_snapshot_destroy(snapshot);
}

/* A packet to each and its answer go through the sessions that there are. */
static void expect_all_sessions_work(void)
{
	uint64_t handshakes = sent(MV_MESSAGE_INITIATION) + sent(MV_MESSAGE_RESPONSE);

	memset(arrived_at_client, 0, sizeof(arrived_at_client));
	memset(arrived_from_client, 0, sizeof(arrived_from_client));
	for (size_t i = 0; i < PEERS; i++) {
		send_to(i);
	}
	for (size_t i = 0; i < PEERS; i++) {
		cr_assert_eq(arrived_at_client[i], 1);
		cr_assert_eq(arrived_from_client[i], 1);
	}
	cr_expect_eq(sent(MV_MESSAGE_INITIATION) + sent(MV_MESSAGE_RESPONSE), handshakes);
}

Test(many_peers, all_have_a_session_within_a_minute)
{
	for (size_t i = 0; i < PEERS; i++) {
		world_run_until(world, begin_ns + i * MINUTE / PEERS);
		if (calls(i)) {
			put_initiation(i);
			hand_over();
		} else {
			send_to(i);
		}
	}
	printf("%u s: all of %d have a session\n",
		(unsigned)((world_now(world).boot_ns - begin_ns + S - 1) / S), PEERS);
	cr_expect_eq(sent(MV_MESSAGE_INITIATION), PEERS / 2);
	cr_expect_eq(sent(MV_MESSAGE_RESPONSE), PEERS / 2);
	expect_all_are_up(0, 0);
	expect_all_sessions_work();
}

/*
 * All call in the same moment, and the device is under load all the time: first everybody gets a
 * cookie, and then the limiter, whose table is of a fixed size, takes as many sources at once as it
 * has places for. The others try again after 5 s, as everybody does.
 */
Test(many_peers, all_call_at_once)
{
	size_t waiting = PEERS;
	uint64_t wait_ns = 0;

	world_set_backlog(world, MV_HANDSHAKE_QUEUE_LOAD);
	while (waiting > 0) {
		world_run_until(world, begin_ns + wait_ns);
		waiting = 0;
		for (size_t i = 0; i < PEERS; i++) {
			if (!clients[i].has_session) {
				put_initiation(i);
				hand_over();
				waiting += !clients[i].has_session;
			}
		}
		printf("%3u s: %zu of %d have no session yet\n", (unsigned)(wait_ns / S), waiting,
			PEERS);
		wait_ns += 5 * S;
		cr_assert_leq(wait_ns, MINUTE);
	}
	cr_expect_eq(sent(MV_MESSAGE_COOKIE_REPLY), PEERS);
	cr_expect_eq(sent(MV_MESSAGE_RESPONSE), PEERS);
	expect_all_are_up(PEERS, world_drops(world, 0, MV_DROP_RATE_LIMITED));
	world_set_backlog(world, 0);
	expect_all_sessions_work();
}
