#include "proto/cookie.h"

#include <sodium.h>
#include <string.h>

static const char label_mac1[] = "mac1----";
static const char label_cookie[] = "cookie--";

static void label_key(uint8_t key[static MV_HASH_LEN], const char *label,
	const uint8_t public_key[static MV_KEY_LEN])
{
	mv_hash(key, label, strlen(label), public_key, MV_KEY_LEN);
}

static bool has_fresh_cookie(const struct mv_cookie_maker *maker, uint64_t now_ns)
{
	return maker->cookie_birth_ns != MV_NEVER &&
	       now_ns - maker->cookie_birth_ns < MV_COOKIE_AGE_MAX_NS;
}

void mv_cookie_maker_init(
	struct mv_cookie_maker *maker, const uint8_t peer_public_key[static MV_KEY_LEN])
{
	memset(maker, 0, sizeof(*maker));
	label_key(maker->mac1_key, label_mac1, peer_public_key);
	label_key(maker->cookie_key, label_cookie, peer_public_key);
	maker->cookie_birth_ns = MV_NEVER;
}

void mv_cookie_maker_sign(struct mv_cookie_maker *maker, void *message, size_t len, uint64_t now_ns)
{
	size_t signed_len = len - sizeof(struct mv_message_macs);
	struct mv_message_macs *macs = (void *)((uint8_t *)message + signed_len);

	mv_mac(macs->mac1, maker->mac1_key, MV_HASH_LEN, message, signed_len);
	memcpy(maker->last_mac1, macs->mac1, MV_MAC_LEN);
	maker->awaits_cookie = true;

	/* mac2 covers mac1 too. */
	if (has_fresh_cookie(maker, now_ns)) {
		mv_mac(macs->mac2, maker->cookie, MV_COOKIE_LEN, message, signed_len + MV_MAC_LEN);
	} else {
		memset(macs->mac2, 0, MV_MAC_LEN);
	}
}

bool mv_cookie_maker_consume(struct mv_cookie_maker *maker,
	const struct mv_message_cookie_reply *message, uint64_t now_ns)
{
	uint8_t cookie[MV_COOKIE_LEN];

	if (!maker->awaits_cookie ||
		!mv_xaead_open(cookie, message->encrypted_cookie, sizeof(message->encrypted_cookie),
			maker->last_mac1, MV_MAC_LEN, maker->cookie_key, message->nonce)) {
		return false;
	}
	memcpy(maker->cookie, cookie, MV_COOKIE_LEN);
	sodium_memzero(cookie, sizeof(cookie));
	maker->cookie_birth_ns = now_ns;
	maker->awaits_cookie = false;
	return true;
}

void mv_cookie_checker_init(
	struct mv_cookie_checker *checker, const uint8_t own_public_key[static MV_KEY_LEN])
{
	label_key(checker->mac1_key, label_mac1, own_public_key);
}

bool mv_cookie_checker_mac1_is_valid(
	const struct mv_cookie_checker *checker, const void *message, size_t len)
{
	size_t signed_len = len - sizeof(struct mv_message_macs);
	uint8_t mac1[MV_MAC_LEN];

	mv_mac(mac1, checker->mac1_key, MV_HASH_LEN, message, signed_len);
	return sodium_memcmp(mac1, (const uint8_t *)message + signed_len, MV_MAC_LEN) == 0;
}
