#include "cli/host.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/hookrun.h"
#include "edge/firewall.h"
#include "edge/sysctl.h"

/* Life */

static enum mv_exit read_record(struct mv_host *host)
{
	int error = mv_hostrecord_read(&host->record, host->device);

	host->has_record = error == 0;
	if (error == 0 || error == -ENOENT) {
		return MV_EXIT_DONE;
	}
	return mv_command_failed("cannot read /run/minivpn/%s, which tells what 'minivpn up' did "
				 "to this machine: %s; look at 'ip rule', undo what is left of it, "
				 "and remove the file",
		host->device,
		error == -EBADMSG ? "it is not as minivpn wrote it" : strerror(-error));
}

static enum mv_exit lock(struct mv_host *host)
{
	host->lock = mv_hostrecord_lock(host->device);
	if (host->lock >= 0) {
		return read_record(host);
	}
	if (host->lock == -EAGAIN) {
		return mv_command_failed(
			"another 'minivpn up' or 'minivpn down' is at work on %s", host->device);
	}
	if (host->lock == -EACCES || host->lock == -EPERM) {
		return mv_command_failed("no permission for /run/minivpn: run minivpn as root");
	}
	return mv_command_failed("cannot use /run/minivpn: %s", strerror(-host->lock));
}

void mv_host_unlock(struct mv_host *host)
{
	if (host->lock >= 0) {
		close(host->lock);
	}
	host->lock = -1;
	mv_hostrecord_uninit(&host->record);
	host->has_record = false;
}

enum mv_exit mv_host_relock(struct mv_host *host)
{
	return lock(host);
}

enum mv_exit mv_host_init(struct mv_host *host, const char *device)
{
	*host = (struct mv_host){.device = device};
	enum mv_exit result = lock(host);
	if (result != MV_EXIT_DONE) {
		mv_host_unlock(host);
		return result;
	}
	int error = mv_netlink_open(&host->netlink);
	if (error == 0 && (error = mv_runner_init(&host->runner)) < 0) {
		mv_netlink_close(host->netlink);
	}
	if (error < 0) {
		mv_host_unlock(host);
		return mv_command_failed("cannot start: %s", strerror(-error));
	}
	return MV_EXIT_DONE;
}

void mv_host_uninit(struct mv_host *host)
{
	mv_host_unlock(host);
	mv_netlink_close(host->netlink);
	mv_runner_uninit(&host->runner);
}

/* Steps */

static void warn_of_firewall(
	const struct mv_host *host, const struct mv_host_step *step, int error, const char *why)
{
	char text[MV_STEP_TEXT_MAX];

	if (error == -ELIBACC) {
		why = "there is no libnftables.so.1 on this machine";
	} else if (error != -EPROTO) {
		why = strerror(-error);
	}
	fprintf(stderr,
		"minivpn: %s: warning: cannot %s: %s. The tunnel works without it, but others on "
		"your network can send to its addresses, and a strict rp_filter drops answers to "
		"it\n",
		host->device, mv_hostplan_step_text(text, step), why);
}

static int add_firewall(
	struct mv_host *host, const struct mv_host_step *step, const struct mv_hoststate *state)
{
	char why[MV_FIREWALL_WHY_MAX];
	int error = mv_firewall_add(host->device, step->family, step->number, state->addresses,
		state->address_count, why);

	if (error < 0) {
		warn_of_firewall(host, step, error, why);
	}
	return 0;
}

/* Where there is no library there was none to add it. */
static int remove_firewall(struct mv_host *host, const struct mv_host_step *step)
{
	char why[MV_FIREWALL_WHY_MAX];
	int error = mv_firewall_remove(host->device, step->family, why);

	return error == -ELIBACC || error == -EPROTO ? 0 : error;
}

static int set_src_valid_mark(struct mv_host *host, bool is_set)
{
	int error = mv_sysctl_set_src_valid_mark(is_set);

	if (error < 0) {
		fprintf(stderr,
			"minivpn: %s: warning: cannot set net.ipv4.conf.all.src_valid_mark to %d: "
			"%s. With a strict rp_filter no answer gets through\n",
			host->device, is_set, strerror(-error));
	}
	return 0;
}

static int restore_src_valid_mark(struct mv_host *host)
{
	return mv_hostrecord_others_set_src_valid_mark(host->device)
		       ? 0
		       : set_src_valid_mark(host, false);
}

static int report_dns(const struct mv_host *host, const char *what, int status)
{
	char reason[MV_DNS_NAME_MAX];

	if (status != 0) {
		fprintf(stderr,
			"minivpn: %s: warning: cannot %s the DNS servers: %s; the tunnel goes on\n",
			host->device, what, mv_dns_reason(reason, status));
	}
	return status == -EINTR ? -EINTR : 0;
}

static int set_dns(struct mv_host *host, const struct mv_config *config)
{
	char *text = mv_dns_text(config);

	if (!text) {
		return -ENOMEM;
	}
	int status = mv_dns_set(&host->runner, host->record.dns_name, text);
	free(text);
	if (status != 0) {
		/* Then there is nothing of it to be undone. */
		host->record.state.sets_dns = false;
		(void)mv_hostrecord_write(&host->record, host->device);
	}
	return report_dns(host, "set", status);
}

