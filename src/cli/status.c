/*
 * status: what the devices say of themselves, in the manner of `wg show`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/device_argument.h"
#include "cli/device_status.h"
#include "control/report.h"
#include "control/uapi_client.h"

static enum mv_exit show(const char *device)
{
	struct mv_snapshot *snapshot;

	int error = mv_device_status_ask(device, &snapshot);
	if (error < 0) {
		return mv_device_status_failed(device, error);
	}
	char *text = mv_report_text(device, snapshot, (uint64_t)time(NULL), isatty(STDOUT_FILENO));
	mv_snapshot_destroy(snapshot);
	if (!text) {
		return mv_command_failed("no memory");
	}
	fputs(text, stdout);
	free(text);
	return MV_EXIT_DONE;
}

static enum mv_exit show_all(void)
{
	enum mv_exit result = MV_EXIT_DONE;
	char **names;

	int error = mv_uapi_client_list(&names);
	if (error < 0) {
		return mv_command_failed("cannot list the devices: %s", strerror(-error));
	}
	if (!names[0]) {
		fputs("minivpn: no device is up\n", stderr);
	}
	for (size_t i = 0; names[i]; i++) {
		if (i > 0) {
			putchar('\n');
		}
		if (show(names[i]) != MV_EXIT_DONE) {
			result = MV_EXIT_FAILED;
		}
	}
	mv_uapi_client_list_free(names);
	return result;
}

static enum mv_exit status(const struct mv_command *command, int argc, char **argv)
{
	char **arguments = mv_command_arguments(
		command, argc, argv, 0, 1, "one device or peer file at the most");

	if (!arguments[0]) {
		return show_all();
	}
	struct mv_device_argument argument;
	enum mv_exit result = mv_device_argument_read(&argument, arguments[0]);
	return result == MV_EXIT_DONE ? show(argument.device) : result;
}

const struct mv_command mv_command_status = {
	.name = "status",
	.summary = "show devices, their peers, and what was dropped",
	.help = "Usage: minivpn status [FILE|DEVICE]\n\n"
		"Shows the device, or all devices: port, peers, endpoints, allowed IPs, latest "
		"handshake,\n"
		"transfer, and why packets were dropped, if any were.\n",
	.run = status,
};
