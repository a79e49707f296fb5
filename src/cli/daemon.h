/*
 * Going to the background: the fork comes first, and the child does everything. So locked memory,
 * loops and threads never have to survive a fork, and the parent can return with the child's
 * verdict.
 */
#ifndef MV_CLI_DAEMON_H
#define MV_CLI_DAEMON_H

#include <stdbool.h>

#include "cli/command.h"

struct mv_daemon {
	int ready_fd; /* of the child: tells the parent; -1: there is no parent waiting */
};

/*
 * True in the child, which goes on. False in the parent, when the child is ready or has ended:
 * *result is its exit code, 0 if it is ready.
 */
bool mv_daemon_fork(struct mv_daemon *daemon, enum mv_exit *result);

/* The child is ready: it lets the parent return, and lets go of the terminal. */
void mv_daemon_detach(struct mv_daemon *daemon);

#endif
