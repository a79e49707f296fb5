/*
 * From the 32-bit index in a received message to the handshake or keypair that it was made for.
 * Open addressing over memory that only configuration grows: inserting never allocates. Pure; under
 * the device's lock.
 */
#ifndef MV_TUNNEL_INDEXTABLE_H
#define MV_TUNNEL_INDEXTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mv_index_kind {
	MV_INDEX_HANDSHAKE,
	MV_INDEX_KEYPAIR,
};

struct mv_index_entry {
	uint32_t index;
	uint32_t peer; /* slot */
	uint8_t kind;  /* enum mv_index_kind */
	bool used;
};

struct mv_indextable {
	struct mv_index_entry *entries; /* a power of two, at most half of it used */
	size_t capacity, count;
};

/* A peer has at most three keypairs and one handshake. */
#define MV_INDICES_PER_PEER 4

void mv_indextable_init(struct mv_indextable *table);
void mv_indextable_uninit(struct mv_indextable *table);

/* Room for the indices of `peers` peers. -ENOMEM leaves the table as it was. */
int mv_indextable_reserve(struct mv_indextable *table, size_t peers);

const struct mv_index_entry *mv_indextable_find(const struct mv_indextable *table, uint32_t index);

/* False, and nothing done, if the index is taken. Room must have been reserved. */
bool mv_indextable_insert(
	struct mv_indextable *table, uint32_t index, enum mv_index_kind kind, uint32_t peer);

/* Turns the entry of a handshake into that of the keypair it led to, in one step. */
void mv_indextable_replace(struct mv_indextable *table, uint32_t index, enum mv_index_kind kind);

/* Does nothing if the index is not there. */
void mv_indextable_remove(struct mv_indextable *table, uint32_t index);

#endif
