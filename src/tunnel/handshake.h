/*
 * Handshake messages that came in, types 1 to 3: the checks that they have in common, and then the
 * initiator's or the responder's side. Called by the control loop only; lanes go on meanwhile.
 */
#ifndef MV_TUNNEL_HANDSHAKE_H
#define MV_TUNNEL_HANDSHAKE_H

#include "proto/messages.h"
#include "tunnel/device.h"

/* How many messages may wait for the control loop. */
#define MV_HANDSHAKE_QUEUE 1024

/* From so many on the device is under load (paper, section 5.3), and for a second after it. */
#define MV_HANDSHAKE_QUEUE_LOAD (MV_HANDSHAKE_QUEUE / 8)

/* When more than these, with a right mac1, come in a second, that is load as well: a fast machine
 * keeps the queue short, and all of its time goes into handshakes. */
#define MV_HANDSHAKE_RATE_LOAD 1000

/* A message as it came in, on its way from a lane to the control loop. */
struct mv_handshake_message {
	struct mv_endpoint from;
	struct mv_source source; /* where it came in */
	size_t len;
	uint8_t bytes[MV_HANDSHAKE_MESSAGE_MAX];
};

/* Of a packet that mv_receive_plan marked ->is_handshake. */
void mv_handshake_message_copy(
	struct mv_handshake_message *message, const struct mv_packet *packet);

/*
 * Consumes one message. What is to be answered is added to `out`, which must have room for one
 * packet, as a finished datagram. backlog: the messages that wait behind it. Under load only those
 * are computed who have shown, by a cookie, that they receive at the address they send from.
 */
void mv_handshake_receive(struct mv_device *device, struct mv_batch *out,
	const struct mv_handshake_message *message, size_t backlog, struct mv_now now);

#endif
