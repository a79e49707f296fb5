/*
 * The control socket, /var/run/wireguard/DEVICE.sock: binds it, serves any number of clients on the
 * control loop without ever blocking it, and tells when somebody removed it, which is how a tunnel
 * is asked to end. The client's side, for `status` and `down`, is in control/uapi_client. The
 * server belongs to the thread of its loop.
 */
#ifndef MV_CONTROL_UAPI_SOCKET_H
#define MV_CONTROL_UAPI_SOCKET_H

#include <stddef.h>
#include <uv.h>

#include "tunnel/change.h"
#include "tunnel/snapshot.h"

#define MV_UAPI_DIRECTORY "/var/run/wireguard"
#define MV_UAPI_PATH_MAX  108 /* that of a socket's address */
#define MV_UAPI_BACKLOG   128

/*
 * Writes the path of a device's socket: in the folder where this process would make one, if there
 * is one of the device, else in MV_UAPI_DIRECTORY. The folder is that, or, of a user who may not
 * write there, $XDG_RUNTIME_DIR/wireguard.
 */
void mv_uapi_path(char path[static MV_UAPI_PATH_MAX], const char *device);

struct mv_uapi_socket;

struct mv_uapi_host {
	void *ctx;
	/* A fresh snapshot with the listen port filled in, or NULL without memory; the socket
	 * destroys it. */
	struct mv_snapshot *(*snapshot)(void *ctx);
	/* The socket file is gone or is another's: the tunnel should end. Called at most once. */
	void (*removed)(void *ctx);
	/* Carries out what a client has set, whole or not at all. -errno, which the client gets to
	 * see. */
	int (*apply)(void *ctx, const struct mv_changes *changes);
};

/*
 * Binds and listens, mode 0600 in the folder as above, of mode 0755, made if it is missing. A
 * socket file that nobody listens on is replaced. -EADDRINUSE: another process serves this device;
 * its file is left untouched. -ENOTSOCK: something else than a socket lies there, untouched as
 * well. Other -errno as the system says. Before any thread: the umask of the process changes
 * meanwhile.
 */
int mv_uapi_socket_bind(int *fd, const char *device);

/*
 * Serves fd, a listening socket with a file, both of which it owns from here on, also on failure;
 * the loop must then still run the close callbacks. -EINVAL: it is none. The caller ignores
 * SIGPIPE.
 */
int mv_uapi_socket_open(
	struct mv_uapi_socket **socket, uv_loop_t *loop, int fd, const struct mv_uapi_host *host);

/*
 * Closes all connections and, if it is still ours, removes the socket file. The memory goes when
 * the loop has run the close callbacks. NULL is allowed.
 */
void mv_uapi_socket_close(struct mv_uapi_socket *socket);

#endif
