/*
 * From a public key to the peer that has it: open addressing over memory that only configuration
 * grows. Pure; under the device's lock.
 */
#ifndef MV_TUNNEL_PEERTABLE_H
#define MV_TUNNEL_PEERTABLE_H

#include <stddef.h>
#include <stdint.h>

#include "tunnel/peer.h"

struct mv_peertable {
	struct mv_peer **entries; /* a power of two, at most half of it used */
	size_t capacity, count;
};

void mv_peertable_init(struct mv_peertable *table);
void mv_peertable_uninit(struct mv_peertable *table);

/* Room for `peers` in all. -ENOMEM leaves the table as it was. */
int mv_peertable_reserve(struct mv_peertable *table, size_t peers);

/* NULL if there is none. */
struct mv_peer *mv_peertable_find(
	const struct mv_peertable *table, const uint8_t public_key[static MV_KEY_LEN]);

/* A peer with a public key that is not in the table yet; room must have been reserved. */
void mv_peertable_insert(struct mv_peertable *table, struct mv_peer *peer);
void mv_peertable_remove(struct mv_peertable *table, const struct mv_peer *peer);

#endif
