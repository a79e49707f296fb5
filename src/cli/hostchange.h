/*
 * Carries out a difference of two host states, and undoes what outlives the device; the record is
 * written before each step of that kind, so it is known whatever happens then. Internal to cli/host
 * and its users; one thread, with full privileges.
 */
#ifndef MV_CLI_HOSTCHANGE_H
#define MV_CLI_HOSTCHANGE_H

#include "cli/host.h"

enum mv_hostchange_policy {
	MV_HOSTCHANGE_STOP,  /* at the first step that fails, or when a signal comes */
	MV_HOSTCHANGE_GO_ON, /* what can be done is done */
};

/* From `old` (NULL: nothing) to `new`. Prints what failed. */
enum mv_exit mv_hostchange_do(struct mv_host *host, const struct mv_hoststate *old,
	const struct mv_hoststate *new, enum mv_hostchange_policy policy);

/* The state that the device is in now, as far as it is ours: what the record says was set, or what
 * `new` wants, and what is there. To be given to mv_hoststate_clear. -errno. */
int mv_hostchange_state_now(
	struct mv_hoststate *now, struct mv_host *host, const struct mv_hoststate *new);

/* Undoes what was done and outlives the device, in the reverse order. What cannot be undone is
 * told, stays in the record, and the rest is done. */
enum mv_exit mv_hostchange_undo(struct mv_host *host);

#endif
