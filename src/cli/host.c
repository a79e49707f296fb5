#include "cli/host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/hookrun.h"
#include "cli/hostchange.h"
#include "cli/hostleft.h"
#include "cli/hostlock.h"
#include "edge/netlink_has.h"

/* Life */

static enum mv_exit read_record(struct mv_host *host)
{
	int error = mv_hostrecord_read(&host->record, host->device);

	host->has_record = error == 0;
	if (error == 0 || error == -ENOENT) {
		return MV_EXIT_DONE;
	}
	char folder[MV_FOLDER_RUNTIME_MAX];
	return mv_command_failed("cannot read %s/%s, which tells what 'minivpn up' did "
				 "to this machine: %s; look at 'ip rule', undo what is left of it, "
				 "and remove the file",
		mv_hostlock_folder(folder), host->device,
		error == -EBADMSG ? "it is not as minivpn wrote it" : strerror(-error));
}

static bool is_refused(int error)
{
	return error == -EACCES || error == -EPERM || error == -EROFS;
}

static enum mv_exit report_lock(const struct mv_host *host, int error)
{
	if (error == -EAGAIN) {
		return mv_command_failed(
			"another 'minivpn up' or 'minivpn down' is at work on %s", host->device);
	}
	if (is_refused(error)) {
		return mv_command_failed("no permission for /run/minivpn: run minivpn as root");
	}
	return mv_command_failed("cannot use /run/minivpn: %s", strerror(-error));
}

enum mv_exit mv_host_relock(struct mv_host *host, unsigned limit_s)
{
	if (!host->keeps_record) {
		return MV_EXIT_DONE;
	}
	host->lock = mv_hostlock_device(host->device, limit_s);
	if (is_refused(host->lock) && !host->may_change) {
		/* There will be nothing to be undone. */
		host->keeps_record = false;
		return MV_EXIT_DONE;
	}
	return host->lock < 0 ? report_lock(host, host->lock) : read_record(host);
}

static void uninit_record(struct mv_host *host)
{
	mv_hostrecord_uninit(&host->record);
	host->has_record = false;
}

void mv_host_unlock(struct mv_host *host)
{
	if (host->lock >= 0) {
		close(host->lock);
	}
	host->lock = -1;
	if (host->keeps_record) {
		uninit_record(host);
	}
}

enum mv_exit mv_host_init(struct mv_host *host, const char *device)
{
	*host = (struct mv_host){.lock = -1, .keeps_record = true};
	snprintf(host->device, sizeof(host->device), "%s", device);
	int error = mv_netlink_open(&host->netlink);
	if (error < 0) {
		return mv_command_failed(
			"cannot talk to the kernel by netlink: %s", strerror(-error));
	}
	host->may_change = mv_netlink_may_change(host->netlink);
	enum mv_exit result = mv_host_relock(host, MV_HOST_LOCK_S);
	if (result != MV_EXIT_DONE) {
		mv_host_unlock(host);
		mv_netlink_close(host->netlink);
	}
	return result;
}

enum mv_exit mv_host_begin(struct mv_host *host)
{
	int error = mv_runner_init(&host->runner);

	host->has_begun = error == 0;
	return error < 0 ? mv_command_failed("cannot start: %s", strerror(-error)) : MV_EXIT_DONE;
}

void mv_host_uninit(struct mv_host *host)
{
	mv_host_unlock(host);
	uninit_record(host);
	mv_netlink_close(host->netlink);
	if (host->has_begun) {
		mv_runner_uninit(&host->runner);
	}
}

bool mv_host_is_of_device(const struct mv_host *host)
{
	struct mv_hostrecord_socket socket;

	return host->has_record && mv_hostrecord_socket_of(&socket, host->device) &&
	       mv_hostrecord_is_of(&host->record, &socket);
}

/* The record */

static enum mv_exit write_record(struct mv_host *host)
{
	int error = host->keeps_record ? mv_hostrecord_write(&host->record, host->device) : 0;

	return error < 0 ? mv_command_failed("cannot write down in /run/minivpn/%s what is to be "
					     "undone later: %s",
				   host->device, strerror(-error))
			 : MV_EXIT_DONE;
}

static enum mv_exit report_plan(int error)
{
	return mv_command_failed("cannot ask the kernel for its routes: %s", strerror(-error));
}

/* before: what was written down of the same tunnel; NULL: nothing. */
static enum mv_exit begin_record(struct mv_host *host, const struct mv_hostplan *plan,
	const char *file, const struct mv_config *config, const struct mv_hostrecord *before)
{
	struct mv_hostrecord *record = &host->record;
	int error = mv_hostrecord_init(record, file, config, &plan->state);

	host->has_record = true;
	if (error < 0) {
		return mv_command_failed("cannot use '%s': %s", file,
			error == -EINVAL ? "there is a control byte in its path"
					 : strerror(-error));
	}
	record->sockets_are_apart = plan->sockets_are_apart;
	if (before && mv_hostrecord_add_state(record, &before->state) < 0) {
		return mv_command_failed("no memory");
	}
	if (before) {
		record->socket = before->socket;
		record->lanes = before->lanes;
		record->without_offload = before->without_offload;
		record->done_count = before->done_count;
		memcpy(record->done, before->done, sizeof(record->done));
		memcpy(record->dns_name, before->dns_name, sizeof(record->dns_name));
	}
	return write_record(host);
}

