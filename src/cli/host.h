/*
 * Carries out what a tunnel needs of this machine, and undoes it: the steps of the host state,
 * names of servers, commands, and the record of it all. By a process with full privileges, `up` or
 * `down`; without them nothing is done but the commands, and cli/hostleft says what was to do. One
 * thread.
 */
#ifndef MV_CLI_HOST_H
#define MV_CLI_HOST_H

#include "cli/command.h"
#include "cli/hostplan.h"
#include "cli/hostrecord.h"
#include "cli/runner.h"
#include "edge/netlink.h"

struct mv_host {
	char device[MV_DEVICE_NAME_MAX];
	int lock;
	struct mv_netlink *netlink;
	bool may_change;   /* devices, addresses, routes: whoever may not says what is missing */
	bool keeps_mtu;    /* of a device that came with one */
	bool keeps_record; /* false: without privileges, and without a folder to write it into */
	struct mv_hostrecord record;
	bool has_record;
	bool has_lost_namespace; /* the one in which the steps of the record were done */
	struct mv_runner runner;
	bool has_begun; /* the runner is there */
};

/* How long others may take who have the lock. */
#define MV_HOST_LOCK_S      10
#define MV_HOST_LOCK_LONG_S 150

/* Takes the lock of the device, and reads what was done for it. Says what is wrong, and nothing is
 * left to be freed then. */
enum mv_exit mv_host_init(struct mv_host *host, const char *device);
void mv_host_uninit(struct mv_host *host);

/* Makes ready to run commands. Not before a fork: the child would have a half of it. */
enum mv_exit mv_host_begin(struct mv_host *host);

/* Others may work on the device meanwhile; then what they have left of the record is read. */
void mv_host_unlock(struct mv_host *host);
enum mv_exit mv_host_relock(struct mv_host *host, unsigned limit_s);

/* Decides what is to be done for the file, and begins the record of it, with the mark that no other
 * tunnel may take now. mtu_outside: as mv_hostplan_init takes it. The plan is to be given to
 * mv_hostplan_uninit in any case. */
enum mv_exit mv_host_plan(struct mv_host *host, struct mv_hostplan *plan, const char *file,
	const struct mv_config *config, uint32_t mtu_outside);

/* From nothing to the plan, for a device that is there: PreUp, the steps, PostUp. After a failure
 * mv_host_undo undoes what was done. */
enum mv_exit mv_host_set_up(
	struct mv_host *host, const struct mv_config *config, const struct mv_hostplan *plan);

/*
 * The same for a tunnel that is there: what it is to become. *marks is to be closed when that is
 * written down, or is not to be; -1: there is none.
 */
enum mv_exit mv_host_replan(
	struct mv_host *host, struct mv_hostplan *plan, const struct mv_config *config, int *marks);

/* Writes down the plan, with the file's commands, and still what was planned before: a change that
 * is cut off is finished by the next. What was done stays written down. */
enum mv_exit mv_host_adopt(struct mv_host *host, const struct mv_hostplan *plan, const char *file,
	const struct mv_config *config);

/* The change is made: writes down the plan alone. */
enum mv_exit mv_host_settle(struct mv_host *host, const struct mv_hostplan *plan);

/* The record is of the tunnel that now has this name. */
bool mv_host_is_of_device(const struct mv_host *host);

/* Undoes what was done and outlives the device, in the reverse order. What cannot be undone is
 * told, stays in the record, and the rest is done. From here on no signal interrupts. */
enum mv_exit mv_host_undo(struct mv_host *host);

/* The commands of the record before the tunnel goes, and after it has gone. */
enum mv_exit mv_host_pre_down(struct mv_host *host);
enum mv_exit mv_host_post_down(struct mv_host *host);

/* The end of the record, if there is nothing left to be undone. */
void mv_host_forget(struct mv_host *host);

/* The first that went wrong decides. */
enum mv_exit mv_host_worse(enum mv_exit first, enum mv_exit then);

#endif
