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

/*
 * The timestamp to send after `last`, which is zero where there is none: that of the wall clock, or
 * the least one that is later than `last`, since a receiver takes nothing that is not, however
 * often the clock was set back.
 */
void mv_tai64n_next(uint8_t timestamp[static MV_TIMESTAMP_LEN],
	const uint8_t last[static MV_TIMESTAMP_LEN], struct mv_now now);

/* Strictly later. */
bool mv_tai64n_after(
	const uint8_t a[static MV_TIMESTAMP_LEN], const uint8_t b[static MV_TIMESTAMP_LEN]);

/* So many seconds later. */
void mv_tai64n_add(uint8_t timestamp[static MV_TIMESTAMP_LEN], uint32_t seconds);

/*
 * A moment that a clock of this system can show, from 1970 to 2262: for timestamps from elsewhere,
 * which must not bring a device so far ahead that it runs out of later ones.
 */
bool mv_tai64n_is_plausible(const uint8_t timestamp[static MV_TIMESTAMP_LEN]);

/* Of a plausible one: its seconds since 1970, as the wall clock counts them. */
uint64_t mv_tai64n_wall_s(const uint8_t timestamp[static MV_TIMESTAMP_LEN]);

#endif
