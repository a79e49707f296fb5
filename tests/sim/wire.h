/*
 * The network between devices at its worst: datagrams arrive late, out of order, twice, damaged,
 * cut off or never; pairs of devices lose each other; a NAT gives a device another address. What is
 * under way lies in a queue by the time of its delivery.
 */
#ifndef MV_TESTS_SIM_WIRE_H
#define MV_TESTS_SIM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "dice.h"
#include "world.h"

struct wire_datagram {
	uint64_t at_ns; /* when it arrives */
	uint64_t order; /* of those that arrive at the same time */
	struct mv_endpoint from, to;
	size_t len;
	uint8_t bytes[];
};

/* In permille, independent of each other. */
struct wire_faults {
	unsigned lose, duplicate, flip, truncate;
	uint64_t delay_min_ns, delay_max_ns;
};

struct wire {
	struct dice *dice;
	struct wire_faults faults;
	struct mv_endpoint seen[WORLD_DEVICES_MAX];     /* where others see the device */
	bool cut[WORLD_DEVICES_MAX][WORLD_DEVICES_MAX]; /* nothing passes, from and to */
	uint64_t lost, duplicated, flipped, truncated;
	struct wire_datagram **heap;
	size_t count, capacity;
	uint64_t order;
};

/* Without faults, and all devices at their world_endpoint. The dice stay the caller's. */
void wire_init(struct wire *wire, struct dice *dice);
void wire_uninit(struct wire *wire);

/* A device sends a datagram. */
void wire_send(struct wire *wire, uint64_t now_ns, size_t device, const struct mv_endpoint *to,
	const uint8_t *bytes, size_t len);

/* A datagram that suffers no fault. */
void wire_insert(struct wire *wire, uint64_t at_ns, const struct mv_endpoint *from,
	const struct mv_endpoint *to, const uint8_t *bytes, size_t len);

/* When the next arrives; MV_NEVER if none is under way. */
uint64_t wire_next(const struct wire *wire);

/* Takes out the next, which there is; the caller frees it. */
struct wire_datagram *wire_take(struct wire *wire);

/* The device that is seen there, or WORLD_DEVICES_MAX. */
size_t wire_owner(const struct wire *wire, const struct mv_endpoint *endpoint);

/* From now on others see the device at another port, or at another address. */
void wire_rebind(struct wire *wire, size_t device);

#endif
