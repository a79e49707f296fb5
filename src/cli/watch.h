/*
 * `up -f --dump`: prints every inner packet in hex. Called by the lane's thread.
 */
#ifndef MV_CLI_WATCH_H
#define MV_CLI_WATCH_H

#include "edge/lane.h"

/* ctx: the device's name. */
void mv_watch_dump(void *ctx, enum mv_direction direction, const uint8_t *packet, size_t len);

#endif
