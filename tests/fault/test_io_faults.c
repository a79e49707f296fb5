/*
 * Two tunnels joined by the loopback, and each call that carries packets refused in each way that
 * the system has. One packet may be lost, and then it is counted under its name; the next one
 * arrives. A socket that is full is such a refusal, made without any help. A TUN device that is
 * gone ends the tunnel.
 *
 * A pair of sockets stands for each TUN device, with the virtio header before each packet. The main
 * thread is both control loops: it turns them, while their lanes are threads of their own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sodium.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "edge/clock.h"
#include "edge/loop.h"
#include "edge_drops.h"
#include "fault.h"
#include "require.h"
#include "tunnel/handshake.h"

#define LOOPBACK_INDEX 1 /* in every network namespace */
#define PACKET_LEN     100
#define SEGMENT_LEN    ((size_t)500)
#define SEGMENTS       3
#define TCP_HEADERS    40
#define PATIENCE_NS    (20 * MV_NS_PER_S)
#define ALWAYS         1000000

struct site {
	struct mv_loop *loop;
	struct mv_udp udp;
	int tun, far; /* the lane's end, and ours */
	uint8_t id;
	uint8_t private_key[MV_KEY_LEN], public_key[MV_KEY_LEN];
};

static struct site sites[2];
static struct site *const a = &sites[0], *const b = &sites[1];
static uint32_t last_number;
static bool was_counted[MV_DROP_COUNT]; /* what a packet was lost for, in all of the tests */

/* Life of a site */

static void create_site(struct site *site, uint8_t id)
{
	int ends[2];

	site->id = id;
	randombytes_buf(site->private_key, MV_KEY_LEN);
	mv_x25519_clamp(site->private_key);
	mv_x25519_public(site->public_key, site->private_key);
	REQUIRE(mv_udp_open(&site->udp, 0) == 0);
	mv_udp_offload(&site->udp);
	REQUIRE(site->udp.cuts4 && site->udp.merges4); /* Else runs may come in apart. */
	REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	site->tun = ends[0];
	site->far = ends[1];
}

static void configure(struct site *site, const struct site *other)
{
	const struct mv_prefix prefix = {
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {10, 0, 0, other->id}}, .bits = 32};
	const struct mv_endpoint endpoint = {
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {127, 0, 0, 1}}, .port = other->udp.port};
	struct mv_changes changes;

	mv_changes_init(&changes);
	REQUIRE(mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY, site->private_key) == 0);
	REQUIRE(mv_changes_add_key(&changes, MV_CHANGE_PEER, other->public_key) == 0);
	REQUIRE(mv_changes_add_endpoint(&changes, MV_CHANGE_ENDPOINT, &endpoint) == 0);
	REQUIRE(mv_changes_add_prefix(&changes, MV_CHANGE_ALLOWED_IP, &prefix) == 0);
	REQUIRE(mv_device_apply(mv_loop_device(site->loop), &changes, mv_clock_sample()) == 0);
	mv_changes_uninit(&changes);
}

static void start_site(struct site *site, const struct site *other)
{
	const struct mv_loop_config config = {.lanes = 1,
		.tuns = {{.fd = site->tun,
			.name = "lo",
			.ifindex = LOOPBACK_INDEX,
			.has_header = true,
			.merges_tcp = true}},
		.udps = {site->udp}};

	REQUIRE(mv_loop_create(&site->loop, &config) == 0);
	configure(site, other);
	REQUIRE(mv_loop_start(site->loop) == 0);
}

static void start_both(void)
{
	create_site(a, 1);
	create_site(b, 2);
	start_site(a, b);
	start_site(b, a);
}

static void stop_both(void)
{
	for (size_t i = 0; i < 2; i++) {
		REQUIRE(mv_loop_destroy(sites[i].loop));
		close(sites[i].far);
	}
	sodium_memzero(sites, sizeof(sites));
}

/* Traffic */

static void turn(void)
{
	uv_run(mv_loop_uv(a->loop), UV_RUN_NOWAIT);
	uv_run(mv_loop_uv(b->loop), UV_RUN_NOWAIT);
	usleep(500);
}

