/*
 * Names of network devices, as wg-quick takes them. Pure; any thread.
 */
#ifndef MV_CONFIG_IFNAME_H
#define MV_CONFIG_IFNAME_H

#include <stdbool.h>

#include "config/config.h"

/* To end the sentence of a message. */
#define MV_IFNAME_RULE "a device name has 1 to 15 of A-Z a-z 0-9 _ = + . -"

/* ^[a-zA-Z0-9_=+.-]{1,15}$, but not "." or "..". */
bool mv_ifname_is_valid(const char *name);

/* The NAME of a file NAME.conf, valid or not; NULL for other files. To be freed. */
char *mv_ifname_of_file(const char *path);

#endif
