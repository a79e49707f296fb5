/*
 * One step of the host state, done or undone by whatever does it: rtnetlink, libnftables, sysctl,
 * resolvconf. Internal to cli/hostchange; one thread.
 */
#ifndef MV_CLI_HOSTSTEP_H
#define MV_CLI_HOSTSTEP_H

#include "cli/host.h"

/* There was a warning, and nothing is to be undone. */
#define MV_HOSTSTEP_DONE_WITHOUT 1

/* 0, MV_HOSTSTEP_DONE_WITHOUT or -errno; -EINTR: a signal came, and it may be half done. */
int mv_hoststep_do(struct mv_host *host, int ifindex, const struct mv_host_step *step,
	const struct mv_hoststate *state);

/* A step of removal. -errno. */
int mv_hoststep_undo(struct mv_host *host, const struct mv_host_step *step);

#endif
