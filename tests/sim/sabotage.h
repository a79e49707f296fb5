/*
 * The positive controls of a simulation: for every invariant something that violates it, planted in
 * a device or in what the checks are told. A check that does not find it is of no use.
 */
#ifndef MV_TESTS_SIM_SABOTAGE_H
#define MV_TESTS_SIM_SABOTAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger.h"
#include "verdict.h"
#include "watch.h"
#include "wire.h"
#include "world.h"

struct sabotage {
	enum invariant target; /* INVARIANT_NONE: nothing is planted */
	struct world *world;
	struct watch *watch;
	struct ledger *ledger;
};

void sabotage_init(struct sabotage *sabotage, enum invariant target, struct world *world,
	struct watch *watch, struct ledger *ledger);

/* After a datagram was watched, after a packet came out, and before everything is looked at. */
void sabotage_transmit(
	const struct sabotage *sabotage, size_t device, const uint8_t *datagram, size_t len);
void sabotage_deliver(const struct sabotage *sabotage, size_t device, size_t owner,
	const struct wire_datagram *datagram, const uint8_t *packet, size_t len);
void sabotage_step(const struct sabotage *sabotage);

#endif