enum mv_exit mv_host_plan(struct mv_host *host, struct mv_hostplan *plan, const char *file,
	const struct mv_config *config, uint32_t mtu_outside)
{
	int marks = host->keeps_record ? mv_hostlock_marks(MV_HOST_LOCK_S) : -1;

	*plan = (struct mv_hostplan){0};
	if (marks < 0 && host->keeps_record) {
		return report_lock(host, marks);
	}
	int error = mv_hostplan_init(plan, config, mtu_outside, NULL);
	if (error == 0 && !host->may_change) {
		mv_hostleft_narrow(host, plan, config);
	}
	if (host->keeps_mtu) {
		plan->state.mtu = 0;
	}
	enum mv_exit result =
		error < 0 ? report_plan(error) : begin_record(host, plan, file, config, NULL);
	if (marks >= 0) {
		close(marks);
	}
	return result;
}

/* Of sockets in another namespace, whose ways are not to be seen from here. */
static uint32_t mtu_outside_now(const struct mv_hostrecord *record, const struct mv_config *config)
{
	if (!record->sockets_are_apart) {
		return 0;
	}
	return config->mtu > 0 ? config->mtu : record->state.mtu;
}

enum mv_exit mv_host_replan(
	struct mv_host *host, struct mv_hostplan *plan, const struct mv_config *config, int *marks)
{
	*plan = (struct mv_hostplan){0};
	*marks = mv_hostlock_marks(MV_HOST_LOCK_S);
	if (*marks < 0) {
		return report_lock(host, *marks);
	}
	int error = mv_hostplan_init(
		plan, config, mtu_outside_now(&host->record, config), &host->record);
	if (error == 0 && !host->may_change) {
		mv_hostleft_narrow(host, plan, config);
	}
	if (config->mtu == 0 && host->record.state.mtu == 0) {
		plan->state.mtu = 0; /* Its device came with one. */
	}
	return error < 0 ? report_plan(error) : MV_EXIT_DONE;
}

enum mv_exit mv_host_adopt(struct mv_host *host, const struct mv_hostplan *plan, const char *file,
	const struct mv_config *config)
{
	struct mv_hostrecord old = host->record;
	enum mv_exit result = begin_record(host, plan, file, config, &old);

	mv_hostrecord_uninit(&old);
	return result;
}

enum mv_exit mv_host_settle(struct mv_host *host, const struct mv_hostplan *plan)
{
	return mv_hostrecord_set_state(&host->record, &plan->state) < 0
		       ? mv_command_failed("no memory")
		       : write_record(host);
}

enum mv_exit mv_host_set_up(
	struct mv_host *host, const struct mv_config *config, const struct mv_hostplan *plan)
{
	enum mv_exit result;

	(void)mv_hostrecord_socket_of(&host->record.socket, host->device);
	result = write_record(host);
	if (result == MV_EXIT_DONE) {
		result = mv_hookrun(&host->runner, MV_HOOK_PRE_UP, &config->hooks[MV_HOOK_PRE_UP],
			host->device);
	}
	if (result == MV_EXIT_DONE) {
		result = host->may_change
				 ? mv_hostchange_do(host, NULL, &plan->state, MV_HOSTCHANGE_STOP)
				 : mv_hostleft_tell(host, config, &plan->state);
	}
	if (result == MV_EXIT_DONE) {
		result = mv_hookrun(&host->runner, MV_HOOK_POST_UP, &config->hooks[MV_HOOK_POST_UP],
			host->device);
	}
	return result;
}

enum mv_exit mv_host_undo(struct mv_host *host)
{
	mv_runner_ignore_signals(&host->runner);
	return mv_hostchange_undo(host);
}

/* Where the device was, and nowhere else. */
static enum mv_exit run_hooks(
	struct mv_host *host, enum mv_hook kind, const struct mv_config_hooks *hooks)
{
	return host->has_lost_namespace ? MV_EXIT_DONE
					: mv_hookrun(&host->runner, kind, hooks, host->device);
}

enum mv_exit mv_host_pre_down(struct mv_host *host)
{
	return run_hooks(host, MV_HOOK_PRE_DOWN, &host->record.pre_down);
}

enum mv_exit mv_host_post_down(struct mv_host *host)
{
	return run_hooks(host, MV_HOOK_POST_DOWN, &host->record.post_down);
}

void mv_host_forget(struct mv_host *host)
{
	if (host->has_record && host->record.done_count > 0) {
		write_record(host);
	} else if (host->has_record) {
		mv_hostrecord_remove(host->device);
	}
	uninit_record(host);
}

enum mv_exit mv_host_worse(enum mv_exit first, enum mv_exit then)
{
	return first != MV_EXIT_DONE ? first : then;
}
