#include "tunnel/indextable.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/*
 * Linear probing. Our own indices are uniformly random, so they serve as their own hash; and since
 * the half of the table is free, a probe for an index that somebody made up ends soon as well.
 */

void mv_indextable_init(struct mv_indextable *table)
{
	*table = (struct mv_indextable){0};
}

void mv_indextable_uninit(struct mv_indextable *table)
{
	free(table->entries);
	mv_indextable_init(table);
}

/* The entry that holds the index, or the free one where it belongs. */
static struct mv_index_entry *probe(const struct mv_indextable *table, uint32_t index)
{
	size_t mask = table->capacity - 1;
	size_t i = index & mask;

	while (table->entries[i].used && table->entries[i].index != index) {
		i = (i + 1) & mask;
	}
	return &table->entries[i];
}

int mv_indextable_reserve(struct mv_indextable *table, size_t peers)
{
	struct mv_indextable grown = {.capacity = 1, .count = table->count};

	while (grown.capacity / 2 / MV_INDICES_PER_PEER < peers) {
		if (grown.capacity > SIZE_MAX / 2) {
			return -ENOMEM;
		}
		grown.capacity *= 2;
	}
	if (grown.capacity <= table->capacity || peers == 0) {
		return 0;
	}
	grown.entries = calloc(grown.capacity, sizeof(*grown.entries));
	if (!grown.entries) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < table->capacity; i++) {
		if (table->entries[i].used) {
			*probe(&grown, table->entries[i].index) = table->entries[i];
		}
	}
	free(table->entries);
	*table = grown;
	return 0;
}

const struct mv_index_entry *mv_indextable_find(const struct mv_indextable *table, uint32_t index)
{
	const struct mv_index_entry *entry;

	if (table->capacity == 0) {
		return NULL;
	}
	entry = probe(table, index);
	return entry->used ? entry : NULL;
}

bool mv_indextable_insert(
	struct mv_indextable *table, uint32_t index, enum mv_index_kind kind, uint32_t peer)
{
	struct mv_index_entry *entry;

	assert(table->count < table->capacity / 2);
	entry = probe(table, index);
	if (entry->used) {
		return false;
	}
	*entry = (struct mv_index_entry){
		.index = index, .peer = peer, .kind = (uint8_t)kind, .used = true};
	table->count++;
	return true;
}

void mv_indextable_replace(struct mv_indextable *table, uint32_t index, enum mv_index_kind kind)
{
	struct mv_index_entry *entry = probe(table, index);

	assert(entry->used);
	entry->kind = (uint8_t)kind;
}

/*
 * What follows a removed entry moves up, so that no probe ends at the hole before it has come to
 * its index. An entry may move to the hole unless its home lies behind it; distances are counted
 * round the end of the table.
 */
static void close_hole(struct mv_indextable *table, size_t hole)
{
	size_t mask = table->capacity - 1;

	for (size_t i = (hole + 1) & mask; table->entries[i].used; i = (i + 1) & mask) {
		size_t home = table->entries[i].index & mask;

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			table->entries[hole] = table->entries[i];
			hole = i;
		}
	}
	table->entries[hole] = (struct mv_index_entry){0};
}

void mv_indextable_remove(struct mv_indextable *table, uint32_t index)
{
	const struct mv_index_entry *entry = mv_indextable_find(table, index);

	if (entry) {
		close_hole(table, (size_t)(entry - table->entries));
		table->count--;
	}
}
