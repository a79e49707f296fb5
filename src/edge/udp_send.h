/*
 * Datagrams of a batch into the outer sockets. What goes the same way, one behind the other and of
 * one size, is a run: the kernel gets it as one message and cuts it itself (UDP_SEGMENT); and many
 * runs go by one call (sendmmsg). Any thread; a batch belongs to one.
 */
#ifndef MV_EDGE_UDP_SEND_H
#define MV_EDGE_UDP_SEND_H

#include "base/log.h"
#include "edge/udp.h"
#include "tunnel/packet.h"

/*
 * Sends the packet to its endpoint, from its source if that is known, and notes in ->sent whether
 * the system took it: 0 or -errno. A source that is of no use any more is done without, and noted
 * in ->source_failed.
 */
int mv_udp_send(const struct mv_udp *udp, struct mv_packet *packet);

/*
 * Sends the live packets of a batch, in their order. Where the socket's buffer is full it waits a
 * few milliseconds, once a batch: that slows the sender down before packets are lost. What the
 * kernel does not take as a run goes one by one; where it never will (EIO: the way out cannot cut),
 * the family does without from then on. True: that was found out just now.
 */
bool mv_udp_send_batch(struct mv_udp *udp, struct mv_batch *batch);

/* Says so. */
void mv_udp_warn_uncut(const struct mv_log *log);

#endif
