#include "crypto/aead_choose.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#ifdef MINIVPN_HAS_IPSEC_MB
#include "crypto/aead_ipsec_mb.h"
#endif

/* Around the widths of vectors and blocks, and what packets have; one that fills a datagram. */
static const size_t lengths[] = {0, 1, 15, 16, 17, 32, 63, 64, 65, 96, 127, 128, 129, 191, 192, 193,
	255, 256, 257, 511, 512, 513, 576, 767, 768, 1023, 1024, 1025, 1280, 1408, 1420, 1440, 1500,
	2047, 2048, 2049, 4096, 8192, 65535 - 80};

#define FIXED          (sizeof(lengths) / sizeof(lengths[0]))
#define RANDOM         100
#define RANDOM_LEN_MAX 1500
#define COUNT          (FIXED + RANDOM)
#define BATCH_MAX      128
#define TEXT_MAX       (65535 - 80)
#define ALL_TEXTS_MAX  (128 * 1024 + RANDOM * (RANDOM_LEN_MAX + MV_AEAD_TAG_LEN))

const struct mv_aead_provider *const mv_aead_providers[] = {
#ifdef MINIVPN_HAS_IPSEC_MB
	&mv_aead_ipsec_mb,
#endif
	&mv_aead_sodium,
	NULL,
};

const struct mv_aead_provider *mv_aead_find(const char *name)
{
	const struct mv_aead_provider *const *provider = mv_aead_providers;

	while (*provider && strcmp((*provider)->name, name) != 0) {
		provider++;
	}
	return *provider;
}

/* All that comes from the seed: bytes without a gap. */
struct choices {
	uint8_t keys[COUNT][MV_AEAD_KEY_LEN];
	uint8_t counters[COUNT][8];
	uint8_t lengths[RANDOM][2];
	uint8_t forged_at[COUNT][4];
	uint8_t batches[COUNT];
	uint8_t plain[TEXT_MAX]; /* which all messages begin with */
};

/* The messages lie one behind the other, so that what is written beyond one harms another. */
struct messages {
	struct choices choices;
	struct mv_aead_job jobs[COUNT];
	uint8_t texts[ALL_TEXTS_MAX];
	uint8_t expected[TEXT_MAX + MV_AEAD_TAG_LEN];
};

static size_t length_of(const struct choices *choices, size_t i)
{
	return i < FIXED ? lengths[i]
			 : mv_load_be16(choices->lengths[i - FIXED]) % (RANDOM_LEN_MAX + 1);
}

static void make_messages(struct messages *messages, const uint8_t seed[static MV_AEAD_SEED_LEN])
{
	struct choices *choices = &messages->choices;
	uint8_t *text = messages->texts;

	randombytes_buf_deterministic(choices, sizeof(*choices), seed);
	for (size_t i = 0; i < COUNT; i++) {
		size_t len = length_of(choices, i);

		assert(text + len + MV_AEAD_TAG_LEN <= messages->texts + ALL_TEXTS_MAX);
		messages->jobs[i] = (struct mv_aead_job){.key = choices->keys[i],
			.counter = mv_load_le64(choices->counters[i]),
			.text = text,
			.text_len = len};
		memcpy(text, choices->plain, len);
		text += len + MV_AEAD_TAG_LEN;
	}
}

/* Half of the batches have a few messages, as on an idle line, and half have up to BATCH_MAX. */
static size_t batch_size(uint8_t choice)
{
	return choice % 2 ? 1 + choice / 2U % 8 : 1 + choice / 2U % BATCH_MAX;
}

static void in_batches(struct messages *messages,
	void (*work)(void *state, struct mv_aead_job *jobs, size_t count), void *state)
{
	size_t count;

	for (size_t done = 0; done < COUNT; done += count) {
		count = batch_size(messages->choices.batches[done]);
		if (count > COUNT - done) {
			count = COUNT - done;
		}
		work(state, messages->jobs + done, count);
	}
}

static bool seals_alike(struct messages *messages)
{
	bool alike = true;

	for (size_t i = 0; i < COUNT; i++) {
		const struct mv_aead_job *job = &messages->jobs[i];

		mv_aead_seal(messages->expected, messages->choices.plain, job->text_len, NULL, 0,
			job->key, job->counter);
		alike &=
			memcmp(job->text, messages->expected, job->text_len + MV_AEAD_TAG_LEN) == 0;
	}
	return alike;
}

/* Every third is forged. */
static bool is_forged(size_t i)
{
	return i % 3 == 1;
}

/* A bit of the tag in every other, and in the rest a bit anywhere. What was found before is the
 * contrary of what is to be found. */
static void forge(struct messages *messages)
{
	for (size_t i = 0; i < COUNT; i++) {
		struct mv_aead_job *job = &messages->jobs[i];
		uint32_t choice = mv_load_le32(messages->choices.forged_at[i]);
		size_t at = i % 2 ? job->text_len + choice / 8 % MV_AEAD_TAG_LEN
				  : choice / 8 % (job->text_len + MV_AEAD_TAG_LEN);

		job->ok = is_forged(i);
		if (is_forged(i)) {
			job->text[at] ^= (uint8_t)(1U << choice % 8);
		}
	}
}

static bool opens_alike(const struct messages *messages)
{
	bool alike = true;

	for (size_t i = 0; i < COUNT; i++) {
		const struct mv_aead_job *job = &messages->jobs[i];

		alike &= job->ok != is_forged(i);
		if (job->ok) {
			alike &= memcmp(job->text, messages->choices.plain, job->text_len) == 0;
		}
	}
	return alike;
}

static bool agrees(const struct mv_aead_provider *provider, void *state, struct messages *messages)
{
	in_batches(messages, provider->seal, state);
	if (!seals_alike(messages)) {
		return false;
	}
	forge(messages);
	in_batches(messages, provider->open, state);
	return opens_alike(messages);
}

enum mv_aead_check mv_aead_check(
	const struct mv_aead_provider *provider, const uint8_t seed[static MV_AEAD_SEED_LEN])
{
	struct messages *messages = malloc(sizeof(*messages));
	void *state;

	if (!messages || !provider->create(&state)) {
		free(messages);
		return MV_AEAD_UNAVAILABLE;
	}
	make_messages(messages, seed);
	bool is_right = agrees(provider, state, messages);
	provider->destroy(state);
	free(messages);
	return is_right ? MV_AEAD_AGREES : MV_AEAD_DIFFERS;
}
