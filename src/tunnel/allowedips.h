/*
 * Allowed IPs: a longest-prefix trie a family, from prefix to the slot of the peer that owns it.
 * Each prefix belongs to one peer; the order in which a peer got its prefixes is kept. Only
 * configuration changes it, by memory reserved beforehand; lookups never allocate and never fail.
 * Pure; under the device's lock.
 */
#ifndef MV_TUNNEL_ALLOWEDIPS_H
#define MV_TUNNEL_ALLOWEDIPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define MV_NO_PEER UINT32_MAX

/* Prefixes of all peers together. */
#define MV_ALLOWEDIPS_MAX (UINT32_C(1) << 20)

struct mv_allowedips;
struct mv_allowedips_node;

/* What a peer embeds: the list of its prefixes in the order of insertion. Zeroed is empty; while
 * there is a prefix in it, it must not move. */
struct mv_allowedips_list {
	struct mv_allowedips_node *first, *last;
	size_t count;
};

/* NULL when there is no memory. */
struct mv_allowedips *mv_allowedips_create(void);

/* The lists of the peers are void from then on; NULL is allowed. */
void mv_allowedips_destroy(struct mv_allowedips *table);

/* Makes the next `prefixes` insertions infallible. -ENOMEM, or -ENOSPC if they could go past
 * MV_ALLOWEDIPS_MAX. */
int mv_allowedips_reserve(struct mv_allowedips *table, size_t prefixes);

/*
 * Gives the prefix (masked here) to the peer whose list and slot these are. It is taken from
 * another owner; what the peer owns already keeps its place in the list. `owner` of the previous
 * owner's list is known to the node itself.
 */
void mv_allowedips_insert(struct mv_allowedips *table, const struct mv_prefix *prefix,
	struct mv_allowedips_list *list, uint32_t peer);

/* Removes exactly this prefix if exactly this list owns it; otherwise does nothing. */
void mv_allowedips_remove(struct mv_allowedips *table, const struct mv_prefix *prefix,
	struct mv_allowedips_list *list);

/* Removes all prefixes of a peer. */
void mv_allowedips_clear(struct mv_allowedips *table, struct mv_allowedips_list *list);

/* The slot of the peer with the longest prefix that holds the address (network order), or
 * MV_NO_PEER. */
uint32_t mv_allowedips_lookup4(const struct mv_allowedips *table, const uint8_t ip[static 4]);
uint32_t mv_allowedips_lookup6(const struct mv_allowedips *table, const uint8_t ip[static 16]);

/* The nodes that such a lookup looks at: what its time depends on (tests and benchmarks). */
size_t mv_allowedips_steps(const struct mv_allowedips *table, const struct mv_ip *ip);

/* Walks a list: NULL begins, and NULL comes back after the last. */
const struct mv_allowedips_node *mv_allowedips_next(
	const struct mv_allowedips_list *list, const struct mv_allowedips_node *node);
void mv_allowedips_prefix(struct mv_prefix *prefix, const struct mv_allowedips_node *node);

/* Nodes in use, intermediate ones included: 0 when no peer has a prefix (tests, and the memory
 * report). */
size_t mv_allowedips_nodes(const struct mv_allowedips *table);

#endif
