#include "config/exclude.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/subtract.h"

/* Of one peer, in one of the lists that all peers share. */
struct span {
	const struct mv_draft_prefix *list;
	size_t count;
};

struct exclusion {
	struct mv_draft *draft;
	struct mv_draft_prefixes left;
	size_t parts; /* so far */
};

/* Peers */

static struct span take_span(const struct mv_draft_prefixes *all, size_t *next, size_t peer)
{
	if (*next == all->count) {
		return (struct span){0}; /* A list that is empty has no place to point at. */
	}
	struct span span = {.list = all->list + *next};

	for (; *next < all->count && all->list[*next].peer == peer; (*next)++) {
		span.count++;
	}
	return span;
}

/* NULL: no memory. */
static struct mv_prefix *prefixes_of(const struct span *span)
{
	struct mv_prefix *list = calloc(span->count + 1, sizeof(*list));

	for (size_t i = 0; list && i < span->count; i++) {
		list[i] = span->list[i].prefix;
	}
	return list;
}

static void place_at(struct mv_draft *draft, const struct mv_draft_prefix *excluded)
{
	mv_draft_place(draft, excluded->line, excluded->column, "ExcludedIPs");
}

/* Where something could not be read these could be wrong. */
static void warn(struct mv_draft *draft, const struct span *allowed, const struct span *excluded,
	const struct mv_subtraction *subtraction)
{
	char text[MV_PREFIX_TEXT_MAX];

	if (draft->messages.has_error) {
		return;
	}
	for (size_t i = 0; i < excluded->count; i++) {
		if (!subtraction->takes[i]) {
			place_at(draft, &excluded->list[i]);
			mv_draft_warning(draft, "%s excludes nothing that is allowed",
				mv_prefix_print(text, &excluded->list[i].prefix));
		}
	}
	if (allowed->count > 0 && subtraction->rest_count == 0) {
		place_at(draft, &excluded->list[excluded->count - 1]);
		mv_draft_warning(
			draft, "nothing is left of AllowedIPs: no packet goes to this peer");
	}
}

static void keep(struct exclusion *exclusion, const struct span *allowed,
	const struct mv_subtraction *subtraction)
{
	for (size_t i = 0; i < subtraction->rest_count; i++) {
		const struct mv_rest *rest = &subtraction->rest[i];
		struct mv_draft_prefix left = allowed->list[rest->of];

		left.prefix = rest->prefix;
		exclusion->parts += !mv_prefix_equal(&left.prefix, &left.written);
		mv_draft_append_prefix(exclusion->draft, &exclusion->left, &left);
	}
}

static void take_out(struct exclusion *exclusion, const struct span *allowed,
	const struct span *excluded, const struct mv_prefix *list, size_t index)
{
	struct mv_config_peer *peer = &exclusion->draft->config->peers[index];
	struct mv_subtraction subtraction = {.list = list,
		.count = allowed->count,
		.taken = peer->excluded_ips,
		.taken_count = peer->excluded_ip_count,
		.most = MV_EXCLUDE_PARTS_MAX - exclusion->parts};
	int error = mv_subtract(&subtraction);

	if (error == -E2BIG) {
		place_at(exclusion->draft, excluded->list);
		mv_draft_error(exclusion->draft,
			"what is left of AllowedIPs are more than %u prefixes, in this file: "
			"exclude less",
			MV_EXCLUDE_PARTS_MAX);
		return;
	}
	if (error < 0) {
		exclusion->draft->out_of_memory = true;
		return;
	}
	warn(exclusion->draft, allowed, excluded, &subtraction);
	keep(exclusion, allowed, &subtraction);
	free(subtraction.rest);
	free(subtraction.takes);
}

static void settle_peer(struct exclusion *exclusion, const struct span *allowed,
	const struct span *excluded, size_t index)
{
	struct mv_config_peer *peer = &exclusion->draft->config->peers[index];

	if (excluded->count == 0) {
		for (size_t i = 0; i < allowed->count; i++) {
			mv_draft_append_prefix(
				exclusion->draft, &exclusion->left, &allowed->list[i]);
		}
		return;
	}
	struct mv_prefix *list = prefixes_of(allowed);
	peer->excluded_ips = prefixes_of(excluded);
	if (list && peer->excluded_ips) {
		peer->excluded_ip_count = excluded->count;
		take_out(exclusion, allowed, excluded, list, index);
	} else {
		exclusion->draft->out_of_memory = true;
	}
	free(list);
}

