#include "tunnel/slab.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES      32768
#define CACHE_LINE_BYTES 64

/* Kept apart from the items: locked memory is scarce, and items stay aligned. */
struct slot {
	uint32_t generation; /* odd while the slot is in use */
	uint32_t next_free;
};

struct mv_slab_chunk {
	uint8_t *items;
	struct slot *slots;
};

static size_t chunk_items(const struct mv_slab *slab)
{
	return (size_t)1 << slab->chunk_shift;
}

/* Locking works in pages, so a locked chunk shares none of them with anything else. */
static size_t chunk_alignment(const struct mv_slab *slab)
{
	return slab->kind == MV_SLAB_LOCKED ? (size_t)sysconf(_SC_PAGESIZE) : CACHE_LINE_BYTES;
}

static size_t chunk_bytes(const struct mv_slab *slab)
{
	size_t alignment = chunk_alignment(slab);

	return (chunk_items(slab) * slab->item_bytes + alignment - 1) & ~(alignment - 1);
}

static struct slot *slot_at(const struct mv_slab *slab, uint32_t slot)
{
	assert(slot < mv_slab_capacity(slab));
	return &slab->chunks[slot >> slab->chunk_shift].slots[slot & (chunk_items(slab) - 1)];
}

static void *item_at(const struct mv_slab *slab, uint32_t slot)
{
	return slab->chunks[slot >> slab->chunk_shift].items +
	       (slot & (chunk_items(slab) - 1)) * slab->item_bytes;
}

static bool is_used(const struct slot *slot)
{
	return slot->generation % 2 == 1;
}

void mv_slab_init(struct mv_slab *slab, size_t item_bytes, enum mv_slab_kind kind)
{
	assert(item_bytes > 0);
	*slab = (struct mv_slab){
		.item_bytes = item_bytes,
		.kind = kind,
		.free_first = MV_SLOT_NONE,
		.free_last = MV_SLOT_NONE,
	};
	while (chunk_items(slab) * 2 * item_bytes <= CHUNK_BYTES) {
		slab->chunk_shift++;
	}
}

void mv_slab_uninit(struct mv_slab *slab)
{
	for (size_t i = 0; i < slab->chunk_count; i++) {
		struct mv_slab_chunk *chunk = &slab->chunks[i];

		if (slab->kind == MV_SLAB_LOCKED) {
			sodium_munlock(chunk->items, chunk_bytes(slab)); /* wipes first */
		} else {
			sodium_memzero(chunk->items, chunk_bytes(slab));
		}
		free(chunk->items);
		free(chunk->slots);
	}
	free(slab->chunks);
	mv_slab_init(slab, slab->item_bytes, slab->kind);
}

static void queue_free(struct mv_slab *slab, uint32_t slot)
{
	slot_at(slab, slot)->next_free = MV_SLOT_NONE;
	if (slab->free_first == MV_SLOT_NONE) {
		slab->free_first = slot;
	} else {
		slot_at(slab, slab->free_last)->next_free = slot;
	}
	slab->free_last = slot;
}

static int grow(struct mv_slab *slab)
{
	uint32_t first = (uint32_t)mv_slab_capacity(slab);
	struct mv_slab_chunk chunk, *chunks;

	chunks = realloc(slab->chunks, (slab->chunk_count + 1) * sizeof(*chunks));
	if (!chunks) {
		return -ENOMEM;
	}
	slab->chunks = chunks;
	chunk.slots = calloc(chunk_items(slab), sizeof(*chunk.slots));
	if (!chunk.slots) {
		return -ENOMEM;
	}
	chunk.items = aligned_alloc(chunk_alignment(slab), chunk_bytes(slab));
	if (!chunk.items) {
		free(chunk.slots);
		return -ENOMEM;
	}
	if (slab->kind == MV_SLAB_LOCKED && sodium_mlock(chunk.items, chunk_bytes(slab)) != 0) {
		slab->lock_refused = true;
	}
	memset(chunk.items, 0, chunk_bytes(slab));
	slab->chunks[slab->chunk_count++] = chunk;
	for (uint32_t i = 0; i < chunk_items(slab); i++) {
		queue_free(slab, first + i);
	}
	return 0;
}

int mv_slab_reserve(struct mv_slab *slab, size_t count)
{
	/* Slot numbers end below MV_SLOT_NONE, and a chunk may go beyond what is needed. */
	if (count > MV_SLOT_NONE - chunk_items(slab) - slab->used) {
		return -ENOMEM;
	}
	while (mv_slab_capacity(slab) - slab->used < count) {
		int error = grow(slab);

		if (error) {
			return error;
		}
	}
	return 0;
}

void *mv_slab_alloc(struct mv_slab *slab, uint32_t *slot)
{
	struct slot *taken;

	if (slab->free_first == MV_SLOT_NONE) {
		return NULL;
	}
	*slot = slab->free_first;
	taken = slot_at(slab, *slot);
	slab->free_first = taken->next_free;
	taken->generation++;
	slab->used++;
	return item_at(slab, *slot);
}

void mv_slab_free(struct mv_slab *slab, uint32_t slot)
{
	struct slot *freed = slot_at(slab, slot);

	assert(is_used(freed));
	sodium_memzero(item_at(slab, slot), slab->item_bytes);
	freed->generation++;
	slab->used--;
	queue_free(slab, slot);
}

void *mv_slab_at(const struct mv_slab *slab, uint32_t slot)
{
	if (slot >= mv_slab_capacity(slab) || !is_used(slot_at(slab, slot))) {
		return NULL;
	}
	return item_at(slab, slot);
}

uint32_t mv_slab_generation(const struct mv_slab *slab, uint32_t slot)
{
	return slot_at(slab, slot)->generation;
}

void *mv_slab_next(const struct mv_slab *slab, uint32_t *slot)
{
	/* MV_SLOT_NONE + 1 is 0. */
	for (uint32_t next = *slot + 1; next < mv_slab_capacity(slab); next++) {
		if (is_used(slot_at(slab, next))) {
			*slot = next;
			return item_at(slab, next);
		}
	}
	return NULL;
}

size_t mv_slab_capacity(const struct mv_slab *slab)
{
	return slab->chunk_count << slab->chunk_shift;
}

bool mv_slab_lock_refused(const struct mv_slab *slab)
{
	return slab->lock_refused;
}
