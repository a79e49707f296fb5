/*
 * How much of the time a thread, or two, had a processor: what a lane decides by whether it goes on
 * in one thread or in two. Pure; the time comes in.
 */
#ifndef MV_EDGE_USAGE_H
#define MV_EDGE_USAGE_H

#include <stdbool.h>
#include <stdint.h>

struct mv_usage {
	uint64_t begun_ms, begun_used_ns; /* of the window */
};

/* The last window began so long ago that it can be judged. Asked for at each wake-up. */
bool mv_usage_is_due(const struct mv_usage *usage, uint64_t now_ms, uint64_t window_ms);

/* Ends the window and begins the next one: by then so much had been used since ever. In thousandths
 * of the window; two threads can come to 2000. */
unsigned mv_usage_permille(struct mv_usage *usage, uint64_t now_ms, uint64_t used_ns);

#endif
