#include "crypto/aead_choose.h"

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

#define COUNT    (sizeof(lengths) / sizeof(lengths[0]))
#define TEXT_MAX (65535 - 80 + MV_AEAD_TAG_LEN)

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

struct messages {
	uint8_t keys[COUNT][MV_AEAD_KEY_LEN];
	struct mv_aead_job jobs[COUNT];
	uint8_t texts[COUNT][TEXT_MAX];
	uint8_t plain[TEXT_MAX], expected[TEXT_MAX];
};

/* Keys, counters and one text, which all messages begin with. */
static void make_messages(struct messages *messages, const uint8_t seed[static MV_AEAD_SEED_LEN])
{
	uint8_t counters[COUNT][8], other_seed[MV_AEAD_SEED_LEN];

	memcpy(other_seed, seed, sizeof(other_seed));
	randombytes_buf_deterministic(messages->keys, sizeof(messages->keys), other_seed);
	other_seed[0] ^= 1;
	randombytes_buf_deterministic(counters, sizeof(counters), other_seed);
	other_seed[0] ^= 2;
	randombytes_buf_deterministic(messages->plain, sizeof(messages->plain), other_seed);
	for (size_t i = 0; i < COUNT; i++) {
		messages->jobs[i] = (struct mv_aead_job){.key = messages->keys[i],
			.counter = mv_load_le64(counters[i]),
			.text = messages->texts[i],
			.text_len = lengths[i]};
		memcpy(messages->texts[i], messages->plain, lengths[i]);
	}
}

static bool seals_alike(struct messages *messages)
{
	bool alike = true;

	for (size_t i = 0; i < COUNT; i++) {
		const struct mv_aead_job *job = &messages->jobs[i];

		mv_aead_seal(messages->expected, messages->plain, job->text_len, NULL, 0, job->key,
			job->counter);
		alike &=
			memcmp(job->text, messages->expected, job->text_len + MV_AEAD_TAG_LEN) == 0;
	}
	return alike;
}

/* Every third is forged: in its text, in its tag, or in both if it has no text. */
static bool is_forged(size_t i)
{
	return i % 3 == 1;
}

static void forge(struct messages *messages)
{
	for (size_t i = 0; i < COUNT; i++) {
		const struct mv_aead_job *job = &messages->jobs[i];

		if (is_forged(i)) {
			job->text[i % 2 ? job->text_len / 2 : job->text_len] ^= 1;
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
			alike &= memcmp(job->text, messages->plain, job->text_len) == 0;
		}
	}
	return alike;
}

static bool agrees(const struct mv_aead_provider *provider, void *state, struct messages *messages)
{
	provider->seal(state, messages->jobs, COUNT);
	if (!seals_alike(messages)) {
		return false;
	}
	forge(messages);
	provider->open(state, messages->jobs, COUNT);
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
