/*
 * flood PUBLIC_KEY ENDPOINT SECONDS RATE PREFIX ADDRESS...: sends initiations with a valid mac1 to
 * an IPv4 endpoint, RATE a second and evenly, and prints what it did on one line:
 *
 *   sent=100000 ms=5000 cookies=8 with_mac2=4975
 *
 * All but every twentieth come from the addresses of PREFIX, which are made up, and from any port;
 * the answers go nowhere. The others come from each ADDRESS, which is this machine's, in turn: they
 * carry the cookies that they are given, and so reach the rate limiter. Behind the macs all of them
 * are worth nothing. Root's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "crypto/keytext.h"
#include "edge/clock.h"
#include "edge/sockaddr.h"
#include "proto/cookie.h"
#include "require.h"

#define SECONDS_MAX 600
#define RATE_MAX    1000000
#define TICK_NS     MV_NS_PER_MS
#define GENUINE_1IN 20
#define GENUINE_MAX 64
#define BURST_MAX   64 /* in one call; what is late follows with the next */

/* So many different messages are made beforehand; only where they come from is new each time. */
#define MESSAGES 1024

/* A step through the made-up addresses that comes to each of them, since it is odd. */
#define ADDRESS_STEP 40503

struct datagram {
	struct iphdr ip;
	struct udphdr udp;
	struct mv_message_initiation message;
};

static_assert(sizeof(struct datagram) == 20 + 8 + 148, "as it goes over the wire");

/* A sender that exists, with the one message that it repeats. */
struct genuine {
	int fd;
	struct mv_cookie_maker maker;
	struct mv_message_initiation message;
	bool has_cookie;
};

struct flood {
	struct sockaddr_storage to;
	socklen_t to_len;
	struct mv_prefix prefix;
	uint64_t seconds, rate;
	int raw;
	struct datagram datagrams[MESSAGES];
	struct mmsghdr headers[BURST_MAX];
	struct iovec vectors[BURST_MAX];
	struct genuine genuine[GENUINE_MAX];
	size_t genuine_count;
	uint64_t sent, sent_genuine, sent_spoofed, cookies, with_mac2;
};

static void fill_message(
	struct mv_message_initiation *message, struct mv_cookie_maker *maker, uint64_t now_ns)
{
	randombytes_buf(message, sizeof(*message));
	mv_store_le32(message->type, MV_MESSAGE_INITIATION);
	mv_cookie_maker_sign(maker, message, sizeof(*message), now_ns);
}

/* The kernel adds the sum of the IP header; a UDP datagram may go without one. */
static void prepare_spoofed(struct flood *flood, struct mv_cookie_maker maker)
{
	const struct sockaddr_in *to = (const void *)&flood->to;

	flood->raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	REQUIRE(flood->raw >= 0);
	for (size_t i = 0; i < MESSAGES; i++) {
		struct datagram *datagram = &flood->datagrams[i];

		datagram->ip = (struct iphdr){.version = 4,
			.ihl = sizeof(datagram->ip) / 4,
			.ttl = IPDEFTTL,
			.protocol = IPPROTO_UDP,
			.daddr = to->sin_addr.s_addr};
		datagram->udp = (struct udphdr){.uh_dport = to->sin_port,
			.uh_ulen = htons(sizeof(*datagram) - sizeof(datagram->ip))};
		fill_message(&datagram->message, &maker, 0);
	}
}

static void prepare_genuine(
	struct genuine *genuine, struct mv_cookie_maker maker, const char *address)
{
	struct mv_endpoint from = {0};
	struct sockaddr_storage any_port;

	REQUIRE(mv_ip_parse(&from.ip, address));
	socklen_t len = mv_sockaddr_from_endpoint(&any_port, &from);

	genuine->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
	REQUIRE(genuine->fd >= 0);
	REQUIRE(bind(genuine->fd, (struct sockaddr *)&any_port, len) == 0);
	genuine->maker = maker;
	fill_message(&genuine->message, &genuine->maker, 0);
}

static void prepare(struct flood *flood, char **arguments, int count)
{
	struct mv_endpoint to;
	uint8_t public_key[MV_KEY_LEN];
	struct mv_cookie_maker maker;

	REQUIRE(count > 5 && count - 5 <= GENUINE_MAX);
	REQUIRE(mv_key_from_base64(public_key, arguments[0]) == MV_KEYTEXT_OK);
	REQUIRE(mv_endpoint_parse(&to, arguments[1]) && to.ip.family == MV_FAMILY_IPV4);
	REQUIRE(mv_decimal_parse(&flood->seconds, arguments[2], SECONDS_MAX));
	REQUIRE(mv_decimal_parse(&flood->rate, arguments[3], RATE_MAX));
	REQUIRE(mv_prefix_parse(&flood->prefix, arguments[4]) == MV_PREFIX_OK);
	REQUIRE(flood->prefix.ip.family == MV_FAMILY_IPV4 && flood->prefix.bits > 0);
	mv_prefix_mask(&flood->prefix);

	flood->to_len = mv_sockaddr_from_endpoint(&flood->to, &to);
	mv_cookie_maker_init(&maker, public_key);
	prepare_spoofed(flood, maker);
	for (int i = 5; i < count; i++) {
		prepare_genuine(&flood->genuine[flood->genuine_count++], maker, arguments[i]);
	}
}

