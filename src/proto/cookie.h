/*
 * The two macs of handshake messages (paper, section 5.4.4 and 5.4.7). The maker signs what goes to
 * one peer, with that peer's cookie if it gave us one; the checker verifies what comes to this
 * device. Pure; the maker under the device's lock or on a copy, the checker in the control loop.
 */
#ifndef MV_PROTO_COOKIE_H
#define MV_PROTO_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "proto/messages.h"

struct mv_cookie_maker {
	uint8_t mac1_key[MV_HASH_LEN];
	uint8_t cookie_key[MV_HASH_LEN];
	uint8_t cookie[MV_COOKIE_LEN];
	uint64_t cookie_birth_ns; /* MV_NEVER: none */
	uint8_t last_mac1[MV_MAC_LEN];
	bool awaits_cookie; /* last_mac1 was sent and no cookie reply to it came yet */
};

struct mv_cookie_checker {
	uint8_t mac1_key[MV_HASH_LEN];
	uint8_t cookie_key[MV_HASH_LEN];
	uint8_t secret[MV_HASH_LEN]; /* what cookies are made of */
	uint64_t secret_birth_ns;    /* MV_NEVER: there is none yet */
};

void mv_cookie_maker_init(
	struct mv_cookie_maker *maker, const uint8_t peer_public_key[static MV_KEY_LEN]);

/* Writes both macs over a finished message of `len` bytes, whose last 32 they are. */
void mv_cookie_maker_sign(
	struct mv_cookie_maker *maker, void *message, size_t len, uint64_t now_ns);

/* Takes the cookie. False if none was awaited or the reply does not authenticate. */
bool mv_cookie_maker_consume(struct mv_cookie_maker *maker,
	const struct mv_message_cookie_reply *message, uint64_t now_ns);

void mv_cookie_checker_init(
	struct mv_cookie_checker *checker, const uint8_t own_public_key[static MV_KEY_LEN]);

/* Was this message, whose last 32 bytes are the macs, made by somebody who knows our public key? */
bool mv_cookie_checker_mac1_is_valid(
	const struct mv_cookie_checker *checker, const void *message, size_t len);

/* Is it time for a new secret? To be asked before either of the next two. */
bool mv_cookie_checker_wants_secret(const struct mv_cookie_checker *checker, uint64_t now_ns);
void mv_cookie_checker_set_secret(struct mv_cookie_checker *checker,
	const uint8_t random[static MV_HASH_LEN], uint64_t now_ns);

/* Does the sender receive at the address and port that it sends from? */
bool mv_cookie_checker_mac2_is_valid(const struct mv_cookie_checker *checker, const void *message,
	size_t len, const struct mv_endpoint *from);

/*
 * The reply that gives the sender of an initiation or response its cookie. It is smaller than what
 * it answers. nonce: fresh random bytes.
 */
void mv_cookie_checker_reply(const struct mv_cookie_checker *checker,
	struct mv_message_cookie_reply *reply, const void *message, size_t len,
	const struct mv_endpoint *from, const uint8_t nonce[static MV_XAEAD_NONCE_LEN]);

#endif