static uint64_t drops(const struct site *site, enum mv_drop drop)
{
	struct mv_snapshot *snapshot = mv_loop_snapshot(site->loop);

	REQUIRE(snapshot);
	uint64_t count = snapshot->drops[drop];
	mv_snapshot_destroy(snapshot);
	return count;
}

static void put_frame(const struct site *site, const struct virtio_net_hdr *header,
	const uint8_t *packet, size_t len)
{
	struct iovec iov[] = {{.iov_base = (void *)header, .iov_len = sizeof(*header)},
		{.iov_base = (void *)packet, .iov_len = len}};

	REQUIRE(writev(site->far, iov, 2) == (ssize_t)(sizeof(*header) + len));
}

/* What came out of the tunnel: the packet's length, or -1 if there is nothing. */
static ssize_t take_frame(
	const struct site *site, struct virtio_net_hdr *header, uint8_t *packet, size_t room)
{
	struct iovec iov[] = {{.iov_base = header, .iov_len = sizeof(*header)},
		{.iov_base = packet, .iov_len = room}};
	ssize_t len = readv(site->far, iov, 2);

	return len < 0 ? -1 : len - (ssize_t)sizeof(*header);
}

/* A packet into the tunnel of one site, for the other; its number. */
static uint32_t send_from(const struct site *from)
{
	const struct site *to = from == a ? b : a;
	uint8_t packet[PACKET_LEN] = {0x45};

	mv_store_be16(packet + 2, PACKET_LEN);
	memcpy(packet + 12, (uint8_t[]){10, 0, 0, from->id, 10, 0, 0, to->id}, 8);
	mv_store_be32(packet + 20, ++last_number);
	put_frame(from, &(struct virtio_net_hdr){0}, packet, sizeof(packet));
	return last_number;
}

static uint32_t send_packet(void)
{
	return send_from(a);
}

/* Whether the packet of this number came out of the tunnel by now; older ones are thrown away. */
static bool has_arrived_at(const struct site *site, uint32_t number)
{
	struct virtio_net_hdr header;
	uint8_t packet[PACKET_LEN];

	while (take_frame(site, &header, packet, sizeof(packet)) == sizeof(packet)) {
		if (mv_load_be32(packet + 20) == number) {
			return true;
		}
	}
	return false;
}

static void await_arrival_at(const struct site *site, uint32_t number)
{
	uint64_t give_up_ns = mv_clock_sample().boot_ns + PATIENCE_NS;

	while (!has_arrived_at(site, number)) {
		turn();
		REQUIRE(mv_clock_sample().boot_ns < give_up_ns);
	}
}

static void await_arrival(uint32_t number)
{
	await_arrival_at(b, number);
}

/* Until `site` has counted one more under this name than there were. */
static void await_drop(const struct site *site, enum mv_drop drop, uint64_t before)
{
	uint64_t give_up_ns = mv_clock_sample().boot_ns + PATIENCE_NS;

	while (drops(site, drop) == before) {
		turn();
		REQUIRE(mv_clock_sample().boot_ns < give_up_ns);
	}
	REQUIRE(drops(site, drop) == before + 1);
	was_counted[drop] = true;
}

static uint64_t all_drops(const struct site *site)
{
	uint64_t sum = 0;

	for (unsigned drop = 0; drop < MV_DROP_COUNT; drop++) {
		sum += drops(site, (enum mv_drop)drop);
	}
	return sum;
}

/* Refusals */

struct refusal {
	const char *call;
	struct site *site;
	const int *fd;
	int error;
	unsigned times;
	enum mv_drop drop; /* MV_DROP_NONE: the packet arrives all the same */
};

