/*
 * Every AEAD provider of this build against published vectors and libsodium, and the check of them.
 * What this processor cannot do is passed over, and which that may be is a test of its own. Where a
 * provider is not made of C, the sanitizers see nothing of what it reads and writes: so texts lie
 * before a page that nobody may touch.
 */
#include "crypto/aead_choose.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "../vectors/aead.h"
#include "hex.h"

static const struct mv_aead_provider *provider;
static void *state;

static void fill(uint8_t *text, size_t len, size_t seed)
{
	for (size_t i = 0; i < len; i++) {
		text[i] = (uint8_t)(i * 31 + seed * 7 + i / 256);
	}
}

/* Published vectors. A provider has no additional data, which only the tag of A.5 depends on: the
 * rest is compared, and the tag is that of libsodium. */

struct vector {
	uint8_t key[MV_AEAD_KEY_LEN];
	uint64_t counter;
	const char *text;
	uint8_t encrypted[512];
};

static void check_vector(const struct vector *v)
{
	size_t len = strlen(v->text);
	uint8_t text[512], wanted[512];
	struct mv_aead_job job = {
		.key = v->key, .counter = v->counter, .text = text, .text_len = len};

	memcpy(text, v->text, len);
	provider->seal(state, &job, 1);
	cr_assert_arr_eq(text, v->encrypted, len);
	mv_aead_seal(wanted, v->text, len, NULL, 0, v->key, v->counter);
	cr_assert_arr_eq(text + len, wanted + len, MV_AEAD_TAG_LEN);
	provider->open(state, &job, 1);
	cr_assert(job.ok);
	cr_assert_arr_eq(text, v->text, len);
}

static void check_vectors(void)
{
	struct vector a5 = {.counter = RFC8439_A5_COUNTER, .text = RFC8439_A5_TEXT};
	struct vector stream = {.counter = RFC8439_242_COUNTER, .text = RFC8439_242_TEXT};

	unhex(a5.key, sizeof(a5.key), RFC8439_A5_KEY);
	cr_assert_geq(
		unhex(a5.encrypted, sizeof(a5.encrypted), RFC8439_A5_SEALED), strlen(a5.text));
	check_vector(&a5);
	unhex(stream.key, sizeof(stream.key), RFC8439_242_KEY);
	cr_assert_eq(unhex(stream.encrypted, sizeof(stream.encrypted), RFC8439_242_ENCRYPTED),
		strlen(stream.text));
	check_vector(&stream);
}

#define JOBS     150 /* more than any provider takes at once */
#define LARGE    65535
#define LARGE_AT 100 /* this job is as large as any */
#define TEXTS    (JOBS * (2000 + MV_AEAD_TAG_LEN) + LARGE)

/* A batch of mixed lengths, each job with a key and a counter of its own, one text behind the
 * other. */
struct batch {
	struct mv_aead_job jobs[JOBS];
	uint8_t keys[JOBS][MV_AEAD_KEY_LEN];
	uint8_t texts[TEXTS];
};

static size_t job_len(size_t i)
{
	static const size_t lengths[] = {0, 1, 1500, 15, 16, 17, 0, 63, 64, 65, 1420, 255, 256, 32,
		2000, 959, 960, 961, 1023, 1024, 1025};

	return i == LARGE_AT ? LARGE : lengths[i % (sizeof(lengths) / sizeof(lengths[0]))];
}

static void seal_jobs(struct batch *b)
{
	uint8_t *text = b->texts;

	for (size_t i = 0; i < JOBS; i++) {
		fill(b->keys[i], MV_AEAD_KEY_LEN, i + 1);
		fill(text, job_len(i), i);
		b->jobs[i] = (struct mv_aead_job){
			.key = b->keys[i],
			.counter = UINT64_MAX - i * UINT64_C(0x0123456789),
			.text = text,
			.text_len = job_len(i),
		};
		text += job_len(i) + MV_AEAD_TAG_LEN;
	}
	cr_assert_leq(text - b->texts, TEXTS);
	provider->seal(state, b->jobs, JOBS);
}

