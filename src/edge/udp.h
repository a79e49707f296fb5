/*
 * The outer sockets: one port on IPv4 and IPv6. Never connected, so that peers may roam. How
 * batches go through them is told by edge/udp_send and edge/udp_receive. Any thread may send; each
 * socket is read by one.
 */
#ifndef MV_EDGE_UDP_H
#define MV_EDGE_UDP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tunnel/packet.h"

struct mv_udp {
	int fd4, fd6; /* -1: the kernel does not have this family */
	uint16_t port;
	atomic_bool cuts4, cuts6; /* the kernel cuts what is sent into datagrams (UDP_SEGMENT) */
	bool merges4, merges6;    /* the kernel may hand over many datagrams as one (UDP_GRO) */
};

/*
 * Binds the port on both families, the same one; 0 lets the kernel choose. -EADDRINUSE: somebody
 * has it. A family that the kernel lacks is done without, but -EAFNOSUPPORT if it lacks both.
 */
int mv_udp_open(struct mv_udp *udp, uint16_t port);
void mv_udp_close(struct mv_udp *udp);

/* More sockets on the port of the first ones: the kernel gives each of them the datagrams of some
 * of the senders (SO_REUSEPORT). -errno. */
int mv_udp_open_more(struct mv_udp *udp, struct mv_udp *first);

/* Asks for UDP_SEGMENT and UDP_GRO, each family by itself, and notes what the kernel grants. Before
 * any thread uses the sockets. */
void mv_udp_offload(struct mv_udp *udp);

/* A pair for each of so many lanes, all on one port; 0 lets the kernel choose it. offload: as
 * mv_udp_offload, where the kernel has it. On failure all are closed. -errno as mv_udp_open. */
int mv_udp_open_lanes(struct mv_udp *udps, size_t lanes, uint16_t port, bool offload);
void mv_udp_close_lanes(struct mv_udp *udps, size_t lanes);

/* What is sent bears this mark (SO_MARK), by which rules of the kernel tell it apart; 0: none.
 * -EPERM without CAP_NET_ADMIN. Any thread. */
int mv_udp_mark(const struct mv_udp *udp, uint32_t mark);

/* Of the endpoint's family; -1 if there is none. */
int mv_udp_fd(const struct mv_udp *udp, const struct mv_endpoint *endpoint);

#endif
