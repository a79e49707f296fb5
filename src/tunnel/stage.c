#include "tunnel/stage.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A block holds a packet of an ordinary MTU; a larger one takes several. */
#define BLOCK_BYTES 2048
#define BLOCK_COUNT 1024

/* What one queue may hold of the pool. */
#define SHARE (BLOCK_COUNT / 4)

/* What only the first block of a packet needs, and all the others. */
struct head {
	struct mv_stage *owner;
	struct mv_stage_block *next_packet;
	TAILQ_ENTRY(mv_stage_block) by_age;
	size_t packet_len;
	struct mv_stage_block *next_block; /* of the same packet, or of the free list */
};

struct mv_stage_block {
	struct head head;
	uint8_t bytes[BLOCK_BYTES - sizeof(struct head)];
};

#define BLOCK_ROOM sizeof(((struct mv_stage_block *)NULL)->bytes)

int mv_stage_pool_init(struct mv_stage_pool *pool)
{
	*pool = (struct mv_stage_pool){.free_count = BLOCK_COUNT};
	TAILQ_INIT(&pool->by_age);
	pool->blocks = calloc(BLOCK_COUNT, sizeof(*pool->blocks));
	return pool->blocks ? 0 : -ENOMEM;
}

void mv_stage_pool_uninit(struct mv_stage_pool *pool)
{
	if (pool->blocks) {
		sodium_memzero(pool->blocks, pool->touched_count * sizeof(*pool->blocks));
	}
	free(pool->blocks);
	*pool = (struct mv_stage_pool){0};
}

static struct mv_stage_block *take_block(struct mv_stage_pool *pool)
{
	struct mv_stage_block *block = pool->free;

	if (block) {
		pool->free = block->head.next_block;
	} else {
		block = &pool->blocks[pool->touched_count++];
	}
	pool->free_count--;
	block->head = (struct head){0};
	return block;
}

/* Packets in the clear do not stay behind in free memory. */
static void give_block(struct mv_stage_pool *pool, struct mv_stage_block *block)
{
	sodium_memzero(block->bytes, BLOCK_ROOM);
	block->head.next_block = pool->free;
	pool->free = block;
	pool->free_count++;
}

static size_t blocks_for(size_t len)
{
	return len == 0 ? 1 : (len + BLOCK_ROOM - 1) / BLOCK_ROOM;
}

static size_t part_of(size_t len)
{
	return len < BLOCK_ROOM ? len : BLOCK_ROOM;
}

struct mv_stage *mv_stage_victim(
	const struct mv_stage_pool *pool, struct mv_stage *stage, size_t len)
{
	size_t needed = blocks_for(len);
	bool has_its_share = stage->count >= MV_STAGED_PACKETS_MAX ||
			     (stage->count > 0 && stage->block_count + needed > SHARE);

	if (has_its_share) {
		return stage;
	}
	return pool->free_count < needed ? TAILQ_FIRST(&pool->by_age)->head.owner : NULL;
}

static struct mv_stage_block *copy_in(struct mv_stage_pool *pool, const uint8_t *packet, size_t len)
{
	struct mv_stage_block *first = NULL;
	struct mv_stage_block **link = &first;
	size_t left = len;

	do {
		struct mv_stage_block *block = take_block(pool);
		size_t part = part_of(left);

		memcpy(block->bytes, packet, part);
		packet += part;
		left -= part;
		*link = block;
		link = &block->head.next_block;
	} while (left > 0);
	first->head.packet_len = len;
	return first;
}

void mv_stage_push(
	struct mv_stage_pool *pool, struct mv_stage *stage, const uint8_t *packet, size_t len)
{
	assert(pool->free_count >= blocks_for(len));

	struct mv_stage_block *first = copy_in(pool, packet, len);
	first->head.owner = stage;
	TAILQ_INSERT_TAIL(&pool->by_age, first, head.by_age);
	if (stage->last) {
		stage->last->head.next_packet = first;
	} else {
		stage->first = first;
	}
	stage->last = first;
	stage->count++;
	stage->block_count += blocks_for(len);
}

size_t mv_stage_first_len(const struct mv_stage *stage)
{
	return stage->first->head.packet_len;
}

static struct mv_stage_block *unlink_first(struct mv_stage_pool *pool, struct mv_stage *stage)
{
	struct mv_stage_block *first = stage->first;

	TAILQ_REMOVE(&pool->by_age, first, head.by_age);
	stage->first = first->head.next_packet;
	if (!stage->first) {
		stage->last = NULL;
	}
	stage->count--;
	stage->block_count -= blocks_for(first->head.packet_len);
	return first;
}

void mv_stage_pop(struct mv_stage_pool *pool, struct mv_stage *stage, uint8_t *packet)
{
	assert(stage->count > 0);

	struct mv_stage_block *block = unlink_first(pool, stage);
	size_t left = block->head.packet_len;

	while (block) {
		struct mv_stage_block *next = block->head.next_block;
		size_t part = part_of(left);

		if (packet) {
			memcpy(packet, block->bytes, part);
			packet += part;
		}
		left -= part;
		give_block(pool, block);
		block = next;
	}
}
