/*
 * The allowed IPs under random changes, against a list that is searched from end to end.
 */
#include "tunnel/allowedips.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { PEERS = 2000, STEPS = 10000, ENTRIES_MAX = STEPS };

struct entry {
	struct mv_prefix prefix;
	uint32_t peer;
};

/* In the order in which the owners got them. */
static struct {
	struct entry entries[ENTRIES_MAX];
	size_t count;
} model;

static struct mv_allowedips_list peers[PEERS];

static struct mv_allowedips *table;

static unsigned short seed[3] = {10, 20, 30};

static uint32_t random_below(uint32_t limit)
{
	return (uint32_t)jrand48(seed) % limit;
}

/* Bytes of few values, so that many prefixes lie in each other and some come twice. */
static struct mv_ip random_ip(void)
{
	static const uint8_t values[] = {0x00, 0x01, 0x80, 0xff};
	struct mv_ip ip = {.family = random_below(2) ? MV_FAMILY_IPV4 : MV_FAMILY_IPV6};

	for (unsigned i = 0; i < mv_ip_width(&ip) / 8; i++) {
		if (random_below(5) == 0) {
			ip.bytes[i] = (uint8_t)random_below(256);
		} else {
			ip.bytes[i] = values[random_below(sizeof(values))];
		}
	}
	return ip;
}

static struct mv_prefix random_prefix(void)
{
	struct mv_prefix prefix = {.ip = random_ip()};

	prefix.bits = (uint8_t)random_below(mv_ip_width(&prefix.ip) + 1);
	if (random_below(8) == 0) {
		prefix.bits /= 4;
	}
	return prefix;
}

static struct entry *model_find(const struct mv_prefix *prefix)
{
	for (size_t i = 0; i < model.count; i++) {
		if (mv_prefix_equal(&model.entries[i].prefix, prefix)) {
			return &model.entries[i];
		}
	}
	return NULL;
}

static void model_remove(struct entry *entry)
{
	struct entry *end = &model.entries[model.count--];

	memmove(entry, entry + 1, (size_t)(end - entry - 1) * sizeof(*entry));
}

static void model_insert(struct mv_prefix prefix, uint32_t peer)
{
	struct entry *entry;

	mv_prefix_mask(&prefix);
	entry = model_find(&prefix);
	if (entry && entry->peer == peer) {
		return;
	}
	if (entry) {
		model_remove(entry);
	}
	cr_assert_lt(model.count, ENTRIES_MAX);
	model.entries[model.count++] = (struct entry){prefix, peer};
}

static uint32_t model_lookup(const struct mv_ip *ip)
{
	const struct entry *longest = NULL;

	for (size_t i = 0; i < model.count; i++) {
		const struct entry *entry = &model.entries[i];

		if (mv_prefix_contains(&entry->prefix, ip) &&
			(!longest || entry->prefix.bits > longest->prefix.bits)) {
			longest = entry;
		}
	}
	return longest ? longest->peer : MV_NO_PEER;
}

static void random_insert(void)
{
	struct mv_prefix prefix = random_prefix();
	uint32_t peer = random_below(PEERS);

	/* A third of them move what is there, or find that the peer has it. */
	if (model.count > 0 && random_below(3) == 0) {
		const struct entry *entry = &model.entries[random_below((uint32_t)model.count)];

		prefix = entry->prefix;
		peer = random_below(4) ? peer : entry->peer;
	}
	cr_assert_eq(mv_allowedips_reserve(table, 1), 0);
	mv_allowedips_insert(table, &prefix, &peers[peer], peer);
	model_insert(prefix, peer);
}

/* By the owner, or by somebody who is most likely not. */
static void random_remove(void)
{
	struct entry *entry = &model.entries[random_below((uint32_t)model.count)];
	struct mv_prefix prefix = entry->prefix;
	uint32_t peer = random_below(2) ? entry->peer : random_below(PEERS);

	mv_allowedips_remove(table, &prefix, &peers[peer]);
	if (peer == entry->peer) {
		model_remove(entry);
	}
}

static void clear(uint32_t peer)
{
	mv_allowedips_clear(table, &peers[peer]);
	for (size_t i = model.count; i-- > 0;) {
		if (model.entries[i].peer == peer) {
			model_remove(&model.entries[i]);
		}
	}
}

static uint32_t lookup(const struct mv_ip *ip)
{
	return ip->family == MV_FAMILY_IPV4 ? mv_allowedips_lookup4(table, ip->bytes)
					    : mv_allowedips_lookup6(table, ip->bytes);
}

/* An address in or near one of the prefixes, or anywhere. */
static void compare_lookup(void)
{
	struct mv_ip ip = random_ip();

	if (model.count > 0 && random_below(4)) {
		ip = model.entries[random_below((uint32_t)model.count)].prefix.ip;
		ip.bytes[random_below(mv_ip_width(&ip) / 8)] ^= (uint8_t)random_below(256);
	}
	cr_assert_eq(lookup(&ip), model_lookup(&ip));
}

/* Each list has the model's prefixes of its peer, in the same order. */
static void compare_lists(void)
{
	static const struct mv_allowedips_node *nodes[PEERS];

	memset(nodes, 0, sizeof(nodes));
	for (size_t i = 0; i < model.count; i++) {
		const struct entry *entry = &model.entries[i];
		struct mv_prefix prefix;

		nodes[entry->peer] = mv_allowedips_next(&peers[entry->peer], nodes[entry->peer]);
		cr_assert_not_null(nodes[entry->peer]);
		mv_allowedips_prefix(&prefix, nodes[entry->peer]);
		cr_assert(mv_prefix_equal(&prefix, &entry->prefix));
	}
	for (size_t i = 0; i < PEERS; i++) {
		cr_assert_null(mv_allowedips_next(&peers[i], nodes[i]));
	}
}

Test(allowedips_model, agrees_over_random_changes)
{
	table = mv_allowedips_create();
	cr_assert_not_null(table);
	for (unsigned step = 0; step < STEPS; step++) {
		uint32_t what = random_below(100);

		if (what < 70 || model.count == 0) {
			random_insert();
		} else if (what < 95) {
			random_remove();
		} else {
			clear(random_below(PEERS));
		}
		compare_lookup();
		if (step % 1000 == 999) {
			compare_lists();
		}
		cr_assert_geq(mv_allowedips_nodes(table), model.count);
		cr_assert_lt(mv_allowedips_nodes(table), 2 * model.count + 1);
	}
	cr_assert_gt(model.count, 2000, "%zu prefixes make a small table", model.count);
	while (model.count > 0) {
		clear(model.entries[0].peer);
		compare_lookup();
	}
	cr_assert_eq(mv_allowedips_nodes(table), 0);
	mv_allowedips_destroy(table);
}
