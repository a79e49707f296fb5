/*
 * down: undoes what `up` did to this machine, removes the control socket of the device, which is
 * how its program is asked to end, and waits until it has.
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
#include "cli/host.h"
#include "cli/hostnamespace.h"
#include "cli/saveconfig.h"
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

/* Asks the program to end by taking its socket away. */
static enum mv_exit end_program(const char *device, int connection)
{
	char path[MV_UAPI_PATH_MAX];
	int end = open_end_of(connection);
	enum mv_exit result;

	mv_uapi_path(path, device);
	if (unlink(path) < 0) {
		result = mv_command_failed("cannot remove %s: %s", path, strerror(errno));
	} else {
		result = wait_for_end(device, end);
	}
	close(end);
	return result;
}

static enum mv_exit end_tunnel(struct mv_host *host, int connection)
{
	enum mv_exit result = mv_host_pre_down(host);

	result = mv_host_worse(result, mv_saveconfig_if_wanted(host));
	result = mv_host_worse(result, mv_host_undo(host));
	result = mv_host_worse(result, end_program(host->device, connection));
	result = mv_host_worse(result, mv_host_post_down(host));
	mv_host_forget(host);
	return result;
}

/* Of a tunnel that died. */
static enum mv_exit undo_remains(struct mv_host *host)
{
	enum mv_exit result = mv_host_undo(host);

	result = mv_host_worse(result, mv_host_post_down(host));
	mv_host_forget(host);
	return result;
}

/* There is no program, but perhaps what it did to this machine. */
static enum mv_exit clean_up(struct mv_host *host, int error)
{
	char path[MV_UAPI_PATH_MAX];

	mv_uapi_path(path, host->device);
	bool had_socket = error == -ECONNREFUSED && unlink(path) == 0;
	if (host->has_record) {
		enum mv_exit result = undo_remains(host);

		if (result == MV_EXIT_DONE) {
			printf("%s was not up any more; what it left behind is undone\n",
				host->device);
		}
		return result;
	}
	if (had_socket) {
		return mv_command_failed(
			"%s is not up; removed the control socket that it left behind",
			host->device);
	}
	return mv_device_status_failed(host->device, error);
}

/* Under the lock. What is written down may be of an earlier tunnel of this name. */
static enum mv_exit take_down_locked(struct mv_host *host)
{
	enum mv_exit result = MV_EXIT_DONE;
	int connection = mv_uapi_client_connect(host->device);

	mv_runner_ignore_signals(&host->runner);
	if (connection == -ENOENT || connection == -ECONNREFUSED) {
		return clean_up(host, connection);
	}
	if (connection < 0) {
		return mv_device_status_failed(host->device, connection);
	}
	if (mv_host_is_of_device(host)) {
		result = end_tunnel(host, connection);
	} else {
		result = host->has_record ? undo_remains(host) : MV_EXIT_DONE;
		result = mv_host_worse(result, end_program(host->device, connection));
	}
	close(connection);
	return result;
}

static enum mv_exit take_down(const char *device)
{
	struct mv_host host;
	char path[MV_UAPI_PATH_MAX];

	mv_uapi_path(path, device);
	if (!mv_hostrecord_exists(device) && access(path, F_OK) < 0) {
		return mv_device_status_failed(device, -errno);
	}
	enum mv_exit result = mv_host_init(&host, device);
	if (result != MV_EXIT_DONE) {
		return result;
	}
	result = mv_hostnamespace_enter(&host);
	if (result == MV_EXIT_DONE) {
		result = mv_host_begin(&host);
	}
	if (result == MV_EXIT_DONE) {
		result = take_down_locked(&host);
	}
	mv_host_uninit(&host);
	return result;
}

static enum mv_exit down(const struct mv_command *command, int argc, char **argv)
{
	char **arguments = mv_command_arguments(
		command, argc, argv, 1, 1, "exactly one peer file or device is needed");
	struct mv_device_argument argument;

	enum mv_exit result = mv_device_argument_read(&argument, arguments[0]);
	if (result == MV_EXIT_DONE) {
		result = check_owner(&argument, arguments[0]);
	}
	return result == MV_EXIT_DONE ? take_down(argument.device) : result;
}

const struct mv_command mv_command_down = {
	.name = "down",
	.summary = "take a tunnel down",
	.help = "Usage: minivpn down FILE|DEVICE\n\n"
		"Ends the tunnel that 'minivpn up FILE' made, or that of the device, and waits "
		"until the\n"
		"device and all that was done for it are gone: addresses, routes, rules, firewall, "
		"DNS. Also\n"
		"after the tunnel's program has died.\n",
	.run = down,
};
