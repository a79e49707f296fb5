/*
 * Two complete control loops with their lanes, in one process and under real threads: UDP is the
 * loopback's, and a pair of sockets that keep the bounds of packets stands for each tunnel device,
 * with the loopback's link for its own. The main thread is the network behind both: it sends
 * packets into both tunnels until enough of them have come out of the other one. Meanwhile the
 * control threads alter, show and rekey the devices all the time, and the threads of the lanes hand
 * the way out to each other. Packets may be lost, as on any network. None may come out damaged or
 * twice.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "edge/clock.h"
#include "edge/loop.h"
#include "require.h"

#define ARRIVALS       20000 /* wanted in each direction */
#define SENDS_MAX      2000000
#define BURST          32
#define PATIENCE_NS    (150 * MV_NS_PER_S)
#define PACKET_LEN_MIN 28
#define PACKET_LEN_MAX 1420
#define LOOPBACK_INDEX 1 /* in every network namespace */

/* In wake-ups of the control thread, one a millisecond. */
#define TICKS_PER_SNAPSHOT 5
#define TICKS_PER_REKEY    100
#define HANDSHAKES_MIN     5
#define HANDOVERS_MIN      10

struct site {
	struct mv_loop *loop;
	struct mv_udp udp;
	uv_thread_t thread;
	uv_timer_t work;
	uv_async_t stop;
	const struct site *other;
	uint8_t id;
	uint8_t private_key[MV_KEY_LEN], public_key[MV_KEY_LEN], stranger_key[MV_KEY_LEN];

	/* The main thread's: the far end of the tunnel, and what went in and came out there. */
	int tun;
	uint32_t sent, arrived;
	uint8_t has_arrived[SENDS_MAX]; /* by number */

	/* The control thread's. */
	unsigned ticks;
	uint64_t last_handshake_ns;
	atomic_uint handshakes; /* that the main thread waits for */

	/* The lane's, which lends the way out and calls it back all the time. */
	uint64_t watched[2];
	uv_thread_t last_out; /* of its threads: the one that saw the last packet out */
	unsigned handovers;
};

static struct site *create_site(uint8_t id)
{
	struct site *site = calloc(1, sizeof(*site));

	REQUIRE(site);
	site->id = id;
	randombytes_buf(site->stranger_key, MV_KEY_LEN);
	randombytes_buf(site->private_key, MV_KEY_LEN);
	mv_x25519_clamp(site->stranger_key);
	mv_x25519_clamp(site->private_key);
	mv_x25519_public(site->public_key, site->private_key);
	REQUIRE(mv_udp_open(&site->udp, 0) == 0);
	return site;
}

/* What the control thread alters */

static struct mv_prefix inner_prefix(uint8_t host)
{
	return (struct mv_prefix){
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {10, 0, 0, host}}, .bits = 32};
}

/* Now by IPv4, now by IPv6, where there is one. */
static struct mv_endpoint outer_endpoint(const struct site *site, bool by_ipv6)
{
	if (by_ipv6 && site->udp.fd6 >= 0) {
		return (struct mv_endpoint){.ip = {.family = MV_FAMILY_IPV6, .bytes = {[15] = 1}},
			.port = site->udp.port};
	}
	return (struct mv_endpoint){
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {127, 0, 0, 1}}, .port = site->udp.port};
}

/* The one that packets go to: its endpoint moves and its keepalive begins and ends. */
static void add_other(struct mv_changes *changes, const struct site *site)
{
	struct mv_endpoint endpoint = outer_endpoint(site->other, site->ticks % 3 == 0);
	struct mv_prefix prefix = inner_prefix(site->other->id);
	uint16_t keepalive_s = site->ticks % 2 ? 25 : 0;

	REQUIRE(mv_changes_add_key(changes, MV_CHANGE_PEER, site->other->public_key) == 0);
	REQUIRE(mv_changes_add_endpoint(changes, MV_CHANGE_ENDPOINT, &endpoint) == 0);
	REQUIRE(mv_changes_add_keepalive(changes, keepalive_s) == 0);
	REQUIRE(mv_changes_add_prefix(changes, MV_CHANGE_ALLOWED_IP, &prefix) == 0);
}

/* One that comes and goes, with a prefix near to those that packets are looked up by. */
static void toggle_bystander(struct mv_changes *changes, const struct site *site)
{
	struct mv_prefix prefix = inner_prefix((uint8_t)(3 + site->ticks / 2 % 200));
	uint8_t key[MV_KEY_LEN] = {9};

	mv_store_be32(key + 1, site->ticks / 2);
	REQUIRE(mv_changes_add_key(changes, MV_CHANGE_PEER, key) == 0);
	if (site->ticks % 2) {
		REQUIRE(mv_changes_add(changes, MV_CHANGE_REMOVE) == 0);
	} else {
		REQUIRE(mv_changes_add_prefix(changes, MV_CHANGE_ALLOWED_IP, &prefix) == 0);
	}
}

