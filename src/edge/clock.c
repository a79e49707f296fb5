#include "edge/clock.h"

#include <time.h>

struct mv_now mv_clock_sample(void)
{
	struct timespec boot, wall;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct mv_now){
		.boot_ns = (uint64_t)boot.tv_sec * MV_NS_PER_S + (uint64_t)boot.tv_nsec,
		.wall_s = (uint64_t)wall.tv_sec,
		.wall_ns = (uint32_t)wall.tv_nsec,
	};
}
