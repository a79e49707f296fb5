/*
 * up: reads a peer file and sets the tunnel up: a process that carries it, which gives up its
 * privileges, and then, in this one, what the tunnel needs of the machine. In the foreground this
 * process stays, and takes everything down again when the tunnel ends or is to end.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/daemon.h"
#include "cli/device_status.h"
#include "cli/host.h"
#include "cli/hostnamespace.h"
#include "cli/inherited.h"
#include "cli/namespaces.h"
#include "cli/peer_file.h"
#include "cli/saveconfig.h"
#include "cli/session.h"
#include "cli/summary.h"
#include "config/config.h"
#include "edge/sandbox.h"

#define RELOAD_LIMIT_S 60

struct arguments {
	const char *file;
	int tun_fd; /* inherited; -1: none */
	struct mv_namespaces namespaces;
	bool foreground;
	bool dump;
	bool verbose;
};

/* False: one of them cannot be. */
static bool parse_options(
	struct arguments *arguments, const struct mv_command *command, int argc, char **argv)
{
	static const struct option options[] = {
		{"foreground", no_argument, NULL, 'f'},
		{"dump", no_argument, NULL, 'd'},
		{"tun-fd", required_argument, NULL, 't'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	bool is_good = mv_inherited_from_environment(&arguments->tun_fd, "WG_TUN_FD");
	int option;

	while ((option = mv_command_option(command, argc, argv, "fvh", options)) != -1) {
		arguments->foreground |= option == 'f';
		arguments->dump |= option == 'd';
		arguments->verbose |= option == 'v';
		if (option == 't') {
			is_good = mv_inherited_from_option(&arguments->tun_fd, "--tun-fd", optarg);
		}
	}
	return is_good;
}

/* The process that carries the tunnel. What it locked in memory before it was forked is not. */
static enum mv_exit carry(const struct arguments *arguments, struct mv_config *config,
	struct mv_daemon *daemon, bool may_lack_control)
{
	const struct mv_session_options options = {.device = config->device,
		.config = config,
		.tun_fd = arguments->tun_fd,
		.control_fd = -1,
		.socket_namespace = arguments->namespaces.sockets,
		.may_lack_control = may_lack_control,
		.level = arguments->verbose ? MV_LOG_DEBUG : MV_LOG_INFO,
		.reloads = !arguments->foreground,
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

static enum mv_exit undo_remains(struct mv_host *host)
{
	enum mv_exit result = mv_hostnamespace_enter(host);

	if (result == MV_EXIT_DONE) {
		result = mv_host_begin(host);
	}
	if (result == MV_EXIT_DONE) {
		result = mv_host_undo(host);
		/* A command that fails says so, and is no reason not to begin anew. */
		(void)mv_host_post_down(host);
		mv_host_forget(host);
	}
	return result;
}

/* What a tunnel of this name left behind when its process died. By a process of its own: the one
 * that will carry the tunnel is to be forked before this one can run commands. */
static enum mv_exit clear_remains(struct mv_host *host)
{
	if (!host->has_record) {
		return MV_EXIT_DONE;
	}
	fprintf(stderr, "minivpn: %s: undoes what a tunnel that died has left behind\n",
		host->device);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		enum mv_exit result = undo_remains(host);

		fflush(NULL);
		_exit((int)result); /* All else is the parent's. */
	}
	enum mv_exit result =
		child < 0 ? mv_command_failed("cannot fork: %s", strerror(errno)) : wait_for(child);
	mv_hostrecord_uninit(&host->record);
	host->has_record = false;
	return result;
}

/* Of one without a control socket nobody knows more. */
static void print_short_summary(const struct mv_config *config)
{
	printf("%s: up\n", config->device);
	mv_summary_print_peers(config);
	fflush(stdout);
}

static enum mv_exit print_summary(const struct mv_host *host, const struct mv_config *config)
{
	struct mv_snapshot *snapshot;
	int error = mv_device_status_ask(config->device, &snapshot);

	if (error == -ENOENT && !host->keeps_record) {
		print_short_summary(config);
		return MV_EXIT_DONE;
	}
	if (error < 0) {
		return mv_device_status_failed(config->device, error);
	}
	mv_summary_print(config, snapshot);
	mv_snapshot_destroy(snapshot);
	fflush(stdout); /* Who reads a file or a pipe wants to know it now. */
	return MV_EXIT_DONE;
}

static void end(pid_t child)
{
	kill(child, SIGTERM);
	wait_for(child);
}

/* Whether what is written down is still of this tunnel: who took it down by `minivpn down` has seen
 * to everything, and may have set up another since. */
static bool is_own(const struct mv_host *host, const struct mv_hostrecord_socket *socket)
{
	return host->has_record && mv_hostrecord_is_of(&host->record, socket);
}

/* The tunnel is to end, unless it has. */
static enum mv_exit wind_up(struct mv_host *host, pid_t child, bool has_ended)
{
	enum mv_exit result = MV_EXIT_DONE;

	mv_runner_ignore_signals(&host->runner);
	if (!has_ended) {
		result = mv_host_pre_down(host);
		result = mv_host_worse(result, mv_saveconfig_if_wanted(host));
	}
	result = mv_host_worse(result, mv_host_undo(host));
	if (!has_ended) {
		kill(child, SIGTERM);
	}
	result = mv_host_worse(wait_for(child), result);
	result = mv_host_worse(result, mv_host_post_down(host));
	mv_host_forget(host);
	return result;
}

/* Says itself what went wrong, which is no reason to end. What it has begun it brings to its end,
 * or its programs would go on beside the undoing. */
static void reload(struct mv_host *host)
{
	const char *const argv[] = {"/proc/self/exe", "reload", host->device, NULL};

	host->runner.is_patient = true;
	int status = mv_runner_run(&host->runner, argv, NULL, RELOAD_LIMIT_S);
	host->runner.is_patient = false;

	if (status < 0 && status != -EINTR) {
		mv_command_failed("%s: cannot reload: %s", host->device, strerror(-status));
	}
}

/* True: the tunnel has ended by itself. */
static bool wait_for_end(struct mv_host *host, int child_end)
{
	enum mv_runner_event event;

	while ((event = mv_runner_wait(&host->runner, child_end)) == MV_RUNNER_RELOAD) {
		reload(host);
	}
	return event == MV_RUNNER_READABLE;
}

static enum mv_exit supervise(struct mv_host *host, pid_t child, int child_end)
{
	const struct mv_hostrecord_socket socket = host->record.socket;

	mv_host_unlock(host);
	bool has_ended = wait_for_end(host, child_end);
	enum mv_exit result = mv_host_relock(host, MV_HOST_LOCK_LONG_S);
	if (result == MV_EXIT_DONE && is_own(host, &socket)) {
		return wind_up(host, child, has_ended);
	}
	if (!has_ended) {
		kill(child, SIGTERM);
	}
	return mv_host_worse(wait_for(child), result);
}

/* With the tunnel's process there, its device is. */
static enum mv_exit complete(struct mv_host *host, const struct arguments *arguments,
	struct mv_config **config, const struct mv_hostplan *plan, pid_t child)
{
	int child_end = pidfd_open(child, 0);
	enum mv_exit result =
		child_end < 0 ? mv_command_failed("cannot watch the tunnel: %s", strerror(errno))
			      : mv_host_begin(host);

	if (result == MV_EXIT_DONE) {
		result = mv_host_set_up(host, *config, plan);
	}
	if (result == MV_EXIT_DONE) {
		result = print_summary(host, *config);
	}
	mv_config_destroy(*config);
	*config = NULL;
	if (result != MV_EXIT_DONE) {
		if (host->has_begun) {
			mv_host_undo(host);
		}
		end(child);
		mv_host_forget(host);
	} else if (arguments->foreground) {
		result = supervise(host, child, child_end);
	}
	if (child_end >= 0) {
		close(child_end);
	}
	return result;
}

/* In two processes from the fork on. */
static enum mv_exit start(struct mv_host *host, const struct arguments *arguments,
	struct mv_config **config, const struct mv_hostplan *plan)
{
	struct mv_daemon daemon = {.in_foreground = arguments->foreground,
		.keeps = {arguments->tun_fd, arguments->namespaces.sockets}};
	enum mv_exit result;

	(*config)->fwmark = plan->fwmark;
	if (mv_daemon_fork(&daemon, &result)) {
		/* All else is the parent's. */
		exit((int)carry(arguments, *config, &daemon, !host->keeps_record));
	}
	if (arguments->tun_fd >= 0) {
		close(arguments->tun_fd); /* The device is to end with the child. */
	}
	if (result == MV_EXIT_DONE) {
		return complete(host, arguments, config, plan, daemon.child);
	}
	mv_host_forget(host);
	return result;
}

static enum mv_exit run(
	struct mv_host *host, const struct arguments *arguments, struct mv_config **config)
{
	struct mv_hostplan plan = {0};
	enum mv_exit result;

	if (!host->keeps_record && !arguments->foreground) {
		return mv_command_failed("%s could not be found again in the background: set "
					 "XDG_RUNTIME_DIR to a folder that is yours, or stay in "
					 "the foreground by -f",
			host->device);
	}
	if (mv_device_is_up(host->device)) {
		return mv_command_failed("%s is up already: 'minivpn status %s' shows it, "
					 "'minivpn down %s' ends it",
			host->device, host->device, host->device);
	}
	result = clear_remains(host);
	host->keeps_mtu = arguments->tun_fd >= 0 && (*config)->mtu == 0;
	if (result == MV_EXIT_DONE) {
		result = mv_host_plan(
			host, &plan, arguments->file, *config, arguments->namespaces.mtu_outside);
		if (result == MV_EXIT_DONE) {
			result = start(host, arguments, config, &plan);
		} else {
			mv_host_forget(host);
		}
	}
	mv_hostplan_uninit(&plan);
	return result;
}

static enum mv_exit up(const struct mv_command *command, int argc, char **argv)
{
	char path[MV_PEER_FILE_PATH_MAX];
	struct arguments arguments = {.namespaces.sockets = -1};
	struct mv_config *config;

	if (!parse_options(&arguments, command, argc, argv)) {
		return MV_EXIT_FAILED;
	}
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
	struct mv_host host;
	result = mv_inherited_tun(arguments.tun_fd, config, arguments.file);
	if (result == MV_EXIT_DONE) {
		result = mv_namespaces_enter(&arguments.namespaces, config);
	}
	if (result == MV_EXIT_DONE) {
		result = mv_host_init(&host, config->device);
	}
	if (result == MV_EXIT_DONE) {
		result = run(&host, &arguments, &config);
		mv_host_uninit(&host);
	}
	mv_namespaces_uninit(&arguments.namespaces);
	mv_config_destroy(config);
	return result;
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
		"      --tun-fd N    take the TUN device of this inherited descriptor\n"
		"  -v, --verbose     log each handshake, and why those of others fail\n"
		"  -h, --help        this text\n",
	.run = up,
};
