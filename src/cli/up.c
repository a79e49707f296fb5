/*
 * up: reads a peer file and sets the tunnel up: a process that carries it, which gives up its
 * privileges, and then, in this one, what the tunnel needs of the machine. In the foreground this
 * process stays, and takes everything down again when the tunnel ends or is to end.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/daemon.h"
#include "cli/device_status.h"
#include "cli/host.h"
#include "cli/peer_file.h"
#include "cli/saveconfig.h"
#include "cli/session.h"
#include "cli/summary.h"
#include "config/config.h"
#include "edge/sandbox.h"

struct arguments {
	const char *file;
	bool foreground;
	bool dump;
	bool verbose;
};

static void parse_options(
	struct arguments *arguments, const struct mv_command *command, int argc, char **argv)
{
	static const struct option options[] = {
		{"foreground", no_argument, NULL, 'f'},
		{"dump", no_argument, NULL, 'd'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	while ((option = mv_command_option(command, argc, argv, "fvh", options)) != -1) {
		arguments->foreground |= option == 'f';
		arguments->dump |= option == 'd';
		arguments->verbose |= option == 'v';
	}
}

/* The process that carries the tunnel. What it locked in memory before it was forked is not. */
static enum mv_exit carry(
	const struct arguments *arguments, struct mv_config *config, struct mv_daemon *daemon)
{
	const struct mv_session_options options = {.device = config->device,
		.config = config,
		.tun_fd = -1,
		.control_fd = -1,
		.level = arguments->verbose ? MV_LOG_DEBUG : MV_LOG_INFO,
		.dump = arguments->dump};

	mv_config_lock_memory(config);
	return mv_session_run(&options, daemon);
}

/* Its exit code, or, where it did not come to that, a failure. */
static enum mv_exit wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	return WIFEXITED(status)
		       ? (enum mv_exit)WEXITSTATUS(status)
		       : mv_command_failed("the process of the tunnel ended by signal %d (%s)",
				 WTERMSIG(status), strsignal(WTERMSIG(status)));
}

static enum mv_exit undo_remains(const char *device)
{
	struct mv_host host;
	enum mv_exit result = mv_host_init(&host, device);

	if (result != MV_EXIT_DONE) {
		return result;
	}
	fprintf(stderr, "minivpn: %s: undoes what a tunnel that died has left behind\n", device);
	result = mv_host_undo(&host);
	mv_host_forget(&host);
	mv_host_uninit(&host);
	return result;
}

/* What a tunnel of this name left behind when its process died. By a process of its own: the one
 * that will carry the tunnel is to be forked before this one makes a loop. */
static enum mv_exit clear_remains(const char *device)
{
	if (!mv_hostrecord_exists(device) || mv_device_is_up(device)) {
		return MV_EXIT_DONE;
	}
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		_exit(undo_remains(device));
	}
	return child < 0 ? mv_command_failed("cannot fork: %s", strerror(errno)) : wait_for(child);
}

static enum mv_exit print_summary(const struct mv_config *config)
{
	struct mv_snapshot *snapshot;
	int error = mv_device_status_ask(config->device, &snapshot);

	if (error < 0) {
		return mv_device_status_failed(config->device, error);
	}
	mv_summary_print(config, snapshot);
	mv_snapshot_destroy(snapshot);
	fflush(stdout); /* Who reads a file or a pipe wants to know it now. */
	return MV_EXIT_DONE;
}

/* After a step that failed. */
static void back_out(struct mv_host *host, pid_t child)
{
	mv_host_undo(host);
	kill(child, SIGTERM);
	wait_for(child);
	mv_host_forget(host);
}

static enum mv_exit worse(enum mv_exit one, enum mv_exit other)
{
	return one != MV_EXIT_DONE ? one : other;
}

/* The tunnel is to end, unless it has, and perhaps another process has seen to everything. */
static enum mv_exit wind_up(struct mv_host *host, pid_t child, bool has_ended)
{
	enum mv_exit result = mv_host_relock(host);

