/*
 * The outer socket: one port on IPv4 and IPv6, datagrams into and out of a batch. Never connected,
 * so that peers may roam. Any thread may write; each socket is read by one.
 */
#ifndef MV_EDGE_UDP_H
#define MV_EDGE_UDP_H

#include <stdint.h>

#include "tunnel/packet.h"

struct mv_udp {
	int fd4, fd6; /* -1: the kernel does not have this family */
	uint16_t port;
};

/*
 * Binds the port on both families, the same one; 0 lets the kernel choose. -EADDRINUSE: somebody
 * has it. A family that the kernel lacks is done without, but -EAFNOSUPPORT if it lacks both.
 */
int mv_udp_open(struct mv_udp *udp, uint16_t port);
void mv_udp_close(struct mv_udp *udp);

/*
 * Adds one datagram to the batch, which must have room: 1. 0: none is there. -errno: a queued error
 * was taken off the socket, which is of no consequence; there may be more.
 */
int mv_udp_read(int fd, struct mv_batch *batch);

/*
 * Sends the packet to its endpoint, from its source if that is known, and notes in ->sent whether
 * the system took it: 0 or -errno. A source that is of no use any more is done without, and noted
 * in
 * ->source_failed.
 */
int mv_udp_write(const struct mv_udp *udp, struct mv_packet *packet);

/*
 * Sends the live packets of a batch. Where the socket's buffer is full it waits a few milliseconds,
 * once a batch: that slows the sender down before packets are lost.
 */
void mv_udp_write_batch(const struct mv_udp *udp, struct mv_batch *batch);

#endif
