#include "crypto/aead.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "../vectors/aead.h"
#include "hex.h"

static void start_sodium(void)
{
	cr_assert_geq(sodium_init(), 0);
}

TestSuite(aead, .init = start_sodium);

/* A published vector as bytes. */
struct vector {
	uint8_t key[MV_AEAD_KEY_LEN];
	uint8_t nonce[MV_XAEAD_NONCE_LEN];
	uint8_t ad[12];
	const char *text;
	size_t text_len;
	uint8_t sealed[512];
	size_t sealed_len;
};

static struct vector rfc8439(void)
{
	struct vector v = {.text = RFC8439_A5_TEXT, .text_len = strlen(RFC8439_A5_TEXT)};

	cr_assert_eq(unhex(v.key, sizeof(v.key), RFC8439_A5_KEY), sizeof(v.key));
	cr_assert_eq(unhex(v.ad, sizeof(v.ad), RFC8439_A5_AD), sizeof(v.ad));
	v.sealed_len = unhex(v.sealed, sizeof(v.sealed), RFC8439_A5_SEALED);
	cr_assert_eq(v.sealed_len, v.text_len + MV_AEAD_TAG_LEN);
	return v;
}

static struct vector xchacha(void)
{
	struct vector v = {.text = XCHACHA_A31_TEXT, .text_len = strlen(XCHACHA_A31_TEXT)};

	cr_assert_eq(unhex(v.key, sizeof(v.key), XCHACHA_A31_KEY), sizeof(v.key));
	cr_assert_eq(unhex(v.nonce, sizeof(v.nonce), XCHACHA_A31_NONCE), sizeof(v.nonce));
	cr_assert_eq(unhex(v.ad, sizeof(v.ad), XCHACHA_A31_AD), sizeof(v.ad));
	v.sealed_len = unhex(v.sealed, sizeof(v.sealed), XCHACHA_A31_SEALED);
	cr_assert_eq(v.sealed_len, v.text_len + MV_AEAD_TAG_LEN);
	return v;
}

static bool opens(const struct vector *v)
{
	uint8_t text[512];

	return mv_aead_open(text, v->sealed, v->sealed_len, v->ad, sizeof(v->ad), v->key,
		       RFC8439_A5_COUNTER) &&
	       memcmp(text, v->text, v->text_len) == 0;
}

static bool xopens(const struct vector *v)
{
	uint8_t text[512];

	return mv_xaead_open(
		       text, v->sealed, v->sealed_len, v->ad, sizeof(v->ad), v->key, v->nonce) &&
	       memcmp(text, v->text, v->text_len) == 0;
}

Test(aead, published_vector)
{
	const struct vector v = rfc8439();
	uint8_t out[512];

	mv_aead_seal(out, v.text, v.text_len, v.ad, sizeof(v.ad), v.key, RFC8439_A5_COUNTER);
	cr_assert_arr_eq(out, v.sealed, v.sealed_len);
	cr_assert(opens(&v));
}

Test(aead, published_vector_with_the_long_nonce)
{
	const struct vector v = xchacha();
	uint8_t out[512];

	mv_xaead_seal(out, v.text, v.text_len, v.ad, sizeof(v.ad), v.key, v.nonce);
	cr_assert_arr_eq(out, v.sealed, v.sealed_len);
	cr_assert(xopens(&v));
}

