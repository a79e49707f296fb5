/*
 * Carries out what a tunnel needs of this machine, and undoes it: the steps of the host state,
 * names of servers, commands, and the record of it all. By a process with full privileges, `up` or
 * `down`; one thread.
 */
#ifndef MV_CLI_HOST_H
#define MV_CLI_HOST_H

#include "cli/command.h"
#include "cli/hostplan.h"
#include "cli/hostrecord.h"
#include "cli/runner.h"
#include "edge/netlink.h"

struct mv_host {
	const char *device;
	int lock;
	struct mv_runner runner;
	struct mv_netlink *netlink;
	struct mv_hostrecord record;
	bool has_record; /* something may have to be undone */
};

/* Takes the lock of the device, and reads what was done for it. Says what is wrong. To be given to
 * mv_host_uninit if it is done. */
enum mv_exit mv_host_init(struct mv_host *host, const char *device);
void mv_host_uninit(struct mv_host *host);

/* Others may work on the device meanwhile; then what they did is read. */
void mv_host_unlock(struct mv_host *host);
enum mv_exit mv_host_relock(struct mv_host *host);

/* From nothing to the plan, for a device that is there: PreUp, the steps, PostUp. After a failure
 * mv_host_undo undoes what was done. */
enum mv_exit mv_host_set_up(struct mv_host *host, const char *file, const struct mv_config *config,
	const struct mv_hostplan *plan);

/* Undoes what lies beside the device, in the reverse order. What cannot be undone is told, and the
 * rest done. */
enum mv_exit mv_host_undo(struct mv_host *host);

/* The command of the record before the tunnel goes, and after it has gone. */
enum mv_exit mv_host_pre_down(struct mv_host *host);
enum mv_exit mv_host_post_down(struct mv_host *host);

/* Nothing is left to be undone. */
void mv_host_forget(struct mv_host *host);

#endif
