#include "tunnel/deadlines.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/now.h"

#define NOT_IN_HEAP UINT32_MAX

void mv_deadlines_init(struct mv_deadlines *deadlines)
{
	*deadlines = (struct mv_deadlines){0};
}

void mv_deadlines_uninit(struct mv_deadlines *deadlines)
{
	free(deadlines->heap);
	free(deadlines->positions);
	mv_deadlines_init(deadlines);
}

int mv_deadlines_reserve(struct mv_deadlines *deadlines, size_t slots)
{
	struct mv_deadline *heap;
	uint32_t *positions;

	if (slots <= deadlines->capacity) {
		return 0;
	}
	/* Positions end below NOT_IN_HEAP, and the byte counts below must not wrap. */
	if (slots > NOT_IN_HEAP || slots > SIZE_MAX / sizeof(*heap)) {
		return -ENOMEM;
	}
	heap = realloc(deadlines->heap, slots * sizeof(*heap));
	if (!heap) {
		return -ENOMEM;
	}
	deadlines->heap = heap;
	positions = realloc(deadlines->positions, slots * sizeof(*positions));
	if (!positions) {
		return -ENOMEM;
	}
	deadlines->positions = positions;
	while (deadlines->capacity < slots) {
		positions[deadlines->capacity++] = NOT_IN_HEAP;
	}
	return 0;
}

static void put(struct mv_deadlines *deadlines, uint32_t position, struct mv_deadline deadline)
{
	deadlines->heap[position] = deadline;
	deadlines->positions[deadline.slot] = position;
}

/* Puts the deadline at the free position, or above it after those that are later. */
static void sift_up(struct mv_deadlines *deadlines, uint32_t position, struct mv_deadline deadline)
{
	while (position > 0) {
		uint32_t parent = (position - 1) / 2;

		if (deadlines->heap[parent].ns <= deadline.ns) {
			break;
		}
		put(deadlines, position, deadlines->heap[parent]);
		position = parent;
	}
	put(deadlines, position, deadline);
}

/* Puts the deadline at the free position, or below it after those that are earlier. */
static void sift_down(
	struct mv_deadlines *deadlines, uint32_t position, struct mv_deadline deadline)
{
	const struct mv_deadline *heap = deadlines->heap;

	/* Half of the positions have children, so 2 * position + 1 cannot wrap. */
	while (position < deadlines->count / 2) {
		uint32_t child = 2 * position + 1;

		if (child + 1 < deadlines->count && heap[child + 1].ns < heap[child].ns) {
			child++;
		}
		if (deadline.ns <= heap[child].ns) {
			break;
		}
		put(deadlines, position, heap[child]);
		position = child;
	}
	put(deadlines, position, deadline);
}

/* The deadline takes the place of one that was `old_ns`. */
static void replace(struct mv_deadlines *deadlines, uint32_t position, uint64_t old_ns,
	struct mv_deadline deadline)
{
	if (deadline.ns < old_ns) {
		sift_up(deadlines, position, deadline);
	} else {
		sift_down(deadlines, position, deadline);
	}
}

static void remove_at(struct mv_deadlines *deadlines, uint32_t position)
{
	struct mv_deadline removed = deadlines->heap[position];
	struct mv_deadline last = deadlines->heap[--deadlines->count];

	if (position < deadlines->count) {
		replace(deadlines, position, removed.ns, last);
	}
	deadlines->positions[removed.slot] = NOT_IN_HEAP;
}

void mv_deadlines_set(struct mv_deadlines *deadlines, uint32_t slot, uint64_t ns)
{
	struct mv_deadline deadline = {.ns = ns, .slot = slot};
	uint32_t position;

	assert(slot < deadlines->capacity);
	position = deadlines->positions[slot];
	if (position == NOT_IN_HEAP) {
		if (ns != MV_NEVER) {
			sift_up(deadlines, deadlines->count++, deadline);
		}
	} else if (ns == MV_NEVER) {
		remove_at(deadlines, position);
	} else if (ns != deadlines->heap[position].ns) {
		replace(deadlines, position, deadlines->heap[position].ns, deadline);
	}
}

uint64_t mv_deadlines_first(const struct mv_deadlines *deadlines, uint32_t *slot)
{
	if (deadlines->count == 0) {
		return MV_NEVER;
	}
	*slot = deadlines->heap[0].slot;
	return deadlines->heap[0].ns;
}
