/*
 * handshakes --keys PEERS: prints the public keys of so many peers, which are the same each time.
 *
 * handshakes PUBLIC_KEY ENDPOINT SECONDS PEERS PREFIX: as these peers, handshakes with the
 * responder that has this key at an IPv4 endpoint, for so many seconds after a first half one, and
 * prints
 *
 *   answered=30612 ms=5000 answered_in_all=33120 cookies=2000 lost=0
 *
 * There are always as many handshakes on their way as a responder takes without a queue that it
 * would call load; as soon as one is answered, the next peer begins. Each peer has an address of
 * its own, of PREFIX, and keeps to the limits of the protocol: it begins every 60 ms at the most,
 * and carries the cookie that it was given. So a responder has no reason to refuse any of them, and
 * what it answers is what it can. All of that addresses must be this machine's.
 *
 * An answer counts by its length, type and index. One of 32 is opened as well, which must succeed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "crypto/keytext.h"
#include "edge/clock.h"
#include "edge/sockaddr.h"
#include "proto/cookie.h"
#include "proto/noise.h"
#include "proto/tai64n.h"
#include "require.h"

#define SECONDS_MAX 600
#define PEERS_MAX   100000
#define OPENED_1IN  32

/* A queue of an eighth of 1024 is load, at the programs that are measured. */
#define UNDER_WAY_MAX 64

/* From the same peer 50 a second are taken, and under load 20 from the same address. */
#define INTERVAL_NS (60 * MV_NS_PER_MS)
#define PATIENCE_NS (500 * MV_NS_PER_MS)
#define WARM_UP_NS  (500 * MV_NS_PER_MS)

struct peer {
	struct mv_noise_identity identity;
	struct mv_noise_remote responder;
	struct mv_cookie_maker cookie;
	struct mv_noise_handshake handshake;
	struct in_addr address;
	uint64_t began_ns, allowed_ns;
	bool is_under_way;
};

struct generator {
	int fd;
	struct sockaddr_storage to;
	socklen_t to_len;
	struct peer *peers;
	uint32_t peer_count, next, under_way;
	uint64_t now_ns;
	uint64_t answered, cookies, lost;
};

static void make_private_key(uint8_t private_key[static MV_KEY_LEN], uint32_t number)
{
	uint8_t seed[randombytes_SEEDBYTES] = {0};

	mv_store_le32(seed, number);
	randombytes_buf_deterministic(private_key, MV_KEY_LEN, seed);
	mv_x25519_clamp(private_key);
}

static int print_keys(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint8_t private_key[MV_KEY_LEN], public_key[MV_KEY_LEN];
		char text[MV_KEY_BASE64_MAX];

		make_private_key(private_key, i);
		mv_x25519_public(public_key, private_key);
		puts(mv_key_to_base64(text, public_key));
	}
	return 0;
}

static void prepare_peer(struct peer *peer, uint32_t number, uint32_t first_address,
	const uint8_t responder_key[static MV_KEY_LEN])
{
	uint8_t private_key[MV_KEY_LEN];

	make_private_key(private_key, number);
	mv_noise_identity_set(&peer->identity, private_key);
	memcpy(peer->responder.public_key, responder_key, MV_KEY_LEN);
	mv_noise_remote_precompute(&peer->responder, &peer->identity);
	mv_cookie_maker_init(&peer->cookie, responder_key);
	peer->address.s_addr = htonl(first_address + number);
}

static void prepare(struct generator *generator, char **arguments, uint64_t *seconds)
{
	uint8_t responder_key[MV_KEY_LEN];
	struct mv_prefix prefix;
	struct mv_endpoint to;
	uint64_t count;

	REQUIRE(mv_key_from_base64(responder_key, arguments[0]) == MV_KEYTEXT_OK);
	REQUIRE(mv_endpoint_parse(&to, arguments[1]) && to.ip.family == MV_FAMILY_IPV4);
	REQUIRE(mv_decimal_parse(seconds, arguments[2], SECONDS_MAX));
	REQUIRE(mv_decimal_parse(&count, arguments[3], PEERS_MAX) && count > 0);
	REQUIRE(mv_prefix_parse(&prefix, arguments[4]) == MV_PREFIX_OK);
	REQUIRE(prefix.ip.family == MV_FAMILY_IPV4 && count < UINT64_C(1) << (32 - prefix.bits));
	mv_prefix_mask(&prefix);

	generator->to_len = mv_sockaddr_from_endpoint(&generator->to, &to);
	generator->peer_count = (uint32_t)count;
	generator->peers = calloc(count, sizeof(*generator->peers));
	REQUIRE(generator->peers);
	for (uint32_t i = 0; i < count; i++) {
		prepare_peer(
			&generator->peers[i], i, mv_load_be32(prefix.ip.bytes) + 1, responder_key);
	}
	generator->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
	REQUIRE(generator->fd >= 0);
}

/* From the peer's own address. */
static bool send_from(struct generator *generator, const struct peer *peer, void *bytes, size_t len)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control = {0};
	const struct in_pktinfo source = {.ipi_spec_dst = peer->address};
	struct iovec vector = {.iov_base = bytes, .iov_len = len};
	struct msghdr message = {.msg_name = &generator->to,
		.msg_namelen = generator->to_len,
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};

	control.header.cmsg_level = IPPROTO_IP;
	control.header.cmsg_type = IP_PKTINFO;
	control.header.cmsg_len = CMSG_LEN(sizeof(source));
	memcpy(CMSG_DATA(&control.header), &source, sizeof(source));
	ssize_t sent = sendmsg(generator->fd, &message, 0);
	/* An answer may have found that nobody listens any more. */
	REQUIRE(sent == (ssize_t)len || errno == EAGAIN || errno == ENOBUFS ||
		errno == ECONNREFUSED);
	return sent == (ssize_t)len;
}

