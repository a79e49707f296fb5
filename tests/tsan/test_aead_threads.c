/*
 * Threads that seal and open at the same time, each with a state of its own of one provider, made
 * while the others are at work: as the lanes do. The thread sanitizer does not look into a library
 * of assembly; what is compared here would show it.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "crypto/aead_choose.h"
#include "require.h"

#define THREADS  4
#define STATES   5 /* one after the other in each thread */
#define BATCHES  60
#define JOBS     70
#define TEXT_MAX 1500

static const struct mv_aead_provider *provider;

struct lane {
	size_t number;
	struct mv_aead_job jobs[JOBS];
	uint8_t keys[JOBS][MV_AEAD_KEY_LEN];
	uint8_t texts[JOBS][TEXT_MAX + MV_AEAD_TAG_LEN];
	uint8_t plain[TEXT_MAX], wanted[TEXT_MAX + MV_AEAD_TAG_LEN];
};

static void make_jobs(struct lane *lane, uint64_t batch)
{
	for (size_t i = 0; i < JOBS; i++) {
		memset(lane->keys[i], (int)(lane->number * JOBS + i), MV_AEAD_KEY_LEN);
		lane->jobs[i] = (struct mv_aead_job){.key = lane->keys[i],
			.counter = batch * JOBS + i,
			.text = lane->texts[i],
			.text_len = (batch * 131 + i * 257) % (TEXT_MAX + 1)};
		memcpy(lane->texts[i], lane->plain, lane->jobs[i].text_len);
	}
}

static void check_batch(struct lane *lane, void *state, uint64_t batch)
{
	make_jobs(lane, batch);
	provider->seal(state, lane->jobs, JOBS);
	for (size_t i = 0; i < JOBS; i++) {
		const struct mv_aead_job *job = &lane->jobs[i];

		mv_aead_seal(
			lane->wanted, lane->plain, job->text_len, NULL, 0, job->key, job->counter);
		REQUIRE(memcmp(job->text, lane->wanted, job->text_len + MV_AEAD_TAG_LEN) == 0);
	}
	lane->texts[batch % JOBS][lane->jobs[batch % JOBS].text_len] ^= 1;
	provider->open(state, lane->jobs, JOBS);
	for (size_t i = 0; i < JOBS; i++) {
		REQUIRE(lane->jobs[i].ok == (i != batch % JOBS));
	}
}

static void run(void *arg)
{
	struct lane *lane = arg;
	void *state;

	memset(lane->plain, (int)lane->number, sizeof(lane->plain));
	for (uint64_t batch = 0; batch < (uint64_t)STATES * BATCHES; batch++) {
		if (batch % BATCHES == 0) {
			REQUIRE(provider->create(&state));
		}
		check_batch(lane, state, batch);
		if (batch % BATCHES == BATCHES - 1) {
			provider->destroy(state);
		}
	}
}

static void check_provider(void)
{
	static struct lane lanes[THREADS];
	uv_thread_t threads[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		lanes[i].number = i;
		REQUIRE(uv_thread_create(&threads[i], run, &lanes[i]) == 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		REQUIRE(uv_thread_join(&threads[i]) == 0);
	}
	printf("%s in %d threads\n", provider->name, THREADS);
}

int main(void)
{
	REQUIRE(sodium_init() >= 0);
	for (size_t i = 0; mv_aead_providers[i]; i++) {
		void *state;

		provider = mv_aead_providers[i];
		if (provider->create(&state)) {
			provider->destroy(state);
			check_provider();
		}
	}
	return 0;
}
