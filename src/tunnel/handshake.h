/*
 * Handshake messages that came in, types 1 to 3: the checks that they have in common, and then the
 * initiator's or the responder's side. Called by the control loop only; lanes go on meanwhile.
 */
#ifndef MV_TUNNEL_HANDSHAKE_H
#define MV_TUNNEL_HANDSHAKE_H

#include "tunnel/device.h"

/*
 * Consumes one message, as mv_receive_plan marked it. What is to be answered is added to `out`,
 * which must have room for one packet, as a finished datagram.
 */
void mv_handshake_receive(struct mv_device *device, struct mv_batch *out, const uint8_t *message,
	size_t len, const struct mv_endpoint *from, struct mv_now now);

#endif
