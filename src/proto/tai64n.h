/*
 * TAI64N timestamps of handshakes, as 12 bytes that compare by memcmp. Pure; any thread.
 */
#ifndef MV_PROTO_TAI64N_H
#define MV_PROTO_TAI64N_H

#include <stdbool.h>

#include "base/now.h"
#include "proto/messages.h"

/*
 * The wall clock as a timestamp (paper, section 5.4.2), coarse to 2^24 ns, so that a handshake does
 * not tell how fine and how exact the sender's clock is.
 */
void mv_tai64n(uint8_t timestamp[static MV_TIMESTAMP_LEN], struct mv_now now);

/* Strictly later. */
bool mv_tai64n_after(
	const uint8_t a[static MV_TIMESTAMP_LEN], const uint8_t b[static MV_TIMESTAMP_LEN]);

#endif
