/*
 * What a tunnel without privileges leaves to an administrator: looks at what is there already, and
 * says of the rest, step by step, by which command he does it. For `up`; one thread.
 */
#ifndef MV_CLI_HOSTLEFT_H
#define MV_CLI_HOSTLEFT_H

#include "cli/host.h"

/* Takes out of the plan what nobody may do later: the mark of sealed packets, which their sockets
 * bear, and the rules that ask for it. Warns if the file asks for the mark. */
void mv_hostleft_narrow(
	const struct mv_host *host, struct mv_hostplan *plan, const struct mv_config *config);

/* Says what the device still needs. Changes nothing. */
enum mv_exit mv_hostleft_tell(
	struct mv_host *host, const struct mv_config *config, const struct mv_hoststate *state);

#endif
