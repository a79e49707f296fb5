/*
 * What was sent through the tunnel, and what of it came out: nothing comes out that was not sent,
 * nothing comes out twice, and what comes out is what was sent.
 */
#ifndef MV_TESTS_FUZZ_LEDGER_H
#define MV_TESTS_FUZZ_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/aead.h"

struct ledger_entry {
	size_t from, to; /* devices of the world */
	bool has_key;    /* else it is a message of its own */
	uint8_t key[MV_AEAD_KEY_LEN];
	uint64_t counter;
	bool is_delivered;
	size_t len;
	uint8_t *packet;
};

/* Zeroed is empty. */
struct ledger {
	struct ledger_entry *entries;
	size_t count, capacity;
};

void ledger_uninit(struct ledger *ledger);

/* A packet was sent. It is copied. Of those under the same key and counter one may come out; key
 * NULL: there is none other like it. */
void ledger_send(struct ledger *ledger, size_t from, size_t to, const uint8_t *packet, size_t len,
	const uint8_t *key, uint64_t counter);

/*
 * A packet came out of this device; the first entry that it can be is at `begin` or later. Demands
 * that there is one, and that its inner source is the sender's. Returns its place.
 */
size_t ledger_deliver(
	struct ledger *ledger, size_t begin, size_t device, const uint8_t *packet, size_t len);

#endif
