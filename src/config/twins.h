/*
 * Finds what occurs twice among many: peers with one key, prefixes of two peers. Takes n log n
 * comparisons, so that no file makes it slow. Pure; any thread.
 */
#ifndef MV_CONFIG_TWINS_H
#define MV_CONFIG_TWINS_H

#include <stddef.h>

/* Orders things a and b by their index, as strcmp does; 0 means twins. */
typedef int mv_twins_compare(const void *things, size_t a, size_t b);

/*
 * For each of `count` things the index of the first one equal to it, which is its own index when no
 * earlier one is. To be freed; NULL without memory. count is at least 1.
 */
size_t *mv_twins_find(const void *things, size_t count, mv_twins_compare *compare);

#endif