/* For one tick the site is a stranger. What was agreed on before is sent with no more, so that it
 * shakes hands again when it is back. */
static void change_identity(struct mv_changes *changes, const struct site *site)
{
	unsigned phase =
		(site->ticks + (site->id == 1 ? 0 : TICKS_PER_REKEY / 2)) % TICKS_PER_REKEY;
	const uint8_t *key = phase == 0 ? site->stranger_key : site->private_key;

	REQUIRE(mv_changes_add_key(changes, MV_CHANGE_PRIVATE_KEY, key) == 0);
}

static void alter(struct site *site)
{
	struct mv_changes changes;

	mv_changes_init(&changes);
	change_identity(&changes, site);
	add_other(&changes, site);
	toggle_bystander(&changes, site);
	REQUIRE(mv_device_apply(mv_loop_device(site->loop), &changes, mv_clock_sample()) == 0);
	mv_changes_uninit(&changes);
}

static void look_at_peer(struct site *site, const struct mv_peer_snapshot *peer)
{
	uint64_t handshake_ns = peer->last_handshake_s * MV_NS_PER_S + peer->last_handshake_ns;

	if (memcmp(peer->public_key, site->other->public_key, MV_KEY_LEN) == 0 &&
		handshake_ns != site->last_handshake_ns) {
		site->last_handshake_ns = handshake_ns;
		atomic_fetch_add(&site->handshakes, 1);
	}
}

/* Nothing that was sealed may fail to open, or open to nonsense. */
static void look(struct site *site)
{
	struct mv_snapshot *snapshot = mv_loop_snapshot(site->loop);

	REQUIRE(snapshot);
	REQUIRE(snapshot->listen_port == site->udp.port);
	REQUIRE(snapshot->peer_count >= 1 && snapshot->peer_count <= 2);
	for (size_t i = 0; i < snapshot->peer_count; i++) {
		look_at_peer(site, &snapshot->peers[i]);
	}
	REQUIRE(snapshot->drops[MV_DROP_BAD_TAG] == 0);
	REQUIRE(snapshot->drops[MV_DROP_BAD_INNER] == 0);
	REQUIRE(snapshot->drops[MV_DROP_BAD_MESSAGE] == 0);
	REQUIRE(snapshot->drops[MV_DROP_REPLAYED] == 0);
	mv_snapshot_destroy(snapshot);
}

static void on_work(uv_timer_t *timer)
{
	struct site *site = timer->data;

	site->ticks++;
	alter(site);
	if (site->ticks % TICKS_PER_SNAPSHOT == 0) {
		look(site);
	}
}

/* Life of a site */

static void watch(void *ctx, enum mv_direction direction, const uint8_t *packet, size_t len)
{
	struct site *site = ctx;
	uv_thread_t self = uv_thread_self();

	(void)packet, (void)len;
	if (direction == MV_DIRECTION_OUT) {
		site->handovers +=
			site->watched[direction] > 0 && !uv_thread_equal(&self, &site->last_out);
		site->last_out = self;
	}
	site->watched[direction]++;
}

static void on_stop(uv_async_t *stop)
{
	struct site *site = stop->data;

	uv_close((uv_handle_t *)&site->work, NULL);
	uv_close((uv_handle_t *)&site->stop, NULL);
	mv_loop_stop(site->loop);
}

static void run(void *arg)
{
	struct site *site = arg;

	mv_loop_run(site->loop);
}

