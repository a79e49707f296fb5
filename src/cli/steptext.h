/*
 * A step of the host state in words, for messages and for what `check` and `reload` print.
 */
#ifndef MV_CLI_STEPTEXT_H
#define MV_CLI_STEPTEXT_H

#include "edge/hoststate.h"

#define MV_STEPTEXT_MAX 128

/* What a step would have done: "add the route to 10.0.0.0/8". Returns `text`. */
const char *mv_steptext(char text[static MV_STEPTEXT_MAX], const struct mv_host_step *step);

/* A line of it on standard output, with all that belongs to it. state: that the step leads to. */
void mv_steptext_print(
	const char *device, const struct mv_host_step *step, const struct mv_hoststate *state);

#endif