static void refuse(const struct refusal *refusal)
{
	uint64_t before = drops(refusal->site, refusal->drop);
	uint64_t before_all = all_drops(a) + all_drops(b);

	fault_strike(refusal->call, *refusal->fd, refusal->error, refusal->times);
	uint32_t number = send_packet();
	if (refusal->drop == MV_DROP_NONE) {
		await_arrival(number);
	} else {
		await_drop(refusal->site, refusal->drop, before);
	}
	REQUIRE(fault_left() == 0);
	await_arrival(send_packet());
	REQUIRE(all_drops(a) + all_drops(b) ==
		before_all + (refusal->drop == MV_DROP_NONE ? 0 : 1));
}

/* From an address of a's that b has sent to. */
static void learn_source(void)
{
	await_arrival_at(a, send_from(b));
}

/* Whoever was answered once has a source address to send from, and when that may be at fault it is
 * tried without: so it takes two refusals to lose the packet. */
static void check_send(void)
{
	static const int of_source[] = {ENETUNREACH, EHOSTUNREACH, EINVAL, ENODEV, EADDRNOTAVAIL};
	static const int others[] = {EPERM, EACCES, ENOBUFS, ENOMEM, EMSGSIZE, ECONNREFUSED, EIO};
	struct refusal refusal = {.call = "sendmsg", .site = a, .fd = &a->udp.fd4};

	for (size_t i = 0; i < sizeof(of_source) / sizeof(of_source[0]); i++) {
		refusal.error = of_source[i];
		learn_source();
		refusal.times = 1;
		refusal.drop = MV_DROP_NONE;
		refuse(&refusal);
		learn_source();
		refusal.times = 2;
		refusal.drop = MV_DROP_SEND_FAILED;
		refuse(&refusal);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		refusal.error = others[i];
		refusal.times = 1;
		refusal.drop = MV_DROP_SEND_FAILED;
		refuse(&refusal);
	}
}

/* A full buffer is waited for, once and for a moment. */
static void check_full_socket(void)
{
	struct refusal refusal = {
		.call = "sendmsg", .site = a, .fd = &a->udp.fd4, .error = EAGAIN, .times = 1};

	refuse(&refusal);
	refusal.times = 2;
	refusal.drop = MV_DROP_SEND_FAILED;
	refuse(&refusal);
}

/* Errors of earlier sends come up when receiving. None of them is about what was received. */
static void check_receive(void)
{
	static const int errors[] = {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EMSGSIZE, ENOBUFS,
		ENOMEM, EINTR, EAGAIN, EPROTO};
	struct refusal refusal = {.call = "recvmsg", .site = b, .fd = &b->udp.fd4};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		refusal.error = errors[i];
		refusal.times = 1;
		refuse(&refusal);
		refusal.times = 100; /* more than one turn takes */
		refuse(&refusal);
	}
}

static void check_tun_read(void)
{
	static const int errors[] = {EAGAIN, EIO, EINVAL, ENOBUFS, ENOMEM, EINTR, EFAULT};
	struct refusal refusal = {.call = "read", .site = a, .fd = &a->tun};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		refusal.error = errors[i];
		refusal.times = 1;
		refuse(&refusal);
		refusal.times = 20;
		refuse(&refusal);
	}
}

static void check_tun_write(void)
{
	static const int errors[] = {EAGAIN, EIO, EINVAL, ENOBUFS, ENOMEM, EINTR, EBADFD};
	struct refusal refusal = {.call = "write",
		.site = b,
		.fd = &b->tun,
		.times = 1,
		.drop = MV_DROP_TUN_WRITE_FAILED};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		refusal.error = errors[i];
		refuse(&refusal);
	}
}

/* Nobody takes the packets out of b's tunnel, until there is no room; then somebody does. */
static void check_full_tun(void)
{
	uint64_t before = drops(b, MV_DROP_TUN_WRITE_FAILED);
	uint64_t give_up_ns = mv_clock_sample().boot_ns + PATIENCE_NS;

	while (drops(b, MV_DROP_TUN_WRITE_FAILED) == before) {
		send_packet();
		turn();
		REQUIRE(mv_clock_sample().boot_ns < give_up_ns);
	}
	(void)has_arrived_at(b, 0);
	await_arrival(send_packet());
}

