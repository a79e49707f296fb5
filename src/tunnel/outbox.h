/*
 * What a device has to send of its own accord: initiations, keepalives, and what waited for a
 * session. The timers, the plans and the commits only wish for it; here it is made. Called by the
 * control loop after everything else it does.
 */
#ifndef MV_TUNNEL_OUTBOX_H
#define MV_TUNNEL_OUTBOX_H

#include "tunnel/device.h"

/*
 * Adds to the batch what is wished for, until nothing is, the batch is full, or an initiation has
 * to wait (mv_timestamps_are_due). The batch then goes the way of all that is sent: seal, write,
 * mv_send_commit. False: the batch is empty.
 */
bool mv_outbox_fill(struct mv_device *device, struct mv_batch *out, struct mv_now now);

#endif
