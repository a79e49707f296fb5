/*
 * The status of a device as people read it, in the manner of `wg show`. Pure: text into an
 * allocated string. Any thread.
 */
#ifndef MV_CONTROL_REPORT_H
#define MV_CONTROL_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "tunnel/snapshot.h"

/*
 * The report of one device, allocated (free it), or NULL without memory. now_s: wall clock, for
 * "ago". color: the terminal sequences of wg show. Peers by latest handshake, newest first, those
 * without one last.
 */
char *mv_report_text(
	const char *device, const struct mv_snapshot *snapshot, uint64_t now_s, bool color);

/* Only what it says of one peer of the snapshot. */
char *mv_report_peer_text(const struct mv_snapshot *snapshot, const struct mv_peer_snapshot *peer,
	uint64_t now_s, bool color);

#endif
