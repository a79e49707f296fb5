/*
 * A peer file as `wg setconf` takes it: without the lines that only wg-quick and minivpn know. Any
 * thread.
 */
#ifndef MV_CONFIG_STRIP_H
#define MV_CONFIG_STRIP_H

#include "config/config.h"

/*
 * The text of the file that the valid configuration was read from: its lines unchanged, but that
 * the name of a file with a key is replaced by the key, and what minivpn is lenient about is left
 * out. In locked memory: give it to mv_strip_free, which wipes. -errno, also if the file has
 * changed so that it holds another number of peers.
 */
int mv_strip(char **text, const char *path, const struct mv_config *config);
void mv_strip_free(char *text);

#endif
