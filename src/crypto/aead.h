/*
 * ChaCha20-Poly1305 (RFC 8439) as the transport uses it, in batches behind a provider, and one
 * message at a time for the handshake; XChaCha20-Poly1305 for cookies. The nonce is built here and
 * nowhere else: 32 zero bits, then the counter in little endian (paper, section 5.4). Pure; any
 * thread, a batch belongs to one.
 */
#ifndef MV_CRYPTO_AEAD_H
#define MV_CRYPTO_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MV_AEAD_KEY_LEN    32
#define MV_AEAD_TAG_LEN    16
#define MV_XAEAD_NONCE_LEN 24

/*
 * One message of a batch, worked on in place. text holds text_len bytes of plaintext and the tag
 * behind them: seal writes all of it, open checks the tag and decrypts. Additional data is empty.
 */
struct mv_aead_job {
	const uint8_t *key; /* MV_AEAD_KEY_LEN */
	uint64_t counter;
	uint8_t *text; /* text_len + MV_AEAD_TAG_LEN bytes */
	size_t text_len;
	bool ok; /* out, open: the tag was right. Where it was not, text is undefined and must not
		    be used */
};

/* Who does the work. Its state belongs to one thread at a time. */
struct mv_aead_provider {
	const char *name;
	/* False: no memory, or this processor lacks what it takes. *state may be NULL. */
	bool (*create)(void **state);
	void (*destroy)(void *state);
	void (*seal)(void *state, struct mv_aead_job *jobs, size_t count);
	void (*open)(void *state, struct mv_aead_job *jobs, size_t count);
};

/* Everywhere, and what the others are compared with. */
extern const struct mv_aead_provider mv_aead_sodium;

/* out: in_len + MV_AEAD_TAG_LEN bytes; may be in itself. */
void mv_aead_seal(uint8_t *out, const void *in, size_t in_len, const void *ad, size_t ad_len,
	const uint8_t key[static MV_AEAD_KEY_LEN], uint64_t counter);

/* in: ciphertext and tag, in_len bytes together; out: in_len - MV_AEAD_TAG_LEN. False when too
 * short or forged. */
bool mv_aead_open(uint8_t *out, const void *in, size_t in_len, const void *ad, size_t ad_len,
	const uint8_t key[static MV_AEAD_KEY_LEN], uint64_t counter);

/* The same with the 24-byte nonce of draft-irtf-cfrg-xchacha. */
void mv_xaead_seal(uint8_t *out, const void *in, size_t in_len, const void *ad, size_t ad_len,
	const uint8_t key[static MV_AEAD_KEY_LEN], const uint8_t nonce[static MV_XAEAD_NONCE_LEN]);
bool mv_xaead_open(uint8_t *out, const void *in, size_t in_len, const void *ad, size_t ad_len,
	const uint8_t key[static MV_AEAD_KEY_LEN], const uint8_t nonce[static MV_XAEAD_NONCE_LEN]);

#endif
