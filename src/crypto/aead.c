#include "crypto/aead.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"

#define NONCE_LEN crypto_aead_chacha20poly1305_IETF_NPUBBYTES

static_assert(NONCE_LEN == 4 + sizeof(uint64_t), "zeros and the counter");
static_assert(MV_AEAD_KEY_LEN == crypto_aead_chacha20poly1305_IETF_KEYBYTES, "key");
static_assert(MV_AEAD_TAG_LEN == crypto_aead_chacha20poly1305_IETF_ABYTES, "tag");
static_assert(MV_AEAD_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
static_assert(MV_AEAD_TAG_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
static_assert(MV_XAEAD_NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");

static void make_nonce(uint8_t nonce[static NONCE_LEN], uint64_t counter)
{
	memset(nonce, 0, 4);
	mv_store_le64(nonce + 4, counter);
}

void mv_aead_seal(uint8_t *out, const void *in, size_t in_len, const void *ad, size_t ad_len,
	const uint8_t key[static MV_AEAD_KEY_LEN], uint64_t counter)
{
	uint8_t nonce[NONCE_LEN];

	make_nonce(nonce, counter);
	crypto_aead_chacha20poly1305_ietf_encrypt(
		out, NULL, in, in_len, ad, ad_len, NULL, nonce, key);
}

bool mv_aead_open(uint8_t *out, const void *in, size_t in_len, const void *ad, size_t ad_len,
	const uint8_t key[static MV_AEAD_KEY_LEN], uint64_t counter)
{
	uint8_t nonce[NONCE_LEN];

	make_nonce(nonce, counter);
	return crypto_aead_chacha20poly1305_ietf_decrypt(
		       out, NULL, NULL, in, in_len, ad, ad_len, nonce, key) == 0;
}

void mv_xaead_seal(uint8_t *out, const void *in, size_t in_len, const void *ad, size_t ad_len,
	const uint8_t key[static MV_AEAD_KEY_LEN], const uint8_t nonce[static MV_XAEAD_NONCE_LEN])
{
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		out, NULL, in, in_len, ad, ad_len, NULL, nonce, key);
}

bool mv_xaead_open(uint8_t *out, const void *in, size_t in_len, const void *ad, size_t ad_len,
	const uint8_t key[static MV_AEAD_KEY_LEN], const uint8_t nonce[static MV_XAEAD_NONCE_LEN])
{
	return crypto_aead_xchacha20poly1305_ietf_decrypt(
		       out, NULL, NULL, in, in_len, ad, ad_len, nonce, key) == 0;
}

/* libsodium's vector code, which begins at 256 bytes, leaves every word of the key on the stack, up
 * to 2.3 KB below its caller. That is not locked, so it is wiped, once a batch. */
#define STACK_WIPED 4096

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
		const struct mv_aead_job *job = &jobs[i];

		mv_aead_seal(job->text, job->text, job->text_len, NULL, 0, job->key, job->counter);
	}
	sodium_stackzero(STACK_WIPED);
}

static void open_batch(void *state, struct mv_aead_job *jobs, size_t count)
{
	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct mv_aead_job *job = &jobs[i];

		job->ok = mv_aead_open(job->text, job->text, job->text_len + MV_AEAD_TAG_LEN, NULL,
			0, job->key, job->counter);
	}
	sodium_stackzero(STACK_WIPED);
}

const struct mv_aead_provider mv_aead_sodium = {
	.name = "libsodium",
	.create = create,
	.destroy = destroy,
	.seal = seal_batch,
	.open = open_batch,
};