static void initiate(struct generator *generator, uint32_t number)
{
	struct peer *peer = &generator->peers[number];
	struct mv_message_initiation message;
	uint8_t random[MV_KEY_LEN], timestamp[MV_TIMESTAMP_LEN];

	randombytes_buf(random, sizeof(random));
	mv_tai64n(timestamp, mv_clock_sample());
	REQUIRE(mv_noise_create_initiation(&message, &peer->handshake, &peer->identity,
		&peer->responder, random, timestamp, number));
	mv_cookie_maker_sign(&peer->cookie, &message, sizeof(message), generator->now_ns);
	if (send_from(generator, peer, &message, sizeof(message))) {
		peer->is_under_way = true;
		generator->under_way++;
	}
	peer->began_ns = generator->now_ns;
	peer->allowed_ns = generator->now_ns + INTERVAL_NS;
}

static void end_handshake(struct generator *generator, struct peer *peer)
{
	peer->is_under_way = false;
	generator->under_way--;
}

/* The next peer in turn that may begin; false if none may. Those who waited in vain are given up.
 */
static bool begin_one(struct generator *generator)
{
	for (uint32_t i = 0; i < generator->peer_count; i++) {
		uint32_t number = generator->next;
		struct peer *peer = &generator->peers[number];

		generator->next = (number + 1) % generator->peer_count;
		if (peer->is_under_way && generator->now_ns - peer->began_ns > PATIENCE_NS) {
			end_handshake(generator, peer);
			generator->lost++;
		}
		if (!peer->is_under_way && generator->now_ns >= peer->allowed_ns) {
			initiate(generator, number);
			return true;
		}
	}
	return false;
}

static struct peer *find_peer(struct generator *generator, const uint8_t index[static 4])
{
	uint32_t number = mv_load_le32(index);

	return number < generator->peer_count && generator->peers[number].is_under_way
		       ? &generator->peers[number]
		       : NULL;
}

static void take_response(struct generator *generator, const struct mv_message_response *message)
{
	struct peer *peer = find_peer(generator, message->receiver_index);
	struct mv_session_keys keys;

	if (!peer) {
		return;
	}
	if (generator->answered % OPENED_1IN == 0) {
		REQUIRE(mv_noise_consume_response(
			&keys, &peer->handshake, message, &peer->identity, &peer->responder));
	}
	generator->answered++;
	end_handshake(generator, peer);
}

/* It comes again at once, since this time nothing was computed for it. */
static void take_cookie(struct generator *generator, const struct mv_message_cookie_reply *message)
{
	struct peer *peer = find_peer(generator, message->receiver_index);

	if (peer && mv_cookie_maker_consume(&peer->cookie, message, generator->now_ns)) {
		generator->cookies++;
		end_handshake(generator, peer);
		initiate(generator, (uint32_t)(peer - generator->peers));
	}
}

static void receive(struct generator *generator)
{
	uint8_t bytes[256];
	ssize_t len;

	while ((len = recv(generator->fd, bytes, sizeof(bytes), 0)) > 0) {
		if (len == sizeof(struct mv_message_response) && bytes[0] == MV_MESSAGE_RESPONSE) {
			take_response(generator, (const void *)bytes);
		} else if (len == sizeof(struct mv_message_cookie_reply) &&
			   bytes[0] == MV_MESSAGE_COOKIE_REPLY) {
			take_cookie(generator, (const void *)bytes);
		}
	}
}

static void run_until(struct generator *generator, uint64_t end_ns)
{
	struct pollfd readable = {.fd = generator->fd, .events = POLLIN};

	while ((generator->now_ns = mv_clock_sample().boot_ns) < end_ns) {
		bool has_begun = generator->under_way < UNDER_WAY_MAX && begin_one(generator);

		if (!has_begun) {
			poll(&readable, 1, 1);
		}
		receive(generator);
	}
}

int main(int argc, char **argv)
{
	static struct generator generator;
	uint64_t seconds = 0, peers;

	REQUIRE(sodium_init() >= 0);
	if (argc == 3 && strcmp(argv[1], "--keys") == 0) {
		REQUIRE(mv_decimal_parse(&peers, argv[2], PEERS_MAX));
		return print_keys((uint32_t)peers);
	}
	if (argc != 6) {
		fputs("usage: handshakes --keys PEERS\n"
		      "       handshakes PUBLIC_KEY ENDPOINT SECONDS PEERS PREFIX\n",
			stderr);
		return 2;
	}
	prepare(&generator, argv + 1, &seconds);
	run_until(&generator, mv_clock_sample().boot_ns + WARM_UP_NS);
	uint64_t before = generator.answered;
	uint64_t begin_ns = generator.now_ns;
	run_until(&generator, begin_ns + seconds * MV_NS_PER_S);

	printf("answered=%" PRIu64 " ms=%" PRIu64 " answered_in_all=%" PRIu64 " cookies=%" PRIu64
	       " lost=%" PRIu64 "\n",
		generator.answered - before, (generator.now_ns - begin_ns) / MV_NS_PER_MS,
		generator.answered, generator.cookies, generator.lost);
	free(generator.peers);
	return 0;
}
