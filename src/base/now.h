/*
 * One sample of the clocks, taken by the edge once a wake-up and passed down: nothing below reads a
 * clock.
 */
#ifndef MV_BASE_NOW_H
#define MV_BASE_NOW_H

#include <stdint.h>

#define MV_NS_PER_S  UINT64_C(1000000000)
#define MV_NS_PER_MS UINT64_C(1000000)

/* A deadline that never comes, and a moment that never was. 0 is an ordinary moment: the boot. */
#define MV_NEVER UINT64_MAX

struct mv_now {
	uint64_t boot_ns; /* CLOCK_BOOTTIME: ages and deadlines; counts suspend, never steps */
	uint64_t wall_s;  /* CLOCK_REALTIME: timestamps of handshakes, and what people read */
	uint32_t wall_ns;
};

#endif
