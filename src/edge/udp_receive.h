/*
 * Datagrams out of the outer sockets, many by one call (recvmmsg), and many in one message where
 * the kernel has merged them (UDP_GRO). They are opened where they lie. A receiver belongs to one
 * thread.
 */
#ifndef MV_EDGE_UDP_RECEIVE_H
#define MV_EDGE_UDP_RECEIVE_H

#include <stdbool.h>

#include "tunnel/packet.h"

struct mv_udp_receiver;

/* NULL without memory. Of its 4 MiB only what messages touch becomes resident. */
struct mv_udp_receiver *mv_udp_receiver_create(void);

/* Wipes what lay in it; NULL is allowed. */
void mv_udp_receiver_destroy(struct mv_udp_receiver *receiver);

/*
 * Reads messages in one call, into the place of those before: how many. 0: none is there. -errno: a
 * queued error was taken off the socket, which is of no consequence; there may be more.
 */
int mv_udp_receive(struct mv_udp_receiver *receiver, int fd);

/* Whether it was as many as one call reads; if not, there were no more. */
bool mv_udp_receiver_was_full(const struct mv_udp_receiver *receiver);

/* Adds what was received to the batch, in order, until that is full or nothing is left. The packets
 * lie in the receiver, until it receives again. False: nothing was left. */
bool mv_udp_receiver_take(struct mv_udp_receiver *receiver, struct mv_batch *batch);

#endif
