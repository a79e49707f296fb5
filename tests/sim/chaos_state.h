/*
 * The inside of a simulation, for chaos.c, which lets time pass, and trouble.c, which makes it a
 * hard one.
 */
#ifndef MV_TESTS_SIM_CHAOS_STATE_H
#define MV_TESTS_SIM_CHAOS_STATE_H

#include "attacker.h"
#include "chaos.h"
#include "dice.h"
#include "ledger.h"
#include "sabotage.h"
#include "watch.h"
#include "wire.h"
#include "world.h"

enum chaos_mood { CHAOS_TROUBLE, CHAOS_REST, CHAOS_SILENCE };

struct chaos_pair {
	uint64_t next_packet_ns; /* when the one has something to send to the other */
	uint64_t cut_until_ns;
};

struct chaos {
	struct chaos_options options;
	struct chaos_result result;
	struct dice dice;
	struct world *world;
	struct wire wire;
	struct watch watch;
	struct ledger ledger;
	struct attacker *attacker;
	struct sabotage sabotage;
	size_t devices;
	uint64_t begin_ns, next_second_ns;
	enum chaos_mood mood;
	bool is_dark;      /* once cut off, the devices stay so until the end */
	size_t clockless;  /* its wall clock is lost with every restart; WORLD_DEVICES_MAX: none is
			    */
	bool keeps_record; /* of the timestamps that were sent, over a restart. Who did so and then
			    * loses it would have to wait for as long as it had reserved. */
	unsigned unrest;   /* how often something happens, permille a second */
	int64_t wall_s[WORLD_DEVICES_MAX], wall_most_s[WORLD_DEVICES_MAX]; /* steps so far */
	/* It does not go back behind a restart: two who lost their clocks can lock each other out
	 * for good, with the help of an attacker who replays to both what they said before. */
	int64_t wall_least_s[WORLD_DEVICES_MAX];
	struct chaos_pair pairs[WORLD_DEVICES_MAX][WORLD_DEVICES_MAX];
	uint64_t down_until_ns[WORLD_DEVICES_MAX]; /* 0: up */
	const struct wire_datagram *in_hand;       /* what is being received */
};

static inline uint64_t chaos_now_ns(const struct chaos *chaos)
{
	return world_now(chaos->world).boot_ns;
}

/* If the user wants to know. */
void chaos_say(const struct chaos *chaos, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Everything that can be checked at any moment; to be called after everything that happens. */
void chaos_step(struct chaos *chaos);

/* From now on the network has faults. */
void chaos_begin_trouble(struct chaos *chaos);

/* What befalls the devices in a second of trouble. */
void chaos_trouble(struct chaos *chaos);

/* All troubles that go on by themselves are over; unless the devices stay cut off from each other.
 */
void chaos_end_trouble(struct chaos *chaos, bool stays_cut);

/* What the device counted so far goes into the result. */
void chaos_collect_drops(struct chaos *chaos, size_t device);

#endif
