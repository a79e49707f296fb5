#include "tunnel/allowedips.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "tunnel/slab.h"

/*
 * A path-compressed binary trie. A node stands for a prefix, and its children are longer prefixes
 * within it, told apart by the first bit behind it. Nodes without an owner are forks: they have two
 * children, or they would not be there. So there are fewer forks than prefixes, and one insertion
 * takes at most two nodes: itself and a fork.
 */
#define NODES_PER_PREFIX 2
#define SLOT_BITS        23

/* An address in host order, its first bit the highest of `high`. IPv4 leaves the rest zero. */
struct key {
	uint64_t high, low;
};

/* Exactly a cache line: a lookup touches one line a node. */
struct mv_allowedips_node {
	struct key key; /* the bits behind the prefix are of no meaning in a fork */
	struct mv_allowedips_node *child[2];
	uint32_t peer; /* MV_NO_PEER: a fork */
	uint32_t bits : 8;
	uint32_t is_ipv6 : 1;
	uint32_t slot : SLOT_BITS; /* its own one in the slab */
	struct mv_allowedips_list *owner;
	struct mv_allowedips_node *previous, *next; /* in the owner's list */
};

static_assert(sizeof(struct mv_allowedips_node) <= 64, "a node fits into a cache line");
static_assert(NODES_PER_PREFIX * MV_ALLOWEDIPS_MAX < UINT32_C(1) << (SLOT_BITS - 1),
	"a slot fits into its bits, also where the slab has more than was reserved");

struct mv_allowedips {
	struct mv_allowedips_node *root4, *root6;
	struct mv_slab nodes;
	size_t prefixes;
};

static struct key key_of(const struct mv_ip *ip)
{
	if (ip->family == MV_FAMILY_IPV4) {
		return (struct key){.high = (uint64_t)mv_load_be32(ip->bytes) << 32};
	}
	return (struct key){mv_load_be64(ip->bytes), mv_load_be64(ip->bytes + 8)};
}

static unsigned common_bits(struct key a, struct key b)
{
	uint64_t high = a.high ^ b.high;
	uint64_t low = a.low ^ b.low;

	if (high) {
		return (unsigned)__builtin_clzll(high);
	}
	return low ? 64 + (unsigned)__builtin_clzll(low) : 128;
}

static bool covers(const struct mv_allowedips_node *node, struct key key)
{
	return common_bits(node->key, key) >= node->bits;
}

/* Also for bit 128, behind the end: a node that long has no children, so any answer will do. */
static unsigned bit_at(struct key key, unsigned bit)
{
	return (bit < 64 ? key.high : key.low) >> (63 - bit % 64) & 1;
}

static uint32_t lookup(const struct mv_allowedips_node *node, struct key key)
{
	uint32_t peer = MV_NO_PEER;

	while (node && covers(node, key)) {
		peer = node->peer != MV_NO_PEER ? node->peer : peer;
		node = node->child[bit_at(key, node->bits)];
	}
	return peer;
}

uint32_t mv_allowedips_lookup4(const struct mv_allowedips *table, const uint8_t ip[static 4])
{
	return lookup(table->root4, (struct key){.high = (uint64_t)mv_load_be32(ip) << 32});
}

uint32_t mv_allowedips_lookup6(const struct mv_allowedips *table, const uint8_t ip[static 16])
{
	return lookup(table->root6, (struct key){mv_load_be64(ip), mv_load_be64(ip + 8)});
}

size_t mv_allowedips_steps(const struct mv_allowedips *table, const struct mv_ip *ip)
{
	const struct mv_allowedips_node *node =
		ip->family == MV_FAMILY_IPV6 ? table->root6 : table->root4;
	struct key key = key_of(ip);
	size_t steps = 0;

	while (node) {
		steps++;
		node = covers(node, key) ? node->child[bit_at(key, node->bits)] : NULL;
	}
	return steps;
}

struct mv_allowedips *mv_allowedips_create(void)
{
	struct mv_allowedips *table = calloc(1, sizeof(*table));

	if (table) {
		mv_slab_init(&table->nodes, sizeof(struct mv_allowedips_node), MV_SLAB_PLAIN);
	}
	return table;
}

void mv_allowedips_destroy(struct mv_allowedips *table)
{
	if (table) {
		mv_slab_uninit(&table->nodes);
		free(table);
	}
}

int mv_allowedips_reserve(struct mv_allowedips *table, size_t prefixes)
{
	if (prefixes > MV_ALLOWEDIPS_MAX - table->prefixes) {
		return -ENOSPC;
	}
	return mv_slab_reserve(&table->nodes, NODES_PER_PREFIX * prefixes);
}

static struct mv_allowedips_node *take_node(
	struct mv_allowedips *table, struct key key, unsigned bits, bool is_ipv6)
{
	struct mv_allowedips_node *node;
	uint32_t slot = MV_SLOT_NONE;

	node = mv_slab_alloc(&table->nodes, &slot);
	assert(node);
	node->key = key;
	node->peer = MV_NO_PEER;
	node->bits = bits & 0xff;
	node->is_ipv6 = is_ipv6;
	node->slot = slot & ((UINT32_C(1) << SLOT_BITS) - 1);
	return node;
}

/* The link on the way to the prefix where the node of the prefix is, or where it would go in. */
static struct mv_allowedips_node **find_link(
	struct mv_allowedips_node **link, struct key key, unsigned bits)
{
	while (*link && (*link)->bits < bits && covers(*link, key)) {
		link = &(*link)->child[bit_at(key, (*link)->bits)];
	}
	return link;
}

static bool is_exactly(const struct mv_allowedips_node *node, struct key key, unsigned bits)
{
	return node && node->bits == bits && covers(node, key);
}

