/*
 * edge/udp over the loopback. A kernel without IPv6, and a port that is free on one family only,
 * are made by standing in for the two system calls that would say so.
 */
#include "edge/udp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "edge/sockaddr.h"
#include "udp_pair.h"

/* The most that fits into one datagram, by the length fields of IPv4 and UDP, and of UDP alone. */
#define PAYLOAD_MAX_IPV4 (65535 - 20 - 8)
#define PAYLOAD_MAX_IPV6 (65535 - 8)

/* The kernel's part */

static int missing_families[2];
static unsigned busy_ipv6_binds;

int socket(int domain, int type, int protocol)
{
	if (domain != 0 && (domain == missing_families[0] || domain == missing_families[1])) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return (int)syscall(SYS_socket, domain, type, protocol);
}

int bind(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
	if (addr.__sockaddr__->sa_family == AF_INET6 && busy_ipv6_binds > 0) {
		busy_ipv6_binds--;
		errno = EADDRINUSE;
		return -1;
	}
	return (int)syscall(SYS_bind, fd, addr.__sockaddr__, len);
}

/* Two that talk to each other */

TestSuite(udp, .init = open_both, .fini = close_both, .timeout = 20);

static struct mv_endpoint loopback(enum mv_family family, uint16_t port)
{
	struct mv_endpoint endpoint = {
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {127, 0, 0, 1}}, .port = port};

	if (family == MV_FAMILY_IPV6) {
		endpoint.ip = (struct mv_ip){.family = MV_FAMILY_IPV6, .bytes = {[15] = 1}};
	}
	return endpoint;
}

static int bind_any(int family, uint16_t port)
{
	struct mv_endpoint any = {
		.ip.family = family == AF_INET ? MV_FAMILY_IPV4 : MV_FAMILY_IPV6, .port = port};
	struct sockaddr_storage address;
	socklen_t len = mv_sockaddr_from_endpoint(&address, &any);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int on = 1;

	cr_assert_geq(fd, 0);
	if (family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	}
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, len), 0, "%s", strerror(errno));
	return fd;
}

