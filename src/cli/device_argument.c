#include "cli/device_argument.h"

#include <string.h>
#include <sys/stat.h>

#include "cli/peer_file.h"
#include "config/ifname.h"

static bool names_a_file(const char *argument)
{
	struct stat file;

	return strchr(argument, '/') || strlen(argument) >= MV_DEVICE_NAME_MAX ||
	       (stat(argument, &file) == 0 && S_ISREG(file.st_mode));
}

bool mv_device_argument_is_device(const char *argument)
{
	return !names_a_file(argument) && mv_ifname_is_valid(argument);
}

enum mv_exit mv_device_argument_read(struct mv_device_argument *read, const char *argument)
{
	struct mv_config *config;

	*read = (struct mv_device_argument){.is_file = names_a_file(argument)};
	if (argument[0] == '\0') {
		return mv_command_failed("the name of the device is empty");
	}
	if (!read->is_file && !mv_ifname_is_valid(argument)) {
		return mv_command_failed(
			"'%s' is neither a file nor a device: " MV_IFNAME_RULE, argument);
	}
	if (!read->is_file) {
		memcpy(read->device, argument, strlen(argument) + 1);
		return MV_EXIT_DONE;
	}
	enum mv_exit result = mv_peer_file_load(&config, argument);
	if (result == MV_EXIT_DONE) {
		memcpy(read->device, config->device, sizeof(read->device));
		mv_x25519_public(read->public_key, config->private_key);
		mv_config_destroy(config);
	}
	return result;
}
