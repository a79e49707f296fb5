#include "proto/cookie.h"

#include <sodium.h>
#include <stddef.h>
#include <string.h>

#include "base/bytes.h"

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
	sodium_memzero(checker, sizeof(*checker));
	label_key(checker->mac1_key, label_mac1, own_public_key);
	label_key(checker->cookie_key, label_cookie, own_public_key);
	checker->secret_birth_ns = MV_NEVER;
}

/* The macs are the last bytes of a message; mac1 covers what is before them. */
static size_t unsigned_len(size_t len)
{
	return len - sizeof(struct mv_message_macs);
}

bool mv_cookie_checker_mac1_is_valid(
	const struct mv_cookie_checker *checker, const void *message, size_t len)
{
	size_t signed_len = unsigned_len(len);
	uint8_t mac1[MV_MAC_LEN];

	mv_mac(mac1, checker->mac1_key, MV_HASH_LEN, message, signed_len);
	return sodium_memcmp(mac1, (const uint8_t *)message + signed_len, MV_MAC_LEN) == 0;
}

bool mv_cookie_checker_wants_secret(const struct mv_cookie_checker *checker, uint64_t now_ns)
{
	return checker->secret_birth_ns == MV_NEVER ||
	       now_ns - checker->secret_birth_ns >= MV_COOKIE_SECRET_AGE_MAX_NS;
}

void mv_cookie_checker_set_secret(struct mv_cookie_checker *checker,
	const uint8_t random[static MV_HASH_LEN], uint64_t now_ns)
{
	memcpy(checker->secret, random, MV_HASH_LEN);
	checker->secret_birth_ns = now_ns;
}

/* Address and port: a cookie is of no use to anybody who sends from elsewhere. */
static void make_cookie(const struct mv_cookie_checker *checker,
	uint8_t cookie[static MV_COOKIE_LEN], const struct mv_endpoint *from)
{
	uint8_t source[sizeof(from->ip.bytes) + sizeof(uint16_t)];
	size_t address_len = mv_ip_width(&from->ip) / 8;

	memcpy(source, from->ip.bytes, address_len);
	mv_store_be16(source + address_len, from->port);
	mv_mac(cookie, checker->secret, MV_HASH_LEN, source, address_len + sizeof(uint16_t));
}

bool mv_cookie_checker_mac2_is_valid(const struct mv_cookie_checker *checker, const void *message,
	size_t len, const struct mv_endpoint *from)
{
	size_t signed_len = unsigned_len(len) + MV_MAC_LEN;
	const uint8_t *received = (const uint8_t *)message + signed_len;
	uint8_t cookie[MV_COOKIE_LEN], mac2[MV_MAC_LEN];

	if (sodium_is_zero(received, MV_MAC_LEN)) {
		return false; /* Zero means that there is no cookie; it costs nothing to see. */
	}
	make_cookie(checker, cookie, from);
	mv_mac(mac2, cookie, MV_COOKIE_LEN, message, signed_len);
	sodium_memzero(cookie, sizeof(cookie));
	return sodium_memcmp(mac2, received, MV_MAC_LEN) == 0;
}

void mv_cookie_checker_reply(const struct mv_cookie_checker *checker,
	struct mv_message_cookie_reply *reply, const void *message, size_t len,
	const struct mv_endpoint *from, const uint8_t nonce[static MV_XAEAD_NONCE_LEN])
{
	const uint8_t *bytes = message;
	uint8_t cookie[MV_COOKIE_LEN];

	/* Its sender index is where initiations and responses both have it. */
	static_assert(offsetof(struct mv_message_initiation, sender_index) ==
			      offsetof(struct mv_message_response, sender_index),
		"paper, section 5.4");
	mv_store_le32(reply->type, MV_MESSAGE_COOKIE_REPLY);
	memcpy(reply->receiver_index, bytes + offsetof(struct mv_message_initiation, sender_index),
		sizeof(reply->receiver_index));
	memcpy(reply->nonce, nonce, MV_XAEAD_NONCE_LEN);

	make_cookie(checker, cookie, from);
	mv_xaead_seal(reply->encrypted_cookie, cookie, sizeof(cookie), bytes + unsigned_len(len),
		MV_MAC_LEN, checker->cookie_key, nonce);
	sodium_memzero(cookie, sizeof(cookie));
}
