/*
 * Packets that wait for a handshake: a queue a peer, in blocks of one fixed pool. When there is no
 * room the oldest packet gives way: that of the same queue where it has its share, else the oldest
 * of all. So thousands of dead peers cannot keep a living one from waiting, and a greedy one only
 * pushes out its own. Memory is taken once, at the start. Pure; under the device's lock.
 */
#ifndef MV_TUNNEL_STAGE_H
#define MV_TUNNEL_STAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define MV_STAGED_PACKETS_MAX 128 /* a peer */

struct mv_stage_block;
TAILQ_HEAD(mv_stage_blocks, mv_stage_block);

/* A peer's queue. Zeroed is empty. */
struct mv_stage {
	struct mv_stage_block *first,
		*last; /* the first blocks of the oldest and the newest packet */
	size_t count;
	size_t block_count;
};

struct mv_stage_pool {
	struct mv_stage_block *blocks;
	struct mv_stage_block *free; /* used before and given back */
	size_t touched_count; /* those before it were used; the others are not resident yet */
	size_t free_count;    /* of both kinds */
	struct mv_stage_blocks by_age; /* the first block of every packet, the oldest first */
};

/* -ENOMEM. */
int mv_stage_pool_init(struct mv_stage_pool *pool);
void mv_stage_pool_uninit(struct mv_stage_pool *pool);

/*
 * The queue whose oldest packet has to go before one of `len` bytes fits into `stage`, maybe that
 * one itself. NULL: it fits. To be asked until it does.
 */
struct mv_stage *mv_stage_victim(
	const struct mv_stage_pool *pool, struct mv_stage *stage, size_t len);

/* Copies the packet, which fits, to the end of the queue. The queue must not move while it holds
 * packets. */
void mv_stage_push(
	struct mv_stage_pool *pool, struct mv_stage *stage, const uint8_t *packet, size_t len);

/* The length of the oldest packet; the queue must not be empty. */
size_t mv_stage_first_len(const struct mv_stage *stage);

/* Takes the oldest packet out, into room for its length; NULL throws it away. */
void mv_stage_pop(struct mv_stage_pool *pool, struct mv_stage *stage, uint8_t *packet);

#endif
