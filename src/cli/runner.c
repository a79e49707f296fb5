#include "cli/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define MS_PER_S 1000

/* A program that is being run. */
struct job {
	struct mv_runner *runner;
	uv_process_t process;
	uv_pipe_t input;
	uv_write_t write;
	uv_timer_t limit;
	int verdict; /* of mv_runner_run */
	bool has_ended;
};

/* Asked in time: one that has hung up is none any more. */
static bool has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
	}
	return fd >= 0;
}

/* A terminal ends what runs on it by SIGHUP; by whom else it is sent, he has changed the file. */
static void on_signal(void *ctx, int signum)
{
	struct mv_runner *runner = ctx;

	if (signum == SIGHUP && !runner->has_terminal) {
		runner->is_to_reload = true;
	} else {
		runner->is_interrupted |= !runner->ignores_signals;
	}
	uv_stop(&runner->loop);
}

/* Those that somebody blocked until now. */
static void let_signals_in(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int mv_runner_init(struct mv_runner *runner)
{
	*runner = (struct mv_runner){.has_terminal = has_terminal()};
	int error = uv_loop_init(&runner->loop);

	if (error == 0) {
		error = mv_signals_start(&runner->signals, &runner->loop, on_signal, runner);
		mv_signals_keep_loop(&runner->signals, false);
		let_signals_in();
	}
	return error;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle)) {
		uv_close(handle, NULL);
	}
}

static void close_all(uv_loop_t *loop)
{
	uv_walk(loop, close_handle, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
}

void mv_runner_uninit(struct mv_runner *runner)
{
	close_all(&runner->loop);
	uv_loop_close(&runner->loop);
}

static void kill_session(struct job *job, int verdict)
{
	if (!job->has_ended && job->verdict >= 0) {
		job->verdict = verdict;
		kill(-job->process.pid, SIGKILL);
	}
}

static void on_limit(uv_timer_t *limit)
{
	kill_session(limit->data, -ETIMEDOUT);
}

static void on_exit(uv_process_t *process, int64_t status, int term_signal)
{
	struct job *job = process->data;

	job->has_ended = true;
	if (job->verdict >= 0) {
		job->verdict = term_signal > 0 ? 128 + term_signal : (int)status;
	}
	uv_stop(process->loop);
}

/* A program that does not read all of its input has its reasons. */
static void on_written(uv_write_t *write, int status)
{
	struct job *job = write->data;

	(void)status;
	close_handle((uv_handle_t *)&job->input, NULL);
}

static int start(struct job *job, const char *const argv[], const char *input)
{
	uv_loop_t *loop = &job->runner->loop;
	uv_stdio_container_t stdio[] = {
		{.flags = UV_INHERIT_FD, .data.fd = 0},
		{.flags = UV_INHERIT_FD, .data.fd = 1},
		{.flags = UV_INHERIT_FD, .data.fd = 2},
	};
	uv_process_options_t options = {.file = argv[0],
		.args = (char **)argv,
		.exit_cb = on_exit,
		.flags = UV_PROCESS_DETACHED, /* a session of its own, to be killed as a whole */
		.stdio = stdio,
		.stdio_count = 3};

	if (input) {
		uv_pipe_init(loop, &job->input, 0);
		job->input.data = job;
		stdio[0].flags = UV_CREATE_PIPE | UV_READABLE_PIPE;
		stdio[0].data.stream = (uv_stream_t *)&job->input;
	}
	job->process.data = job;
	int error = uv_spawn(loop, &job->process, &options);
	if (error == 0 && input) {
		uv_buf_t text = {.base = (char *)input, .len = strlen(input)};

		job->write.data = job;
		uv_write(&job->write, (uv_stream_t *)&job->input, &text, 1, on_written);
	}
	return error;
}

static void close_job(struct job *job, bool has_input)
{
	uv_loop_t *loop = &job->runner->loop;

	close_handle((uv_handle_t *)&job->process, NULL);
	close_handle((uv_handle_t *)&job->limit, NULL);
	if (has_input) {
		close_handle((uv_handle_t *)&job->input, NULL);
	}
	/* The signals are unreferenced: this ends when the three are closed. */
	while (uv_run(loop, UV_RUN_DEFAULT) != 0) {
	}
}

int mv_runner_run(
	struct mv_runner *runner, const char *const argv[], const char *input, unsigned limit_s)
{
	struct job job = {.runner = runner};
	int error;

	if (runner->is_interrupted) {
		return -EINTR;
	}
	uv_timer_init(&runner->loop, &job.limit);
	job.limit.data = &job;
	error = start(&job, argv, input);
	if (error == 0) {
		uv_timer_start(&job.limit, on_limit, (uint64_t)limit_s * MS_PER_S, 0);
		while (!job.has_ended) {
			uv_run(&runner->loop, UV_RUN_DEFAULT);
			if (runner->is_interrupted && !runner->is_patient) {
				kill_session(&job, -EINTR);
			}
		}
	}
	close_job(&job, input != NULL);
	return error < 0 ? error : job.verdict;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	bool *is_readable = poll->data;

	(void)status, (void)events;
	*is_readable = true;
	uv_stop(poll->loop);
}

enum mv_runner_event mv_runner_wait(struct mv_runner *runner, int fd)
{
	bool is_readable = false;
	uv_poll_t poll;

	if (uv_poll_init(&runner->loop, &poll, fd) < 0) {
		return MV_RUNNER_READABLE;
	}
	poll.data = &is_readable;
	uv_poll_start(&poll, UV_READABLE, on_readable);
	while (!is_readable && !runner->is_interrupted && !runner->is_to_reload) {
		uv_run(&runner->loop, UV_RUN_DEFAULT);
	}
	close_handle((uv_handle_t *)&poll, NULL);
	while (uv_run(&runner->loop, UV_RUN_DEFAULT) != 0) {
	}
	if (is_readable || runner->is_interrupted) {
		return is_readable ? MV_RUNNER_READABLE : MV_RUNNER_INTERRUPTED;
	}
	runner->is_to_reload = false;
	return MV_RUNNER_RELOAD;
}

bool mv_runner_is_interrupted(struct mv_runner *runner)
{
	/* A loop that nothing keeps looks at nothing. */
	mv_signals_keep_loop(&runner->signals, true);
	uv_run(&runner->loop, UV_RUN_NOWAIT);
	mv_signals_keep_loop(&runner->signals, false);
	return runner->is_interrupted;
}

void mv_runner_ignore_signals(struct mv_runner *runner)
{
	runner->ignores_signals = true;
	runner->is_interrupted = false;
}
