/*
 * The queues of the tunnel's device, a lane each; says why one cannot be had.
 */
#ifndef MV_CLI_TUNS_H
#define MV_CLI_TUNS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/command.h"
#include "edge/netlink.h"
#include "edge/tun.h"

/*
 * Makes the device, or, where this process may not make any, joins one that was prepared for it,
 * and says so in *is_prepared. flags: of enum mv_tun_flags. *count: how many queues are wanted; how
 * many there are, which is fewer only of a prepared device, with a warning. After a failure some
 * may be open; the others have the descriptor -1.
 */
enum mv_exit mv_tuns_open(
	struct mv_tun *tuns, size_t *count, const char *device, int flags, bool *is_prepared);

/* One that was handed over, which is closed on failure, and as many more of its device as there
 * may be. */
enum mv_exit mv_tuns_adopt(struct mv_tun *tuns, size_t *count, int fd);

/* Of a device that was made: no link-local address, and a common MTU, until somebody says more. */
enum mv_exit mv_tuns_prepare_link(const struct mv_tun *tun, struct mv_netlink *netlink);

#endif
