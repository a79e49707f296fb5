#include "edge/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "edge/cmsg.h"
#include "edge/sockaddr.h"

/* What a batch in each direction on a fast network needs; the usual default holds a few hundred
 * datagrams. */
#define SOCKET_BUFFER_BYTES (7 * 1024 * 1024)

/* A port that is free on IPv4 may be taken on IPv6. */
#define PORT_TRIES 100

/* Linux before it merged datagrams that do not belong together. */
#define GRO_SINCE_MAJOR 5
#define GRO_SINCE_MINOR 12

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

static int share_port(int fd)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
}

/* A socket bound to the port, or -errno. The first one of a program does not share it: two programs
 * on one port would steal each other's datagrams. */
static int open_socket(int family, uint16_t port, bool shares)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);

	if (fd < 0) {
		return -errno;
	}
	if (set_options(fd, family) < 0 || (shares && share_port(fd) < 0) ||
		bind_port(fd, family, port) < 0) {
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
	int opened = open_socket(family, udp->port, false);

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

static int open_another(int *fd, int first, int family, uint16_t port)
{
	if (first < 0) {
		return 0;
	}
	/* Only now, when the port is ours, do we share it with ourselves. */
	*fd = share_port(first) < 0 ? -errno : open_socket(family, port, true);
	return *fd < 0 ? *fd : 0;
}

int mv_udp_open_more(struct mv_udp *udp, struct mv_udp *first)
{
	*udp = (struct mv_udp){.fd4 = -1, .fd6 = -1, .port = first->port};

	int error = open_another(&udp->fd4, first->fd4, AF_INET, first->port);
	if (error == 0) {
		error = open_another(&udp->fd6, first->fd6, AF_INET6, first->port);
	}
	if (error < 0) {
		mv_udp_close(udp);
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

/* Asking for the default is enough: a kernel that does not know the option refuses. */
static bool cuts(int fd)
{
	int size;
	socklen_t len = sizeof(size);

	return fd >= 0 && getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, &len) == 0;
}

static bool kernel_merges_well(void)
{
	struct utsname name;
	char *end;

	if (uname(&name) < 0) {
		return false;
	}
	long major = strtol(name.release, &end, 10);
	long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	return major > GRO_SINCE_MAJOR || (major == GRO_SINCE_MAJOR && minor >= GRO_SINCE_MINOR);
}

static bool merges(int fd)
{
	int on = 1;

	return fd >= 0 && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) == 0;
}

void mv_udp_offload(struct mv_udp *udp)
{
	bool may_merge = kernel_merges_well();

	udp->cuts4 = cuts(udp->fd4);
	udp->cuts6 = cuts(udp->fd6);
	udp->merges4 = may_merge && merges(udp->fd4);
	udp->merges6 = may_merge && merges(udp->fd6);
}

int mv_udp_open_lanes(struct mv_udp *udps, size_t lanes, uint16_t port, bool offload)
{
	int error = mv_udp_open(&udps[0], port);
	size_t opened = error == 0;

	for (; error == 0 && opened < lanes; opened++) {
		error = mv_udp_open_more(&udps[opened], &udps[0]);
	}
	if (error < 0) {
		mv_udp_close_lanes(udps, opened);
		return error;
	}
	for (size_t i = 0; offload && i < lanes; i++) {
		mv_udp_offload(&udps[i]);
	}
	return 0;
}

void mv_udp_close_lanes(struct mv_udp *udps, size_t lanes)
{
	for (size_t i = 0; i < lanes; i++) {
		mv_udp_close(&udps[i]);
	}
}

static int mark_socket(int fd, uint32_t mark)
{
	return fd < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0 ? 0 : -errno;
}

int mv_udp_mark(const struct mv_udp *udp, uint32_t mark)
{
	int error = mark_socket(udp->fd4, mark);

	return error < 0 ? error : mark_socket(udp->fd6, mark);
}

int mv_udp_fd(const struct mv_udp *udp, const struct mv_endpoint *endpoint)
{
	return endpoint->ip.family == MV_FAMILY_IPV4 ? udp->fd4 : udp->fd6;
}
