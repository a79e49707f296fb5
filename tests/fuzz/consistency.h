/*
 * Is the inside of a device in order? To be asked between inputs, when nothing is under way.
 */
#ifndef MV_TESTS_FUZZ_CONSISTENCY_H
#define MV_TESTS_FUZZ_CONSISTENCY_H

#include "tunnel/device.h"

/* Demands that pools, tables, queues and keys agree with each other. */
void consistency_check(const struct mv_device *device);

#endif
