/*
 * The way in, from UDP to TUN: plan finds for each datagram of a batch what it is and under which
 * key, the caller opens the batch, commit decides what may be believed, and the caller writes the
 * packets that are live then. Called by a lane; takes the device's lock.
 */
#ifndef MV_TUNNEL_RECEIVE_H
#define MV_TUNNEL_RECEIVE_H

#include "tunnel/device.h"

/* Handshake messages are marked ->is_handshake and not live: they are for the control loop. */
void mv_receive_plan(struct mv_device *device, struct mv_batch *batch, struct mv_now now);

/* The packets that are live afterwards are inner packets from an allowed source. True: wake the
 * control loop. */
bool mv_receive_commit(struct mv_device *device, struct mv_batch *batch, struct mv_now now);

/* What a datagram of this length says it is: a type of message, or 0 if it can be none. Pure; no
 * lock. */
enum mv_message_type mv_receive_classify(const uint8_t *datagram, size_t len);

#endif
