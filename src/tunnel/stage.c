#include "tunnel/stage.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A block holds a packet of an ordinary MTU; a larger one takes several. */
#define BLOCK_SIZE  2048
#define BLOCK_COUNT 1024

/* A queue may grow to a quarter of what is free: with n waiting peers about 1 / (n + 4) of the pool
 * stays free. */
#define FAIR_FRACTION 4

struct mv_stage_block {
	struct mv_stage_block *next_block;  /* of the same packet, or of the free list */
	struct mv_stage_block *next_packet; /* in a packet's first block */
	size_t packet_len;                  /* in a packet's first block */
	uint8_t bytes[BLOCK_SIZE - 3 * sizeof(size_t)];
};

int mv_stage_pool_init(struct mv_stage_pool *pool)
{
	*pool = (struct mv_stage_pool){0};
	pool->blocks = calloc(BLOCK_COUNT, sizeof(*pool->blocks));
	if (!pool->blocks) {
		return -ENOMEM;
	}
	pool->free_count = BLOCK_COUNT;
	return 0;
}

void mv_stage_pool_uninit(struct mv_stage_pool *pool)
{
	if (pool->blocks) {
		sodium_memzero(pool->blocks, pool->untouched * sizeof(*pool->blocks));
	}
	free(pool->blocks);
	*pool = (struct mv_stage_pool){0};
}

static struct mv_stage_block *take_block(struct mv_stage_pool *pool)
{
	struct mv_stage_block *block = pool->free;

	if (block) {
		pool->free = block->next_block;
	} else {
		block = &pool->blocks[pool->untouched++];
	}
	pool->free_count--;
	block->next_block = NULL;
	block->next_packet = NULL;
	return block;
}

/* Packets in the clear do not stay behind in free memory. */
static void give_block(struct mv_stage_pool *pool, struct mv_stage_block *block)
{
	sodium_memzero(block->bytes, sizeof(block->bytes));
	block->next_block = pool->free;
	pool->free = block;
	pool->free_count++;
}

static size_t blocks_for(size_t len)
{
	size_t room = sizeof(((struct mv_stage_block *)NULL)->bytes);

	return len == 0 ? 1 : (len + room - 1) / room;
}

static struct mv_stage_block *copy_in(struct mv_stage_pool *pool, const uint8_t *packet, size_t len)
{
	struct mv_stage_block *first = NULL;
	struct mv_stage_block **link = &first;
	size_t done = 0;

	do {
		struct mv_stage_block *block = take_block(pool);
		size_t part = len - done;

		if (part > sizeof(block->bytes)) {
			part = sizeof(block->bytes);
		}
		memcpy(block->bytes, packet + done, part);
		done += part;
		*link = block;
		link = &block->next_block;
	} while (done < len);
	first->packet_len = len;
	return first;
}

static bool is_full(const struct mv_stage_pool *pool, const struct mv_stage *stage)
{
	return stage->count >= MV_STAGED_PACKETS_MAX ||
	       stage->count > pool->free_count / FAIR_FRACTION;
}

size_t mv_stage_push(
	struct mv_stage_pool *pool, struct mv_stage *stage, const uint8_t *packet, size_t len)
{
	size_t needed = blocks_for(len);
	size_t lost = 0;

	while (stage->count > 0 && (is_full(pool, stage) || pool->free_count < needed)) {
		mv_stage_pop(pool, stage, NULL);
		lost++;
	}
	if (pool->free_count < needed) {
		return lost + 1;
	}

	struct mv_stage_block *first = copy_in(pool, packet, len);
	if (stage->last) {
		stage->last->next_packet = first;
	} else {
		stage->first = first;
	}
	stage->last = first;
	stage->count++;
	return lost;
}

size_t mv_stage_first_len(const struct mv_stage *stage)
{
	return stage->first->packet_len;
}

void mv_stage_pop(struct mv_stage_pool *pool, struct mv_stage *stage, uint8_t *packet)
{
	struct mv_stage_block *block = stage->first;
	size_t left = block->packet_len;

	assert(stage->count > 0);
	stage->first = block->next_packet;
	if (!stage->first) {
		stage->last = NULL;
	}
	stage->count--;

	while (block) {
		struct mv_stage_block *next = block->next_block;
		size_t part = left < sizeof(block->bytes) ? left : sizeof(block->bytes);

		if (packet) {
			memcpy(packet, block->bytes, part);
			packet += part;
		}
		left -= part;
		give_block(pool, block);
		block = next;
	}
}
