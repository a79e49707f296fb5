/*
 * The packets that went into the tunnels of a simulation, and what came out: sent by that peer,
 * once, unaltered, from an allowed source; and, once the network is at rest, all of them.
 */
#ifndef MV_TESTS_SIM_LEDGER_H
#define MV_TESTS_SIM_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verdict.h"
#include "world.h"

#define LEDGER_PACKET_MAX 200

struct ledger_entry {
	uint64_t sent_ns;
	uint8_t from, to, len;
	bool is_spoofed; /* with an inner source address that its sender does not own */
	bool delivered;
};

struct ledger {
	struct verdict *verdict;
	struct ledger_entry *entries; /* by the number that the packet carries */
	size_t count, capacity;
	size_t delivered;
	/* When the last packet that came out had gone in, by sender and receiver; 0: none. */
	uint64_t carried_ns[WORLD_DEVICES_MAX][WORLD_DEVICES_MAX];
};

void ledger_init(struct ledger *ledger, struct verdict *verdict);
void ledger_uninit(struct ledger *ledger);

/* A new packet of `len` bytes (28..LEDGER_PACKET_MAX) for the tunnel interface of `from`. */
void ledger_make(struct ledger *ledger, uint64_t now_ns, size_t from, size_t to, size_t len,
	bool is_spoofed, uint8_t *packet);

/* A packet came out at `device`, under a key that it shares with the device `owner`. */
void ledger_deliver(struct ledger *ledger, uint64_t now_ns, size_t device, size_t owner,
	const uint8_t *packet, size_t len);

/* All that went in at `from` for `to`, from since_ns to until_ns, must have come out. */
void ledger_expect_all(struct ledger *ledger, size_t from, size_t to, uint64_t since_ns,
	uint64_t until_ns, uint64_t now_ns);

#endif
