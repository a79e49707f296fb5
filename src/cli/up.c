/*
 * up: reads a peer file and sets the tunnel up, in the background or, with -f, in the foreground.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/daemon.h"
#include "cli/peer_file.h"
#include "cli/session.h"
#include "config/config.h"
#include "edge/sandbox.h"

struct arguments {
	const char *file;
	bool foreground;
	struct mv_session_options session;
};

/* What is right in itself but cannot be done yet: a default route would lead the tunnel's own
 * datagrams into the tunnel. */
static enum mv_exit check_routes(const struct mv_config *config, const char *file)
{
	for (size_t i = 0; i < config->peer_count; i++) {
		const struct mv_config_peer *peer = &config->peers[i];

		for (size_t k = 0; k < peer->allowed_ip_count; k++) {
			if (peer->allowed_ips[k].bits == 0) {
				fprintf(stderr,
					"%s:%u: error: AllowedIPs: a default route through the "
					"tunnel is not supported yet; name the networks behind "
					"this peer\n",
					file, peer->line);
				return MV_EXIT_CONFIG;
			}
		}
	}
	return MV_EXIT_DONE;
}

static enum mv_exit load(struct mv_config **config, const char *file)
{
	enum mv_exit result = mv_peer_file_load(config, file);

	if (result != MV_EXIT_DONE) {
		return result;
	}
	result = check_routes(*config, file);
	if (result != MV_EXIT_DONE) {
		mv_config_destroy(*config);
	}
	return result;
}

/* In the background: everything from here on happens in the child. */
static enum mv_exit run(const struct arguments *arguments, struct mv_daemon *daemon)
{
	struct mv_config *config;

	mv_sandbox_protect_memory();
	enum mv_exit result = load(&config, arguments->file);
	return result == MV_EXIT_DONE ? mv_session_run(config, &arguments->session, daemon)
				      : result;
}

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
		arguments->session.dump |= option == 'd';
		arguments->session.verbose |= option == 'v';
	}
}

static enum mv_exit up(const struct mv_command *command, int argc, char **argv)
{
	struct arguments arguments = {0};
	struct mv_daemon daemon;
	enum mv_exit result;

	parse_options(&arguments, command, argc, argv);
	if (argc - optind != 1) {
		return mv_command_misused(command, "exactly one peer file is needed");
	}
	if (arguments.session.dump && !arguments.foreground) {
		return mv_command_misused(
			command, "--dump prints packets and so needs the foreground: -f --dump");
	}
	arguments.file = argv[optind];
	if (arguments.foreground) {
		return run(&arguments, NULL);
	}
	return mv_daemon_fork(&daemon, &result) ? run(&arguments, &daemon) : result;
}

const struct mv_command mv_command_up = {
	.name = "up",
	.summary = "set a tunnel up",
	.help = "Usage: minivpn up [OPTION]... FILE\n\n"
		"Reads the peer file, makes the device with its addresses and routes, and returns "
		"when the\n"
		"tunnel is up in the background; if a step fails, it says why and leaves nothing "
		"behind.\n\n"
		"  -f, --foreground  stay in the foreground; SIGINT and SIGTERM end the tunnel\n"
		"      --dump        with -f: print every inner packet in hex\n"
		"  -v, --verbose     log each handshake, and why those of others fail\n"
		"  -h, --help        this text\n",
	.run = up,
};