static struct mv_endpoint name_of(int fd)
{
	struct sockaddr_storage address;
	struct mv_endpoint endpoint;
	socklen_t len = sizeof(address);

	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	cr_assert(mv_sockaddr_to_endpoint(&endpoint, (struct sockaddr *)&address));
	return endpoint;
}

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	cr_assert_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static void expect_flags(int fd)
{
	cr_expect(fcntl(fd, F_GETFL) & O_NONBLOCK);
	cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

/* Opening */

Test(udp, port_0_is_the_same_port_on_both)
{
	need_ipv6();
	cr_expect_neq(here.port, 0);
	cr_expect_neq(here.port, there.port);
	cr_expect_eq(name_of(here.fd4).port, here.port);
	cr_expect_eq(name_of(here.fd6).port, here.port);
	cr_expect_eq(name_of(here.fd4).ip.family, MV_FAMILY_IPV4);
	cr_expect_eq(name_of(here.fd6).ip.family, MV_FAMILY_IPV6);
}

Test(udp, sockets_neither_block_nor_outlive_exec)
{
	need_ipv6();
	expect_flags(here.fd4);
	expect_flags(here.fd6);
}

Test(udp, outer_packets_may_be_fragmented)
{
	need_ipv6();
	cr_expect_eq(option(here.fd4, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DONT);
	cr_expect_eq(option(here.fd6, IPPROTO_IPV6, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_DONT);
}

Test(udp, a_given_port_is_taken_once_it_is_free)
{
	uint16_t port = here.port;
	struct mv_udp again;

	cr_assert_eq(mv_udp_open(&again, port), -EADDRINUSE);
	mv_udp_close(&here);
	cr_assert_eq(mv_udp_open(&again, port), 0);
	cr_expect_eq(again.port, port);
	mv_udp_close(&again);
}

static void expect_busy(int family)
{
	int other = family == AF_INET ? AF_INET6 : AF_INET;
	int taken = bind_any(family, 0);
	uint16_t port = name_of(taken).port;
	struct mv_udp udp;

	cr_expect_eq(mv_udp_open(&udp, port), -EADDRINUSE);
	cr_expect_eq(udp.fd4, -1);
	cr_expect_eq(udp.fd6, -1);
	/* Nothing of the attempt is left: the other family's port is free. */
	close(bind_any(other, port));
	close(taken);
}

Test(udp, a_port_busy_on_ipv4_is_in_use)
{
	need_ipv6();
	expect_busy(AF_INET);
}

Test(udp, a_port_busy_on_ipv6_is_in_use)
{
	need_ipv6();
	expect_busy(AF_INET6);
}

Test(udp, port_0_looks_for_one_that_is_free_on_both)
{
	struct mv_udp udp;

	need_ipv6();
	busy_ipv6_binds = 3;
	cr_assert_eq(mv_udp_open(&udp, 0), 0);
	cr_expect_eq(busy_ipv6_binds, 0);
	cr_expect_eq(name_of(udp.fd6).port, udp.port);
	mv_udp_close(&udp);

	busy_ipv6_binds = ~0U;
	cr_expect_eq(mv_udp_open(&udp, 0), -EADDRINUSE, "it does not look for ever");
}

Test(udp, without_ipv6_there_is_ipv4)
{
	struct mv_udp udp;
	struct mv_packet packet = {.endpoint = loopback(MV_FAMILY_IPV6, 9)};

	missing_families[0] = AF_INET6;
	cr_assert_eq(mv_udp_open(&udp, 0), 0);
	cr_expect_eq(udp.fd6, -1);
	cr_expect_eq(name_of(udp.fd4).port, udp.port);

	packet.sent = true;
	cr_expect_eq(mv_udp_send(&udp, &packet), -EAFNOSUPPORT);
	cr_expect_not(packet.sent);
	mv_udp_close(&udp);
}

Test(udp, without_ipv4_there_is_ipv6)
{
	struct mv_udp udp;

	need_ipv6();
	missing_families[0] = AF_INET;
	cr_assert_eq(mv_udp_open(&udp, 0), 0);
	cr_expect_eq(udp.fd4, -1);
	cr_expect_neq(udp.port, 0);
	cr_expect_eq(name_of(udp.fd6).port, udp.port);
	mv_udp_close(&udp);
}

Test(udp, without_both_there_is_nothing)
{
	struct mv_udp udp;

	missing_families[0] = AF_INET;
	missing_families[1] = AF_INET6;
	cr_expect_eq(mv_udp_open(&udp, 0), -EAFNOSUPPORT);
	cr_expect_eq(udp.fd4, -1);
	cr_expect_eq(udp.fd6, -1);
}

/* The second program still gets to hear that the port is taken. */
Test(udp, a_port_is_shared_with_ones_own_sockets_alone)
{
	struct mv_udp more, stranger;
	uint16_t port = here.port;

	cr_assert_eq(mv_udp_open_more(&more, &here), 0);
	cr_expect_eq(more.port, port);
	cr_expect_eq(name_of(more.fd4).port, port);
	cr_expect(here.fd6 < 0 || name_of(more.fd6).port == port);
	cr_expect_eq(mv_udp_open(&stranger, port), -EADDRINUSE);
	mv_udp_close(&more);
	cr_expect_eq(mv_udp_open(&stranger, port), -EADDRINUSE);
}

Test(udp, close_may_be_called_twice)
{
	int fd4 = here.fd4;

	mv_udp_close(&here);
	cr_expect_eq(fcntl(fd4, F_GETFD), -1);
	cr_expect_eq(here.fd4, -1);
	cr_expect_eq(here.fd6, -1);
	mv_udp_close(&here);
}

/* Reading and writing */

static void send_there(enum mv_family family, uint8_t *data, size_t len)
{
	struct mv_packet packet = {
		.data = data, .len = len, .endpoint = loopback(family, there.port)};

	cr_assert_eq(mv_udp_send(&here, &packet), 0, "%s", strerror(errno));
	cr_assert(packet.sent);
}

/* The next datagram, which is there: the loopback delivers at once. */
static const struct mv_packet *read_there(enum mv_family family)
{
	int fd = family == MV_FAMILY_IPV4 ? there.fd4 : there.fd6;
	size_t count = batch->count;

	cr_assert_eq(receive(fd), 1);
	cr_assert_eq(batch->count, count + 1);
	return &batch->packets[count];
}

static void expect_passage(enum mv_family family, size_t len)
{
	static uint8_t data[MV_PACKET_MAX];
	struct mv_endpoint source = loopback(family, here.port);

	for (size_t i = 0; i < len; i++) {
		data[i] = (uint8_t)(i * 7 + len);
	}
	send_there(family, data, len);

	const struct mv_packet *packet = read_there(family);
	cr_expect(packet->live);
	cr_expect_eq(packet->drop, MV_DROP_NONE);
	cr_expect(mv_endpoint_equal(&packet->endpoint, &source));
	cr_assert_eq(packet->len, len);
	cr_expect_eq(memcmp(packet->data, data, len), 0);
	mv_batch_reset(batch);
}

Test(udp, nothing_there_is_0)
{
	cr_expect_eq(receive(there.fd4), 0);
	cr_expect_eq(batch->count, 0);
}

Test(udp, datagrams_pass_by_ipv4)
{
	expect_passage(MV_FAMILY_IPV4, 0);
	expect_passage(MV_FAMILY_IPV4, 1);
	expect_passage(MV_FAMILY_IPV4, 1452);
	cr_expect_eq(receive(there.fd4), 0);
}

Test(udp, datagrams_pass_by_ipv6)
{
	need_ipv6();
	expect_passage(MV_FAMILY_IPV6, 0);
	expect_passage(MV_FAMILY_IPV6, 1);
	expect_passage(MV_FAMILY_IPV6, 1452);
	cr_expect_eq(receive(there.fd6), 0);
}

/* So nothing can be truncated. */
Test(udp, the_largest_datagrams_arrive_whole)
{
	expect_passage(MV_FAMILY_IPV4, PAYLOAD_MAX_IPV4);
	need_ipv6();
	expect_passage(MV_FAMILY_IPV6, PAYLOAD_MAX_IPV6);
}

Test(udp, a_packet_that_fits_into_no_datagram_is_not_sent)
{
	static uint8_t data[MV_PACKET_MAX];
	struct mv_packet packet = {.data = data,
		.len = PAYLOAD_MAX_IPV4 + 1,
		.sent = true,
		.endpoint = loopback(MV_FAMILY_IPV4, there.port)};

	cr_expect_eq(mv_udp_send(&here, &packet), -EMSGSIZE);
	cr_expect_not(packet.sent);
}

Test(udp, a_batch_takes_datagrams_in_order)
{
	for (uint8_t i = 0; i < 10; i++) {
		send_there(MV_FAMILY_IPV4, &i, 1);
	}
	cr_assert_eq(receive(there.fd4), 10);
	cr_assert_eq(batch->count, 10);
	for (uint8_t i = 0; i < 10; i++) {
		const struct mv_packet *packet = &batch->packets[i];

		cr_expect_eq(packet->len, 1);
		cr_expect_eq(packet->data[0], i);
	}
	cr_expect_eq(receive(there.fd4), 0);
}

/* A program with one socket for both families sends to "::ffff:127.0.0.1". */
Test(udp, a_mapped_sender_is_an_ipv4_endpoint)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(there.port)};
	struct mv_ip mapped;
	int off = 0;

	need_ipv6();
	cr_assert(mv_ip_parse(&mapped, "::ffff:127.0.0.1"));
	memcpy(&to.sin6_addr, mapped.bytes, sizeof(to.sin6_addr));
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)), 0);
	cr_assert_eq(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);

	struct mv_endpoint source = loopback(MV_FAMILY_IPV4, name_of(fd).port);
	cr_expect(mv_endpoint_equal(&read_there(MV_FAMILY_IPV4)->endpoint, &source));
	cr_expect_eq(receive(there.fd6), 0);
	close(fd);
}

Test(udp, a_queued_error_is_taken_off_and_the_datagram_behind_it_read)
{
	uint8_t byte = 'x';
	int on = 1;

	cr_assert_eq(setsockopt(there.fd4, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	struct mv_packet to_nobody = {
		.data = &byte, .len = 1, .endpoint = loopback(MV_FAMILY_IPV4, here.port)};
	uint16_t port = here.port;
	mv_udp_close(&here);
	cr_assert_eq(mv_udp_send(&there, &to_nobody), 0);

	cr_assert_eq(mv_udp_open(&here, port), 0);
	send_there(MV_FAMILY_IPV4, &byte, 1);
	cr_expect_eq(receive(there.fd4), -ECONNREFUSED);
	cr_expect_eq(batch->count, 0);
	cr_expect_eq(read_there(MV_FAMILY_IPV4)->len, 1);
}
