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
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "config/config.h"
#include "control/uapi_client.h"
#include "control/uapi_socket.h"

#define WAIT_MS 10000

/* A word that is no path and no file's name is a device. */
static bool names_a_file(const char *argument)
{
	struct stat file;

	return strchr(argument, '/') || strlen(argument) >= MV_DEVICE_NAME_MAX ||
	       (stat(argument, &file) == 0 && S_ISREG(file.st_mode));
}

static enum mv_exit find_device(char device[static MV_DEVICE_NAME_MAX], const char *argument)
{
	struct mv_config *config;

	if (!names_a_file(argument)) {
		memcpy(device, argument, strlen(argument) + 1);
		return MV_EXIT_DONE;
	}
	int error = mv_config_load(&config, argument);
	if (error < 0) {
		return mv_command_failed("cannot read %s: %s", argument, strerror(-error));
	}
	/* Mistakes elsewhere in the file do not matter here. */
	memcpy(device, config->device, MV_DEVICE_NAME_MAX);
	mv_config_destroy(config);
	if (device[0] == '\0') {
		mv_command_failed("%s names no valid device; give the device itself", argument);
		return MV_EXIT_CONFIG;
	}
	return MV_EXIT_DONE;
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
		return connection == -ENOENT ? mv_command_failed("%s is not up", device)
					     : mv_command_failed("cannot reach %s: %s", device,
						       strerror(-connection));
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
	char device[MV_DEVICE_NAME_MAX];

	while (mv_command_option(command, argc, argv, "h", options) != -1) {
	}
	if (argc - optind != 1) {
		return mv_command_misused(command, "one peer file or device is needed");
	}
	enum mv_exit result = find_device(device, argv[optind]);
	return result == MV_EXIT_DONE ? take_down(device) : result;
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
