/*
 * down: removes the control socket of a device, which is how its program is asked to end, and waits
 * until it has.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/device_argument.h"
#include "cli/device_status.h"
#include "control/uapi_client.h"
#include "control/uapi_socket.h"

#define WAIT_MS 10000

/* A file means the tunnel that was made of it, not whatever has the same name. */
static enum mv_exit check_owner(const struct mv_device_argument *argument, const char *file)
{
	struct mv_snapshot *snapshot;

	if (!argument->is_file) {
		return MV_EXIT_DONE;
	}
	int error = mv_device_status_ask(argument->device, &snapshot);
	if (error < 0) {
		return MV_EXIT_DONE; /* Taking it down will tell what is the matter. */
	}
	bool is_same = memcmp(snapshot->public_key, argument->public_key, MV_KEY_LEN) == 0;
	mv_snapshot_destroy(snapshot);
	return is_same ? MV_EXIT_DONE
		       : mv_command_failed("%s is up, but with another key than that of %s; "
					   "'minivpn down %s' ends it all the same",
				 argument->device, file, argument->device);
}

/* Becomes readable when the program at the other end has ended; or, where the kernel cannot tell,
 * when it has hung up. */
static int open_end_of(int connection)
{
	struct ucred credentials;
	socklen_t len = sizeof(credentials);

	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &len) == 0 &&
		credentials.pid > 0) {
		int fd = pidfd_open(credentials.pid, 0);

		if (fd >= 0) {
			return fd;
		}
	}
	return dup(connection);
}

static enum mv_exit wait_for_end(const char *device, int end)
{
	struct pollfd ended = {.fd = end, .events = POLLIN};

	if (poll(&ended, 1, WAIT_MS) <= 0) {
		return mv_command_failed(
			"%s does not end; its control socket is removed, its program still runs",
			device);
	}
	printf("%s is down\n", device);
	return MV_EXIT_DONE;
}

static enum mv_exit take_down(const char *device)
{
	char path[MV_UAPI_PATH_MAX];
	int connection = mv_uapi_client_connect(device);

	mv_uapi_path(path, device);
	if (connection == -ECONNREFUSED && unlink(path) == 0) {
		return mv_command_failed(
			"%s is not up; removed the control socket that it left behind", device);
	}
	if (connection < 0) {
		return mv_device_status_failed(device, connection);
	}

	int end = open_end_of(connection);
	enum mv_exit result;
	if (unlink(path) < 0) {
		result = mv_command_failed("cannot remove %s: %s", path, strerror(errno));
	} else {
		result = wait_for_end(device, end);
	}
	close(end);
	close(connection);
	return result;
}

static enum mv_exit down(const struct mv_command *command, int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
	struct mv_device_argument argument;

	while (mv_command_option(command, argc, argv, "h", options) != -1) {
	}
	if (argc - optind != 1) {
		return mv_command_misused(command, "exactly one peer file or device is needed");
	}
	enum mv_exit result = mv_device_argument_read(&argument, argv[optind]);
	if (result == MV_EXIT_DONE) {
		result = check_owner(&argument, argv[optind]);
	}
	return result == MV_EXIT_DONE ? take_down(argument.device) : result;
}

const struct mv_command mv_command_down = {
	.name = "down",
	.summary = "take a tunnel down",
	.help = "Usage: minivpn down FILE|DEVICE\n\n"
		"Ends the tunnel that 'minivpn up FILE' made, or that of the device, and waits "
		"until the\n"
		"device, its addresses and its routes are gone.\n",
	.run = down,
};
