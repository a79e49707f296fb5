/*
 * One tunnel from its descriptors to its end, in the process that carries it: opens everything,
 * gives up privileges, configures the device, and runs. A step that fails says why and leaves
 * nothing behind. What belongs to the machine around it, addresses, routes and names, is the
 * business of others (cli/host, wg-quick, an administrator).
 */
#ifndef MV_CLI_SESSION_H
#define MV_CLI_SESSION_H

#include <stdbool.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/daemon.h"
#include "config/config.h"

struct mv_session_options {
	const char *device;
	struct mv_config *config; /* NULL: of a device that is configured by its control socket */
	int tun_fd, control_fd;   /* inherited: a TUN, a listening socket; -1: to be made */
	int socket_namespace; /* a network namespace to open sockets in; -1: that of the device */
	enum mv_log_level level;
	bool is_silent;        /* nothing is logged at all */
	bool reloads;          /* SIGHUP runs `minivpn reload` of the device */
	bool dump;             /* prints every inner packet */
	bool may_lack_control; /* goes on, with a warning, where no control socket can be made */
};

/*
 * Returns when the tunnel has ended. Takes configuration and descriptors over, and wipes the
 * configuration as soon as the device has it. daemon NULL: nobody waits for it.
 */
enum mv_exit mv_session_run(const struct mv_session_options *options, struct mv_daemon *daemon);

#endif
