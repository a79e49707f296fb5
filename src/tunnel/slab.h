/*
 * Items of one size at addresses that never change, each with a small number: its slot. Memory
 * grows only when it is told to, so what happens in between cannot run out of it; a freed item is
 * wiped, and every item handed out is zero. Used for peers, their secrets and the nodes of the
 * allowed IPs. Pure; under the lock of whoever owns the slab.
 */
#ifndef MV_TUNNEL_SLAB_H
#define MV_TUNNEL_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MV_SLOT_NONE UINT32_MAX

enum mv_slab_kind {
	MV_SLAB_PLAIN,
	MV_SLAB_LOCKED, /* for secrets: kept out of swap and core dumps as far as the system lets us
			 */
};

struct mv_slab_chunk;

struct mv_slab {
	struct mv_slab_chunk *chunks;
	size_t chunk_count;
	size_t item_bytes;
	unsigned chunk_shift; /* a chunk has 1 << chunk_shift items */
	enum mv_slab_kind kind;
	bool lock_refused;
	uint32_t used;
	uint32_t free_first, free_last; /* a queue: what was freed last is used last */
};

/* item_bytes is the sizeof(of) a type: items are aligned as it needs, up to a cache line of 64
 * bytes. Items that are as large as a cache line lie in one. */
void mv_slab_init(struct mv_slab *slab, size_t item_bytes, enum mv_slab_kind kind);

/* Wipes all items, used or not, and frees the memory. */
void mv_slab_uninit(struct mv_slab *slab);

/* Makes the next `count` calls of mv_slab_alloc succeed. -ENOMEM; what was there stays as it is.
 * A refusal to lock is no error. */
int mv_slab_reserve(struct mv_slab *slab, size_t count);

/* A zeroed item, its slot in *slot; NULL when nothing is reserved. A new slab gives its slots in
 * ascending order. */
void *mv_slab_alloc(struct mv_slab *slab, uint32_t *slot);

/* Wipes the item. The slot must be in use. */
void mv_slab_free(struct mv_slab *slab, uint32_t slot);

/* NULL for a slot that is not in use, MV_SLOT_NONE among them. */
void *mv_slab_at(const struct mv_slab *slab, uint32_t slot);

/*
 * Changes with each alloc and each free of the slot. So somebody who let go of the lock and kept
 * (slot, generation) has the same item if and only if the generation is still the same. The slot
 * was given out once.
 */
uint32_t mv_slab_generation(const struct mv_slab *slab, uint32_t slot);

/*
 * The used item with the next higher slot, or NULL; *slot is MV_SLOT_NONE before the first call.
 * The item itself may be freed during a walk:
 *
 *	for (uint32_t slot = MV_SLOT_NONE; (item = mv_slab_next(slab, &slot));)
 */
void *mv_slab_next(const struct mv_slab *slab, uint32_t *slot);

/* Slots there are, used or not: no slot is as high as this. */
size_t mv_slab_capacity(const struct mv_slab *slab);

/* Whether the system ever refused to lock memory: worth a warning to the user. */
bool mv_slab_lock_refused(const struct mv_slab *slab);

#endif
