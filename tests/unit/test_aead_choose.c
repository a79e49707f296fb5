/*
 * Every AEAD provider of this build against libsodium, and the choice between them. What this
 * processor cannot do is passed over; that there is more than libsodium on the machines that the
 * tests run on is told by the last test.
 */
#include "crypto/aead_choose.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

static const struct mv_aead_provider *provider;
static void *state;

static void fill(uint8_t *text, size_t len, size_t seed)
{
	for (size_t i = 0; i < len; i++) {
		text[i] = (uint8_t)(i * 31 + seed * 7 + i / 256);
	}
}

#define JOBS     150 /* more than any provider takes at once */
#define JOB_TEXT 1500

/* A batch of mixed lengths, each job with a key and a counter of its own. */
struct batch {
	struct mv_aead_job jobs[JOBS];
	uint8_t keys[JOBS][MV_AEAD_KEY_LEN];
	uint8_t text[JOBS][JOB_TEXT + MV_AEAD_TAG_LEN];
};

static size_t job_len(size_t i)
{
	static const size_t lengths[] = {0, 1, 1500, 15, 16, 17, 0, 63, 64, 65, 1420, 255, 256, 32};

	return lengths[i % (sizeof(lengths) / sizeof(lengths[0]))];
}

static void seal_jobs(struct batch *b)
{
	for (size_t i = 0; i < JOBS; i++) {
		memset(b->keys[i], (int)(i + 1), MV_AEAD_KEY_LEN);
		fill(b->text[i], job_len(i), i);
		b->jobs[i] = (struct mv_aead_job){
			.key = b->keys[i],
			.counter = UINT64_MAX - i * UINT64_C(0x0123456789),
			.text = b->text[i],
			.text_len = job_len(i),
		};
	}
	provider->seal(state, b->jobs, JOBS);
}

static void check_sealed_batch(void)
{
	static struct batch b;
	uint8_t plain[JOB_TEXT], wanted[JOB_TEXT + MV_AEAD_TAG_LEN];

	seal_jobs(&b);
	for (size_t i = 0; i < JOBS; i++) {
		fill(plain, job_len(i), i);
		mv_aead_seal(wanted, plain, job_len(i), NULL, 0, b.keys[i], b.jobs[i].counter);
		cr_assert_arr_eq(b.text[i], wanted, job_len(i) + MV_AEAD_TAG_LEN, "job %zu", i);
	}
}

static void check_opened_batch(void)
{
	static struct batch b;
	uint8_t plain[JOB_TEXT];

	seal_jobs(&b);
	for (size_t i = 0; i < JOBS; i++) {
		const bool forged = i % 3 == 1;

		if (forged) {
			b.text[i][i % (job_len(i) + MV_AEAD_TAG_LEN)] ^= 0x10;
		}
		b.jobs[i].ok = forged; /* the contrary of what open must find */
	}
	provider->open(state, b.jobs, JOBS);
	for (size_t i = 0; i < JOBS; i++) {
		cr_assert_eq(b.jobs[i].ok, i % 3 != 1, "job %zu", i);
		fill(plain, job_len(i), i);
		if (b.jobs[i].ok) {
			cr_assert_eq(memcmp(b.text[i], plain, job_len(i)), 0, "job %zu", i);
		}
	}
}

static void check_batch_of_none(void)
{
	uint8_t key[MV_AEAD_KEY_LEN] = {0}, text[MV_AEAD_TAG_LEN] = {0};
	struct mv_aead_job job = {.key = key, .text = text};

	provider->seal(state, &job, 0);
	cr_assert(sodium_is_zero(text, sizeof(text)));
	provider->seal(state, &job, 1);
	cr_assert_not(sodium_is_zero(text, sizeof(text)));
	provider->open(state, &job, 0);
	cr_assert_not(job.ok);
	provider->open(state, &job, 1);
	cr_assert(job.ok);
}

/* One byte of the message, or of its tag, after the other. */
static void check_forged_everywhere(void)
{
	uint8_t key[MV_AEAD_KEY_LEN] = {7}, sealed[300 + MV_AEAD_TAG_LEN], text[sizeof(sealed)];

	fill(text, 300, 0);
	mv_aead_seal(sealed, text, 300, NULL, 0, key, 9);
	for (size_t i = 0; i < sizeof(sealed); i++) {
		struct mv_aead_job job = {
			.key = key, .counter = 9, .text = text, .text_len = 300, .ok = true};

		memcpy(text, sealed, sizeof(sealed));
		text[i] ^= 0x80;
		provider->open(state, &job, 1);
		cr_assert_not(job.ok, "byte %zu", i);
	}
}

