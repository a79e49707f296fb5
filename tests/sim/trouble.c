#include <stdlib.h>

#include "chaos_state.h"
#include "tunnel/device_state.h"
#include "tunnel/handshake.h"

#define S  MV_NS_PER_S
#define MS MV_NS_PER_MS

void chaos_begin_trouble(struct chaos *chaos)
{
	struct dice *dice = &chaos->dice;

	chaos->mood = CHAOS_TROUBLE;
	chaos->unrest = (unsigned)dice_between(dice, 0, 120);
	chaos->wire.faults = (struct wire_faults){
		.lose = (unsigned)dice_between(dice, 0, 300),
		.duplicate = (unsigned)dice_between(dice, 0, 150),
		.flip = (unsigned)dice_between(dice, 0, 100),
		.truncate = (unsigned)dice_between(dice, 0, 50),
		.delay_min_ns = dice_between(dice, 0, 50 * MS),
		.delay_max_ns = dice_between(dice, 50 * MS, CHAOS_DELAY_MAX_NS),
	};
	chaos_say(chaos, "trouble: %u loss, %u twice, %u flipped, %u cut off, up to %llu ms late",
		chaos->wire.faults.lose, chaos->wire.faults.duplicate, chaos->wire.faults.flip,
		chaos->wire.faults.truncate,
		(unsigned long long)(chaos->wire.faults.delay_max_ns / MS));
}

static void cut(struct chaos *chaos, size_t a, size_t b)
{
	uint64_t until_ns = chaos_now_ns(chaos) + dice_between(&chaos->dice, 3 * S, 60 * S);
	bool both_ways = chaos->is_dark || dice_chance(&chaos->dice, 700);

	chaos->pairs[a][b].cut_until_ns = until_ns;
	if (both_ways) {
		chaos->pairs[b][a].cut_until_ns = until_ns;
	}
	chaos_say(chaos, "device %zu is cut off from %zu%s", a, b, both_ways ? "" : ", one way");
}

static void apply_cuts(struct chaos *chaos)
{
	for (size_t from = 0; from < chaos->devices; from++) {
		for (size_t to = 0; to < chaos->devices; to++) {
			chaos->wire.cut[from][to] =
				(chaos->is_dark && chaos->mood == CHAOS_TROUBLE) ||
				chaos->pairs[from][to].cut_until_ns > chaos_now_ns(chaos);
		}
	}
}

static void step_wall_clock(struct chaos *chaos, size_t device, int64_t seconds)
{
	if (chaos->wall_s[device] + seconds < chaos->wall_least_s[device]) {
		seconds = chaos->wall_least_s[device] - chaos->wall_s[device];
	}
	chaos->wall_s[device] += seconds;
	if (chaos->wall_s[device] > chaos->wall_most_s[device]) {
		chaos->wall_most_s[device] = chaos->wall_s[device];
	}
	world_step_wall_clock_of(chaos->world, device, seconds);
	chaos_say(
		chaos, "the wall clock of device %zu steps by %lld s", device, (long long)seconds);
}

void chaos_collect_drops(struct chaos *chaos, size_t device)
{
	const uint64_t *drops = world_device(chaos->world, device)->drops;

	for (size_t i = 0; i < MV_DROP_COUNT; i++) {
		chaos->result.drops[i] += drops[i];
	}
}

/* Its wall clock then is behind all it ever was, or at least as far as it ever was. */
static void restart(struct chaos *chaos, size_t device)
{
	int64_t ahead_s = device == chaos->clockless
				  ? -(int64_t)dice_between(&chaos->dice, 3600, 1000000000)
				  : chaos->wall_most_s[device];

	if (device != chaos->clockless) {
		chaos->wall_least_s[device] = chaos->wall_most_s[device];
	}
	chaos_say(chaos, "device %zu starts anew", device);
	chaos_collect_drops(chaos, device);
	step_wall_clock(chaos, device, ahead_s - chaos->wall_s[device]);
	if (chaos->keeps_record) {
		world_restart_with_record(chaos->world, device, dice_chance(&chaos->dice, 500));
	} else {
		world_restart(chaos->world, device);
	}
	watch_forget(&chaos->watch, device);
	chaos->down_until_ns[device] = 0;
}

static void take_down(struct chaos *chaos, size_t device)
{
	chaos_say(chaos, "device %zu goes down", device);
	world_set_up(chaos->world, device, false);
	watch_forget(&chaos->watch, device);
	chaos->down_until_ns[device] = chaos_now_ns(chaos) + dice_between(&chaos->dice, 0, 20 * S);
}

static void bring_up(struct chaos *chaos, bool all)
{
	for (size_t device = 0; device < chaos->devices; device++) {
		uint64_t *until_ns = &chaos->down_until_ns[device];

		if (*until_ns != 0 && (all || *until_ns <= chaos_now_ns(chaos))) {
			*until_ns = 0;
			world_set_up(chaos->world, device, true);
		}
	}
}

static void flood(struct chaos *chaos, size_t victim)
{
	chaos_say(chaos, "device %zu is flooded", victim);
	if (dice_chance(&chaos->dice, 700)) {
		world_set_backlog(chaos->world, MV_HANDSHAKE_QUEUE_LOAD);
	}
	attacker_flood(chaos->attacker, chaos_now_ns(chaos), victim);
}

static void make_trouble(struct chaos *chaos)
{
	size_t device = dice_below(&chaos->dice, chaos->devices);
	size_t other;

	do {
		other = dice_below(&chaos->dice, chaos->devices);
	} while (other == device);

	switch (dice_below(&chaos->dice, 8)) {
	case 0:
	case 1:
		cut(chaos, device, other);
		break;
	case 2:
	case 3:
		if (device != 0) { /* The first is a server, and has its own address. */
			wire_rebind(&chaos->wire, device);
			chaos_say(chaos, "device %zu is seen elsewhere", device);
		}
		break;
	case 4:
		restart(chaos, device);
		break;
	case 5:
		take_down(chaos, device);
		break;
	case 6:
		step_wall_clock(chaos, device, (int64_t)dice_below(&chaos->dice, 200000) - 100000);
		break;
	default:
		flood(chaos, device);
		break;
	}
}

void chaos_trouble(struct chaos *chaos)
{
	if (dice_chance(&chaos->dice, 300)) {
		world_set_backlog(chaos->world, 0);
	}
	bring_up(chaos, false);
	apply_cuts(chaos);
	if (dice_chance(&chaos->dice, chaos->unrest)) {
		make_trouble(chaos);
	}
	if (dice_chance(&chaos->dice, 250)) {
		attacker_act(chaos->attacker, chaos_now_ns(chaos));
	}
	chaos_step(chaos);
}

void chaos_end_trouble(struct chaos *chaos, bool stays_cut)
{
	chaos->wire.faults = (struct wire_faults){0};
	world_set_backlog(chaos->world, 0);
	bring_up(chaos, true);
	for (size_t from = 0; from < chaos->devices; from++) {
		for (size_t to = 0; to < chaos->devices; to++) {
			chaos->pairs[from][to].cut_until_ns = stays_cut ? MV_NEVER : 0;
		}
	}
	apply_cuts(chaos);
}
