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

/* What the requests of all clients together may take. */
#define MV_UAPI_REQUESTS_MAX ((size_t)64 << 20)

/* Without a byte read or written for this long, the connection ends; with others waiting for its
 * place, much sooner. */
#define MV_UAPI_IDLE_MS        10000
#define MV_UAPI_IDLE_WANTED_MS 1000

/* A request that is not whole after this time never will be. */
#define MV_UAPI_REQUEST_MS 30000

/* Who has all connections: the socket. */
struct mv_uapi_connection_owner {
	void *ctx;
	struct mv_uapi_host host;
	void (*closed)(void *ctx);           /* a connection is free again */
	bool (*is_wanted)(void *ctx);        /* others wait for the place of one */
	size_t (*requests_bytes)(void *ctx); /* of all connections */
};

/* Zeroed is free for use. */
struct mv_uapi_connection {
	uv_pipe_t pipe;
	uv_timer_t watch;   /* looks whether anything happens */
	uint64_t active_ms; /* when something last did, in the time of the loop */
	uint64_t asked_ms;  /* when the last request was answered, or the client came */
	uv_write_t write;
	unsigned handles;       /* not yet closed */
	struct mv_text request; /* read so far; may hold the beginning of the next one */
	size_t seen;            /* of it, by mv_uapi_classify */
	char *reply;            /* being written; nothing is read meanwhile */
	size_t unsent;          /* of the reply, when the watch last looked */
	const struct mv_uapi_connection_owner *owner;
};

/* Accepts the waiting client of the listener. The owner outlives it. */
void mv_uapi_connection_open(struct mv_uapi_connection *connection, uv_stream_t *listener,
	const struct mv_uapi_connection_owner *owner);

bool mv_uapi_connection_is_free(const struct mv_uapi_connection *connection);

/* Does nothing if it is free or being closed. */
void mv_uapi_connection_close(struct mv_uapi_connection *connection);

#endif