	host->runner.is_interrupted = false;
	host->runner.ignores_signals = true;
	if (!has_ended && host->has_record) {
		result = worse(result, mv_host_pre_down(host));
		result = worse(result, mv_saveconfig_if_wanted(host));
	}
	result = worse(result, mv_host_undo(host));
	if (!has_ended) {
		kill(child, SIGTERM);
	}
	result = worse(wait_for(child), result);
	if (host->has_record) {
		result = worse(result, mv_host_post_down(host));
		mv_host_forget(host);
	}
	return result;
}

static enum mv_exit supervise(struct mv_host *host, pid_t child)
{
	int end = pidfd_open(child, 0);

	if (end < 0) {
		return mv_command_failed("cannot watch the tunnel: %s", strerror(errno));
	}
	mv_host_unlock(host);
	bool has_ended = mv_runner_wait(&host->runner, end);
	close(end);
	return wind_up(host, child, has_ended);
}

/* With the tunnel's process there, its device is. */
static enum mv_exit complete(const struct arguments *arguments, struct mv_config *config,
	const struct mv_hostplan *plan, pid_t child)
{
	struct mv_host host;
	enum mv_exit result = mv_host_init(&host, config->device);

	if (result != MV_EXIT_DONE) {
		kill(child, SIGTERM);
		wait_for(child);
		return result;
	}
	char device[MV_DEVICE_NAME_MAX];
	memcpy(device, config->device, sizeof(device));
	host.device = device;

	result = mv_host_set_up(&host, arguments->file, config, plan);
	if (result == MV_EXIT_DONE) {
		result = print_summary(config);
	}
	mv_config_destroy(config);
	if (result != MV_EXIT_DONE) {
		back_out(&host, child);
	} else if (arguments->foreground) {
		result = supervise(&host, child);
	}
	mv_host_uninit(&host);
	return result;
}

static enum mv_exit run(const struct arguments *arguments, struct mv_config *config)
{
	struct mv_daemon daemon = {.in_foreground = arguments->foreground, .keeps = {-1, -1}};
	struct mv_hostplan plan;
	enum mv_exit result;

	int error = mv_hostplan_init(&plan, config);
	if (error < 0) {
		mv_hostplan_uninit(&plan);
		mv_config_destroy(config);
		return mv_command_failed(
			"cannot ask the kernel for its routes: %s", strerror(-error));
	}
	config->fwmark = plan.fwmark;
	if (mv_daemon_fork(&daemon, &result)) {
		mv_hostplan_uninit(&plan);
		return carry(arguments, config, &daemon);
	}
	if (result == MV_EXIT_DONE) {
		result = complete(arguments, config, &plan, daemon.child);
	} else {
		mv_config_destroy(config);
	}
	mv_hostplan_uninit(&plan);
	return result;
}

static enum mv_exit up(const struct mv_command *command, int argc, char **argv)
{
	char path[MV_PEER_FILE_PATH_MAX];
	struct arguments arguments = {0};
	struct mv_config *config;

	parse_options(&arguments, command, argc, argv);
	if (argc - optind != 1) {
		return mv_command_misused(command, "exactly one peer file is needed");
	}
	if (arguments.dump && !arguments.foreground) {
		return mv_command_misused(
			command, "--dump prints packets and so needs the foreground: -f --dump");
	}
	arguments.file = mv_peer_file_find(path, argv[optind]);
	mv_sandbox_protect_memory();
	enum mv_exit result = mv_peer_file_load(&config, arguments.file);
	if (result != MV_EXIT_DONE) {
		return result;
	}
	result = clear_remains(config->device);
	if (result != MV_EXIT_DONE) {
		mv_config_destroy(config);
		return result;
	}
	return run(&arguments, config);
}

const struct mv_command mv_command_up = {
	.name = "up",
	.summary = "set a tunnel up",
	.help = "Usage: minivpn up [OPTION]... FILE\n\n"
		"Reads the peer file, makes the device with its addresses, routes, rules and DNS, "
		"runs the\n"
		"commands of the file, and returns when the tunnel is up in the background; if a "
		"step fails,\n"
		"it says why and leaves nothing behind.\n\n"
		"  -f, --foreground  stay in the foreground; SIGINT and SIGTERM take the tunnel "
		"down\n"
		"      --dump        with -f: print every inner packet in hex\n"
		"  -v, --verbose     log each handshake, and why those of others fail\n"
		"  -h, --help        this text\n",
	.run = up,
};
