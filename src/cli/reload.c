/*
 * reload: makes a tunnel that is up become what its peer file says now. What differs is changed,
 * nothing else is touched: sessions go on, also those of peers that change. First the device, whole
 * or not at all, then the machine around it.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/changetext.h"
#include "cli/command.h"
#include "cli/device_argument.h"
#include "cli/device_status.h"
#include "cli/host.h"
#include "cli/hostchange.h"
#include "cli/hostleft.h"
#include "cli/hostnamespace.h"
#include "cli/peer_file.h"
#include "cli/steptext.h"
#include "config/difference.h"
#include "edge/sandbox.h"

struct reload {
	struct mv_host host;
	bool has_host;
	const char *file;
	char *known_file; /* that the tunnel was set up by */
	struct mv_config *config;
	struct mv_snapshot *device; /* as it is */
	struct mv_hostplan plan;
	int marks; /* the lock of those who choose one; -1: none */
	struct mv_hoststate now;
	struct mv_changes changes;
	bool mark_goes; /* after the rules that go by it, and not with the other changes */
};

/* What differs */

/* Neither a device nor sockets can change their place and keep what they have. */
static enum mv_exit check_namespace(
	const struct reload *reload, const char *key, const char *is, const char *wanted)
{
	bool is_same = is && wanted ? strcmp(is, wanted) == 0 : is == wanted;

	return is_same ? MV_EXIT_DONE
		       : mv_command_failed("%s: %s cannot be changed while the tunnel is up: "
					   "'minivpn down %s', and up again",
				 reload->host.device, key, reload->host.device);
}

static enum mv_exit check_namespaces(const struct reload *reload)
{
	const struct mv_hostrecord *record = &reload->host.record;
	const struct mv_config *config = reload->config;
	enum mv_exit result =
		check_namespace(reload, "Namespace", record->namespace, config->device_namespace);

	return result == MV_EXIT_DONE ? check_namespace(reload, "SocketNamespace",
						record->socket_namespace, config->socket_namespace)
				      : result;
}

static enum mv_exit read_device(struct reload *reload)
{
	const char *name = reload->host.device;

	if (!reload->host.has_record && mv_device_is_up(name)) {
		return mv_command_failed("%s was not set up by 'minivpn up', so it is not known "
					 "what was done for it; 'wg syncconf %s <(minivpn strip "
					 "%s)' changes its peers",
			name, name, reload->file);
	}
	int error = mv_device_get_whole(name, &reload->device);
	if (error < 0) {
		return mv_device_status_failed(name, error);
	}
	if (!mv_host_is_of_device(&reload->host)) {
		return mv_command_failed("%s was set up anew by another program than 'minivpn up', "
					 "so it is not known what was done for it",
			name);
	}
	return check_namespaces(reload);
}

static enum mv_exit compare(struct reload *reload)
{
	enum mv_exit result =
		mv_host_replan(&reload->host, &reload->plan, reload->config, &reload->marks);

	if (result != MV_EXIT_DONE) {
		return result;
	}
	reload->mark_goes = reload->plan.fwmark == 0 && reload->device->fwmark != 0;
	int error = mv_hostchange_state_now(&reload->now, &reload->host, &reload->plan.state);
	if (error == 0) {
		error = mv_config_difference(reload->config,
			reload->mark_goes ? reload->device->fwmark : reload->plan.fwmark,
			reload->device, &reload->changes);
	}
	return error < 0 ? mv_command_failed("cannot compare %s with '%s': %s", reload->host.device,
				   reload->file, strerror(-error))
			 : MV_EXIT_DONE;
}

/* What is told */

/* True: there are some. */
static bool print_steps(const struct reload *reload, const struct mv_host_steps *steps)
{
	bool are_some = false;

	for (size_t i = 0; i < steps->count; i++) {
		if (!steps->list[i].is_again) {
			mv_steptext_print(
				reload->host.device, &steps->list[i], &reload->plan.state);
			are_some = true;
		}
	}
	return are_some;
}

