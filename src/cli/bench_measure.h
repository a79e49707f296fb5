/*
 * How `minivpn bench` measures: something is done again and again for its share of the time, and
 * what counts is the median of the rounds, so that a round in which something else ran does not.
 * Each group of measurements prints its own rows. The main thread.
 */
#ifndef MV_CLI_BENCH_MEASURE_H
#define MV_CLI_BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#include "cli/command.h"

/* What is measured. A round should take some ten microseconds, beside which reading the clock is
 * nothing. */
struct mv_bench_work {
	void (*prepare)(void *ctx); /* before each round, and not timed; NULL: there is nothing */
	void (*round)(void *ctx);
	double ops; /* of what is printed the time, in one round */
};

/* The time of one of the ops, in ns. There are three rounds at the least, and then as many as fit
 * into the budget. */
double mv_bench_ns(const struct mv_bench_work *work, void *ctx, uint64_t budget_ns);

double mv_bench_a_second(double ns);

/* Decimal megabytes a second. */
double mv_bench_mb_a_second(size_t bytes, double ns);

struct mv_bench_group {
	/* So many measurements, */
	unsigned (*count)(void);
	/* each with this budget. Prints its rows; or says why there are none. */
	enum mv_exit (*run)(uint64_t budget_ns);
};

extern const struct mv_bench_group mv_bench_aead, mv_bench_x25519, mv_bench_handshake,
	mv_bench_offload;

#endif
