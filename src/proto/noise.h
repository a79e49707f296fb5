/*
 * The handshake Noise_IKpsk2 of the WireGuard paper, section 5.4: byte arrays in, byte arrays out.
 * It knows neither peers nor packets nor time: the caller looks up the peer, keeps the rules of
 * time and flood, and adds the macs. Works on what it is given and nothing else, so the caller can
 * snapshot under a lock, compute without it, and commit under it again. Pure; called by
 * tunnel/handshake.
 */
#ifndef MV_PROTO_NOISE_H
#define MV_PROTO_NOISE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/messages.h"
#include "proto/symmetric.h"

/* The device's own static key pair. */
struct mv_noise_identity {
	bool is_set;                     /* else there is no private key, and all of it is zero */
	uint8_t private_key[MV_KEY_LEN]; /* clamped */
	uint8_t public_key[MV_KEY_LEN];
};

/* What is known of a peer before any handshake. */
struct mv_noise_remote {
	uint8_t public_key[MV_KEY_LEN];
	uint8_t preshared_key[MV_KEY_LEN]; /* all zero: none */
	uint8_t static_static[MV_KEY_LEN]; /* DH of both static keys; all zero: no handshake can
					      succeed */
};

/* A handshake under way. Secret: locked memory, wiped when it ends. */
struct mv_noise_handshake {
	struct mv_symmetric symmetric;
	uint8_t ephemeral_private[MV_KEY_LEN];
	uint8_t remote_ephemeral[MV_KEY_LEN];
	uint32_t local_index, remote_index;
};

/* What a handshake leads to. */
struct mv_session_keys {
	uint8_t send[MV_AEAD_KEY_LEN];
	uint8_t receive[MV_AEAD_KEY_LEN];
};

void mv_noise_identity_set(
	struct mv_noise_identity *identity, const uint8_t private_key[static MV_KEY_LEN]);
bool mv_noise_identity_is_set(const struct mv_noise_identity *identity);

/* Computes static_static anew; to be called when either static key changes. */
void mv_noise_remote_precompute(
	struct mv_noise_remote *remote, const struct mv_noise_identity *identity);
bool mv_noise_remote_is_usable(const struct mv_noise_remote *remote);

/*
 * First message (5.4.2), without macs. random: 32 fresh random bytes for the ephemeral key. False
 * if a shared secret is zero: the peer's key is of low order and nothing may be sent.
 */
bool mv_noise_create_initiation(struct mv_message_initiation *message,
	struct mv_noise_handshake *handshake, const struct mv_noise_identity *identity,
	const struct mv_noise_remote *remote, const uint8_t random[static MV_KEY_LEN],
	const uint8_t timestamp[static MV_TIMESTAMP_LEN], uint32_t local_index);

/*
 * The responder's half of it, in two steps, because who speaks is known only after the first:
 * `initiator` is the static public key to look up. The second opens the timestamp, which proves
 * that the initiator holds that key. False if forged.
 */
bool mv_noise_consume_initiation_static(struct mv_noise_handshake *handshake,
	uint8_t initiator[static MV_KEY_LEN], const struct mv_message_initiation *message,
	const struct mv_noise_identity *identity);
bool mv_noise_consume_initiation_timestamp(struct mv_noise_handshake *handshake,
	uint8_t timestamp[static MV_TIMESTAMP_LEN], const struct mv_message_initiation *message,
	const struct mv_noise_remote *remote);

/* Second message (5.4.3), without macs, and the session's keys. False if a shared secret is zero.
 */
bool mv_noise_create_response(struct mv_message_response *message, struct mv_session_keys *keys,
	struct mv_noise_handshake *handshake, const struct mv_noise_remote *remote,
	const uint8_t random[static MV_KEY_LEN], uint32_t local_index);

/* The initiator's half of it. The handshake is left as it was, so that a forged response does not
 * end it. False if forged. */
bool mv_noise_consume_response(struct mv_session_keys *keys,
	const struct mv_noise_handshake *handshake, const struct mv_message_response *message,
	const struct mv_noise_identity *identity, const struct mv_noise_remote *remote);

#endif
