#include "config/subtract.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 16

/* Sets: in order of address, and no prefix lies in another, so at most one begins at an address. */

struct set {
	struct mv_prefix *list;
	size_t count;
};

static int compare_ips(const struct mv_ip *a, const struct mv_ip *b)
{
	return a->family != b->family ? a->family - b->family
				      : memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int compare_prefixes(const void *a, const void *b)
{
	const struct mv_prefix *x = a, *y = b;
	int order = compare_ips(&x->ip, &y->ip);

	return order != 0 ? order : x->bits - y->bits;
}

static bool lies_in(const struct mv_prefix *inner, const struct mv_prefix *outer)
{
	return inner->bits >= outer->bits && mv_prefix_contains(outer, &inner->ip);
}

static bool overlap(const struct mv_prefix *a, const struct mv_prefix *b)
{
	return lies_in(a, b) || lies_in(b, a);
}

static int make_set(struct set *set, const struct mv_prefix *list, size_t count)
{
	*set = (struct set){.list = calloc(count + 1, sizeof(*set->list))};
	if (!set->list) {
		return -ENOMEM;
	}
	if (count > 0) {
		memcpy(set->list, list, count * sizeof(*list));
		qsort(set->list, count, sizeof(*list), compare_prefixes);
	}
	for (size_t i = 0; i < count; i++) {
		if (set->count == 0 || !lies_in(&set->list[i], &set->list[set->count - 1])) {
			set->list[set->count++] = set->list[i];
		}
	}
	return 0;
}

/* The first one that has addresses of this prefix; the end of the list if none has. */
static const struct mv_prefix *find(const struct set *set, const struct mv_prefix *prefix)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_ips(&set->list[middle].ip, &prefix->ip) <= 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	/* The one that begins before it, or with it, or else the one behind. */
	if (low > 0 && overlap(&set->list[low - 1], prefix)) {
		return &set->list[low - 1];
	}
	if (low < set->count && overlap(&set->list[low], prefix)) {
		return &set->list[low];
	}
	return set->list + set->count;
}

/* Addresses */

/* Goes behind the prefix of this length that begins here. False: there is no address any more. */
static bool pass(struct mv_ip *ip, unsigned bits)
{
	if (bits == 0) {
		return false;
	}
	unsigned i = (bits - 1) / 8;
	unsigned sum = ip->bytes[i] + (0x80U >> (bits - 1) % 8);
	ip->bytes[i] = (uint8_t)sum;
	while (sum > UINT8_MAX && i > 0) {
		sum = ++ip->bytes[--i] == 0 ? UINT8_MAX + 1 : 0;
	}
	return sum <= UINT8_MAX;
}

/* How many bits two addresses of a family have in common before the first that differs. */
static unsigned common_bits(const struct mv_ip *a, const struct mv_ip *b)
{
	unsigned width = mv_ip_width(a), i = 0;

	while (i < width && a->bytes[i / 8] == b->bytes[i / 8]) {
		i += 8;
	}
	while (i < width && !((a->bytes[i / 8] ^ b->bytes[i / 8]) & 0x80 >> i % 8)) {
		i++;
	}
	return i;
}

/* The length of the largest prefix that begins with this address. */
static unsigned least_bits(const struct mv_ip *ip)
{
	unsigned bits = mv_ip_width(ip);

	while (bits > 0 && !(ip->bytes[(bits - 1) / 8] & 0x80 >> (bits - 1) % 8)) {
		bits--;
	}
	return bits;
}

static unsigned larger(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

/* The rest of one prefix */

struct out {
	struct mv_subtraction *subtraction;
	size_t capacity;
	size_t parts;
};

static int put(struct out *out, const struct mv_prefix *prefix, size_t of)
{
	struct mv_subtraction *to = out->subtraction;

	if (to->rest_count == out->capacity) {
		size_t capacity = out->capacity ? 2 * out->capacity : FIRST_CAPACITY;
		struct mv_rest *rest = realloc(to->rest, capacity * sizeof(*rest));

		if (!rest) {
			return -ENOMEM;
		}
		to->rest = rest;
		out->capacity = capacity;
	}
	to->rest[to->rest_count++] = (struct mv_rest){.prefix = *prefix, .of = of};
	return 0;
}

static int put_part(struct out *out, const struct mv_prefix *prefix, size_t of)
{
	if (out->parts++ == out->subtraction->most) {
		return -E2BIG;
	}
	return put(out, prefix, of);
}

/* `taken` is the first that has to do with the prefix. There is one, and it is a part of it. */
static int put_parts(
	struct out *out, size_t of, const struct mv_prefix *taken, const struct mv_prefix *end)
{
	const struct mv_prefix *whole = &out->subtraction->list[of];
	struct mv_prefix part = {.ip = whole->ip};
	bool is_more = true;

	for (int error; is_more && mv_prefix_contains(whole, &part.ip);
		is_more = pass(&part.ip, part.bits)) {
		if (taken < end && mv_ip_equal(&taken->ip, &part.ip)) {
			part.bits = taken++->bits;
			continue;
		}
		part.bits = (uint8_t)larger(whole->bits, least_bits(&part.ip));
		if (taken < end && lies_in(taken, whole)) {
			part.bits =
				(uint8_t)larger(part.bits, common_bits(&part.ip, &taken->ip) + 1);
		}
		if ((error = put_part(out, &part, of)) < 0) {
			return error;
		}
	}
	return 0;
}

static int put_rest(struct out *out, size_t of, const struct set *list, const struct set *taken)
{
	const struct mv_prefix *whole = &out->subtraction->list[of],
			       *end = taken->list + taken->count;
	const struct mv_prefix *first = find(taken, whole);

	if (first == end) {
		return put(out, whole, of);
	}
	if (lies_in(whole, first) || !mv_prefix_equal(find(list, whole), whole)) {
		return 0;
	}
	return put_parts(out, of, first, end);
}

static int subtract(
	struct mv_subtraction *subtraction, const struct set *list, const struct set *taken)
{
	struct out out = {.subtraction = subtraction};
	int error = 0;

	subtraction->takes = calloc(subtraction->taken_count + 1, sizeof(*subtraction->takes));
	if (!subtraction->takes) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < subtraction->taken_count; i++) {
		subtraction->takes[i] =
			find(list, &subtraction->taken[i]) != list->list + list->count;
	}
	for (size_t i = 0; error == 0 && i < subtraction->count; i++) {
		error = put_rest(&out, i, list, taken);
	}
	return error;
}

int mv_subtract(struct mv_subtraction *subtraction)
{
	struct set list = {0}, taken = {0};

	subtraction->rest = NULL;
	subtraction->rest_count = 0;
	subtraction->takes = NULL;
	int error = make_set(&list, subtraction->list, subtraction->count);
	if (error == 0) {
		error = make_set(&taken, subtraction->taken, subtraction->taken_count);
	}
	if (error == 0) {
		error = subtract(subtraction, &list, &taken);
	}
	free(list.list);
	free(taken.list);
	if (error < 0) {
		free(subtraction->rest);
		free(subtraction->takes);
		subtraction->rest = NULL;
		subtraction->rest_count = 0;
		subtraction->takes = NULL;
	}
	return error;
}
