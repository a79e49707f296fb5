/*
 * Time: carries out the timers that are due. Called by the control loop whenever it wakes; early
 * calls are harmless.
 */
#ifndef MV_TUNNEL_TICK_H
#define MV_TUNNEL_TICK_H

#include "tunnel/device.h"

/* What is to be sent for it goes through mv_outbox_fill; when to come back says mv_device_arm.
 */
void mv_tick(struct mv_device *device, struct mv_now now);

#endif
