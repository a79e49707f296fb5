/*
 * How far a mistyped word is from a known one, to ask "did you mean ...?". Pure; any thread.
 */
#ifndef MV_CONFIG_NEAREST_H
#define MV_CONFIG_NEAREST_H

#include <limits.h>

#define MV_NEAREST_FAR UINT_MAX

/*
 * The number of characters to insert, remove or replace that make one of the other (Levenshtein),
 * whatever the case. MV_NEAREST_FAR when there are too many for a slip of the hand.
 */
unsigned mv_nearest_distance(const char *word, const char *known);

#endif
