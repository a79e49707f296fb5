/*
 * The provider of minivpn-null, which is minivpn but for the sealing of packets: what the data path
 * would carry if cryptography cost nothing, and so the ceiling that compare.sh measures against.
 * Handshakes are real. It is never installed, and has no tunnel with anything but itself: its tag
 * is one that no key makes.
 */
#include <string.h>

#include "crypto/aead_choose.h"

static const uint8_t tag[MV_AEAD_TAG_LEN + 1] = "it is not sealed";

static bool create(void **state)
{
	*state = NULL;
	return true;
}

static void destroy(void *state)
{
	(void)state;
}

static void seal_batch(void *state, struct mv_aead_job *jobs, size_t count)
{
	(void)state;
	for (size_t i = 0; i < count; i++) {
		memcpy(jobs[i].text + jobs[i].text_len, tag, MV_AEAD_TAG_LEN);
	}
}

static void open_batch(void *state, struct mv_aead_job *jobs, size_t count)
{
	(void)state;
	for (size_t i = 0; i < count; i++) {
		jobs[i].ok = memcmp(jobs[i].text + jobs[i].text_len, tag, MV_AEAD_TAG_LEN) == 0;
	}
}

/* The linker puts it in the place of the one that the program names. */
extern const struct mv_aead_provider __wrap_mv_aead_sodium;

const struct mv_aead_provider __wrap_mv_aead_sodium = {
	.name = "none",
	.create = create,
	.destroy = destroy,
	.seal = seal_batch,
	.open = open_batch,
};

/* And this is all of crypto/aead_choose, which is left out then: there is no choice, and nothing to
 * compare. */

const struct mv_aead_provider *const mv_aead_providers[] = {&__wrap_mv_aead_sodium, NULL};

const struct mv_aead_provider *mv_aead_find(const char *name)
{
	return strcmp(name, mv_aead_providers[0]->name) == 0 ? mv_aead_providers[0] : NULL;
}

enum mv_aead_check mv_aead_check(
	const struct mv_aead_provider *provider, const uint8_t seed[static MV_AEAD_SEED_LEN])
{
	(void)provider;
	(void)seed;
	return MV_AEAD_AGREES;
}