/* Puts a new leaf before what the link leads to: above it, or beside it below a new fork. */
static void graft(struct mv_allowedips *table, struct mv_allowedips_node **link,
	struct mv_allowedips_node *leaf)
{
	struct mv_allowedips_node *below = *link, *fork;
	unsigned common;

	*link = leaf;
	if (!below) {
		return;
	}
	common = common_bits(leaf->key, below->key);
	if (common >= leaf->bits) {
		leaf->child[bit_at(below->key, leaf->bits)] = below;
		return;
	}
	fork = take_node(table, leaf->key, common, leaf->is_ipv6);
	fork->child[bit_at(leaf->key, common)] = leaf;
	fork->child[bit_at(below->key, common)] = below;
	*link = fork;
}

/*
 * Takes a fork that is none any more out of the trie: its only child, if there is one, moves up.
 * Anything else is left alone.
 */
static void prune(struct mv_allowedips *table, struct mv_allowedips_node **link)
{
	struct mv_allowedips_node *node = *link;

	if (node->owner || (node->child[0] && node->child[1])) {
		return;
	}
	*link = node->child[0] ? node->child[0] : node->child[1];
	mv_slab_free(&table->nodes, node->slot);
}

static struct mv_allowedips_node **root_of(struct mv_allowedips *table, bool is_ipv6)
{
	return is_ipv6 ? &table->root6 : &table->root4;
}

/* When a leaf goes, the fork above it is left with one child; further up nothing changes. */
static void prune_from(struct mv_allowedips *table, const struct mv_allowedips_node *node)
{
	struct mv_allowedips_node **link = root_of(table, node->is_ipv6);
	struct mv_allowedips_node **above = link;

	while (*link != node) {
		above = link;
		link = &(*link)->child[bit_at(node->key, (*link)->bits)];
	}
	prune(table, link);
	if (above != link) {
		prune(table, above);
	}
}

static void append(struct mv_allowedips_list *list, struct mv_allowedips_node *node, uint32_t peer)
{
	node->owner = list;
	node->peer = peer;
	node->previous = list->last;
	node->next = NULL;
	*(list->last ? &list->last->next : &list->first) = node;
	list->last = node;
	list->count++;
}

static void detach(struct mv_allowedips_list *list, struct mv_allowedips_node *node)
{
	*(node->previous ? &node->previous->next : &list->first) = node->next;
	*(node->next ? &node->next->previous : &list->last) = node->previous;
	list->count--;
	node->owner = NULL;
	node->peer = MV_NO_PEER;
}

/* The node of the prefix; a new one, or a fork that becomes one, has no owner yet. */
static struct mv_allowedips_node *find_or_graft(
	struct mv_allowedips *table, struct key key, unsigned bits, bool is_ipv6)
{
	struct mv_allowedips_node **link = find_link(root_of(table, is_ipv6), key, bits);
	struct mv_allowedips_node *node = *link;

	if (!is_exactly(node, key, bits)) {
		node = take_node(table, key, bits, is_ipv6);
		graft(table, link, node);
	}
	return node;
}

void mv_allowedips_insert(struct mv_allowedips *table, const struct mv_prefix *prefix,
	struct mv_allowedips_list *list, uint32_t peer)
{
	struct mv_prefix masked = *prefix;
	struct mv_allowedips_node *node;
	struct key key;

	assert(prefix->bits <= mv_ip_width(&prefix->ip) && peer != MV_NO_PEER);
	mv_prefix_mask(&masked);
	key = key_of(&masked.ip);
	node = find_or_graft(table, key, prefix->bits, prefix->ip.family == MV_FAMILY_IPV6);
	if (node->owner == list) {
		return;
	}
	if (node->owner) {
		detach(node->owner, node);
	} else {
		node->key = key; /* that of a fork may go on behind the prefix */
		table->prefixes++;
	}
	append(list, node, peer);
}

static void disown(struct mv_allowedips *table, struct mv_allowedips_list *list,
	struct mv_allowedips_node *node)
{
	detach(list, node);
	table->prefixes--;
	prune_from(table, node);
}

void mv_allowedips_remove(struct mv_allowedips *table, const struct mv_prefix *prefix,
	struct mv_allowedips_list *list)
{
	struct key key = key_of(&prefix->ip);
	struct mv_allowedips_node *node =
		*find_link(root_of(table, prefix->ip.family == MV_FAMILY_IPV6), key, prefix->bits);

	if (is_exactly(node, key, prefix->bits) && node->owner == list) {
		disown(table, list, node);
	}
}

void mv_allowedips_clear(struct mv_allowedips *table, struct mv_allowedips_list *list)
{
	while (list->first) {
		disown(table, list, list->first);
	}
}

const struct mv_allowedips_node *mv_allowedips_next(
	const struct mv_allowedips_list *list, const struct mv_allowedips_node *node)
{
	return node ? node->next : list->first;
}

void mv_allowedips_prefix(struct mv_prefix *prefix, const struct mv_allowedips_node *node)
{
	*prefix = (struct mv_prefix){.bits = node->bits};
	if (node->is_ipv6) {
		prefix->ip.family = MV_FAMILY_IPV6;
		mv_store_be64(prefix->ip.bytes, node->key.high);
		mv_store_be64(prefix->ip.bytes + 8, node->key.low);
	} else {
		prefix->ip.family = MV_FAMILY_IPV4;
		mv_store_be32(prefix->ip.bytes, (uint32_t)(node->key.high >> 32));
	}
}

size_t mv_allowedips_nodes(const struct mv_allowedips *table)
{
	return table->nodes.used;
}
