/*
 * The client's side of the control socket: blocking, bounded in time; used by `status` and `down`,
 * which have nothing else to do.
 */
#ifndef MV_CONTROL_UAPI_CLIENT_H
#define MV_CONTROL_UAPI_CLIENT_H

#include <stddef.h>

/* Connected, close-on-exec, with time limits of five seconds on send and receive. -ENOENT,
 * -ECONNREFUSED (stale), -EACCES, ... */
int mv_uapi_client_connect(const char *device);

/*
 * Sends `request` and reads the reply up to its empty line; *reply is terminated, and given to
 * mv_uapi_free (control/uapi.h), since it may hold keys. -EPROTO: the server closed before the
 * empty line, as one does that does not know the request. -ETIMEDOUT; other -errno.
 */
int mv_uapi_client_ask(int fd, const char *request, char **reply, size_t *len);

/* The names of all devices that have a socket, sorted, those of the system before those of this
 * user, in one NULL-terminated array (free with mv_uapi_client_list_free). -errno. */
int mv_uapi_client_list(char ***names);
void mv_uapi_client_list_free(char **names);

#endif