static void check_sealed_batch(void)
{
	static struct batch b;
	static uint8_t plain[LARGE], wanted[LARGE + MV_AEAD_TAG_LEN];

	seal_jobs(&b);
	for (size_t i = 0; i < JOBS; i++) {
		fill(plain, job_len(i), i);
		mv_aead_seal(wanted, plain, job_len(i), NULL, 0, b.keys[i], b.jobs[i].counter);
		cr_assert_eq(memcmp(b.jobs[i].text, wanted, job_len(i) + MV_AEAD_TAG_LEN), 0,
			"job %zu", i);
	}
}

static void check_opened_batch(void)
{
	static struct batch b;
	static uint8_t plain[LARGE];

	seal_jobs(&b);
	for (size_t i = 0; i < JOBS; i++) {
		const bool forged = i % 3 == 1;

		if (forged) {
			b.jobs[i].text[i * 77 % (job_len(i) + MV_AEAD_TAG_LEN)] ^= 0x10;
		}
		b.jobs[i].ok = forged; /* the contrary of what open must find */
	}
	provider->open(state, b.jobs, JOBS);
	for (size_t i = 0; i < JOBS; i++) {
		cr_assert_eq(b.jobs[i].ok, i % 3 != 1, "job %zu", i);
		fill(plain, job_len(i), i);
		if (b.jobs[i].ok) {
			cr_assert_eq(memcmp(b.jobs[i].text, plain, job_len(i)), 0, "job %zu", i);
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

/* A text that ends where a page begins that nobody may touch, behind bytes that nobody may write
 * to; both are sodium_malloc's. */
static void check_length(size_t len, const uint8_t *plain, uint8_t *wanted)
{
	uint8_t key[MV_AEAD_KEY_LEN];
	uint8_t *text = sodium_malloc(len + MV_AEAD_TAG_LEN);
	struct mv_aead_job job = {.key = key, .counter = len, .text = text, .text_len = len};

	cr_assert(text);
	fill(key, sizeof(key), len);
	memcpy(text, plain, len);
	mv_aead_seal(wanted, plain, len, NULL, 0, key, len);
	provider->seal(state, &job, 1);
	cr_assert_eq(memcmp(text, wanted, len + MV_AEAD_TAG_LEN), 0, "%zu bytes", len);
	provider->open(state, &job, 1);
	cr_assert(job.ok, "%zu bytes", len);
	cr_assert_eq(memcmp(text, plain, len), 0, "%zu bytes", len);
	cr_assert_eq(
		memcmp(text + len, wanted + len, MV_AEAD_TAG_LEN), 0, "open has no tag to write");
	sodium_free(text);
}

static void check_lengths(void)
{
	static uint8_t wanted[LARGE + MV_AEAD_TAG_LEN], plain[LARGE];

	fill(plain, sizeof(plain), 5);
	for (size_t len = 0; len <= 2100; len++) {
		check_length(len, plain, wanted);
	}
	check_length(16000, plain, wanted);
	check_length(LARGE, plain, wanted);
}

/* At each place in a line of the cache, between bytes that must stay as they are. */
static void check_places(void)
{
	uint8_t text[64 + 1420 + MV_AEAD_TAG_LEN + 64], wanted[1420 + MV_AEAD_TAG_LEN], plain[1420];
	uint8_t key[MV_AEAD_KEY_LEN] = {3};

	fill(plain, sizeof(plain), 5);
	for (size_t at = 0; at < 64; at++) {
		size_t len = sizeof(plain) - at, end = at + len + MV_AEAD_TAG_LEN;
		struct mv_aead_job job = {.key = key, .text = text + at, .text_len = len};

		memset(text, 0xee, sizeof(text));
		memcpy(text + at, plain, len);
		provider->seal(state, &job, 1);
		mv_aead_seal(wanted, plain, len, NULL, 0, key, 0);
		cr_assert_eq(memcmp(text + at, wanted, len + MV_AEAD_TAG_LEN), 0, "at %zu", at);
		for (size_t i = 0; i < sizeof(text); i++) {
			cr_assert((i >= at && i < end) || text[i] == 0xee, "at %zu: %zu", at, i);
		}
	}
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

Test(aead_choose, published_vectors)
{
	each(check_vectors);
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

Test(aead_choose, every_length)
{
	each(check_lengths);
}

Test(aead_choose, every_place)
{
	each(check_places);
}

/* So that a provider which the tests should reach is not passed over without a word. */
Test(aead_choose, a_provider_is_there_if_the_processor_can_do_it)
{
	cr_assert_geq(sodium_init(), 0);
	for (size_t i = 0; mv_aead_providers[i]; i++) {
		bool is_expected = true;
		void *its_state;

#ifdef __x86_64__
		if (strcmp(mv_aead_providers[i]->name, "intel-ipsec-mb") == 0) {
			is_expected = __builtin_cpu_supports("avx2");
		}
#endif
		bool is_there = mv_aead_providers[i]->create(&its_state);
		cr_expect_eq(is_there, is_expected, "%s", mv_aead_providers[i]->name);
		if (is_there) {
			mv_aead_providers[i]->destroy(its_state);
		}
	}
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

/* Is right about a batch of a few. */
static void seal_many_wrongly(void *unused, struct mv_aead_job *jobs, size_t count)
{
	mv_aead_sodium.seal(unused, jobs, count);
	if (count > 8) {
		jobs[count - 1].text[jobs[count - 1].text_len] ^= 1;
	}
}

static void seal_too_much(void *unused, struct mv_aead_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mv_aead_sodium.seal(unused, &jobs[i], 1);
		jobs[i].text[jobs[i].text_len + MV_AEAD_TAG_LEN] ^= 1;
	}
}

/* The words of a key in the wrong order. */
static void seal_with_another_key(void *unused, struct mv_aead_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t key[MV_AEAD_KEY_LEN];
		struct mv_aead_job job = jobs[i];

		memcpy(key, jobs[i].key + 16, 16);
		memcpy(key + 16, jobs[i].key, 16);
		job.key = key;
		mv_aead_sodium.seal(unused, &job, 1);
	}
}

static void accept_all(void *unused, struct mv_aead_job *jobs, size_t count)
{
	mv_aead_sodium.open(unused, jobs, count);
	for (size_t i = 0; i < count; i++) {
		jobs[i].ok = true;
	}
}

/* Never says that one is wrong. */
static void only_accept(void *unused, struct mv_aead_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool before = jobs[i].ok;

		mv_aead_sodium.open(unused, &jobs[i], 1);
		jobs[i].ok |= before;
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

static void expect_noticed(const struct mv_aead_provider *faulty, const char *what)
{
	uint8_t its_seed[MV_AEAD_SEED_LEN] = {0};

	for (uint8_t i = 0; i < 20; i++) {
		its_seed[0] = i;
		cr_expect_eq(
			mv_aead_check(faulty, its_seed), MV_AEAD_DIFFERS, "%s, seed %u", what, i);
	}
}

Test(aead_choose, one_that_seals_wrongly_is_noticed)
{
	struct mv_aead_provider faulty = mv_aead_sodium;

	cr_assert_geq(sodium_init(), 0);
	cr_expect_eq(mv_aead_check(&faulty, seed), MV_AEAD_AGREES, "there is no fault yet");
	faulty.seal = seal_wrongly;
	for (faulty_len = 0; faulty_len <= 1420; faulty_len += faulty_len == 0 ? 64 : 1356) {
		expect_noticed(&faulty, "a wrong length");
	}
	faulty.seal = seal_many_wrongly;
	expect_noticed(&faulty, "a wrong large batch");
	faulty.seal = seal_too_much;
	expect_noticed(&faulty, "a byte too much");
	faulty.seal = seal_with_another_key;
	expect_noticed(&faulty, "another key");
}

Test(aead_choose, one_that_opens_wrongly_is_noticed)
{
	struct mv_aead_provider faulty = mv_aead_sodium;

	cr_assert_geq(sodium_init(), 0);
	faulty.open = accept_all;
	expect_noticed(&faulty, "accepts all");
	faulty.open = only_accept;
	expect_noticed(&faulty, "never refuses");
	faulty.open = refuse_all;
	expect_noticed(&faulty, "refuses all");
	faulty.open = open_wrongly;
	faulty_len = 1420;
	expect_noticed(&faulty, "opens to something else");
	faulty.open = mv_aead_sodium.open;
	cr_expect_eq(mv_aead_check(&faulty, seed), MV_AEAD_AGREES, "there is no fault any more");
}

Test(aead_choose, one_that_cannot_be_made_is_told_from_a_wrong_one)
{
	struct mv_aead_provider missing = mv_aead_sodium;

	cr_assert_geq(sodium_init(), 0);
	missing.create = create_nothing;
	cr_expect_eq(mv_aead_check(&missing, seed), MV_AEAD_UNAVAILABLE);
}
