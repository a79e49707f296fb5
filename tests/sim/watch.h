/*
 * Looks into the devices of a simulation and at every datagram that they send: keys, counters,
 * limits of time, wiped memory, tables and pools. It keeps its own books of when a key was born and
 * what was sent under it, and believes nothing that a device says about that.
 */
#ifndef MV_TESTS_SIM_WATCH_H
#define MV_TESTS_SIM_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/keypair.h"
#include "verdict.h"
#include "world.h"

/* A session as one of its two devices has it. */
struct watch_key {
	size_t device, peer;
	uint32_t local_index, remote_index;
	uint64_t send_key; /* the beginning of it */
	uint64_t born_ns;
	uint64_t next_counter;
};

/* What the watch saw in a slot the last time. */
struct watch_slot {
	uint64_t id;
	size_t key; /* among the watch's keys */
};

struct watch {
	struct world *world;
	size_t devices;
	struct verdict *verdict;
	struct watch_key *keys; /* all there ever were, the newest last */
	size_t key_count, key_capacity;
	struct watch_slot slots[WORLD_DEVICES_MAX][WORLD_DEVICES_MAX][MV_KEYPAIR_SLOTS];
	uint64_t *tags; /* of all data messages: a hash table, at most half of it used */
	size_t tag_count, tag_capacity;
	size_t pool_blocks;                                          /* of a device */
	uint64_t initiated_ns[WORLD_DEVICES_MAX][WORLD_DEVICES_MAX]; /* by device and peer */
	uint64_t crossing_ns; /* initiations less far apart meet on their way */
	unsigned crossings;   /* both sides initiated, each before it heard of the other */
};

/* World and verdict stay the caller's. */
void watch_init(struct watch *watch, struct world *world, size_t devices, struct verdict *verdict);
void watch_uninit(struct watch *watch);

/* The device was restarted, or was down: its keys are new, and so is the pace of its handshakes. */
void watch_forget(struct watch *watch, size_t device);

/* The device sends a datagram. */
void watch_transmit(struct watch *watch, size_t device, const uint8_t *datagram, size_t len);

/* A packet came out of this datagram at the device. The peer whose key it was, or
 * WORLD_DEVICES_MAX. */
size_t watch_deliver(struct watch *watch, size_t device, const uint8_t *datagram, size_t len);

/* Enters the device's new keys into the books. */
void watch_note_keys(struct watch *watch, size_t device);

/* Everything that can be checked at any moment. */
void watch_step(struct watch *watch);

/* No secret of any peer is left anywhere, and nothing is to happen any more. */
void watch_expect_nothing(struct watch *watch);

/* How many sessions the device has had with the peer. */
size_t watch_sessions(const struct watch *watch, size_t device, size_t peer);

#endif