/* True: there is something that only another `up` can change. */
static bool warn_of_the_rest(const struct reload *reload)
{
	const struct mv_hostrecord *record = &reload->host.record;
	uint32_t lanes = reload->config->lanes > 0 ? reload->config->lanes : 1;
	bool is_rest = (record->lanes > 0 && lanes != record->lanes) ||
		       reload->config->without_offload != record->without_offload;

	if (is_rest) {
		fprintf(stderr,
			"minivpn: %s: warning: Lanes and Offload stay as they are until the tunnel "
			"is set up anew\n",
			reload->host.device);
	}
	return is_rest;
}

static enum mv_exit print_all(const struct reload *reload)
{
	struct mv_host_steps steps;

	if (mv_hoststate_diff(&steps, &reload->now, &reload->plan.state) < 0) {
		return mv_command_failed("no memory");
	}
	mv_changetext_print(reload->host.device, &reload->changes, reload->device);
	bool are_some = reload->host.may_change && print_steps(reload, &steps);
	mv_host_steps_uninit(&steps);
	if (reload->mark_goes) {
		printf("%s: remove the mark\n", reload->host.device);
	}
	bool is_rest = warn_of_the_rest(reload);
	if (!reload->mark_goes && !is_rest && !are_some && reload->changes.count == 0) {
		printf("%s: is as '%s' says\n", reload->host.device, reload->file);
	}
	fflush(stdout);
	return MV_EXIT_DONE;
}

/* What is done */

static enum mv_exit report_device(const struct reload *reload, int error)
{
	const char *name = reload->host.device;

	if (error == -EADDRINUSE) {
		return mv_command_failed("%s: UDP port %u is in use; nothing was changed", name,
			(unsigned)reload->config->listen_port);
	}
	return mv_command_failed(
		"%s did not take the changes: %s; nothing was changed", name, strerror(-error));
}

static enum mv_exit change_device(const struct reload *reload)
{
	int error = reload->changes.count == 0
			    ? 0
			    : mv_device_set(reload->host.device, &reload->changes);

	return error < 0 ? report_device(reload, error) : MV_EXIT_DONE;
}

static enum mv_exit remove_mark(const struct reload *reload)
{
	struct mv_changes changes;

	mv_changes_init(&changes);
	int error = mv_changes_add_number(&changes, MV_CHANGE_FWMARK, 0);
	if (error == 0) {
		error = mv_device_set(reload->host.device, &changes);
	}
	mv_changes_uninit(&changes);
	return error < 0 ? mv_command_failed("%s: cannot remove the mark: %s", reload->host.device,
				   strerror(-error))
			 : MV_EXIT_DONE;
}

static enum mv_exit change_machine(struct reload *reload)
{
	struct mv_host *host = &reload->host;
	const struct mv_hoststate *new = &reload->plan.state;

	return host->may_change ? mv_hostchange_do(host, &reload->now, new, MV_HOSTCHANGE_GO_ON)
				: mv_hostleft_tell(host, reload->config, new);
}

static enum mv_exit change_all(struct reload *reload)
{
	struct mv_host *host = &reload->host;
	enum mv_exit result = mv_host_begin(host);

	if (result != MV_EXIT_DONE) {
		return result;
	}
	mv_runner_ignore_signals(&host->runner);
	result = change_device(reload);
	if (result == MV_EXIT_DONE) {
		result = mv_host_adopt(host, &reload->plan, reload->file, reload->config);
	}
	if (result == MV_EXIT_DONE) {
		result = change_machine(reload);
		/* Rules that stay go by it. */
		if (result == MV_EXIT_DONE && reload->mark_goes) {
			result = remove_mark(reload);
		}
	}
	return result == MV_EXIT_DONE ? mv_host_settle(host, &reload->plan) : result;
}

/* Under the lock. */
static enum mv_exit run(struct reload *reload, bool is_dry)
{
	enum mv_exit result = read_device(reload);

	if (result == MV_EXIT_DONE) {
		result = compare(reload);
	}
	if (result == MV_EXIT_DONE) {
		result = print_all(reload);
	}
	return result == MV_EXIT_DONE && !is_dry ? change_all(reload) : result;
}

/* And goes to where the device is. */
static enum mv_exit lock(struct reload *reload)
{
	enum mv_exit result = mv_host_init(&reload->host, reload->config->device);

