#include "cli/inherited.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "cli/tuns.h"

static bool read_number(int *fd, const char *value)
{
	uint64_t number;

	if (!mv_decimal_parse(&number, value, INT_MAX)) {
		return false;
	}
	*fd = (int)number;
	return true;
}

bool mv_inherited_from_environment(int *fd, const char *variable)
{
	const char *value = getenv(variable);

	*fd = -1;
	if (!value || !*value || read_number(fd, value)) {
		return true;
	}
	mv_command_failed(
		"%s=%s in the environment is not the number of a descriptor", variable, value);
	return false;
}

bool mv_inherited_from_option(int *fd, const char *option, const char *value)
{
	if (read_number(fd, value)) {
		return true;
	}
	mv_command_failed("%s %s: that is not the number of a descriptor", option, value);
	return false;
}

enum mv_exit mv_inherited_tun(int fd, struct mv_config *config, const char *file)
{
	struct mv_tun tun;
	size_t queues = 1;

	if (fd < 0) {
		return MV_EXIT_DONE;
	}
	enum mv_exit result = mv_tuns_adopt(&tun, &queues, fd);
	if (result != MV_EXIT_DONE) {
		return result;
	}
	if (config->device_namespace) {
		return mv_command_failed(
			"%s: Namespace is for a device that minivpn makes; that of "
			"an inherited descriptor is where it is",
			file);
	}
	if (config->device_is_named && strcmp(config->device, tun.name) != 0) {
		fprintf(stderr,
			"minivpn: warning: %s means the device %s, but the inherited descriptor is "
			"of %s, which is used\n",
			file, config->device, tun.name);
	}
	memcpy(config->device, tun.name, sizeof(config->device));
	return MV_EXIT_DONE;
}
