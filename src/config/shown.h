/*
 * Values of a peer file as they may stand in a message: short, and never what could be a key that
 * was put in the wrong place. Pure; any thread.
 */
#ifndef MV_CONFIG_SHOWN_H
#define MV_CONFIG_SHOWN_H

#include <stdbool.h>

#define MV_SHOWN_MAX 64

/* Whether a run of it is long enough to be a key, or most of one, in base64 or hex. */
bool mv_shown_hides(const char *value);

/* Returns `text`: the value in quotes, cut if it is long, or a word that it is hidden. */
const char *mv_shown(char text[static MV_SHOWN_MAX], const char *value);

#endif
