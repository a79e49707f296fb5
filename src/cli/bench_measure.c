#include "cli/bench_measure.h"

#include <stdlib.h>
#include <time.h>

#include "base/now.h"

#define ROUNDS_MIN 3
#define ROUNDS_MAX 16384

static uint64_t read_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * MV_NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t time_round(const struct mv_bench_work *work, void *ctx)
{
	if (work->prepare) {
		work->prepare(ctx);
	}
	uint64_t begin_ns = read_clock();
	work->round(ctx);
	return read_clock() - begin_ns;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

double mv_bench_ns(const struct mv_bench_work *work, void *ctx, uint64_t budget_ns)
{
	static uint64_t rounds_ns[ROUNDS_MAX];
	uint64_t end_ns = read_clock() + budget_ns;
	size_t count = 0;

	/* The first one finds cold caches. */
	time_round(work, ctx);
	while (count < ROUNDS_MIN || (count < ROUNDS_MAX && read_clock() < end_ns)) {
		rounds_ns[count++] = time_round(work, ctx);
	}
	qsort(rounds_ns, count, sizeof(rounds_ns[0]), compare);
	uint64_t median_ns = rounds_ns[count / 2];

	return (double)median_ns / work->ops;
}

double mv_bench_a_second(double ns)
{
	return (double)MV_NS_PER_S / ns;
}

double mv_bench_mb_a_second(size_t bytes, double ns)
{
	return (double)bytes * mv_bench_a_second(ns) / 1e6;
}