/* Three TCP segments as one packet, as the kernel hands it over; the sum is left to the device. */
static void send_segments(const struct site *from, const struct site *to)
{
	static const struct virtio_net_hdr header = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = SEGMENT_LEN,
		.csum_start = 20,
		.csum_offset = 16};
	uint8_t packet[TCP_HEADERS + SEGMENTS * SEGMENT_LEN] = {0x45};

	mv_store_be16(packet + 2, sizeof(packet));
	packet[8] = 64;
	packet[9] = IPPROTO_TCP;
	memcpy(packet + 12, (uint8_t[]){10, 0, 0, from->id, 10, 0, 0, to->id}, 8);
	mv_checksum_store(packet + 10, mv_checksum_add(0, packet, 20));
	packet[32] = 5 << 4;
	packet[33] = 0x10; /* ACK */
	memset(packet + TCP_HEADERS, 'x', SEGMENTS * SEGMENT_LEN);
	put_frame(from, &header, packet, sizeof(packet));
}

/* The next of them that comes out of b's tunnel. */
static struct virtio_net_hdr await_segments(size_t payload)
{
	uint64_t give_up_ns = mv_clock_sample().boot_ns + PATIENCE_NS;
	uint8_t packet[MV_PACKET_MAX];
	struct virtio_net_hdr header;
	ssize_t len;

	while ((len = take_frame(b, &header, packet, sizeof(packet))) < 0) {
		turn();
		REQUIRE(mv_clock_sample().boot_ns < give_up_ns);
	}
	REQUIRE(len == (ssize_t)(TCP_HEADERS + payload));
	REQUIRE(mv_load_be16(packet + 2) == len);
	return header;
}

static void expect_apart(void)
{
	for (int i = 0; i < SEGMENTS; i++) {
		REQUIRE(await_segments(SEGMENT_LEN).gso_type == VIRTIO_NET_HDR_GSO_NONE);
	}
}

static bool merges_tcp(const struct site *site)
{
	struct mv_snapshot *snapshot = mv_loop_snapshot(site->loop);

	REQUIRE(snapshot);
	bool merges = snapshot->offloads[MV_OFFLOAD_TCP];
	mv_snapshot_destroy(snapshot);
	return merges;
}

/* What was one packet at a is one at b, if the kernel there takes it; else its packets go one by
 * one, and in the end there is no more trying. */
static void check_merged_write(void)
{
	uint64_t before = all_drops(b);

	send_segments(a, b);
	REQUIRE(await_segments(SEGMENTS * SEGMENT_LEN).gso_type == VIRTIO_NET_HDR_GSO_TCPV4);
	for (int i = 0; i < 3; i++) {
		REQUIRE(merges_tcp(b));
		fault_strike("write", b->tun, EINVAL, 1);
		send_segments(a, b);
		expect_apart();
		REQUIRE(fault_left() == 0);
	}
	REQUIRE(!merges_tcp(b));
	send_segments(a, b);
	expect_apart();
	REQUIRE(all_drops(b) == before);
	await_arrival(send_packet());
}

/* Of a refusal that is no matter of merging all of its packets are told. */
static void check_lost_merged_write(void)
{
	uint64_t before = drops(b, MV_DROP_TUN_WRITE_FAILED);
	uint64_t give_up_ns = mv_clock_sample().boot_ns + PATIENCE_NS;

	fault_strike("write", b->tun, ENOBUFS, 1);
	send_segments(a, b);
	while (drops(b, MV_DROP_TUN_WRITE_FAILED) < before + SEGMENTS) {
		turn();
		REQUIRE(mv_clock_sample().boot_ns < give_up_ns);
	}
	await_arrival(send_packet());
}

/* A frame that cannot be what it says it is; the one behind it is not harmed. */
static void check_bad_offload(void)
{
	static const struct virtio_net_hdr header = {.gso_type = VIRTIO_NET_HDR_GSO_UDP};
	uint64_t before = drops(a, MV_DROP_BAD_OFFLOAD);
	uint8_t packet[PACKET_LEN] = {0x45};

	put_frame(a, &header, packet, sizeof(packet));
	await_drop(a, MV_DROP_BAD_OFFLOAD, before);
	await_arrival(send_packet());
}

