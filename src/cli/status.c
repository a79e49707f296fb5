/*
 * status: what the devices say of themselves, in the manner of `wg show`.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/device_argument.h"
#include "cli/device_status.h"
#include "cli/peer_argument.h"
#include "control/report.h"
#include "control/uapi_client.h"

/* NULL: it was said why. */
static char *describe(const char *device, const struct mv_snapshot *snapshot, const char *word)
{
	uint64_t now_s = (uint64_t)time(NULL);
	bool color = isatty(STDOUT_FILENO);
	const struct mv_peer_snapshot *peer;
	char *text = NULL;

	if (!word) {
		text = mv_report_text(device, snapshot, now_s, color);
	} else if (mv_peer_argument_in_snapshot(&peer, snapshot, device, word) == MV_EXIT_DONE) {
		text = mv_report_peer_text(snapshot, peer, now_s, color);
	} else {
		return NULL;
	}
	if (!text) {
		mv_command_failed("no memory");
	}
	return text;
}

/* All of the device, or the peer alone that the word means. */
static enum mv_exit show(const char *device, const char *word)
{
	struct mv_snapshot *snapshot;

	int error = mv_device_status_ask(device, &snapshot);
	if (error < 0) {
		return mv_device_status_failed(device, error);
	}
	char *text = describe(device, snapshot, word);
	mv_snapshot_destroy(snapshot);
	if (!text) {
		return MV_EXIT_FAILED;
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
		if (show(names[i], NULL) != MV_EXIT_DONE) {
			result = MV_EXIT_FAILED;
		}
	}
	mv_uapi_client_list_free(names);
	return result;
}

static enum mv_exit status(const struct mv_command *command, int argc, char **argv)
{
	char **arguments = mv_command_arguments(command, argc, argv, 0, 2,
		"one device or peer file at the most, and one peer of it");

	if (!arguments[0]) {
		return show_all();
	}
	struct mv_device_argument argument;
	enum mv_exit result = mv_device_argument_read(&argument, arguments[0]);
	return result == MV_EXIT_DONE ? show(argument.device, arguments[1]) : result;
}

const struct mv_command mv_command_status = {
	.name = "status",
	.summary = "show devices, their peers, and what was dropped",
	.help = "Usage: minivpn status [FILE|DEVICE [PEER]]\n\n"
		"Shows the device, or all devices: port, peers, endpoints, allowed IPs, latest "
		"handshake,\n"
		"transfer, and why packets were dropped, if any were. PEER shows that one alone: "
		"its name,\n"
		"its public key, or the beginning of that.\n",
	.run = status,
};