/* Flips each bit of a part of the vector in turn; the vector must open before and after. */
static void flip_bits(
	struct vector *v, uint8_t *part, size_t len, bool (*open)(const struct vector *))
{
	cr_assert(open(v));
	for (size_t bit = 0; bit < 8 * len; bit++) {
		part[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_not(open(v), "bit %zu", bit);
		part[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cr_assert(open(v));
}

Test(aead, every_flipped_bit_is_found)
{
	struct vector v = rfc8439();

	flip_bits(&v, v.sealed, v.sealed_len, opens);
	flip_bits(&v, v.ad, sizeof(v.ad), opens);
	flip_bits(&v, v.key, sizeof(v.key), opens);
}

Test(aead, every_flipped_bit_is_found_with_the_long_nonce)
{
	struct vector v = xchacha();

	flip_bits(&v, v.sealed, v.sealed_len, xopens);
	flip_bits(&v, v.ad, sizeof(v.ad), xopens);
	flip_bits(&v, v.key, sizeof(v.key), xopens);
	flip_bits(&v, v.nonce, sizeof(v.nonce), xopens);
}

Test(aead, every_bit_of_the_counter_counts)
{
	const struct vector v = rfc8439();
	uint8_t text[512];

	cr_assert(opens(&v));
	for (unsigned bit = 0; bit < 64; bit++) {
		const uint64_t counter = RFC8439_A5_COUNTER ^ UINT64_C(1) << bit;

		cr_assert_not(mv_aead_open(text, v.sealed, v.sealed_len, v.ad, sizeof(v.ad), v.key,
				      counter),
			"bit %u", bit);
	}
}

Test(aead, a_shortened_message_is_refused_at_every_length)
{
	const struct vector v = rfc8439();
	const struct vector x = xchacha();
	uint8_t text[512];

	cr_assert(opens(&v) && xopens(&x));
	for (size_t len = 0; len < v.sealed_len; len++) {
		cr_assert_not(mv_aead_open(text, v.sealed, len, v.ad, sizeof(v.ad), v.key,
				      RFC8439_A5_COUNTER),
			"%zu bytes", len);
	}
	for (size_t len = 0; len < x.sealed_len; len++) {
		cr_assert_not(
			mv_xaead_open(text, x.sealed, len, x.ad, sizeof(x.ad), x.key, x.nonce),
			"%zu bytes", len);
	}
}

/* Handshakes seal an empty text with no more than the hash as additional data. */
Test(aead, an_empty_text_is_a_tag)
{
	const struct vector v = rfc8439();
	uint8_t tag[MV_AEAD_TAG_LEN], other[MV_AEAD_TAG_LEN];

	mv_aead_seal(tag, NULL, 0, v.ad, sizeof(v.ad), v.key, 0);
	cr_assert(mv_aead_open(NULL, tag, sizeof(tag), v.ad, sizeof(v.ad), v.key, 0));
	mv_aead_seal(other, NULL, 0, NULL, 0, v.key, 0);
	cr_assert(mv_aead_open(NULL, other, sizeof(other), NULL, 0, v.key, 0));
	cr_assert_arr_neq(tag, other, sizeof(tag));
	cr_assert_not(mv_aead_open(NULL, tag, sizeof(tag), NULL, 0, v.key, 0));
}

#define TEXT_MAX 65535

static void fill(uint8_t *text, size_t len, size_t seed)
{
	for (size_t i = 0; i < len; i++) {
		text[i] = (uint8_t)(i * 31 + seed * 7 + i / 256);
	}
}

static void check_in_place(size_t len)
{
	static uint8_t plain[TEXT_MAX], sealed[TEXT_MAX + MV_AEAD_TAG_LEN];
	static uint8_t place[TEXT_MAX + MV_AEAD_TAG_LEN];
	const struct vector v = xchacha();

	fill(plain, len, len);
	mv_aead_seal(sealed, plain, len, v.ad, sizeof(v.ad), v.key, len);
	memcpy(place, plain, len);
	mv_aead_seal(place, place, len, v.ad, sizeof(v.ad), v.key, len);
	cr_assert_arr_eq(place, sealed, len + MV_AEAD_TAG_LEN, "%zu bytes", len);
	cr_assert(
		mv_aead_open(place, place, len + MV_AEAD_TAG_LEN, v.ad, sizeof(v.ad), v.key, len));
	cr_assert_eq(memcmp(place, plain, len), 0, "%zu bytes", len);

	memcpy(place, plain, len);
	mv_xaead_seal(place, place, len, v.ad, sizeof(v.ad), v.key, v.nonce);
	cr_assert_neq(memcmp(place, sealed, len + MV_AEAD_TAG_LEN), 0);
	cr_assert(mv_xaead_open(
		place, place, len + MV_AEAD_TAG_LEN, v.ad, sizeof(v.ad), v.key, v.nonce));
	cr_assert_eq(memcmp(place, plain, len), 0, "%zu bytes", len);
}

Test(aead, in_place_is_the_same_at_every_length)
{
	for (size_t len = 0; len <= 520; len++) {
		check_in_place(len);
	}
	check_in_place(1420);
	check_in_place(TEXT_MAX);
}
