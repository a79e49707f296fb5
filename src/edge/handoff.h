/*
 * Handshake messages on their way from the lanes to the control loop: a bounded queue, so that a
 * flood costs neither memory nor the lanes' time. Lanes push, the control loop pops.
 */
#ifndef MV_EDGE_HANDOFF_H
#define MV_EDGE_HANDOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "proto/messages.h"

#define MV_HANDOFF_MESSAGES 1024

struct mv_handoff_message {
	struct mv_endpoint from;
	size_t len;
	uint8_t bytes[MV_HANDSHAKE_MESSAGE_MAX];
};

struct mv_handoff;

/* NULL without memory. */
struct mv_handoff *mv_handoff_create(void);
void mv_handoff_destroy(struct mv_handoff *handoff);

/* False if the queue is full; the newest is lost then. len: at most MV_HANDSHAKE_MESSAGE_MAX. */
bool mv_handoff_push(struct mv_handoff *handoff, const struct mv_endpoint *from,
	const uint8_t *message, size_t len);

/* The oldest; false if there is none. */
bool mv_handoff_pop(struct mv_handoff *handoff, struct mv_handoff_message *message);

#endif
