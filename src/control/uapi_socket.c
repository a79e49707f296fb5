#include "control/uapi_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/uapi_connection.h"

#define CONNECTIONS_MAX 64

struct mv_uapi_socket {
	struct sockaddr_un address; /* where the file is; the path is terminated */
	struct mv_uapi_connection_owner owner;
	uv_pipe_t listener;
	uv_fs_event_t watch; /* on the directory: the file's own events end with the file */
	int file;            /* O_PATH: keeps our inode, so that its number is not used again */
	unsigned open;       /* handles and connections not yet closed */
	bool client_waits;   /* not accepted for want of a free connection */
	bool removed;
	struct mv_uapi_connection connections[CONNECTIONS_MAX];
};

static bool is_closing(const struct mv_uapi_socket *socket)
{
	return uv_is_closing((const uv_handle_t *)&socket->listener);
}

static void release(struct mv_uapi_socket *socket)
{
	if (--socket->open == 0) {
		free(socket);
	}
}

static void on_handle_closed(uv_handle_t *handle)
{
	release(handle->data);
}

/* With no connection free the client waits: libuv reports no further one until it is accepted, and
 * the others stay in the backlog. */
static void accept_client(struct mv_uapi_socket *socket)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (!mv_uapi_connection_is_free(&socket->connections[i])) {
			continue;
		}
		socket->client_waits = false;
		socket->open++;
		mv_uapi_connection_open(
			&socket->connections[i], (uv_stream_t *)&socket->listener, &socket->owner);
		return;
	}
	socket->client_waits = true;
}

static void on_connection_closed(void *ctx)
{
	struct mv_uapi_socket *socket = ctx;

	if (socket->client_waits && !is_closing(socket)) {
		accept_client(socket);
	}
	release(socket);
}

static bool has_client_waiting(void *ctx)
{
	const struct mv_uapi_socket *socket = ctx;

	return socket->client_waits;
}

static size_t requests_bytes(void *ctx)
{
	const struct mv_uapi_socket *socket = ctx;
	size_t bytes = 0;

	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		bytes += socket->connections[i].request.len;
	}
	return bytes;
}

static void on_client(uv_stream_t *listener, int status)
{
	if (status == 0) {
		accept_client(listener->data);
	}
}

static bool file_is_ours(const struct mv_uapi_socket *socket)
{
	struct stat ours, found;

	return socket->file >= 0 && fstat(socket->file, &ours) == 0 &&
	       lstat(socket->address.sun_path, &found) == 0 && ours.st_dev == found.st_dev &&
	       ours.st_ino == found.st_ino;
}

static void on_directory_event(uv_fs_event_t *watch, const char *file, int events, int status)
{
	struct mv_uapi_socket *socket = watch->data;

	(void)file;
	(void)events;
	(void)status;
	if (socket->removed || file_is_ours(socket)) {
		return;
	}
	socket->removed = true;
	socket->owner.host.removed(socket->owner.host.ctx);
}

/*
 * The file is opened first: whatever fails after that, it is known as ours and goes. It is looked
 * at once more when the watch has begun, so that no removal falls between the two.
 */
static int start(struct mv_uapi_socket *socket, int fd)
{
	char directory[sizeof(socket->address.sun_path)];
	int error;

	memcpy(directory, socket->address.sun_path, sizeof(directory));
	socket->file = open(socket->address.sun_path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (socket->file < 0) {
		error = -errno;
		/* Nobody else takes its place while fd listens. */
		unlink(socket->address.sun_path);
		close(fd);
		return error;
	}
	error = uv_pipe_open(&socket->listener, fd);
	if (error < 0) {
		close(fd);
		return error;
	}
	error = uv_fs_event_start(&socket->watch, on_directory_event, dirname(directory), 0);
	if (error < 0) {
		return error;
	}
	if (!file_is_ours(socket)) {
		return -ENOENT;
	}
	return uv_listen((uv_stream_t *)&socket->listener, MV_UAPI_BACKLOG, on_client);
}

/* False: it is not the socket of a file. */
static bool find_file(struct sockaddr_un *address, int fd)
{
	socklen_t len = sizeof(*address);

	memset(address, 0, sizeof(*address));
	return getsockname(fd, (struct sockaddr *)address, &len) == 0 &&
	       address->sun_family == AF_UNIX && address->sun_path[0] != '\0' &&
	       memchr(address->sun_path, '\0', sizeof(address->sun_path)) != NULL;
}

int mv_uapi_socket_open(
	struct mv_uapi_socket **socket, uv_loop_t *loop, int fd, const struct mv_uapi_host *host)
{
	struct sockaddr_un address;
	struct mv_uapi_socket *fresh;
	int error;

	if (!find_file(&address, fd)) {
		close(fd);
		return -EINVAL;
	}
	fresh = calloc(1, sizeof(*fresh));
	if (fresh == NULL) {
		unlink(address.sun_path);
		close(fd);
		return -ENOMEM;
	}
	fresh->owner = (struct mv_uapi_connection_owner){.ctx = fresh,
		.host = *host,
		.closed = on_connection_closed,
		.is_wanted = has_client_waiting,
		.requests_bytes = requests_bytes};
	fresh->address = address;
	fresh->file = -1;
	fresh->open = 2;
	uv_pipe_init(loop, &fresh->listener, 0);
	uv_fs_event_init(loop, &fresh->watch);
	fresh->listener.data = fresh;
	fresh->watch.data = fresh;
	error = start(fresh, fd);
	if (error < 0) {
		mv_uapi_socket_close(fresh);
	} else {
		*socket = fresh;
	}
	return error;
}

/* The file goes while the socket still listens: nobody ever finds it stale and takes its place. */
void mv_uapi_socket_close(struct mv_uapi_socket *socket)
{
	if (socket == NULL) {
		return;
	}
	if (file_is_ours(socket)) {
		unlink(socket->address.sun_path);
	}
	if (socket->file >= 0) {
		close(socket->file);
	}
	socket->file = -1;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		mv_uapi_connection_close(&socket->connections[i]);
	}
	uv_close((uv_handle_t *)&socket->listener, on_handle_closed);
	uv_close((uv_handle_t *)&socket->watch, on_handle_closed);
}
