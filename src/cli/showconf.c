/*
 * showconf: a device as a configuration, in the manner of `wg showconf`.
 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/device_argument.h"
#include "cli/device_status.h"
#include "control/showconf.h"
#include "control/uapi.h"

static enum mv_exit show(const char *device)
{
	struct mv_snapshot *snapshot;

	int error = mv_device_get(device, &snapshot);
	if (error < 0) {
		return mv_device_status_failed(device, error);
	}
	char *text = mv_showconf_print(snapshot, NULL);
	mv_snapshot_destroy(snapshot);
	if (!text) {
		return mv_command_failed("no memory");
	}
	fputs(text, stdout);
	mv_uapi_free(text);
	return MV_EXIT_DONE;
}

static enum mv_exit showconf(const struct mv_command *command, int argc, char **argv)
{
	char **arguments = mv_command_arguments(
		command, argc, argv, 1, 1, "exactly one device or peer file is needed");
	struct mv_device_argument argument;

	enum mv_exit result = mv_device_argument_read(&argument, arguments[0]);
	return result == MV_EXIT_DONE ? show(argument.device) : result;
}

const struct mv_command mv_command_showconf = {
	.name = "showconf",
	.summary = "print a device as a configuration, keys included",
	.help = "Usage: minivpn showconf FILE|DEVICE\n\n"
		"Prints the device as it is now, in the format of 'wg showconf', which 'wg "
		"setconf' and\n"
		"minivpn read. Its private key is in it.\n",
	.run = showconf,
};
