/*
 * What a peer file asks of this machine: the host state.
 */
#ifndef MV_CLI_HOSTPLAN_H
#define MV_CLI_HOSTPLAN_H

#include "config/config.h"
#include "edge/hoststate.h"

/* Where the file names no MTU: what is left of 1500 bytes on a path over IPv6. */
#define MV_MTU_DEFAULT 1420

/* Borrows the addresses from the configuration; give it to mv_hostplan_uninit. -ENOMEM. */
int mv_hostplan_init(struct mv_hoststate *state, const struct mv_config *config);
void mv_hostplan_uninit(struct mv_hoststate *state);

#define MV_STEP_TEXT_MAX 128

/* What a step would have done: "add the route 10.0.0.0/8". Returns `text`. */
const char *mv_hostplan_step_text(
	char text[static MV_STEP_TEXT_MAX], const struct mv_host_step *step);

#endif
