#include "cli/hangup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void run(struct mv_hangup *hangup);

/* One that came meanwhile is for a file that the running one may have read before. */
static void on_closed(uv_handle_t *handle)
{
	struct mv_hangup *hangup = handle->data;

	if (--hangup->open > 0) {
		return;
	}
	hangup->is_running = false;
	if (hangup->comes_again && !uv_is_closing((uv_handle_t *)&hangup->signal)) {
		run(hangup);
	}
}

/* Errors and warnings begin with the program's name, which the log has, too. */
static void log_line(struct mv_hangup *hangup)
{
	static const char prefix[] = "minivpn: ";
	bool is_warning = strncmp(hangup->line, prefix, strlen(prefix)) == 0;

	hangup->line[hangup->len] = '\0';
	hangup->len = 0;
	if (*hangup->line) {
		mv_log(hangup->log, is_warning ? MV_LOG_WARNING : MV_LOG_INFO, "reload: %s",
			hangup->line + (is_warning ? strlen(prefix) : 0));
	}
}

/* There is room for a whole line of the log; what is longer becomes several. */
static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct mv_hangup *hangup = handle->data;

	(void)suggested;
	if (hangup->len == sizeof(hangup->line) - 1) {
		log_line(hangup);
	}
	*buf = uv_buf_init(
		hangup->line + hangup->len, (unsigned)(sizeof(hangup->line) - 1 - hangup->len));
}

static void take_lines(struct mv_hangup *hangup, size_t fresh)
{
	size_t end = hangup->len + fresh;
	char *newline;

	while ((newline = memchr(hangup->line, '\n', end))) {
		size_t used = (size_t)(newline - hangup->line) + 1;

		hangup->len = used - 1;
		log_line(hangup);
		memmove(hangup->line, hangup->line + used, end - used);
		end -= used;
	}
	hangup->len = end;
}

static void on_output(uv_stream_t *output, ssize_t got, const uv_buf_t *buf)
{
	struct mv_hangup *hangup = output->data;

	(void)buf;
	if (got >= 0) {
		take_lines(hangup, (size_t)got);
		return;
	}
	log_line(hangup);
	uv_close((uv_handle_t *)output, on_closed);
}

/* A program that it started may live on, and holds the other end. */
static void finish_output(struct mv_hangup *hangup)
{
	uv_handle_t *output = (uv_handle_t *)&hangup->output;
	uv_os_fd_t fd;
	uv_buf_t room;
	ssize_t got;

	if (uv_is_closing(output) || uv_fileno(output, &fd) < 0) {
		return;
	}
	for (on_room(output, 0, &room); (got = read(fd, room.base, room.len)) > 0;
		on_room(output, 0, &room)) {
		take_lines(hangup, (size_t)got);
	}
	log_line(hangup);
	uv_close(output, on_closed);
}

static void on_exit(uv_process_t *process, int64_t status, int term_signal)
{
	struct mv_hangup *hangup = process->data;

	(void)status, (void)term_signal; /* It has said why. */
	finish_output(hangup);
	uv_close((uv_handle_t *)process, on_closed);
}

/* Both outputs go into one pipe, in their order. */
static int spawn(struct mv_hangup *hangup, int out_fd)
{
	const char *const argv[] = {"minivpn", "reload", hangup->device, NULL};
	uv_stdio_container_t stdio[] = {
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = out_fd},
		{.flags = UV_INHERIT_FD, .data.fd = out_fd},
	};
	uv_process_options_t options = {.file = "/proc/self/exe",
		.args = (char **)argv,
		.exit_cb = on_exit,
		.stdio = stdio,
		.stdio_count = 3};

	/* Closed also where it did not start. */
	hangup->open++;
	int error = uv_spawn(hangup->signal.loop, &hangup->process, &options);
	if (error < 0) {
		uv_close((uv_handle_t *)&hangup->process, on_closed);
	}
	return error;
}

static int begin(struct mv_hangup *hangup)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0) {
		return -errno;
	}
	uv_pipe_init(hangup->signal.loop, &hangup->output, 0);
	hangup->output.data = hangup->process.data = hangup;
	hangup->open = 1;
	hangup->is_running = true;
	int error = uv_pipe_open(&hangup->output, fds[0]);
	if (error < 0) {
		close(fds[0]);
	} else {
		error = spawn(hangup, fds[1]);
	}
	close(fds[1]);
	if (error == 0) {
		error = uv_read_start((uv_stream_t *)&hangup->output, on_room, on_output);
	}
	if (error < 0) {
		uv_close((uv_handle_t *)&hangup->output, on_closed);
	}
	return error;
}

static void run(struct mv_hangup *hangup)
{
	hangup->comes_again = false;
	hangup->len = 0;
	int error = begin(hangup);
	if (error < 0) {
		mv_log(hangup->log, MV_LOG_ERROR, "cannot reload: %s", strerror(-error));
	}
}

static void on_hangup(uv_signal_t *signal, int signum)
{
	struct mv_hangup *hangup = signal->data;

	(void)signum;
	if (hangup->is_running) {
		hangup->comes_again = true;
	} else {
		run(hangup);
	}
}

int mv_hangup_start(
	struct mv_hangup *hangup, uv_loop_t *loop, const char *device, const struct mv_log *log)
{
	*hangup = (struct mv_hangup){.log = log};
	snprintf(hangup->device, sizeof(hangup->device), "%s", device);
	uv_signal_init(loop, &hangup->signal);
	hangup->signal.data = hangup;
	return uv_signal_start(&hangup->signal, on_hangup, SIGHUP);
}
