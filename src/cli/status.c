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
#include "control/report.h"
#include "control/uapi.h"
#include "control/uapi_client.h"

static int ask(const char *device, const char *request, struct mv_snapshot **snapshot)
{
	char *reply;
	size_t len;
	int fd = mv_uapi_client_connect(device);

	if (fd < 0) {
		return fd;
	}
	int error = mv_uapi_client_ask(fd, request, &reply, &len);
	close(fd);
	if (error < 0) {
		return error;
	}
	error = mv_uapi_parse(snapshot, reply, len);
	mv_uapi_free(reply);
	return error;
}

/* Another program's device does not know our request, but the common one. */
static int ask_status(const char *device, struct mv_snapshot **snapshot)
{
	int error = ask(device, "status=1\n\n", snapshot);

	if (error == -EPROTO || error == -ECONNRESET || error == -EPIPE) {
		error = ask(device, "get=1\n\n", snapshot);
	}
	return error;
}

static enum mv_exit report(const char *device, int error)
{
	switch (-error) {
	case ENOENT:
		return mv_command_failed("%s is not up", device);
	case ECONNREFUSED:
		return mv_command_failed(
			"%s is not up; it ended without removing its control socket", device);
	case EACCES:
	case EPERM:
		return mv_command_failed(
			"%s: no permission for its control socket; try it as root", device);
	default:
		return mv_command_failed("%s does not answer: %s", device, strerror(-error));
	}
}

static enum mv_exit show(const char *device)
{
	struct mv_snapshot *snapshot;

	int error = ask_status(device, &snapshot);
	if (error < 0) {
		return report(device, error);
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
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};

	while (mv_command_option(command, argc, argv, "h", options) != -1) {
	}
	if (argc - optind > 1) {
		return mv_command_misused(command, "one device at the most");
	}
	return optind < argc ? show(argv[optind]) : show_all();
}

const struct mv_command mv_command_status = {
	.name = "status",
	.summary = "show devices, their peers, and what was dropped",
	.help = "Usage: minivpn status [DEVICE]\n\n"
		"Shows the device, or all devices: port, peers, endpoints, allowed IPs, latest "
		"handshake,\n"
		"transfer, and why packets were dropped, if any were.\n",
	.run = status,
};