static void start_site(struct site *site, const struct site *other)
{
	static const struct mv_lane_sharing restless = {
		.window_ms = 1, .lend_permille = 0, .call_back_permille = UINT_MAX};
	int ends[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	site->other = other;
	site->tun = ends[1];

	struct mv_loop_config config = {.lanes = 1,
		.tuns = {{.fd = ends[0], .name = "lo", .ifindex = LOOPBACK_INDEX}},
		.udps = {site->udp},
		.sharing = &restless,
		.watch = watch,
		.watch_ctx = site};
	REQUIRE(mv_loop_create(&site->loop, &config) == 0);
	alter(site);
	REQUIRE(uv_timer_init(mv_loop_uv(site->loop), &site->work) == 0);
	REQUIRE(uv_async_init(mv_loop_uv(site->loop), &site->stop, on_stop) == 0);
	site->work.data = site->stop.data = site;
	REQUIRE(uv_timer_start(&site->work, on_work, 1, 1) == 0);

	REQUIRE(mv_loop_start(site->loop) == 0);
	REQUIRE(uv_thread_create(&site->thread, run, site) == 0);
}

static void stop_site(struct site *site)
{
	uv_async_send(&site->stop);
	uv_thread_join(&site->thread);
	REQUIRE(mv_loop_destroy(site->loop));
	close(site->tun);
}

/* The network behind the tunnels: the main thread */

/* The packet of this number from one site to the other: IPv4, UDP, and bytes that follow from who
 * sent it and from its number. */
static size_t compose(uint8_t packet[static PACKET_LEN_MAX], const struct site *from,
	const struct site *to, uint32_t number)
{
	size_t len = PACKET_LEN_MIN + number % (PACKET_LEN_MAX - PACKET_LEN_MIN + 1);
	struct mv_prefix source = inner_prefix(from->id), destination = inner_prefix(to->id);
	uint8_t seed = (uint8_t)(number * 7 + from->id);

	memset(packet, 0, PACKET_LEN_MIN);
	packet[0] = 0x45;
	mv_store_be16(packet + 2, (uint16_t)len);
	packet[8] = 64;
	packet[9] = 17;
	memcpy(packet + 12, source.ip.bytes, 4);
	memcpy(packet + 16, destination.ip.bytes, 4);
	mv_store_be32(packet + 24, number);
	for (size_t i = PACKET_LEN_MIN; i < len; i++) {
		packet[i] = (uint8_t)(seed + i * 31);
	}
	return len;
}

/* A tunnel that is full takes no more for now. */
static void send_burst(struct site *from, const struct site *to)
{
	uint8_t packet[PACKET_LEN_MAX];

	for (unsigned i = 0; i < BURST && from->sent < SENDS_MAX; i++) {
		size_t len = compose(packet, from, to, from->sent);

		if (write(from->tun, packet, len) < 0) {
			REQUIRE(errno == EAGAIN);
			return;
		}
		from->sent++;
	}
}

static void receive_all(struct site *at, const struct site *from)
{
	uint8_t packet[PACKET_LEN_MAX + 1], expected[PACKET_LEN_MAX];
	ssize_t len;

	while ((len = read(at->tun, packet, sizeof(packet))) >= 0) {
		REQUIRE(len >= PACKET_LEN_MIN);
		uint32_t number = mv_load_be32(packet + 24);

		REQUIRE(number < from->sent);
		REQUIRE((size_t)len == compose(expected, from, at, number));
		REQUIRE(memcmp(packet, expected, (size_t)len) == 0);
		REQUIRE(!at->has_arrived[number]);
		at->has_arrived[number] = true;
		at->arrived++;
	}
	REQUIRE(errno == EAGAIN);
}

static void exchange(struct site *a, struct site *b)
{
	struct pollfd readable[] = {
		{.fd = a->tun, .events = POLLIN}, {.fd = b->tun, .events = POLLIN}};

	send_burst(a, b);
	send_burst(b, a);
	REQUIRE(poll(readable, 2, 1) >= 0);
	receive_all(a, b);
	receive_all(b, a);
}

static bool has_seen_enough(const struct site *site)
{
	return site->arrived >= ARRIVALS && atomic_load(&site->handshakes) >= HANDSHAKES_MIN;
}

static void exchange_enough(struct site *a, struct site *b)
{
	uint64_t give_up_ns = mv_clock_sample().boot_ns + PATIENCE_NS;

	while (!has_seen_enough(a) || !has_seen_enough(b)) {
		exchange(a, b);
		REQUIRE(mv_clock_sample().boot_ns < give_up_ns);
	}
}

static void conclude(const struct site *site)
{
	printf("site %u: %u sent, %u arrived, %u handshakes, %u changes, %u handovers\n",
		(unsigned)site->id, site->sent, site->arrived, atomic_load(&site->handshakes),
		site->ticks, site->handovers);
	REQUIRE(site->handovers >= HANDOVERS_MIN);
	REQUIRE(site->watched[MV_DIRECTION_IN] >= site->arrived);
	REQUIRE(site->watched[MV_DIRECTION_OUT] <= site->sent);
}

int main(void)
{
	REQUIRE(sodium_init() >= 0);

	struct site *a = create_site(1), *b = create_site(2);
	start_site(a, b);
	start_site(b, a);
	exchange_enough(a, b);

	/* The second goes on sending to one that is not there any more. */
	stop_site(a);
	for (unsigned i = 0; i < BURST; i++) {
		send_burst(b, a);
	}
	stop_site(b);

	conclude(a);
	conclude(b);
	free(a);
	free(b);
	return 0;
}