/* The largest there is, and at each alignment. */
static void check_lengths(void)
{
	static uint8_t text[65535 + 64], wanted[65535 + 64], plain[65535];
	uint8_t key[MV_AEAD_KEY_LEN] = {3};

	fill(plain, sizeof(plain), 5);
	for (size_t len = 0; len < 2100; len++) {
		size_t at = len % 64;
		struct mv_aead_job job = {
			.key = key, .counter = len, .text = text + at, .text_len = len};

		memset(text, 0xee, len + 128);
		memcpy(text + at, plain, len);
		provider->seal(state, &job, 1);
		mv_aead_seal(wanted, plain, len, NULL, 0, key, len);
		cr_assert_eq(memcmp(text + at, wanted, len + MV_AEAD_TAG_LEN), 0, "%zu bytes", len);
		cr_assert(at == 0 || text[at - 1] == 0xee, "nothing before it");
		cr_assert_eq(text[at + len + MV_AEAD_TAG_LEN], 0xee, "nothing behind it");
	}
	struct mv_aead_job job = {
		.key = key, .text = text, .text_len = sizeof(text) - 64 - MV_AEAD_TAG_LEN};
	memcpy(text, plain, job.text_len);
	provider->seal(state, &job, 1);
	provider->open(state, &job, 1);
	cr_expect(job.ok);
	cr_expect_eq(memcmp(text, plain, job.text_len), 0);
}

/* The checks, for each that there is */

static void each(void (*check)(void))
{
	cr_assert_geq(sodium_init(), 0);
	for (size_t i = 0; mv_aead_providers[i]; i++) {
		provider = mv_aead_providers[i];
		if (provider->create(&state)) {
			cr_log_info("%s", provider->name);
			check();
			provider->destroy(state);
		}
	}
}

Test(aead_choose, a_sealed_batch_is_what_single_messages_are)
{
	each(check_sealed_batch);
}

Test(aead_choose, an_opened_batch_tells_good_from_forged)
{
	each(check_opened_batch);
}

Test(aead_choose, a_batch_of_none_is_left_alone)
{
	each(check_batch_of_none);
}

Test(aead_choose, whatever_is_forged_is_found)
{
	each(check_forged_everywhere);
}

Test(aead_choose, every_length_at_every_place)
{
	each(check_lengths);
}

/* The choice */

static const uint8_t seed[MV_AEAD_SEED_LEN] = {1, 2, 3};

Test(aead_choose, each_is_found_by_its_name)
{
	for (size_t i = 0; mv_aead_providers[i]; i++) {
		cr_expect_eq(mv_aead_find(mv_aead_providers[i]->name), mv_aead_providers[i]);
	}
	cr_expect_eq(mv_aead_find("libsodium"), &mv_aead_sodium);
	cr_expect_null(mv_aead_find("libsod"));
	cr_expect_null(mv_aead_find(""));
}

Test(aead_choose, those_of_this_build_agree)
{
	cr_assert_geq(sodium_init(), 0);
	for (size_t i = 0; mv_aead_providers[i]; i++) {
		cr_expect_neq(mv_aead_check(mv_aead_providers[i], seed), MV_AEAD_DIFFERS, "%s",
			mv_aead_providers[i]->name);
	}
	cr_expect_eq(mv_aead_check(&mv_aead_sodium, seed), MV_AEAD_AGREES);
}

/* Providers with a fault */

static size_t faulty_len; /* the only length that it is wrong about */

static void seal_wrongly(void *unused, struct mv_aead_job *jobs, size_t count)
{
	mv_aead_sodium.seal(unused, jobs, count);
	for (size_t i = 0; i < count; i++) {
		jobs[i].text[0] ^= jobs[i].text_len == faulty_len;
	}
}

static void accept_all(void *unused, struct mv_aead_job *jobs, size_t count)
{
	mv_aead_sodium.open(unused, jobs, count);
	for (size_t i = 0; i < count; i++) {
		jobs[i].ok = true;
	}
}

static void refuse_all(void *unused, struct mv_aead_job *jobs, size_t count)
{
	mv_aead_sodium.open(unused, jobs, count);
	for (size_t i = 0; i < count; i++) {
		jobs[i].ok = false;
	}
}

static void open_wrongly(void *unused, struct mv_aead_job *jobs, size_t count)
{
	mv_aead_sodium.open(unused, jobs, count);
	for (size_t i = 0; i < count; i++) {
		jobs[i].text[0] ^= jobs[i].text_len == faulty_len;
	}
}

static bool create_nothing(void **nothing)
{
	(void)nothing;
	return false;
}

Test(aead_choose, one_that_is_wrong_is_noticed)
{
	struct mv_aead_provider faulty = mv_aead_sodium;

	cr_assert_geq(sodium_init(), 0);
	cr_expect_eq(mv_aead_check(&faulty, seed), MV_AEAD_AGREES, "there is no fault yet");
	for (faulty_len = 0; faulty_len <= 1420; faulty_len += faulty_len == 0 ? 64 : 1356) {
		faulty.seal = seal_wrongly;
		cr_expect_eq(mv_aead_check(&faulty, seed), MV_AEAD_DIFFERS, "%zu", faulty_len);
	}
	faulty.seal = mv_aead_sodium.seal;
	faulty.open = accept_all;
	cr_expect_eq(mv_aead_check(&faulty, seed), MV_AEAD_DIFFERS);
	faulty.open = refuse_all;
	cr_expect_eq(mv_aead_check(&faulty, seed), MV_AEAD_DIFFERS);
	faulty.open = open_wrongly;
	faulty_len = 1420;
	cr_expect_eq(mv_aead_check(&faulty, seed), MV_AEAD_DIFFERS);
	faulty.create = create_nothing;
	cr_expect_eq(mv_aead_check(&faulty, seed), MV_AEAD_UNAVAILABLE);
}
