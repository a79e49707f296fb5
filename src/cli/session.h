/*
 * One tunnel from a checked peer file to its end: opens everything, gives up privileges, configures
 * the device and the host, and runs. A step that fails says why and leaves nothing behind.
 */
#ifndef MV_CLI_SESSION_H
#define MV_CLI_SESSION_H

#include <stdbool.h>

#include "cli/command.h"
#include "cli/daemon.h"
#include "cli/sink.h"
#include "config/config.h"

struct mv_session_options {
	bool dump;
	bool verbose;
};

/*
 * Returns when the tunnel has ended. Takes the configuration over, and wipes it as soon as the
 * tunnel is up. daemon NULL: stays in the foreground.
 */
enum mv_exit mv_session_run(struct mv_config *config, const struct mv_session_options *options,
	struct mv_daemon *daemon);

#endif