/* Several peers */

/*
 * The longest prefix decides to whom a packet goes, and a part is longer than what was written. So
 * that it takes nothing from another peer whose prefix was written longer, it gives way where it
 * lies in what is left of that. In order: the prefixes, and of equal ones the longest written.
 */
static int compare_claims(const void *a, const void *b)
{
	const struct mv_draft_prefix *x = a, *y = b;
	int order = memcmp(&x->prefix, &y->prefix, sizeof(x->prefix));

	return order != 0 ? order : y->written.bits - x->written.bits;
}

struct claims {
	struct mv_draft_prefix *list;
	size_t count;
};

/* The place of the first one with this prefix, or where it would be. */
static size_t seek(const struct claims *claims, const struct mv_prefix *prefix)
{
	size_t low = 0, high = claims->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(&claims->list[middle].prefix, prefix, sizeof(*prefix)) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* Whether this very prefix is left of one of another peer that was written longer. */
static bool is_claimed(const struct claims *claims, const struct mv_prefix *prefix,
	const struct mv_draft_prefix *part)
{
	for (size_t i = seek(claims, prefix); i < claims->count; i++) {
		const struct mv_draft_prefix *claim = &claims->list[i];

		if (!mv_prefix_equal(&claim->prefix, prefix) ||
			claim->written.bits <= part->written.bits) {
			return false;
		}
		if (claim->peer != part->peer) {
			return true;
		}
	}
	return false;
}

static bool gives_way(const struct claims *claims, const struct mv_draft_prefix *part)
{
	struct mv_prefix around = part->prefix;

	for (; around.bits > part->written.bits; around.bits--) {
		mv_prefix_mask(&around);
		if (is_claimed(claims, &around, part)) {
			return true;
		}
	}
	return false;
}

/* NULL: no memory. */
static bool *find_those_that_give_way(const struct mv_draft_prefixes *left)
{
	struct claims claims = {.list = calloc(left->count + 1, sizeof(*claims.list))};
	bool *give_way = calloc(left->count + 1, sizeof(*give_way));

	if (!claims.list || !give_way) {
		free(claims.list);
		free(give_way);
		return NULL;
	}
	for (; claims.count < left->count; claims.count++) {
		claims.list[claims.count] = left->list[claims.count];
	}
	qsort(claims.list, claims.count, sizeof(*claims.list), compare_claims);
	for (size_t i = 0; i < left->count; i++) {
		give_way[i] = gives_way(&claims, &left->list[i]);
	}
	free(claims.list);
	return give_way;
}

static bool give_way_to_others(struct mv_draft_prefixes *left)
{
	bool *give_way = find_those_that_give_way(left);
	size_t kept = 0;

	for (size_t i = 0; give_way && i < left->count; i++) {
		if (!give_way[i]) {
			left->list[kept++] = left->list[i];
		}
	}
	if (!give_way) {
		return false;
	}
	left->count = kept;
	free(give_way);
	return true;
}

void mv_exclude_settle(struct mv_draft *draft)
{
	struct exclusion exclusion = {.draft = draft};
	size_t next_allowed = 0, next_excluded = 0;

	if (draft->excluded_ips.count == 0) {
		return;
	}
	for (size_t i = 0; i < draft->config->peer_count; i++) {
		const struct span allowed = take_span(&draft->allowed_ips, &next_allowed, i);
		const struct span excluded = take_span(&draft->excluded_ips, &next_excluded, i);

		settle_peer(&exclusion, &allowed, &excluded, i);
	}
	free(draft->allowed_ips.list);
	draft->allowed_ips = exclusion.left;
	if (!give_way_to_others(&draft->allowed_ips)) {
		draft->out_of_memory = true;
	}
}
