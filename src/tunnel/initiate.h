/*
 * The initiator's side of a handshake: makes the initiation, consumes the response. Called by the
 * control loop.
 */
#ifndef MV_TUNNEL_INITIATE_H
#define MV_TUNNEL_INITIATE_H

#include "tunnel/device.h"
#include "tunnel/exchange.h"

/*
 * Adds an initiation for the peer to `out`, which must have room for one packet, if it is the time
 * for one. Quietly does nothing if it is not, or the peer is gone.
 */
void mv_handshake_initiate(struct mv_device *device, struct mv_batch *out,
	struct mv_peer_handle peer, struct mv_now now);

/* The same for an initiation to a candidate that is better than where the peer is, if it can be
 * made now (tunnel/candidates). */
void mv_handshake_probe(struct mv_device *device, struct mv_batch *out, struct mv_peer_handle peer,
	struct mv_now now);

/* Consumes a response whose mac1 is right. MV_DROP_NONE: there is a new session, and the peer will
 * hear of it. */
enum mv_drop mv_initiate_consume_response(
	struct mv_exchange *x, const struct mv_message_response *message);

#endif
