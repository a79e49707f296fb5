/*
 * What travels beside a datagram as control messages: the address and interface it came in on or is
 * to leave by, the TOS or traffic class with its ECN bits, and how long the datagrams are that make
 * up a message (RFC 3542, ip(7), ipv6(7), udp(7)). Pure; any thread.
 */
#ifndef MV_EDGE_CMSG_H
#define MV_EDGE_CMSG_H

#include <netinet/in.h>
#include <stdalign.h>
#include <sys/socket.h>

#include "tunnel/packet.h"

/* Room for everything that is read or written here, aligned as the macros of cmsg(3) need it. */
struct mv_cmsg_room {
	alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
					   2 * CMSG_SPACE(sizeof(int)) + 64];
};

/* Asks the kernel for them on a socket of this family (AF_INET or AF_INET6). -1 with errno. */
int mv_cmsg_enable(int fd, int family);

/* Notes in the packet what came with it. The length of each datagram but the last, where the kernel
 * has merged many (UDP_GRO); 0: the message is one. */
size_t mv_cmsg_read(struct mv_packet *packet, struct msghdr *message);

/* Puts into the message, whose name is set, what the packet is to leave with: none, if there is
 * nothing to say. segment: the kernel is to cut the message into datagrams of this length
 * (UDP_SEGMENT); 0: it is one. */
void mv_cmsg_write(struct msghdr *message, struct mv_cmsg_room *room,
	const struct mv_packet *packet, uint16_t segment);

#endif
