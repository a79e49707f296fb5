#include "config/twins.h"

#include <stdlib.h>

struct context {
	const void *things;
	mv_twins_compare *compare;
};

/* Twins stand in the order they had, the first one first. */
static int compare_indices(const void *a, const void *b, void *arg)
{
	const struct context *context = arg;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int order = context->compare(context->things, i, j);

	return order != 0 ? order : (i > j) - (i < j);
}

static void name_first(
	size_t *first, const size_t *sorted, size_t count, const struct context *context)
{
	size_t leader = sorted[0];

	for (size_t i = 0; i < count; i++) {
		if (context->compare(context->things, leader, sorted[i]) != 0) {
			leader = sorted[i];
		}
		first[sorted[i]] = leader;
	}
}

size_t *mv_twins_find(const void *things, size_t count, mv_twins_compare *compare)
{
	struct context context = {.things = things, .compare = compare};
	size_t *sorted = calloc(count, sizeof(*sorted));
	size_t *first = calloc(count, sizeof(*first));

	if (!sorted || !first) {
		free(sorted);
		free(first);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		sorted[i] = i;
	}
	qsort_r(sorted, count, sizeof(*sorted), compare_indices, &context);
	name_first(first, sorted, count, &context);
	free(sorted);
	return first;
}
