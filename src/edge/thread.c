#include "edge/thread.h"

#include <pthread.h>
#include <time.h>

#include "base/now.h"

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle)) {
		uv_close(handle, NULL);
	}
}

static void on_stop(uv_async_t *stop)
{
	uv_stop(stop->loop);
}

static void run(void *arg)
{
	struct mv_thread *thread = arg;

	uv_run(&thread->loop, UV_RUN_DEFAULT);
}

int mv_thread_init(struct mv_thread *thread)
{
	int error = uv_loop_init(&thread->loop);
	if (error < 0) {
		return error;
	}
	error = uv_async_init(&thread->loop, &thread->stop, on_stop);
	if (error < 0) {
		uv_loop_close(&thread->loop);
	}
	thread->has_loop = error == 0;
	return error;
}

int mv_thread_watch(
	struct mv_thread *thread, uv_poll_t *poll, int fd, uv_poll_cb callback, void *data)
{
	if (fd < 0) {
		return 0;
	}
	int error = uv_poll_init(&thread->loop, poll, fd);
	if (error < 0) {
		return error;
	}
	poll->data = data;
	return uv_poll_start(poll, UV_READABLE, callback);
}

int mv_thread_start(struct mv_thread *thread)
{
	int error = uv_thread_create(&thread->id, run, thread);

	thread->is_running = error == 0;
	return error;
}

void mv_thread_stop(struct mv_thread *thread)
{
	if (thread->is_running) {
		uv_async_send(&thread->stop);
		uv_thread_join(&thread->id);
		thread->is_running = false;
	}
}

void mv_thread_uninit(struct mv_thread *thread)
{
	if (!thread->has_loop) {
		return;
	}
	mv_thread_stop(thread);
	uv_walk(&thread->loop, close_handle, NULL);
	uv_run(&thread->loop, UV_RUN_DEFAULT);
	uv_loop_close(&thread->loop);
	thread->has_loop = false;
}

uint64_t mv_thread_used_ns(const struct mv_thread *thread)
{
	struct timespec used;
	clockid_t clock;

	if (pthread_getcpuclockid(thread->id, &clock) != 0 || clock_gettime(clock, &used) < 0) {
		return 0;
	}
	return (uint64_t)used.tv_sec * MV_NS_PER_S + (uint64_t)used.tv_nsec;
}
