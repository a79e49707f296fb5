#include "proto/ratelimiter.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/now.h"

static_assert(MV_RATELIMITER_KEY_LEN == crypto_shorthash_KEYBYTES, "the hash is SipHash");

/* A source lies in one of the places of its bucket. */
#define BUCKETS           1024
#define PLACES_PER_BUCKET 8

/* Tokens are time: what a message costs, and how much a source can save up. */
#define MESSAGE_COST_NS (MV_NS_PER_S / 20)
#define TOKENS_MAX_NS   (5 * MESSAGE_COST_NS)

/* Long enough for every bucket to be full again: forgetting such a source changes nothing. */
#define IDLE_NS MV_NS_PER_S

/* Zeroed: never used. */
struct mv_ratelimiter_entry {
	uint8_t source[sizeof(uint64_t)]; /* an IPv4 address, or the first half of an IPv6 one */
	uint8_t family;
	uint64_t tokens_ns;
	uint64_t seen_ns;
};

int mv_ratelimiter_init(
	struct mv_ratelimiter *limiter, const uint8_t hash_key[static MV_RATELIMITER_KEY_LEN])
{
	memcpy(limiter->hash_key, hash_key, MV_RATELIMITER_KEY_LEN);
	limiter->entries = calloc((size_t)BUCKETS * PLACES_PER_BUCKET, sizeof(*limiter->entries));
	return limiter->entries ? 0 : -ENOMEM;
}

void mv_ratelimiter_uninit(struct mv_ratelimiter *limiter)
{
	free(limiter->entries);
	*limiter = (struct mv_ratelimiter){0};
}

static struct mv_ratelimiter_entry *find_bucket(
	const struct mv_ratelimiter *limiter, const struct mv_ratelimiter_entry *key)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint16_t number;

	crypto_shorthash(hash, key->source, sizeof(key->source), limiter->hash_key);
	memcpy(&number, hash, sizeof(number));
	return &limiter->entries[(size_t)(number % BUCKETS) * PLACES_PER_BUCKET];
}

static bool is_same_source(
	const struct mv_ratelimiter_entry *a, const struct mv_ratelimiter_entry *b)
{
	return a->family == b->family && memcmp(a->source, b->source, sizeof(a->source)) == 0;
}

static bool is_free(const struct mv_ratelimiter_entry *entry, uint64_t now_ns)
{
	return entry->family == MV_FAMILY_NONE || now_ns - entry->seen_ns >= IDLE_NS;
}

/* The entry of the source, a free place with it put in, or NULL if the bucket is full. */
static struct mv_ratelimiter_entry *find_entry(
	struct mv_ratelimiter *limiter, const struct mv_ratelimiter_entry *key, uint64_t now_ns)
{
	struct mv_ratelimiter_entry *bucket = find_bucket(limiter, key);
	struct mv_ratelimiter_entry *free_place = NULL;

	for (size_t i = 0; i < PLACES_PER_BUCKET; i++) {
		if (is_same_source(&bucket[i], key)) {
			return &bucket[i];
		}
		if (!free_place && is_free(&bucket[i], now_ns)) {
			free_place = &bucket[i];
		}
	}
	if (free_place) {
		*free_place = *key;
	}
	return free_place;
}

bool mv_ratelimiter_allow(
	struct mv_ratelimiter *limiter, const struct mv_ip *source, uint64_t now_ns)
{
	struct mv_ratelimiter_entry key = {
		.family = source->family, .tokens_ns = TOKENS_MAX_NS, .seen_ns = now_ns};
	size_t significant = source->family == MV_FAMILY_IPV4 ? 4 : sizeof(key.source);

	memcpy(key.source, source->bytes, significant);
	struct mv_ratelimiter_entry *entry = find_entry(limiter, &key, now_ns);
	if (!entry) {
		return false;
	}
	uint64_t gained_ns = now_ns - entry->seen_ns;
	entry->seen_ns = now_ns;
	entry->tokens_ns = gained_ns < TOKENS_MAX_NS - entry->tokens_ns
				   ? entry->tokens_ns + gained_ns
				   : TOKENS_MAX_NS;
	if (entry->tokens_ns < MESSAGE_COST_NS) {
		return false;
	}
	entry->tokens_ns -= MESSAGE_COST_NS;
	return true;
}
