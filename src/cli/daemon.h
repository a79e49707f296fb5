/*
 * A process of its own for the tunnel: what the parent has to do afterwards needs privileges that
 * the child gives up, and the parent can return with the child's verdict. The child makes threads,
 * loops and locked memory, so they never have to survive a fork.
 */
#ifndef MV_CLI_DAEMON_H
#define MV_CLI_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

#include "cli/command.h"

#define MV_DAEMON_KEEPS 2

struct mv_daemon {
	/* To be set before the fork. */
	bool in_foreground;         /* goes on with the terminal, and ends with its parent */
	bool keeps_output;          /* in the background, too */
	int keeps[MV_DAEMON_KEEPS]; /* descriptors that the child does not close; -1: none */

	int ready_fd; /* of the child: tells the parent */
	pid_t child;  /* of the parent */
};

/*
 * True in the child, which goes on. False in the parent, when the child is ready or has ended:
 * *result is its exit code, 0 if it is ready. There SIGINT, SIGTERM and SIGHUP are blocked from
 * then on, until somebody is ready to take everything back (mv_runner_init).
 */
bool mv_daemon_fork(struct mv_daemon *daemon, enum mv_exit *result);

/* The child is ready: it lets the parent go on, and lets go of the terminal where it is not to keep
 * it. True: nobody sees what it prints any more. */
bool mv_daemon_detach(struct mv_daemon *daemon);

#endif