/* UDP has no datagram that the lane's room is too small for, so the room is made smaller. */
static void check_truncated(void)
{
	uint64_t before = drops(b, MV_DROP_TRUNCATED);

	fault_clip(b->udp.fd4, PACKET_LEN);
	send_packet();
	await_drop(b, MV_DROP_TRUNCATED, before);
	fault_clip(-1, 0);
	await_arrival(send_packet());
}

/* Until the lane has read all that the loopback has for this descriptor. */
static void await_empty(int fd)
{
	uint64_t give_up_ns = mv_clock_sample().boot_ns + PATIENCE_NS;
	int pending = 1;

	while (pending > 0) {
		REQUIRE(ioctl(fd, FIONREAD, &pending) == 0);
		REQUIRE(mv_clock_sample().boot_ns < give_up_ns);
	}
}

/* Datagrams that look like initiations, one after the other. */
static void flood(const struct site *site, unsigned count)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(site->udp.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const uint8_t message[sizeof(struct mv_message_initiation)] = {MV_MESSAGE_INITIATION};
	int from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	REQUIRE(from >= 0);
	for (unsigned i = 0; i < count; i++) {
		REQUIRE(sendto(from, message, sizeof(message), 0, (const void *)&to, sizeof(to)) ==
			sizeof(message));
		await_empty(site->udp.fd4);
	}
	close(from);
}

/* The control loop, which is this thread, does not turn meanwhile: so nobody empties the queue. */
static void check_full_queue(void)
{
	uint64_t give_up_ns = mv_clock_sample().boot_ns + PATIENCE_NS;

	flood(b, MV_HANDSHAKE_QUEUE);
	REQUIRE(drops(b, MV_DROP_HANDSHAKE_QUEUE_FULL) == 0);
	flood(b, 3);
	while (drops(b, MV_DROP_HANDSHAKE_QUEUE_FULL) < 3) {
		REQUIRE(mv_clock_sample().boot_ns < give_up_ns);
	}
	was_counted[MV_DROP_HANDSHAKE_QUEUE_FULL] = true;
	while (drops(b, MV_DROP_BAD_MAC1) < MV_HANDSHAKE_QUEUE) {
		turn();
		REQUIRE(mv_clock_sample().boot_ns < give_up_ns);
	}
	await_arrival(send_packet());
	REQUIRE(drops(b, MV_DROP_HANDSHAKE_QUEUE_FULL) == 3);
}

/* Timers bring back what the control loop could not send. */
static void check_handshake(void)
{
	start_both();
	fault_strike("sendmsg", a->udp.fd4, EPERM, 1);
	uint32_t number = send_packet();

	await_drop(a, MV_DROP_SEND_FAILED, 0);
	REQUIRE(fault_left() == 0);
	await_arrival(number);
	stop_both();
}

/* The loop runs until somebody stops it: nobody does. */
static void check_vanishing_tun(int error)
{
	start_both();
	await_arrival(send_packet());
	fault_strike("read", a->tun, error, ALWAYS);
	send_packet();
	mv_loop_run(a->loop);
	REQUIRE(ALWAYS - fault_left() <= 2); /* It is not asked again and again. */
	fault_strike("read", -1, 0, 0);
	stop_both();
}

int main(void)
{
	fault_init();
	REQUIRE(sodium_init() >= 0);

	start_both();
	await_arrival(send_packet());
	check_send();
	check_full_socket();
	check_receive();
	check_tun_read();
	check_tun_write();
	check_full_tun();
	check_lost_merged_write();
	check_merged_write();
	check_bad_offload();
	check_truncated();
	check_full_queue();
	stop_both();

	check_handshake();
	check_vanishing_tun(EBADFD);
	check_vanishing_tun(EBADF);
	for (size_t i = 0; i < EDGE_DROP_COUNT; i++) {
		REQUIRE(was_counted[edge_drops[i]]);
	}
	return 0;
}
