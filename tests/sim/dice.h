/*
 * All that is left to chance in a simulation: numbers that follow from a seed, and from it alone.
 */
#ifndef MV_TESTS_SIM_DICE_H
#define MV_TESTS_SIM_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state; /* the seed; any number */
};

/* SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). */
static inline uint64_t dice_roll(struct dice *dice)
{
	uint64_t z = (dice->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0..limit - 1 */
static inline uint64_t dice_below(struct dice *dice, uint64_t limit)
{
	return dice_roll(dice) % limit;
}

/* Both ends included. */
static inline uint64_t dice_between(struct dice *dice, uint64_t least, uint64_t most)
{
	return least + dice_below(dice, most - least + 1);
}

/* True in so many of a thousand cases. */
static inline bool dice_chance(struct dice *dice, unsigned permille)
{
	return dice_below(dice, 1000) < permille;
}

#endif
