/*
 * What the AEAD providers leave behind on the stack of the thread that they work for: nothing that
 * a key or a plaintext could be made from. The thread has a stack that this program can look at,
 * and does nothing else until that is done. Vector code has words of the key many times over, so
 * both pieces of a secret and its repeated words are looked for.
 */
#include <pthread.h>
#include <sched.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/aead_choose.h"
#include "require.h"

#define STACK_LEN ((size_t)256 * 1024)
#define TEXT_MAX  16000
#define BLOCK     64 /* of key stream; the first makes the one-time key */
#define BLOCKS    17
#define PIECE     16
#define COUNTER   7

static _Alignas(4096) uint8_t stack[STACK_LEN];
static uint8_t key[MV_AEAD_KEY_LEN], stream[BLOCKS * BLOCK];
static uint8_t text[TEXT_MAX + MV_AEAD_TAG_LEN];
static struct mv_aead_job job;
static const struct mv_aead_provider *provider;
static void *state;
static atomic_bool is_done, is_looked_at;

static size_t is_there(const uint8_t piece[static PIECE])
{
	return memmem(stack, STACK_LEN, piece, PIECE) != NULL;
}

static size_t pieces_there(const uint8_t *secret, size_t len)
{
	size_t found = 0;

	for (size_t at = 0; at + PIECE <= len; at += PIECE) {
		found += is_there(secret + at);
	}
	return found;
}

static void repeat_word(uint8_t piece[static PIECE], const uint8_t *word)
{
	for (size_t i = 0; i < PIECE; i += 4) {
		memcpy(piece + i, word, 4);
	}
}

static size_t repeated_words_there(void)
{
	uint8_t piece[PIECE];
	size_t found = 0;

	for (size_t at = 0; at < MV_AEAD_KEY_LEN; at += 4) {
		repeat_word(piece, key + at);
		found += is_there(piece);
	}
	return found;
}

/* The work, each of these at the same depth of the stack */

__attribute__((noinline)) static void seal(void)
{
	provider->seal(state, &job, 1);
}

__attribute__((noinline)) static void open(void)
{
	provider->open(state, &job, 1);
}

/* The controls: what must be found. */
__attribute__((noinline)) static void leave_word(void)
{
	volatile uint8_t left[PIECE];

	for (size_t i = 0; i < PIECE; i++) {
		left[i] = key[8 + i % 4];
	}
	(void)left;
}

__attribute__((noinline)) static void leave_stream(void)
{
	volatile uint8_t left[PIECE];

	for (size_t i = 0; i < PIECE; i++) {
		left[i] = stream[BLOCK + i];
	}
	(void)left;
}

static void *run(void *work)
{
	(*(void (**)(void))work)();
	atomic_store(&is_done, true);
	while (!atomic_load(&is_looked_at)) {
		sched_yield();
	}
	return NULL;
}

/* Runs it in a thread. How much is found there: of the key, and of its stream. */
static void look_behind(void (*work)(void), size_t *of_key, size_t *of_stream)
{
	pthread_attr_t attributes;
	pthread_t thread;

	sodium_memzero(stack, STACK_LEN);
	atomic_store(&is_done, false);
	atomic_store(&is_looked_at, false);
	REQUIRE(pthread_attr_init(&attributes) == 0);
	REQUIRE(pthread_attr_setstack(&attributes, stack, STACK_LEN) == 0);
	REQUIRE(pthread_create(&thread, &attributes, run, &work) == 0);
	while (!atomic_load(&is_done)) {
		sched_yield();
	}
	*of_key = pieces_there(key, sizeof(key)) + repeated_words_there();
	*of_stream = pieces_there(stream, sizeof(stream));
	atomic_store(&is_looked_at, true);
	REQUIRE(pthread_join(thread, NULL) == 0);
	pthread_attr_destroy(&attributes);
}

static void make_message(size_t len)
{
	uint8_t nonce[crypto_stream_chacha20_IETF_NONCEBYTES] = {0};

	randombytes_buf(key, sizeof(key));
	mv_store_le64(nonce + 4, COUNTER);
	crypto_stream_chacha20_ietf(stream, sizeof(stream), nonce, key);
	randombytes_buf(text, len);
	job = (struct mv_aead_job){.key = key, .counter = COUNTER, .text = text, .text_len = len};
}

static void check_controls(void)
{
	size_t of_key, of_stream;

	make_message(0);
	look_behind(leave_word, &of_key, &of_stream);
	REQUIRE(of_key == 1 && of_stream == 0);
	look_behind(leave_stream, &of_key, &of_stream);
	REQUIRE(of_key == 0 && of_stream == 1);
}

static void check(const char *what, void (*work)(void), size_t len)
{
	size_t of_key, of_stream;

	look_behind(work, &of_key, &of_stream);
	if (of_key > 0 || of_stream > 0) {
		fprintf(stderr, "%s, %s of %zu bytes: %zu pieces of the key, %zu of its stream\n",
			provider->name, what, len, of_key, of_stream);
		abort();
	}
}

static void check_provider(void)
{
	static const size_t lengths[] = {0, 16, 64, 255, 256, 300, 512, 1023, 1024, 1420, TEXT_MAX};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		make_message(lengths[i]);
		check("seal", seal, lengths[i]);
		check("open", open, lengths[i]);
		REQUIRE(job.ok);
	}
	printf("%s leaves nothing\n", provider->name);
}

int main(void)
{
	REQUIRE(sodium_init() >= 0);
	check_controls();
	for (size_t i = 0; mv_aead_providers[i]; i++) {
		provider = mv_aead_providers[i];
		if (provider->create(&state)) {
			check_provider();
			provider->destroy(state);
		}
	}
	return 0;
}
