/*
 * The clocks, sampled once a wake-up. Any thread.
 */
#ifndef MV_EDGE_CLOCK_H
#define MV_EDGE_CLOCK_H

#include "base/now.h"

struct mv_now mv_clock_sample(void);

#endif
