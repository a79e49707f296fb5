#include "proto/noise.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"

static const char construction[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
static const char identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";

void mv_noise_identity_set(
	struct mv_noise_identity *identity, const uint8_t private_key[static MV_KEY_LEN])
{
	memset(identity, 0, sizeof(*identity));
	if (sodium_is_zero(private_key, MV_KEY_LEN)) {
		return;
	}
	identity->is_set = true;
	memcpy(identity->private_key, private_key, MV_KEY_LEN);
	mv_x25519_clamp(identity->private_key);
	mv_x25519_public(identity->public_key, identity->private_key);
}

bool mv_noise_identity_is_set(const struct mv_noise_identity *identity)
{
	return identity->is_set;
}

void mv_noise_remote_precompute(
	struct mv_noise_remote *remote, const struct mv_noise_identity *identity)
{
	if (!mv_noise_identity_is_set(identity) ||
		!mv_x25519(remote->static_static, identity->private_key, remote->public_key)) {
		sodium_memzero(remote->static_static, sizeof(remote->static_static));
	}
}

bool mv_noise_remote_is_usable(const struct mv_noise_remote *remote)
{
	return !sodium_is_zero(remote->static_static, MV_KEY_LEN);
}

/* The state both sides begin with: the responder's static key is known beforehand. */
static void begin(struct mv_noise_handshake *handshake, const uint8_t responder[static MV_KEY_LEN])
{
	memset(handshake, 0, sizeof(*handshake));
	mv_symmetric_init(&handshake->symmetric, construction, identifier, strlen(identifier));
	mv_symmetric_mix_hash(&handshake->symmetric, responder, MV_KEY_LEN);
}

/* Token e: hashed, and mixed into the key because there is a pre-shared key. */
static void mix_ephemeral(
	struct mv_symmetric *symmetric, const uint8_t ephemeral[static MV_KEY_LEN])
{
	mv_symmetric_mix_hash(symmetric, ephemeral, MV_KEY_LEN);
	mv_symmetric_mix_key(symmetric, ephemeral);
}

static void make_ephemeral(struct mv_noise_handshake *handshake,
	uint8_t public_key[static MV_KEY_LEN], const uint8_t random[static MV_KEY_LEN])
{
	memcpy(handshake->ephemeral_private, random, MV_KEY_LEN);
	mv_x25519_clamp(handshake->ephemeral_private);
	mv_x25519_public(public_key, handshake->ephemeral_private);
}

bool mv_noise_create_initiation(struct mv_message_initiation *message,
	struct mv_noise_handshake *handshake, const struct mv_noise_identity *identity,
	const struct mv_noise_remote *remote, const uint8_t random[static MV_KEY_LEN],
	const uint8_t timestamp[static MV_TIMESTAMP_LEN], uint32_t local_index)
{
	struct mv_symmetric *symmetric = &handshake->symmetric;

	begin(handshake, remote->public_key);
	handshake->local_index = local_index;
	mv_store_le32(message->type, MV_MESSAGE_INITIATION);
	mv_store_le32(message->sender_index, local_index);
	memset(&message->macs, 0, sizeof(message->macs));

	/* e */
	make_ephemeral(handshake, message->ephemeral, random);
	mix_ephemeral(symmetric, message->ephemeral);

	/* es */
	if (!mv_symmetric_mix_dh(symmetric, handshake->ephemeral_private, remote->public_key)) {
		return false;
	}
	/* s */
	mv_symmetric_seal(symmetric, message->encrypted_static, identity->public_key, MV_KEY_LEN);

	/* ss */
	if (!mv_noise_remote_is_usable(remote)) {
		return false;
	}
	mv_symmetric_mix_key(symmetric, remote->static_static);

	mv_symmetric_seal(symmetric, message->encrypted_timestamp, timestamp, MV_TIMESTAMP_LEN);
	return true;
}

bool mv_noise_consume_initiation_static(struct mv_noise_handshake *handshake,
	uint8_t initiator[static MV_KEY_LEN], const struct mv_message_initiation *message,
	const struct mv_noise_identity *identity)
{
	struct mv_symmetric *symmetric = &handshake->symmetric;

	begin(handshake, identity->public_key);
	handshake->remote_index = mv_load_le32(message->sender_index);

	/* e */
	memcpy(handshake->remote_ephemeral, message->ephemeral, MV_KEY_LEN);
	mix_ephemeral(symmetric, message->ephemeral);

	/* es, s */
	return mv_symmetric_mix_dh(symmetric, identity->private_key, message->ephemeral) &&
	       mv_symmetric_open(symmetric, initiator, message->encrypted_static, MV_KEY_LEN);
}

bool mv_noise_consume_initiation_timestamp(struct mv_noise_handshake *handshake,
	uint8_t timestamp[static MV_TIMESTAMP_LEN], const struct mv_message_initiation *message,
	const struct mv_noise_remote *remote)
{
	/* ss */
	if (!mv_noise_remote_is_usable(remote)) {
		return false;
	}
	mv_symmetric_mix_key(&handshake->symmetric, remote->static_static);
	return mv_symmetric_open(
		&handshake->symmetric, timestamp, message->encrypted_timestamp, MV_TIMESTAMP_LEN);
}

bool mv_noise_create_response(struct mv_message_response *message, struct mv_session_keys *keys,
	struct mv_noise_handshake *handshake, const struct mv_noise_remote *remote,
	const uint8_t random[static MV_KEY_LEN], uint32_t local_index)
{
	struct mv_symmetric *symmetric = &handshake->symmetric;

	handshake->local_index = local_index;
	mv_store_le32(message->type, MV_MESSAGE_RESPONSE);
	mv_store_le32(message->sender_index, local_index);
	mv_store_le32(message->receiver_index, handshake->remote_index);
	memset(&message->macs, 0, sizeof(message->macs));

	/* e */
	make_ephemeral(handshake, message->ephemeral, random);
	mix_ephemeral(symmetric, message->ephemeral);

	/* ee, se */
	if (!mv_symmetric_mix_dh(
		    symmetric, handshake->ephemeral_private, handshake->remote_ephemeral) ||
		!mv_symmetric_mix_dh(symmetric, handshake->ephemeral_private, remote->public_key)) {
		return false;
	}
	/* psk */
	mv_symmetric_mix_psk(symmetric, remote->preshared_key);
	mv_symmetric_seal(symmetric, message->encrypted_nothing, NULL, 0);

	mv_symmetric_split(symmetric, keys->receive, keys->send);
	return true;
}

/* The tokens of the response on a copy of the handshake's state. */
static bool consume_response_tokens(struct mv_symmetric *symmetric,
	const struct mv_noise_handshake *handshake, const struct mv_message_response *message,
	const struct mv_noise_identity *identity, const struct mv_noise_remote *remote)
{
	uint8_t nothing[1];

	/* e */
	mix_ephemeral(symmetric, message->ephemeral);

	/* ee, se */
	if (!mv_symmetric_mix_dh(symmetric, handshake->ephemeral_private, message->ephemeral) ||
		!mv_symmetric_mix_dh(symmetric, identity->private_key, message->ephemeral)) {
		return false;
	}
	/* psk */
	mv_symmetric_mix_psk(symmetric, remote->preshared_key);
	return mv_symmetric_open(symmetric, nothing, message->encrypted_nothing, 0);
}

bool mv_noise_consume_response(struct mv_session_keys *keys,
	const struct mv_noise_handshake *handshake, const struct mv_message_response *message,
	const struct mv_noise_identity *identity, const struct mv_noise_remote *remote)
{
	struct mv_symmetric symmetric = handshake->symmetric;
	bool ok = consume_response_tokens(&symmetric, handshake, message, identity, remote);

	if (ok) {
		mv_symmetric_split(&symmetric, keys->send, keys->receive);
	}
	sodium_memzero(&symmetric, sizeof(symmetric));
	return ok;
}
