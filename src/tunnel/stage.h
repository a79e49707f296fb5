/*
 * Packets that wait for a handshake: a queue a peer, in blocks of one fixed pool. The pool is
 * shared fairly: a peer may hold no more than a fraction of what is still free, so a thousand dead
 * peers cannot use it up. Memory is taken once, at the start. Pure; under the device's lock.
 */
#ifndef MV_TUNNEL_STAGE_H
#define MV_TUNNEL_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MV_STAGED_PACKETS_MAX 128 /* a peer */

struct mv_stage_block;

struct mv_stage_pool {
	struct mv_stage_block *blocks;
	struct mv_stage_block *free; /* used before and given back */
	size_t untouched;            /* from here on no block was ever used, so none is resident */
	size_t free_count;           /* of both kinds */
};

/* A peer's queue. Zeroed is empty. */
struct mv_stage {
	struct mv_stage_block *first,
		*last; /* the first blocks of the oldest and the newest packet */
	size_t count;
};

/* -ENOMEM. */
int mv_stage_pool_init(struct mv_stage_pool *pool);
void mv_stage_pool_uninit(struct mv_stage_pool *pool);

/*
 * Copies the packet to the end of the queue. Returns how many packets were lost for it: the oldest
 * of the same queue, to make room, or this one when there is none at all.
 */
size_t mv_stage_push(
	struct mv_stage_pool *pool, struct mv_stage *stage, const uint8_t *packet, size_t len);

/* The length of the oldest packet; the queue must not be empty. */
size_t mv_stage_first_len(const struct mv_stage *stage);

/* Takes the oldest packet out, into room for its length; NULL throws it away. */
void mv_stage_pop(struct mv_stage_pool *pool, struct mv_stage *stage, uint8_t *packet);

#endif