/* Another address and port for each message. */
static struct datagram *next_spoofed(struct flood *flood)
{
	uint64_t number = flood->sent_spoofed++;
	struct datagram *datagram = &flood->datagrams[number % MESSAGES];
	uint32_t addresses = UINT32_C(1) << (32 - flood->prefix.bits);
	uint32_t address = (uint32_t)(number * ADDRESS_STEP) % addresses;

	datagram->ip.saddr = htonl(mv_load_be32(flood->prefix.ip.bytes) | address);
	datagram->udp.uh_sport = htons((uint16_t)(number | 1024));
	return datagram;
}

static void send_spoofed(struct flood *flood, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		flood->vectors[i] = (struct iovec){
			.iov_base = next_spoofed(flood), .iov_len = sizeof(struct datagram)};
		flood->headers[i].msg_hdr = (struct msghdr){.msg_name = &flood->to,
			.msg_namelen = flood->to_len,
			.msg_iov = &flood->vectors[i],
			.msg_iovlen = 1};
	}
	int sent = count > 0 ? sendmmsg(flood->raw, flood->headers, count, 0) : 0;

	REQUIRE(sent >= 0 || errno == ENOBUFS);
	flood->sent += sent > 0 ? (unsigned)sent : 0;
}

/* The reply is to the message as it was last signed, since that is always the same. */
static void take_cookie(struct flood *flood, struct genuine *genuine)
{
	struct mv_message_cookie_reply reply;
	uint64_t now_ns = mv_clock_sample().boot_ns;

	while (recv(genuine->fd, &reply, sizeof(reply), 0) == sizeof(reply)) {
		if (mv_cookie_maker_consume(&genuine->maker, &reply, now_ns)) {
			flood->cookies++;
			genuine->has_cookie = true;
			mv_cookie_maker_sign(&genuine->maker, &genuine->message,
				sizeof(genuine->message), now_ns);
		}
	}
}

static void send_genuine(struct flood *flood)
{
	struct genuine *genuine = &flood->genuine[flood->sent_genuine++ % flood->genuine_count];

	take_cookie(flood, genuine);
	if (sendto(genuine->fd, &genuine->message, sizeof(genuine->message), 0,
		    (struct sockaddr *)&flood->to, flood->to_len) > 0) {
		flood->sent++;
		flood->with_mac2 += genuine->has_cookie;
	}
}

/* So many messages; the genuine ones among them are those whose turn it is. */
static void send_burst(struct flood *flood, uint64_t begin, unsigned count)
{
	unsigned spoofed = 0;

	for (uint64_t number = begin; number < begin + count; number++) {
		if (number % GENUINE_1IN == 0) {
			send_genuine(flood);
		} else {
			spoofed++;
		}
	}
	send_spoofed(flood, spoofed);
}

static void sleep_until(uint64_t boot_ns)
{
	struct timespec at = {.tv_sec = (time_t)(boot_ns / MV_NS_PER_S),
		.tv_nsec = (long)(boot_ns % MV_NS_PER_S)};

	while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &at, NULL) == EINTR) {
	}
}

/* Each tick sends what is due by then. Returns how long it took. */
static uint64_t run(struct flood *flood)
{
	uint64_t begin_ns = mv_clock_sample().boot_ns;
	uint64_t end_ns = begin_ns + flood->seconds * MV_NS_PER_S;
	uint64_t now_ns = begin_ns, tick_ns = begin_ns, done = 0;

	while (now_ns < end_ns) {
		uint64_t due = (now_ns - begin_ns) * flood->rate / MV_NS_PER_S;

		while (done < due) {
			unsigned count =
				(unsigned)(due - done < BURST_MAX ? due - done : BURST_MAX);

			send_burst(flood, done, count);
			done += count;
		}
		tick_ns += TICK_NS;
		sleep_until(tick_ns);
		now_ns = mv_clock_sample().boot_ns;
	}
	return now_ns - begin_ns;
}

int main(int argc, char **argv)
{
	static struct flood flood;

	if (argc < 7) {
		fprintf(stderr,
			"usage: flood PUBLIC_KEY ENDPOINT SECONDS RATE PREFIX ADDRESS...\n");
		return 2;
	}
	REQUIRE(sodium_init() >= 0);
	prepare(&flood, argv + 1, argc - 1);
	uint64_t took_ns = run(&flood);

	printf("sent=%" PRIu64 " ms=%" PRIu64 " cookies=%" PRIu64 " with_mac2=%" PRIu64 "\n",
		flood.sent, took_ns / MV_NS_PER_MS, flood.cookies, flood.with_mac2);
	return 0;
}
