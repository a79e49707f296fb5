/*
 * bench: what sealing and opening a packet takes, by provider and size, one packet at a time and
 * in batches. A round is a good many packets, one behind the other in memory as in a lane's batch.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_measure.h"
#include "crypto/aead_choose.h"

#define BATCH     64
#define BYTES_MIN 65536 /* in a round */

static const size_t sizes[] = {64, 256, 512, 1024, 1420, 16000};

#define SIZE_COUNT (sizeof(sizes) / sizeof(sizes[0]))

struct packets {
	const struct mv_aead_provider *provider;
	void *state;
	size_t at_once; /* 1 or BATCH */
	size_t count, text_len, stride;
	uint8_t key[MV_AEAD_KEY_LEN];
	struct mv_aead_job *jobs;
	uint8_t *texts, *sealed; /* count of each, stride apart */
};

static unsigned count(void)
{
	unsigned providers = 0;

	while (mv_aead_providers[providers]) {
		providers++;
	}
	return providers * SIZE_COUNT * 2 * 2;
}

static void free_packets(struct packets *packets)
{
	free(packets->jobs);
	free(packets->texts);
	free(packets->sealed);
}

static bool make_packets(struct packets *packets, const struct mv_aead_provider *provider,
	void *state, size_t text_len)
{
	size_t batches = BYTES_MIN / text_len / BATCH;

	*packets = (struct packets){.provider = provider,
		.state = state,
		.count = (batches > 0 ? batches : 1) * BATCH,
		.text_len = text_len,
		.stride = text_len + MV_AEAD_TAG_LEN};
	randombytes_buf(packets->key, sizeof(packets->key));
	packets->jobs = calloc(packets->count, sizeof(*packets->jobs));
	packets->texts = calloc(packets->count, packets->stride);
	packets->sealed = calloc(packets->count, packets->stride);
	if (!packets->jobs || !packets->texts || !packets->sealed) {
		free_packets(packets);
		return false;
	}
	for (size_t i = 0; i < packets->count; i++) {
		packets->jobs[i] = (struct mv_aead_job){.key = packets->key,
			.counter = i,
			.text = packets->texts + i * packets->stride,
			.text_len = text_len};
	}
	return true;
}

static void seal_all(void *ctx)
{
	const struct packets *packets = ctx;

	for (size_t i = 0; i < packets->count; i += packets->at_once) {
		packets->provider->seal(packets->state, packets->jobs + i, packets->at_once);
	}
}

/* Opening is done in place, so each round needs them sealed anew. */
static void restore_sealed(void *ctx)
{
	struct packets *packets = ctx;

	memcpy(packets->texts, packets->sealed, packets->count * packets->stride);
}

static void open_all(void *ctx)
{
	const struct packets *packets = ctx;

	for (size_t i = 0; i < packets->count; i += packets->at_once) {
		packets->provider->open(packets->state, packets->jobs + i, packets->at_once);
	}
}

/* A figure for packets that were refused would be none. */
static bool all_were_opened(const struct packets *packets)
{
	bool ok = sodium_is_zero(packets->texts, packets->text_len);

	for (size_t i = 0; i < packets->count; i++) {
		ok &= packets->jobs[i].ok;
	}
	return ok;
}

static void print_row(const struct packets *packets, const char *op,
	const struct mv_bench_work *work, uint64_t budget_ns)
{
	struct packets some = *packets;

	printf("%-14s %-6s %6zu", packets->provider->name, op, packets->text_len);
	for (some.at_once = 1; some.at_once <= BATCH; some.at_once *= BATCH) {
		double ns = mv_bench_ns(work, &some, budget_ns);

		printf("  %11.1f %9.1f", ns, mv_bench_mb_a_second(packets->text_len, ns));
	}
	putchar('\n');
	fflush(stdout);
}

static enum mv_exit run_size(
	const struct mv_aead_provider *provider, void *state, size_t text_len, uint64_t budget_ns)
{
	struct packets packets;

	if (!make_packets(&packets, provider, state, text_len)) {
		return mv_command_failed("no memory");
	}
	const struct mv_bench_work sealing = {.round = seal_all, .ops = (double)packets.count};
	const struct mv_bench_work opening = {
		.prepare = restore_sealed, .round = open_all, .ops = (double)packets.count};

	print_row(&packets, "seal", &sealing, budget_ns);

	memset(packets.texts, 0, packets.count * packets.stride);
	packets.at_once = BATCH;
	seal_all(&packets);
	memcpy(packets.sealed, packets.texts, packets.count * packets.stride);
	print_row(&packets, "open", &opening, budget_ns);
	bool ok = all_were_opened(&packets);
	free_packets(&packets);
	return ok ? MV_EXIT_DONE
		  : mv_command_failed("%s does not open what it has sealed", provider->name);
}

static enum mv_exit run_provider(const struct mv_aead_provider *provider, uint64_t budget_ns)
{
	enum mv_exit result = MV_EXIT_DONE;
	void *state;

	if (!provider->create(&state)) {
		printf("%-14s not on this processor\n", provider->name);
		return MV_EXIT_DONE;
	}
	for (size_t i = 0; i < SIZE_COUNT && result == MV_EXIT_DONE; i++) {
		result = run_size(provider, state, sizes[i], budget_ns);
	}
	provider->destroy(state);
	return result;
}

static enum mv_exit run(uint64_t budget_ns)
{
	enum mv_exit result = MV_EXIT_DONE;

	printf("ChaCha20-Poly1305, a packet    %23s  %21s\n", "one at a time", "64 at a time");
	printf("%-14s %-6s %6s  %11s %9s  %11s %9s\n", "provider", "", "bytes", "ns", "MB/s", "ns",
		"MB/s");
	for (size_t i = 0; mv_aead_providers[i] && result == MV_EXIT_DONE; i++) {
		result = run_provider(mv_aead_providers[i], budget_ns);
	}
	return result;
}

const struct mv_bench_group mv_bench_aead = {.count = count, .run = run};
