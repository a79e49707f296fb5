#include "control/uapi_connection.h"

#include <errno.h>

#include "control/uapi.h"

#define READ_ROOM 4096
#define WATCH_MS  500

static void serve(struct mv_uapi_connection *connection);

static uv_stream_t *stream_of(struct mv_uapi_connection *connection)
{
	return (uv_stream_t *)&connection->pipe;
}

bool mv_uapi_connection_is_free(const struct mv_uapi_connection *connection)
{
	return connection->handles == 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct mv_uapi_connection *connection = handle->data;

	if (--connection->handles == 0) {
		connection->owner->closed(connection->owner->ctx);
	}
}

/* libuv cancels a write that is under way and calls on_written, which frees the reply. */
void mv_uapi_connection_close(struct mv_uapi_connection *connection)
{
	if (connection->handles == 0 || uv_is_closing((uv_handle_t *)&connection->pipe)) {
		return;
	}
	mv_text_uninit(&connection->request);
	uv_close((uv_handle_t *)&connection->pipe, on_handle_closed);
	uv_close((uv_handle_t *)&connection->watch, on_handle_closed);
}

static void note_activity(struct mv_uapi_connection *connection)
{
	connection->active_ms = uv_now(connection->watch.loop);
}

/* A slow reader may take as long as it likes, as long as it takes something. */
static void on_watch(uv_timer_t *watch)
{
	struct mv_uapi_connection *connection = watch->data;
	const struct mv_uapi_connection_owner *owner = connection->owner;
	size_t unsent = uv_stream_get_write_queue_size(stream_of(connection));
	uint64_t now_ms = uv_now(watch->loop);

	if (connection->reply != NULL && unsent < connection->unsent) {
		connection->unsent = unsent;
		note_activity(connection);
	}
	uint64_t idle_ms = now_ms - connection->active_ms;
	bool is_too_slow =
		connection->reply == NULL && now_ms - connection->asked_ms >= MV_UAPI_REQUEST_MS;

	if (is_too_slow || idle_ms >= MV_UAPI_IDLE_MS ||
		(idle_ms >= MV_UAPI_IDLE_WANTED_MS && owner->is_wanted(owner->ctx))) {
		mv_uapi_connection_close(connection);
	}
}

static void on_written(uv_write_t *write, int status)
{
	struct mv_uapi_connection *connection = write->data;

	mv_uapi_free(connection->reply);
	connection->reply = NULL;
	if (uv_is_closing((uv_handle_t *)&connection->pipe)) {
		return;
	}
	if (status < 0) {
		mv_uapi_connection_close(connection);
		return;
	}
	note_activity(connection);
	connection->asked_ms = connection->active_ms;
	serve(connection);
}

static char *print_snapshot(
	const struct mv_uapi_host *host, enum mv_uapi_request request, size_t *len)
{
	struct mv_snapshot *snapshot = host->snapshot(host->ctx);
	char *reply;

	if (snapshot == NULL) {
		return mv_uapi_print_errno(ENOMEM, len);
	}
	reply = request == MV_UAPI_GET ? mv_uapi_print_get(snapshot, len)
				       : mv_uapi_print_status(snapshot, len);
	mv_snapshot_destroy(snapshot);
	return reply;
}

/* Nothing of it is carried out before all of it has been read. */
static char *carry_out(
	const struct mv_uapi_host *host, char *request, size_t request_len, size_t *len)
{
	struct mv_changes changes;

	mv_changes_init(&changes);
	int error = mv_uapi_parse_set(&changes, request, request_len);
	if (error == 0) {
		error = host->apply(host->ctx, &changes);
	}
	mv_changes_uninit(&changes);
	return mv_uapi_print_errno(error, len);
}

static void answer(struct mv_uapi_connection *connection, char *reply, size_t len)
{
	uv_buf_t buffer = {.base = reply, .len = len};

	if (reply == NULL) {
		mv_uapi_connection_close(connection);
		return;
	}
	uv_read_stop(stream_of(connection));
	connection->reply = reply;
	connection->write.data = connection;
	if (uv_write(&connection->write, stream_of(connection), &buffer, 1, on_written) < 0) {
		mv_uapi_free(reply);
		connection->reply = NULL;
		mv_uapi_connection_close(connection);
		return;
	}
	connection->unsent = uv_stream_get_write_queue_size(stream_of(connection));
}

static void on_alloc(uv_handle_t *handle, size_t suggested_bytes, uv_buf_t *buffer)
{
	struct mv_uapi_connection *connection = handle->data;
	struct mv_text *request = &connection->request;

	(void)suggested_bytes;
	*buffer = (uv_buf_t){0};
	if (mv_text_reserve(request, READ_ROOM) < 0) {
		return;
	}
	buffer->base = request->bytes + request->len;
	buffer->len = request->capacity - request->len;
}

/* End of file and errors are the client's way to go: nothing is said about them. */
static void on_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer)
{
	struct mv_uapi_connection *connection = stream->data;

	(void)buffer;
	if (bytes < 0) {
		mv_uapi_connection_close(connection);
		return;
	}
	if (bytes == 0) {
		return;
	}
	connection->request.len += (size_t)bytes;
	note_activity(connection);
	serve(connection);
}

static void read_on(struct mv_uapi_connection *connection)
{
	const struct mv_uapi_connection_owner *owner = connection->owner;
	int error = UV_EMSGSIZE;

	if (connection->request.len <= MV_UAPI_REQUEST_MAX &&
		owner->requests_bytes(owner->ctx) <= MV_UAPI_REQUESTS_MAX) {
		error = uv_read_start(stream_of(connection), on_alloc, on_read);
	}
	if (error < 0 && error != UV_EALREADY) {
		mv_uapi_connection_close(connection);
	}
}

/* One request at most; the next one when its answer is written. */
static void serve(struct mv_uapi_connection *connection)
{
	struct mv_text *text = &connection->request;
	size_t used = 0, len = 0;
	const struct mv_uapi_host *host = &connection->owner->host;
	enum mv_uapi_request request =
		mv_uapi_classify(text->bytes, text->len, &connection->seen, &used);
	char *reply = NULL;

	switch (request) {
	case MV_UAPI_INCOMPLETE:
		read_on(connection);
		return;
	case MV_UAPI_UNKNOWN:
		mv_uapi_connection_close(connection);
		return;
	case MV_UAPI_GET:
	case MV_UAPI_STATUS:
		reply = print_snapshot(host, request, &len);
		break;
	case MV_UAPI_SET:
		reply = carry_out(host, text->bytes, used, &len);
		break;
	case MV_UAPI_BAD_REQUEST:
		reply = mv_uapi_print_errno(EINVAL, &len);
		break;
	}
	mv_text_consume(text, used);
	answer(connection, reply, len);
}

void mv_uapi_connection_open(struct mv_uapi_connection *connection, uv_stream_t *listener,
	const struct mv_uapi_connection_owner *owner)
{
	*connection = (struct mv_uapi_connection){.handles = 2, .owner = owner};
	uv_pipe_init(listener->loop, &connection->pipe, 0);
	uv_timer_init(listener->loop, &connection->watch);
	connection->pipe.data = connection;
	connection->watch.data = connection;
	note_activity(connection);
	connection->asked_ms = connection->active_ms;
	uv_timer_start(&connection->watch, on_watch, WATCH_MS, WATCH_MS);
	if (uv_accept(listener, stream_of(connection)) < 0) {
		mv_uapi_connection_close(connection);
	} else {
		read_on(connection);
	}
}
