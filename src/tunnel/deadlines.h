/*
 * Which peer is due next: a binary min-heap over the slots of peers, with the place of each slot
 * known, so that a deadline can move without a search. A deadline kept here may be earlier than the
 * peer's true one (whoever is woken looks again), never later; so most packets need not move it.
 * Setting never allocates. Pure; under the device's lock.
 */
#ifndef MV_TUNNEL_DEADLINES_H
#define MV_TUNNEL_DEADLINES_H

#include <stddef.h>
#include <stdint.h>

struct mv_deadline {
	uint64_t ns; /* boot time */
	uint32_t slot;
};

struct mv_deadlines {
	struct mv_deadline *heap;
	uint32_t *positions; /* in the heap, by slot; UINT32_MAX: not in it */
	uint32_t count, capacity;
};

void mv_deadlines_init(struct mv_deadlines *deadlines);
void mv_deadlines_uninit(struct mv_deadlines *deadlines);

/* Room for the slots 0 .. slots - 1; never shrinks. -ENOMEM leaves everything as it was. */
int mv_deadlines_reserve(struct mv_deadlines *deadlines, size_t slots);

/* Inserts, moves, or (MV_NEVER) removes. O(1) when nothing changes, else O(log n). */
void mv_deadlines_set(struct mv_deadlines *deadlines, uint32_t slot, uint64_t ns);

/* The earliest deadline and whose it is; MV_NEVER, and *slot untouched, if there is none. */
uint64_t mv_deadlines_first(const struct mv_deadlines *deadlines, uint32_t *slot);

#endif
