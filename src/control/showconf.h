/*
 * A device as a configuration that `wg setconf` and minivpn read, the way `wg showconf` prints it.
 * Any thread.
 */
#ifndef MV_CONTROL_SHOWCONF_H
#define MV_CONTROL_SHOWCONF_H

#include <stddef.h>

#include "tunnel/snapshot.h"

/*
 * With lines that are to stand first in [Interface], or NULL. The text holds keys: give it to
 * mv_uapi_free (control/uapi.h). NULL: no memory.
 */
char *mv_showconf_print(const struct mv_snapshot *snapshot, const char *interface_lines);

#endif
