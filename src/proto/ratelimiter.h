/*
 * How many handshake messages a source may send while the device is under load: a token bucket a
 * source, 20 a second with a burst of 5. An IPv4 source is its address, an IPv6 source its /64. The
 * table has a fixed size: sources that were silent for a second make room, and when none did, new
 * ones are refused. Pure; belongs to the control loop.
 */
#ifndef MV_PROTO_RATELIMITER_H
#define MV_PROTO_RATELIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define MV_RATELIMITER_KEY_LEN 16

struct mv_ratelimiter_entry;

struct mv_ratelimiter {
	struct mv_ratelimiter_entry *entries;
	uint8_t hash_key[MV_RATELIMITER_KEY_LEN];
};

/* hash_key: random, so that nobody can aim at one place of the table. -ENOMEM. */
int mv_ratelimiter_init(
	struct mv_ratelimiter *limiter, const uint8_t hash_key[static MV_RATELIMITER_KEY_LEN]);
void mv_ratelimiter_uninit(struct mv_ratelimiter *limiter);

/* Takes one message's worth from the source's bucket; false if there is too little in it. */
bool mv_ratelimiter_allow(
	struct mv_ratelimiter *limiter, const struct mv_ip *source, uint64_t now_ns);

#endif
