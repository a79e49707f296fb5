/*
 * A change list in words, a line for each change, as `reload` prints it.
 */
#ifndef MV_CLI_CHANGETEXT_H
#define MV_CLI_CHANGETEXT_H

#include "config/config.h"
#include "tunnel/change.h"
#include "tunnel/snapshot.h"

/* On standard output. before: the device that the changes are for. */
void mv_changetext_print(
	const char *device, const struct mv_changes *changes, const struct mv_snapshot *before);

#endif
