/*
 * The way out, from TUN to UDP: plan decides for each inner packet of a batch where it goes and
 * under which key, the caller seals the batch and writes its datagrams, commit draws the
 * conclusions. Called by a lane; takes the device's lock.
 */
#ifndef MV_TUNNEL_SEND_H
#define MV_TUNNEL_SEND_H

#include "tunnel/device.h"

/*
 * The packets that are live afterwards are messages that only need to be sealed. Packets for which
 * there is no session yet are copied and wait; a handshake is wished for. Those marked ->is_answer
 * have become ICMP errors to their senders, and are to be written back into TUN. True: wake the
 * control loop.
 */
bool mv_send_plan(struct mv_device *device, struct mv_batch *batch, struct mv_now now);

/* After the system took, or did not take, the datagrams: ->sent says which. True: wake the control
 * loop. */
bool mv_send_commit(struct mv_device *device, const struct mv_batch *batch, struct mv_now now);

#endif
