/*
 * strip: a peer file as `wg setconf` takes it.
 */
#include "config/strip.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/peer_file.h"

static enum mv_exit print(const char *file, const struct mv_config *config)
{
	char *text;
	int error = mv_strip(&text, file, config);

	if (error < 0) {
		return mv_command_failed("cannot read '%s': %s", file, strerror(-error));
	}
	fputs(text, stdout);
	mv_strip_free(text);
	return MV_EXIT_DONE;
}

static enum mv_exit strip(const struct mv_command *command, int argc, char **argv)
{
	char **arguments =
		mv_command_arguments(command, argc, argv, 1, 1, "exactly one peer file is needed");
	char path[MV_PEER_FILE_PATH_MAX];
	struct mv_config *config;

	const char *file = mv_peer_file_find(path, arguments[0]);
	enum mv_exit result = mv_peer_file_load(&config, file);
	if (result == MV_EXIT_DONE) {
		result = print(file, config);
		mv_config_destroy(config);
	}
	return result;
}

const struct mv_command mv_command_strip = {
	.name = "strip",
	.summary = "print a peer file as 'wg setconf' takes it",
	.help = "Usage: minivpn strip FILE\n\n"
		"Prints the lines of the peer file that 'wg' knows, unchanged, with the keys "
		"themselves where\n"
		"the file names others that hold them. For example:\n\n"
		"  wg syncconf tun0 <(minivpn strip /etc/minivpn/tun0.conf)\n",
	.run = strip,
};
