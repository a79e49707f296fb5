/*
 * The commands of a peer file that are run before and after its tunnel comes and goes. One thread.
 */
#ifndef MV_CLI_HOOKRUN_H
#define MV_CLI_HOOKRUN_H

#include "cli/command.h"
#include "cli/runner.h"
#include "config/config.h"

/* No command may take longer. */
#define MV_HOOKRUN_LIMIT_S 60

/*
 * Runs them one after another, by bash where there is one and else by sh, each in a shell of its
 * own, with %i replaced by the device; shows each before it is run. What it prints goes where ours
 * goes. The first that fails is told of, and those behind it are not run.
 */
enum mv_exit mv_hookrun(struct mv_runner *runner, enum mv_hook kind,
	const struct mv_config_hooks *hooks, const char *device);

#endif