	reload->has_host = result == MV_EXIT_DONE;
	if (result == MV_EXIT_DONE) {
		result = mv_hostnamespace_enter(&reload->host);
	}
	return reload->has_host && reload->host.has_lost_namespace ? MV_EXIT_FAILED : result;
}

static enum mv_exit load_by_file(struct reload *reload, const char *file)
{
	reload->file = file;
	enum mv_exit result = mv_peer_file_load(&reload->config, file);
	return result == MV_EXIT_DONE ? lock(reload) : result;
}

static enum mv_exit report_no_record(const char *device)
{
	return mv_device_is_up(device)
		       ? mv_command_failed("%s was not set up by 'minivpn up': name the file that "
					   "it shall be like",
				 device)
		       : mv_device_status_failed(device, -ENOENT);
}

/* Its peer file is the one that it was set up by. */
static enum mv_exit load_by_device(struct reload *reload, const char *device)
{
	struct mv_hostrecord record;

	if (mv_hostrecord_read(&record, device) < 0) {
		return report_no_record(device);
	}
	reload->known_file = record.file;
	record.file = NULL;
	mv_hostrecord_uninit(&record);
	enum mv_exit result = load_by_file(reload, reload->known_file);
	if (result == MV_EXIT_DONE && reload->host.has_record &&
		strcmp(reload->host.record.file, reload->known_file) != 0) {
		return mv_command_failed("%s was set up by another file meanwhile", device);
	}
	if (result == MV_EXIT_DONE && strcmp(reload->config->device, device) != 0) {
		return mv_command_failed("'%s' is for the device %s now, and not for %s",
			reload->file, reload->config->device, device);
	}
	return result;
}

static void let_go(struct reload *reload)
{
	mv_changes_uninit(&reload->changes);
	mv_hoststate_clear(&reload->now);
	mv_hostplan_uninit(&reload->plan);
	mv_snapshot_destroy(reload->device);
	mv_config_destroy(reload->config);
	if (reload->marks >= 0) {
		close(reload->marks);
	}
	if (reload->has_host) {
		mv_host_uninit(&reload->host);
	}
	free(reload->known_file);
}

static bool parse_options(const struct mv_command *command, int argc, char **argv)
{
	static const struct option options[] = {
		{"dry-run", no_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	bool is_dry = false;
	int option;

	while ((option = mv_command_option(command, argc, argv, "nh", options)) != -1) {
		is_dry |= option == 'n';
	}
	return is_dry;
}

static enum mv_exit reload(const struct mv_command *command, int argc, char **argv)
{
	struct reload reload = {.marks = -1};
	char path[MV_PEER_FILE_PATH_MAX];
	bool is_dry = parse_options(command, argc, argv);

	if (argc - optind != 1) {
		return mv_command_misused(command, "exactly one peer file or device is needed");
	}
	const char *argument = argv[optind];
	mv_sandbox_protect_memory();
	signal(SIGPIPE, SIG_IGN); /* Who reads what it prints may go, and it has to go on. */
	mv_changes_init(&reload.changes);
	enum mv_exit result = mv_device_argument_is_device(argument)
				      ? load_by_device(&reload, argument)
				      : load_by_file(&reload, mv_peer_file_find(path, argument));
	if (result == MV_EXIT_DONE) {
		result = run(&reload, is_dry);
	}
	let_go(&reload);
	return result;
}

const struct mv_command mv_command_reload = {
	.name = "reload",
	.summary = "change a tunnel that is up to what its file says now",
	.help = "Usage: minivpn reload [-n|--dry-run] FILE|DEVICE\n\n"
		"Compares the tunnel with its peer file and changes what differs: keys, peers, "
		"allowed IPs,\n"
		"endpoints, port, mark, MTU, addresses, routes, rules, firewall, DNS. Nothing else "
		"is touched,\n"
		"and sessions go on. Prints what it changes. PreUp and PostUp are not run; PreDown "
		"and PostDown\n"
		"are those of the file as it is now. A file with mistakes changes nothing.\n\n"
		"  -n, --dry-run  only print it\n"
		"  -h, --help     this text\n",
	.run = reload,
};
