/*
 * The reasons to drop that no datagram, packet or configuration can bring about in a device alone,
 * since only the edge around it does: test_drops has no scenario for them, and fault/test_io_faults
 * provokes each at real sockets.
 */
#ifndef MV_TESTS_SIM_EDGE_DROPS_H
#define MV_TESTS_SIM_EDGE_DROPS_H

#include <stdbool.h>
#include <stddef.h>

#include "tunnel/drop.h"

static const enum mv_drop edge_drops[] = {
	MV_DROP_BAD_OFFLOAD,
	MV_DROP_TRUNCATED,
	MV_DROP_HANDSHAKE_QUEUE_FULL,
	MV_DROP_TUN_WRITE_FAILED,
};

#define EDGE_DROP_COUNT (sizeof(edge_drops) / sizeof(edge_drops[0]))

static inline bool is_edge_drop(enum mv_drop drop)
{
	for (size_t i = 0; i < EDGE_DROP_COUNT; i++) {
		if (edge_drops[i] == drop) {
			return true;
		}
	}
	return false;
}

#endif
