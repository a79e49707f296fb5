/*
 * Handshakes of a device: snapshot under the lock, compute without it, commit under it, where the
 * rules of time and flood are looked at again. Called by the control loop only, which alone makes
 * and consumes handshakes; lanes go on meanwhile.
 */
#ifndef MV_TUNNEL_HANDSHAKE_H
#define MV_TUNNEL_HANDSHAKE_H

#include "tunnel/device.h"

/*
 * Consumes one message of type 1 to 3, as mv_receive_plan marked it. What is to be answered is
 * added to `out`, which must have room for one packet, as a finished datagram.
 */
void mv_handshake_receive(struct mv_device *device, struct mv_batch *out, const uint8_t *message,
	size_t len, const struct mv_endpoint *from, struct mv_now now);

/*
 * Adds an initiation for the peer to `out`, if it is the time for one. Quietly does nothing if it
 * is not, or the peer is gone.
 */
void mv_handshake_initiate(struct mv_device *device, struct mv_batch *out,
	struct mv_peer_handle peer, struct mv_now now);

#endif
