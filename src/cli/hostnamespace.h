/*
 * The network namespace in which a tunnel of the record has its device: whoever undoes something
 * has to be there. For `down`, and for `up` after a crash; one thread.
 */
#ifndef MV_CLI_HOSTNAMESPACE_H
#define MV_CLI_HOSTNAMESPACE_H

#include "cli/host.h"

/* Enters the namespace of the record for good, if it has one. Where that is gone, all that was set
 * up in it is gone, too: it is noted in the host, and the commands of the record are not run. */
enum mv_exit mv_hostnamespace_enter(struct mv_host *host);

#endif
