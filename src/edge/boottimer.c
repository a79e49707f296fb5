#include "edge/boottimer.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/now.h"

static void on_expired(uv_poll_t *handle, int status, int events)
{
	const struct mv_boottimer *timer = handle->data;
	uint64_t expirations;

	(void)status, (void)events;
	while (read(timer->fd, &expirations, sizeof(expirations)) > 0) {
	}
}

int mv_boottimer_start(struct mv_boottimer *timer, uv_loop_t *loop)
{
	timer->fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (timer->fd < 0) {
		return -errno;
	}
	timer->poll.data = timer;
	int error = uv_poll_init(loop, &timer->poll, timer->fd);
	return error < 0 ? error : uv_poll_start(&timer->poll, UV_READABLE, on_expired);
}

void mv_boottimer_arm(struct mv_boottimer *timer, uint64_t deadline_ns)
{
	struct itimerspec at = {0}; /* disarmed */

	if (deadline_ns != MV_NEVER) {
		at.it_value.tv_sec = (time_t)(deadline_ns / MV_NS_PER_S);
		at.it_value.tv_nsec = (long)(deadline_ns % MV_NS_PER_S);
	}
	timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &at, NULL);
}

void mv_boottimer_uninit(struct mv_boottimer *timer)
{
	if (timer->fd >= 0) {
		close(timer->fd);
	}
	timer->fd = -1;
}
