#include "config/nearest.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX 32 /* longer words are near nothing */

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* A word of eight letters may have three wrong. */
static unsigned limit(const char *known)
{
	return 1 + (unsigned)strlen(known) / 4;
}

/*
 * The table of distances between the beginnings of both words, of which one row is enough: row[j]
 * belongs to the first j letters of `known`.
 */
static unsigned levenshtein(const char *word, const char *known)
{
	unsigned row[WORD_MAX + 1];
	size_t width = strlen(known);

	for (unsigned j = 0; j <= width; j++) {
		row[j] = j;
	}
	for (unsigned i = 0; word[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= width; j++) {
			unsigned replace = diagonal + (tolower((unsigned char)word[i]) !=
							      tolower((unsigned char)known[j - 1]));

			diagonal = row[j];
			row[j] = smaller(replace, 1 + smaller(row[j - 1], diagonal));
		}
	}
	return row[width];
}

unsigned mv_nearest_distance(const char *word, const char *known)
{
	unsigned distance;

	if (strlen(word) > WORD_MAX || strlen(known) > WORD_MAX) {
		return MV_NEAREST_FAR;
	}
	distance = levenshtein(word, known);
	return distance <= limit(known) ? distance : MV_NEAREST_FAR;
}
