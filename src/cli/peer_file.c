#include "cli/peer_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void print_messages(const struct mv_config *config, const char *file)
{
	for (size_t i = 0; i < config->message_count; i++) {
		const struct mv_config_message *message = &config->messages[i];
		const char *kind = message->is_error ? "error" : "warning";

		if (message->line > 0) {
			fprintf(stderr, "%s:%u: %s: %s\n", file, message->line, kind,
				message->text);
		} else {
			fprintf(stderr, "%s: %s: %s\n", file, kind, message->text);
		}
	}
}

enum mv_exit mv_peer_file_load(struct mv_config **config, const char *file)
{
	int error = mv_config_load(config, file);

	if (error == -ENOENT && !strchr(file, '/')) {
		return mv_command_failed("there is no file '%s' here; give its whole path, as in "
					 "/etc/minivpn/tun0.conf",
			file);
	}
	if (error < 0) {
		return mv_command_failed("cannot read '%s': %s", file, strerror(-error));
	}
	print_messages(*config, file);
	if (!(*config)->valid) {
		mv_config_destroy(*config);
		return MV_EXIT_CONFIG;
	}
	return MV_EXIT_DONE;
}
