#include "cli/peer_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/ifname.h"

/* As compilers do, so that editors find the place: FILE:LINE:COLUMN, as far as it is known. */
static void print_place(const struct mv_config_message *message, const char *file)
{
	fprintf(stderr, "%s:", file);
	if (message->line > 0) {
		fprintf(stderr, "%u:", message->line);
	}
	if (message->line > 0 && message->column > 0) {
		fprintf(stderr, "%u:", message->column);
	}
}

static void print_messages(const struct mv_config *config, const char *file)
{
	for (size_t i = 0; i < config->message_count; i++) {
		const struct mv_config_message *message = &config->messages[i];

		print_place(message, file);
		fprintf(stderr, " %s: %s\n", message->is_error ? "error" : "warning",
			message->text);
	}
}

const char *mv_peer_file_find(char path[static MV_PEER_FILE_PATH_MAX], const char *argument)
{
	static const char *const folders[] = {"/etc/minivpn", "/etc/wireguard"};

	if (!mv_ifname_is_valid(argument) || access(argument, F_OK) == 0) {
		return argument;
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, MV_PEER_FILE_PATH_MAX, "%s/%s.conf", folders[i], argument);
		if (access(path, F_OK) == 0) {
			return path;
		}
	}
	return argument;
}

enum mv_exit mv_peer_file_load(struct mv_config **config, const char *file)
{
	int error = mv_config_load(config, file);

	if (error == -ENOENT && !strchr(file, '/')) {
		return mv_command_failed("there is no file '%s' here, nor %s.conf in /etc/minivpn "
					 "or /etc/wireguard",
			file, file);
	}
	if (error < 0) {
		return mv_command_failed("cannot read '%s': %s", file, strerror(-error));
	}
	print_messages(*config, file);
	if (!(*config)->valid) {
		mv_config_destroy(*config);
		*config = NULL;
		return MV_EXIT_CONFIG;
	}
	return MV_EXIT_DONE;
}
