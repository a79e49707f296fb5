/*
 * What the control loop does at each wake-up, whatever that was for: handshakes that the lanes
 * handed over, timers, what wishes to be sent, and the record of timestamps that goes before it.
 * The control loop's thread.
 */
#ifndef MV_EDGE_WORK_H
#define MV_EDGE_WORK_H

#include <stdbool.h>

#include "base/log.h"
#include "edge/handoff.h"
#include "edge/udp.h"
#include "tunnel/device.h"

/* Its owner fills it in. */
struct mv_work {
	struct mv_device *device;
	struct mv_handoff *handoff;
	struct mv_batch *outbox;
	struct mv_udp *udp;
	struct mv_log log;
	const char *record_folder; /* NULL: timestamps are not kept */
	bool record_has_failed;
};

/* A bounded slice of what there is to do; true: there is more, come back at once. */
bool mv_work_do(struct mv_work *work, struct mv_now now);

/* Before the end: gives back the timestamps that were reserved and not used. */
void mv_work_end(struct mv_work *work);

#endif
