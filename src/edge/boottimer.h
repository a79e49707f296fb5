/*
 * One deadline on a libuv loop by the clock that the whole program lives by, CLOCK_BOOTTIME. Timers
 * of libuv stand still while the machine sleeps; this one does not. Belongs to the thread of the
 * loop.
 */
#ifndef MV_EDGE_BOOTTIMER_H
#define MV_EDGE_BOOTTIMER_H

#include <stdint.h>
#include <uv.h>

struct mv_boottimer {
	uv_poll_t poll;
	int fd;
};

/* Disarmed. -errno; mv_boottimer_uninit also cleans up after a failure. */
int mv_boottimer_start(struct mv_boottimer *timer, uv_loop_t *loop);

/* Wakes the loop once the deadline has come, and does nothing else: what is due then is seen to at
 * each wake-up (uv_prepare_t), whatever it was for. MV_NEVER disarms. */
void mv_boottimer_arm(struct mv_boottimer *timer, uint64_t deadline_ns);

/* After the handle was closed and the loop has run; also instead of mv_boottimer_start, where `fd`
 * is -1. */
void mv_boottimer_uninit(struct mv_boottimer *timer);

#endif
