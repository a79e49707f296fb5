#include "cli/device_status.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "control/uapi.h"
#include "control/uapi_client.h"

/* How long a process takes to die after its last thread has ended. */
#define DYING_MS 200

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

int mv_device_status_ask(const char *device, struct mv_snapshot **snapshot)
{
	int error = ask(device, "status=1\n\n", snapshot);

	if (error == -EPROTO || error == -ECONNRESET || error == -EPIPE) {
		error = ask(device, "get=1\n\n", snapshot);
	}
	return error;
}

int mv_device_get(const char *device, struct mv_snapshot **snapshot)
{
	return ask(device, "get=1\n\n", snapshot);
}

static struct mv_peer_snapshot *find_peer(
	struct mv_snapshot *snapshot, const uint8_t public_key[static MV_KEY_LEN])
{
	for (size_t i = 0; i < snapshot->peer_count; i++) {
		if (memcmp(snapshot->peers[i].public_key, public_key, MV_KEY_LEN) == 0) {
			return &snapshot->peers[i];
		}
	}
	return NULL;
}

/* Both tell of the peers in the same order, unless somebody has changed them in between. */
static void take_over(struct mv_snapshot *snapshot, struct mv_snapshot *status)
{
	snapshot->mtu = status->mtu;
	for (size_t i = 0; i < snapshot->peer_count; i++) {
		struct mv_peer_snapshot *peer = &snapshot->peers[i], *told = NULL;

		if (i < status->peer_count &&
			memcmp(status->peers[i].public_key, peer->public_key, MV_KEY_LEN) == 0) {
			told = &status->peers[i];
		} else {
			told = find_peer(status, peer->public_key);
		}
		if (told) {
			memcpy(peer->name, told->name, sizeof(peer->name));
			peer->endpoints = told->endpoints;
			peer->preshared_key_file = told->preshared_key_file;
			told->endpoints = told->preshared_key_file = NULL;
		}
	}
}

int mv_device_get_whole(const char *device, struct mv_snapshot **snapshot)
{
	struct mv_snapshot *status;
	int error = ask(device, "get=1\n\n", snapshot);

	if (error < 0) {
		return error;
	}
	error = ask(device, "status=1\n\n", &status);
	if (error < 0) {
		mv_snapshot_destroy(*snapshot);
		return error;
	}
	take_over(*snapshot, status);
	mv_snapshot_destroy(status);
	return 0;
}

int mv_device_set(const char *device, const struct mv_changes *changes)
{
	struct mv_snapshot *nothing;
	size_t len;
	char *request = mv_uapi_print_set(changes, &len);

	if (!request) {
		return -ENOMEM;
	}
	int error = ask(device, request, &nothing);
	mv_uapi_free(request);
	if (error == 0) {
		mv_snapshot_destroy(nothing);
	}
	return error;
}

bool mv_device_is_up(const char *device)
{
	struct pollfd end = {.fd = mv_uapi_client_connect(device), .events = POLLIN};

	if (end.fd < 0) {
		return false;
	}
	/* A program that is being killed lets clients in, and then lets go of them. */
	bool is_gone = poll(&end, 1, DYING_MS) > 0;
	close(end.fd);
	return !is_gone;
}

enum mv_exit mv_device_status_failed(const char *device, int error)
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
