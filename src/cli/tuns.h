/*
 * The queues of the tunnel's device, a lane each; says why one cannot be had.
 */
#ifndef MV_CLI_TUNS_H
#define MV_CLI_TUNS_H

#include <stddef.h>

#include "cli/command.h"
#include "edge/tun.h"

/* flags: of enum mv_tun_flags. After a failure some may be open; the others have the descriptor -1.
 */
enum mv_exit mv_tuns_open(struct mv_tun *tuns, size_t count, const char *device, int flags);

/* One that was handed over, which is closed on failure. */
enum mv_exit mv_tuns_adopt(struct mv_tun *tun, int fd);

#endif
