/*
 * Handshake messages on their way from the lanes to the control loop: a bounded queue, so that a
 * flood costs neither memory nor the lanes' time. Lanes push, the control loop pops.
 */
#ifndef MV_EDGE_HANDOFF_H
#define MV_EDGE_HANDOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tunnel/handshake.h"

struct mv_handoff;

/* NULL without memory. */
struct mv_handoff *mv_handoff_create(void);
void mv_handoff_destroy(struct mv_handoff *handoff);

/* False if the queue, of MV_HANDSHAKE_QUEUE, is full; the newest is lost then. */
bool mv_handoff_push(struct mv_handoff *handoff, const struct mv_packet *packet);

/* The oldest, and how many are left behind it; false if there is none. */
bool mv_handoff_pop(
	struct mv_handoff *handoff, struct mv_handshake_message *message, size_t *backlog);

#endif
