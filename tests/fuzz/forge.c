#include "forge.h"

#include <string.h>

#include "base/bytes.h"
#include "input.h"
#include "proto/cookie.h"
#include "tunnel/device_state.h"

/* Whatever is random in a forged message: every run of an input must be the same. */
static const uint8_t ephemeral[MV_KEY_LEN] = {1, 2, 3};
static const uint8_t cookie_secret[MV_HASH_LEN] = {4, 5, 6};
static const uint8_t cookie_nonce[MV_XAEAD_NONCE_LEN] = {7, 8, 9};

static struct mv_noise_identity identity_of(const struct world *world, size_t device)
{
	struct mv_noise_identity identity;

	mv_noise_identity_set(&identity, world_private_key(world, device));
	return identity;
}

static struct mv_noise_remote remote_of(const struct world *world,
	const struct mv_noise_identity *identity, size_t device, const uint8_t *psk)
{
	struct mv_noise_remote remote = {0};

	memcpy(remote.public_key, world_public_key(world, device), MV_KEY_LEN);
	if (psk) {
		memcpy(remote.preshared_key, psk, MV_KEY_LEN);
	}
	mv_noise_remote_precompute(&remote, identity);
	return remote;
}

void forge_macs(struct world *world, size_t to, const struct mv_endpoint *endpoint,
	bool with_cookie, uint8_t *message, size_t len)
{
	const struct mv_cookie_checker *checker = &world_device(world, to)->checker;
	uint64_t now_ns = world_now(world).boot_ns;
	struct mv_message_cookie_reply reply;
	struct mv_cookie_maker maker;

	mv_cookie_maker_init(&maker, world_public_key(world, to));
	mv_cookie_maker_sign(&maker, message, len, now_ns);
	if (!with_cookie || mv_cookie_checker_wants_secret(checker, now_ns)) {
		return;
	}
	mv_cookie_checker_reply(checker, &reply, message, len, endpoint, cookie_nonce);
	demand(mv_cookie_maker_consume(&maker, &reply, now_ns), "a cookie is taken");
	mv_cookie_maker_sign(&maker, message, len, now_ns);
}

size_t forge_initiation(uint8_t *message, const struct world *world, size_t from, size_t to,
	const uint8_t timestamp[static MV_TIMESTAMP_LEN], uint32_t index)
{
	struct mv_noise_identity identity = identity_of(world, from);
	struct mv_noise_remote remote = remote_of(world, &identity, to, NULL);
	struct mv_message_initiation *initiation = (void *)message;
	struct mv_noise_handshake handshake;

	demand(mv_noise_create_initiation(
		       initiation, &handshake, &identity, &remote, ephemeral, timestamp, index),
		"an initiation is made");
	return sizeof(*initiation);
}

static const struct mv_message_initiation *last_initiation(const struct world *world, size_t device)
{
	size_t len;
	const uint8_t *bytes = world_last_sent(world, device, MV_MESSAGE_INITIATION, &len);

	return len > 0 ? (const void *)bytes : NULL;
}

size_t forge_response(uint8_t *message, const struct world *world, const uint8_t *psk, size_t from,
	size_t to, uint32_t index)
{
	const struct mv_message_initiation *initiation = last_initiation(world, to);
	struct mv_noise_identity identity = identity_of(world, from);
	struct mv_noise_remote remote = remote_of(world, &identity, to, psk);
	struct mv_message_response *response = (void *)message;
	uint8_t initiator[MV_KEY_LEN], timestamp[MV_TIMESTAMP_LEN];
	struct mv_noise_handshake handshake;
	struct mv_session_keys keys;

	if (!initiation ||
		!mv_noise_consume_initiation_static(&handshake, initiator, initiation, &identity)) {
		return 0;
	}
	demand(mv_noise_consume_initiation_timestamp(&handshake, timestamp, initiation, &remote) &&
			mv_noise_create_response(
				response, &keys, &handshake, &remote, ephemeral, index),
		"a response is made");
	return sizeof(*response);
}

size_t forge_cookie_reply(uint8_t *message, const struct world *world, size_t from, size_t to,
	const struct mv_endpoint *endpoint)
{
	const struct mv_message_initiation *initiation = last_initiation(world, to);
	struct mv_message_cookie_reply *reply = (void *)message;
	struct mv_cookie_checker checker;

	if (!initiation) {
		return 0;
	}
	mv_cookie_checker_init(&checker, world_public_key(world, from));
	mv_cookie_checker_set_secret(&checker, cookie_secret, world_now(world).boot_ns);
	mv_cookie_checker_reply(
		&checker, reply, initiation, sizeof(*initiation), endpoint, cookie_nonce);
	return sizeof(*reply);
}

struct mv_keypair *forge_keypair(struct world *world, size_t from, size_t to, enum forge_role role)
{
	struct mv_peer *peer = world_peer(world, from, to);

	if (!peer) {
		return NULL;
	}
	switch (role) {
	case FORGE_PREVIOUS:
		return peer->keypairs.previous;
	case FORGE_NEXT:
		return peer->keypairs.next;
	case FORGE_CURRENT:
	case FORGE_ROLES:
		break;
	}
	return peer->keypairs.current;
}

size_t forge_data(uint8_t *message, const struct mv_keypair *keypair, uint64_t counter,
	const uint8_t *plaintext, size_t len)
{
	struct mv_message_data *header = (void *)message;

	mv_store_le32(header->type, MV_MESSAGE_DATA);
	mv_store_le32(header->receiver_index, keypair->remote_index);
	mv_store_le64(header->counter, counter);
	mv_aead_seal(
		message + sizeof(*header), plaintext, len, NULL, 0, keypair->keys->send, counter);
	return len + MV_MESSAGE_DATA_OVERHEAD;
}
