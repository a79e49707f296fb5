#include "edge/clock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SUSPENDED_S 3600

static uint64_t read_ns(clockid_t clock)
{
	struct timespec time;

	cr_assert_eq(clock_gettime(clock, &time), 0);
	return (uint64_t)time.tv_sec * MV_NS_PER_S + (uint64_t)time.tv_nsec;
}

static uint64_t wall_of(struct mv_now now)
{
	return now.wall_s * MV_NS_PER_S + now.wall_ns;
}

Test(clock, samples_lie_between_readings_of_the_system_clocks)
{
	for (int i = 0; i < 1000; i++) {
		uint64_t boot_before = read_ns(CLOCK_BOOTTIME);
		uint64_t wall_before = read_ns(CLOCK_REALTIME);
		struct mv_now now = mv_clock_sample();

		cr_assert_geq(now.boot_ns, boot_before);
		cr_assert_leq(now.boot_ns, read_ns(CLOCK_BOOTTIME));
		cr_assert_geq(wall_of(now), wall_before);
		cr_assert_leq(wall_of(now), read_ns(CLOCK_REALTIME));
		cr_assert_lt(now.wall_ns, MV_NS_PER_S);
	}
}

Test(clock, boot_time_goes_on_with_real_time)
{
	const struct timespec pause = {.tv_nsec = 20 * (long)MV_NS_PER_MS};
	struct mv_now before = mv_clock_sample();

	cr_assert_eq(nanosleep(&pause, NULL), 0);
	cr_assert_geq(mv_clock_sample().boot_ns - before.boot_ns, 20 * MV_NS_PER_MS);
}

/* From here on, children live on a machine that seems to have slept for an hour. */
static void enter_time_namespace(void)
{
	char offset[32];
	int len = snprintf(offset, sizeof(offset), "boottime %d 0", SUSPENDED_S);

	if (geteuid() != 0 || unshare(CLONE_NEWTIME) < 0) {
		cr_skip_test("needs root and a kernel with time namespaces");
	}
	int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, offset, (size_t)len), len, "%s", strerror(errno));
	close(fd);
}

/* 0: it does. */
static int suspend_counts(void)
{
	struct timespec awake;

	clock_gettime(CLOCK_MONOTONIC, &awake);
	return mv_clock_sample().boot_ns >= ((uint64_t)awake.tv_sec + SUSPENDED_S - 1) * MV_NS_PER_S
		       ? 0
		       : 1;
}

Test(clock, boot_time_counts_suspend)
{
	int status;

	enter_time_namespace();
	pid_t child = fork();
	if (child == 0) {
		_exit(suspend_counts());
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0);
}
