#include "config/twins.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static int compare(const void *things, size_t a, size_t b)
{
	const char *letters = things;

	return letters[a] - letters[b];
}

static void expect(const char *letters, size_t count, const size_t *expected)
{
	size_t *first = mv_twins_find(letters, count, compare);

	cr_assert(first);
	for (size_t i = 0; i < count; i++) {
		cr_expect_eq(first[i], expected[i], "%s at %zu: %zu", letters, i, first[i]);
	}
	free(first);
}

Test(twins, each_knows_the_first_one_like_it)
{
	expect("x", 1, (size_t[]){0});
	expect("cba", 3, (size_t[]){0, 1, 2});
	expect("bab", 3, (size_t[]){0, 1, 0});
	expect("zyzyxzx", 7, (size_t[]){0, 1, 0, 1, 4, 0, 4});
	expect("aaaa", 4, (size_t[]){0, 0, 0, 0});
}
