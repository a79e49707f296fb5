/*
 * A thread that does nothing but run a libuv loop. Its owner initializes it, adds handles to the
 * loop, and starts it; afterwards the loop is the thread's own. Called by the control loop's
 * thread.
 */
#ifndef MV_EDGE_THREAD_H
#define MV_EDGE_THREAD_H

#include <stdbool.h>
#include <uv.h>

/* All zero: one that can be stopped and uninitialized, and nothing happens. */
struct mv_thread {
	uv_loop_t loop;
	uv_thread_t id;
	uv_async_t stop;
	bool has_loop, is_running;
};

/* The thread is all zero. -errno; there is nothing to be undone then. */
int mv_thread_init(struct mv_thread *thread);

/* Watches for what can be read; data goes into the handle. fd may be -1: nothing is watched then.
 * -errno. */
int mv_thread_watch(
	struct mv_thread *thread, uv_poll_t *poll, int fd, uv_poll_cb callback, void *data);

/* -errno; mv_thread_uninit is still to be called then. */
int mv_thread_start(struct mv_thread *thread);

/* Ends the thread if it runs. Others may still send to handles of its loop. */
void mv_thread_stop(struct mv_thread *thread);

/* Does that, and closes all that is in the loop: whoever could send to it has ended. */
void mv_thread_uninit(struct mv_thread *thread);

/* The processor time that it has used, in nanoseconds. Any thread, as long as it runs. */
uint64_t mv_thread_used_ns(const struct mv_thread *thread);

#endif
