#include "cli/userspace.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/inherited.h"
#include "cli/peer_file.h"
#include "cli/session.h"
#include "config/ifname.h"
#include "edge/sandbox.h"

const char mv_userspace_help[] =
	"A word that is no command is the name of a device to make, for wg, wg-quick and others\n"
	"who drive it by its control socket:\n"
	"  minivpn [-f|--foreground] NAME      -f: not in the background\n"
	"  minivpn -- NAME                     also where NAME is, or looks like, a command\n"
	"It takes from the environment: LOG_LEVEL=verbose|error|silent, WG_PROCESS_FOREGROUND=1,\n"
	"and the inherited descriptors WG_TUN_FD and WG_UAPI_FD.\n";

/* What looks like a command that was mistyped is a device all the same if it has a number, as most
 * devices have and no command, or a file. */
static bool is_device(const char *word)
{
	char path[MV_PEER_FILE_PATH_MAX];

	return strpbrk(word, "0123456789") || mv_peer_file_find(path, word) == path;
}

bool mv_userspace_is_meant(int argc, char **argv, const char *nearest_command)
{
	if (argc < 1) {
		return false;
	}
	if (strcmp(argv[0], "-f") == 0 || strcmp(argv[0], "--foreground") == 0 ||
		strcmp(argv[0], "--") == 0) {
		return true;
	}
	return argc == 1 && mv_ifname_is_valid(argv[0]) && argv[0][0] != '-' &&
	       (!nearest_command || is_device(argv[0]));
}

static bool read_environment(struct mv_session_options *options)
{
	const char *level = getenv("LOG_LEVEL");

	options->level = MV_LOG_INFO;
	if (level && (strcmp(level, "verbose") == 0 || strcmp(level, "debug") == 0)) {
		options->level = MV_LOG_DEBUG;
	}
	options->is_silent = level && strcmp(level, "silent") == 0;
	return mv_inherited_from_environment(&options->tun_fd, "WG_TUN_FD") &&
	       mv_inherited_from_environment(&options->control_fd, "WG_UAPI_FD");
}

/* Who asks for a level wants to see what there is. */
static bool has_readers(const struct mv_session_options *options)
{
	const char *level = getenv("LOG_LEVEL");

	return level && *level && !options->is_silent;
}

/* A session without a configuration ends by what is wrong here alone, and that is one failure. */
static enum mv_exit run(const struct mv_session_options *options, struct mv_daemon *daemon)
{
	mv_sandbox_protect_memory();
	signal(SIGHUP, SIG_IGN);
	return mv_session_run(options, daemon);
}

static enum mv_exit start(const struct mv_session_options *options, bool in_foreground)
{
	struct mv_daemon daemon = {.keeps_output = has_readers(options),
		.keeps = {options->tun_fd, options->control_fd}};
	const char *variable = getenv("WG_PROCESS_FOREGROUND");
	enum mv_exit result;

	if (in_foreground || (variable && strcmp(variable, "1") == 0)) {
		return run(options, NULL);
	}
	return mv_daemon_fork(&daemon, &result) ? run(options, &daemon) : result;
}

enum mv_exit mv_userspace_run(int argc, char **argv)
{
	struct mv_session_options options = {.socket_namespace = -1};
	bool in_foreground = false;
	int i = 0;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (strcmp(argv[i], "-f") != 0 && strcmp(argv[i], "--foreground") != 0) {
			fprintf(stderr, "minivpn: unknown option '%s'\nTry 'minivpn --help'.\n",
				argv[i]);
			return MV_EXIT_USAGE;
		}
		in_foreground = true;
	}
	if (argc - i != 1 || !mv_ifname_is_valid(argv[i])) {
		fputs("minivpn: one name of a device is needed: " MV_IFNAME_RULE
		      "\nTry 'minivpn --help'.\n",
			stderr);
		return MV_EXIT_USAGE;
	}
	options.device = argv[i];
	return read_environment(&options) ? start(&options, in_foreground) : MV_EXIT_FAILED;
}
