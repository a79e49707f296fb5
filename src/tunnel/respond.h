/*
 * The responder's side of a handshake: consumes the initiation and answers it. Called by the
 * control loop.
 */
#ifndef MV_TUNNEL_RESPOND_H
#define MV_TUNNEL_RESPOND_H

#include "tunnel/exchange.h"

/*
 * Consumes an initiation whose mac1 is right. MV_DROP_NONE: the response is in x->out, and the new
 * session waits for the initiator to use it.
 */
enum mv_drop mv_respond_consume_initiation(
	struct mv_exchange *x, const struct mv_message_initiation *message);

#endif