static int carry_out(struct mv_host *host, int ifindex, const struct mv_host_step *step,
	const struct mv_config *config, const struct mv_hoststate *state)
{
	if (host->runner.is_interrupted) {
		return -EINTR;
	}
	if (step->kind == MV_HOST_FIREWALL_ADD) {
		return add_firewall(host, step, state);
	}
	if (step->kind == MV_HOST_FIREWALL_REMOVE) {
		return remove_firewall(host, step);
	}
	if (step->kind == MV_HOST_SRC_VALID_MARK_SET) {
		return set_src_valid_mark(host, true);
	}
	if (step->kind == MV_HOST_SRC_VALID_MARK_RESTORE) {
		return restore_src_valid_mark(host);
	}
	if (step->kind == MV_HOST_DNS_SET) {
		return set_dns(host, config);
	}
	if (step->kind == MV_HOST_DNS_REMOVE) {
		return report_dns(
			host, "remove", mv_dns_remove(&host->runner, host->record.dns_name));
	}
	return mv_netlink_step(host->netlink, ifindex, step);
}

static enum mv_exit report_step(
	const struct mv_host *host, const struct mv_host_step *step, int error)
{
	bool is_taken = error == -EEXIST && step->kind == MV_HOST_ROUTE_ADD;
	char text[MV_STEP_TEXT_MAX];

	if (error == -EINTR) {
		return mv_command_failed("%s: interrupted", host->device);
	}
	return mv_command_failed("%s: cannot %s: %s", host->device,
		mv_hostplan_step_text(text, step),
		is_taken ? "another device has that route already, see 'ip route'"
			 : strerror(-error));
}

static enum mv_exit do_steps(
	struct mv_host *host, const struct mv_config *config, const struct mv_hoststate *state)
{
	int ifindex = (int)if_nametoindex(host->device);
	enum mv_exit result = MV_EXIT_DONE;
	struct mv_host_steps steps;

	if (mv_hoststate_diff(&steps, NULL, state) < 0) {
		return mv_command_failed("no memory");
	}
	for (size_t i = 0; result == MV_EXIT_DONE && i < steps.count; i++) {
		int error = carry_out(host, ifindex, &steps.list[i], config, state);

		if (error < 0) {
			result = report_step(host, &steps.list[i], error);
		}
	}
	mv_host_steps_uninit(&steps);
	return result;
}

/* Before the first thing that outlives the device. */
static enum mv_exit write_record(struct mv_host *host, const char *file,
	const struct mv_config *config, const struct mv_hostplan *plan)
{
	int error = mv_hostrecord_init(&host->record, file, config);

	if (error == 0) {
		host->record.state = mv_hoststate_beside_device(&plan->state);
		mv_dns_name(host->record.dns_name, host->device);
		error = mv_hostrecord_write(&host->record, host->device);
	}
	host->has_record = error == 0;
	return error < 0 ? mv_command_failed("cannot write down in /run/minivpn/%s what is to be "
					     "undone later: %s",
				   host->device, strerror(-error))
			 : MV_EXIT_DONE;
}

enum mv_exit mv_host_set_up(struct mv_host *host, const char *file, const struct mv_config *config,
	const struct mv_hostplan *plan)
{
	enum mv_exit result = write_record(host, file, config, plan);

	if (result == MV_EXIT_DONE) {
		result = mv_hookrun(&host->runner, MV_HOOK_PRE_UP, &config->hooks[MV_HOOK_PRE_UP],
			host->device);
	}
	if (result == MV_EXIT_DONE) {
		result = do_steps(host, config, &plan->state);
	}
	if (result == MV_EXIT_DONE) {
		result = mv_hookrun(&host->runner, MV_HOOK_POST_UP, &config->hooks[MV_HOOK_POST_UP],
			host->device);
	}
	return result;
}

enum mv_exit mv_host_undo(struct mv_host *host)
{
	enum mv_exit result = MV_EXIT_DONE;
	struct mv_host_steps steps;

	if (!host->has_record) {
		return MV_EXIT_DONE;
	}
	host->runner.is_interrupted = false;
	host->runner.ignores_signals = true;
	if (mv_hoststate_diff(&steps, &host->record.state, NULL) < 0) {
		return mv_command_failed("no memory");
	}
	for (size_t i = 0; i < steps.count; i++) {
		int error = carry_out(host, 0, &steps.list[i], NULL, NULL);

		if (error < 0) {
			result = report_step(host, &steps.list[i], error);
		}
	}
	mv_host_steps_uninit(&steps);
	return result;
}

enum mv_exit mv_host_pre_down(struct mv_host *host)
{
	return mv_hookrun(&host->runner, MV_HOOK_PRE_DOWN, &host->record.pre_down, host->device);
}

enum mv_exit mv_host_post_down(struct mv_host *host)
{
	return mv_hookrun(&host->runner, MV_HOOK_POST_DOWN, &host->record.post_down, host->device);
}

void mv_host_forget(struct mv_host *host)
{
	mv_hostrecord_remove(host->device);
	mv_hostrecord_uninit(&host->record);
	host->has_record = false;
}
