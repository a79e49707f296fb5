#include "edge/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "edge/cmsg.h"
#include "edge/sockaddr.h"

/* What a batch in each direction on a fast network needs; the usual default holds a few hundred
 * datagrams. */
#define SOCKET_BUFFER_BYTES (7 * 1024 * 1024)

/* A port that is free on IPv4 may be taken on IPv6. */
#define PORT_TRIES 100

/* Longer than a full buffer takes to drain, shorter than anybody notices. */
#define WRITE_WAIT_MS 5

static void set_buffer(int fd, int option, int force_option)
{
	int size = SOCKET_BUFFER_BYTES;

	/* Without CAP_NET_ADMIN the system's limit holds; that is slower, not wrong. */
	if (setsockopt(fd, SOL_SOCKET, force_option, &size, sizeof(size)) < 0) {
		(void)setsockopt(fd, SOL_SOCKET, option, &size, sizeof(size));
	}
}

/* The outer packet may be fragmented on its way: a packet that is too large arrives in pieces, and
 * is not lost without a word. */
static int set_options(int fd, int family)
{
	int on = 1;
	int dont = IP_PMTUDISC_DONT; /* the same number for IPv6 */

	set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE);
	set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE);
	if (mv_cmsg_enable(fd, family) < 0) {
		return -1;
	}
	if (family == AF_INET) {
		return setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &dont, sizeof(dont));
	}
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) {
		return -1;
	}
	return setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &dont, sizeof(dont));
}

static int bind_port(int fd, int family, uint16_t port)
{
	struct mv_endpoint any = {
		.ip.family = family == AF_INET ? MV_FAMILY_IPV4 : MV_FAMILY_IPV6, .port = port};
	struct sockaddr_storage address;
	socklen_t len = mv_sockaddr_from_endpoint(&address, &any);

	return bind(fd, (struct sockaddr *)&address, len);
}

/* A socket bound to the port, or -errno. No SO_REUSEADDR: two programs on one port would steal each
 * other's datagrams. */
static int open_socket(int family, uint16_t port)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);

	if (fd < 0) {
		return -errno;
	}
	if (set_options(fd, family) < 0 || bind_port(fd, family, port) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

/* 0 or -errno. */
static int ask_port(uint16_t *port, int fd)
{
	struct sockaddr_storage address;
	struct mv_endpoint endpoint;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0) {
		return -errno;
	}
	if (!mv_sockaddr_to_endpoint(&endpoint, (struct sockaddr *)&address)) {
		return -EPROTO;
	}
	*port = endpoint.port;
	return 0;
}

/* IPv6 may be compiled out, or disabled so that no address can be bound. */
static bool lacks_family(int error)
{
	return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

static int open_family(struct mv_udp *udp, int *fd, int family)
{
	int opened = open_socket(family, udp->port);

	if (opened < 0) {
		return opened;
	}
	*fd = opened;
	return ask_port(&udp->port, opened);
}

/* The second family gets the port that the first one got. */
static int open_pair(struct mv_udp *udp, uint16_t port)
{
	*udp = (struct mv_udp){.fd4 = -1, .fd6 = -1, .port = port};

	int error4 = open_family(udp, &udp->fd4, AF_INET);
	if (error4 < 0 && !lacks_family(error4)) {
		mv_udp_close(udp);
		return error4;
	}
	int error6 = open_family(udp, &udp->fd6, AF_INET6);
	if (error6 < 0 && (!lacks_family(error6) || error4 < 0)) {
		mv_udp_close(udp);
		return error6;
	}
	return 0;
}

int mv_udp_open(struct mv_udp *udp, uint16_t port)
{
	int error = -EADDRINUSE;
	int tries = port == 0 ? PORT_TRIES : 1;

	while (error == -EADDRINUSE && tries-- > 0) {
		error = open_pair(udp, port);
	}
	return error;
}

void mv_udp_close(struct mv_udp *udp)
{
	if (udp->fd4 >= 0) {
		close(udp->fd4);
	}
	if (udp->fd6 >= 0) {
		close(udp->fd6);
	}
	*udp = (struct mv_udp){.fd4 = -1, .fd6 = -1};
}

int mv_udp_read(int fd, struct mv_batch *batch)
{
	struct sockaddr_storage source = {0};
	union mv_cmsg_room control;
	struct iovec iov = {.iov_base = mv_batch_room(batch), .iov_len = MV_PACKET_MAX};
	struct msghdr message = {.msg_name = &source,
		.msg_namelen = sizeof(source),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};

	ssize_t len = recvmsg(fd, &message, 0);
	if (len < 0) {
		return errno == EAGAIN ? 0 : -errno;
	}
	struct mv_packet *packet = mv_batch_add(batch, (size_t)len);
	if ((message.msg_flags & MSG_TRUNC) ||
		!mv_sockaddr_to_endpoint(&packet->endpoint, (struct sockaddr *)&source)) {
		mv_packet_drop(packet, MV_DROP_TRUNCATED);
		return 1;
	}
	mv_cmsg_read(packet, &message);
	return 1;
}

static int fd_for(const struct mv_udp *udp, const struct mv_packet *packet)
{
	return packet->endpoint.ip.family == MV_FAMILY_IPV4 ? udp->fd4 : udp->fd6;
}

/* 0 or -errno. */
static int send_datagram(int fd, const struct mv_packet *packet)
{
	struct sockaddr_storage address;
	union mv_cmsg_room control;
	struct iovec iov = {.iov_base = packet->data, .iov_len = packet->len};
	struct msghdr message = {.msg_name = &address,
		.msg_namelen = mv_sockaddr_from_endpoint(&address, &packet->endpoint),
		.msg_iov = &iov,
		.msg_iovlen = 1};

	mv_cmsg_write(&message, &control, packet);
	return sendmsg(fd, &message, 0) < 0 ? -errno : 0;
}

/* What the kernel says when the address or the interface to send from is gone, or has no way to
 * there. */
static bool is_fault_of_source(int error)
{
	return error == -EINVAL || error == -ENETUNREACH || error == -EHOSTUNREACH ||
	       error == -ENODEV || error == -EADDRNOTAVAIL;
}

int mv_udp_write(const struct mv_udp *udp, struct mv_packet *packet)
{
	int fd = fd_for(udp, packet);
	int error = fd < 0 ? -EAFNOSUPPORT : send_datagram(fd, packet);

	if (is_fault_of_source(error) && packet->source.ip.family != MV_FAMILY_NONE) {
		packet->source = (struct mv_source){0};
		packet->source_failed = true;
		error = send_datagram(fd, packet);
	}
	packet->sent = error == 0;
	return error;
}

void mv_udp_write_batch(const struct mv_udp *udp, struct mv_batch *batch)
{
	bool has_waited = false;

	for (size_t i = 0; i < batch->count; i++) {
		struct mv_packet *packet = &batch->packets[i];

		if (!packet->live || mv_udp_write(udp, packet) != -EAGAIN || has_waited) {
			continue;
		}
		struct pollfd writable = {.fd = fd_for(udp, packet), .events = POLLOUT};
		if (poll(&writable, 1, WRITE_WAIT_MS) > 0) {
			mv_udp_write(udp, packet);
		}
		has_waited = true;
	}
}
