/*
 * A lane of the first device of the world, for a fuzzer to drive: several packets go through plan,
 * crypt and commit in one batch, as from a socket, while world.h moves them one by one. Under the
 * address sanitizer nothing may be read or written outside of the packets' own room.
 */
#ifndef MV_TESTS_FUZZ_LANE_H
#define MV_TESTS_FUZZ_LANE_H

#include "world.h"

/* The device that it belongs to. */
#define LANE_DEVICE 0

struct lane_hooks {
	void *ctx;
	/* An inner packet for the tunnel interface. */
	void (*deliver)(void *ctx, size_t device, const uint8_t *packet, size_t len);
	/* Between plan and commit, when a lane lets go of the lock. NULL: nothing happens then. */
	void (*meanwhile)(void *ctx);
	/* After the plan of the way out, for each packet of the batch. */
	void (*planned)(void *ctx, size_t i, const struct mv_packet *packet);
};

struct lane {
	struct world *world;
	size_t devices; /* in the world */
	size_t backlog; /* of handshake messages, as the device is told */
	struct mv_batch *batch, *replies;
	struct lane_hooks hooks;
};

void lane_init(
	struct lane *lane, struct world *world, size_t devices, const struct lane_hooks *hooks);
void lane_uninit(struct lane *lane);

/* Adds a datagram, or an inner packet, to the batch; false if it is full. */
bool lane_add(struct lane *lane, const struct mv_endpoint *from, const uint8_t *bytes, size_t len);

/* The batch comes in from UDP, or goes out from TUN; and everything that follows happens. */
void lane_receive(struct lane *lane);
void lane_send(struct lane *lane);

#endif
