/*
 * One client of the control socket: takes its requests one after another and answers each before it
 * looks at the next. Nothing here waits: a client that stalls, on either side, costs its own slot
 * and no more, and loses it after a while. Belongs to control/uapi_socket and its loop.
 */
#ifndef MV_CONTROL_UAPI_CONNECTION_H
#define MV_CONTROL_UAPI_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "control/text.h"
#include "control/uapi_socket.h"

/* A set with tens of thousands of prefixes takes some MiB; a larger request ends the connection. */
#define MV_UAPI_REQUEST_MAX ((size_t)16 << 20)

/* Without a byte read or written for this long, the connection ends. */
#define MV_UAPI_IDLE_MS 10000

/* Zeroed is free for use. */
struct mv_uapi_connection {
	uv_pipe_t pipe;
	uv_timer_t idle;
	uv_write_t write;
	unsigned handles;       /* not yet closed */
	struct mv_text request; /* read so far; may hold the beginning of the next one */
	char *reply;            /* being written; nothing is read meanwhile */
	size_t unsent;          /* of the reply, when the idle timer last looked */
	const struct mv_uapi_host *host;
	void (*closed)(void *owner);
	void *owner;
};

/* Accepts the waiting client of the listener. `closed` is called when the connection is free again;
 * the host outlives it. */
void mv_uapi_connection_open(struct mv_uapi_connection *connection, uv_stream_t *listener,
	const struct mv_uapi_host *host, void (*closed)(void *owner), void *owner);

bool mv_uapi_connection_is_free(const struct mv_uapi_connection *connection);

/* Does nothing if it is free or being closed. */
void mv_uapi_connection_close(struct mv_uapi_connection *connection);

#endif
