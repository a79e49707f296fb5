/*
 * What is left of a secret in memory when its time is over: nothing. Two devices live in this
 * process and share their secrets, so both must have let go of one. Each secret is looked for
 * twice: while it is in use, when it must be found, and afterwards.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "crypto/aead_choose.h"
#include "memory.h"
#include "proto/messages.h"
#include "require.h"
#include "tunnel/peer.h"
#include "world.h"

#define FOUND(secret) REQUIRE(secret_places(&(secret)) > 0)
#define GONE(secret)  REQUIRE(secret_places(&(secret)) == 0)

struct session {
	struct secret send, receive;
};

/* Of the identity that the first device is given in place of the world's, of which the world has
 * copies; and so with the pre-shared key. */
struct identity {
	uint8_t public_key[MV_KEY_LEN];
	struct secret private_key, psk;
};

static void apply(struct world *world, size_t device, struct mv_changes *changes)
{
	REQUIRE(world_apply(world, device, changes) == 0);
	mv_changes_uninit(changes);
}

static void connect_first(struct world *world, const uint8_t private_key[static MV_KEY_LEN],
	const uint8_t psk[static MV_KEY_LEN])
{
	struct mv_changes changes;

	mv_changes_init(&changes);
	REQUIRE(mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY, private_key) == 0);
	REQUIRE(mv_changes_add_key(&changes, MV_CHANGE_PEER, world_public_key(world, 1)) == 0);
	REQUIRE(mv_changes_add_key(&changes, MV_CHANGE_PRESHARED_KEY, psk) == 0);
	apply(world, 0, &changes);
}

static void connect_second(struct world *world, const uint8_t public_key[static MV_KEY_LEN],
	const uint8_t psk[static MV_KEY_LEN])
{
	const struct mv_endpoint endpoint = world_endpoint(0);
	const struct mv_prefix prefix = {
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {10, 0, 0, 1}}, .bits = 32};
	struct mv_changes changes;

	mv_changes_init(&changes);
	REQUIRE(mv_changes_add(&changes, MV_CHANGE_REPLACE_PEERS) == 0);
	REQUIRE(mv_changes_add_key(&changes, MV_CHANGE_PEER, public_key) == 0);
	REQUIRE(mv_changes_add_key(&changes, MV_CHANGE_PRESHARED_KEY, psk) == 0);
	REQUIRE(mv_changes_add_endpoint(&changes, MV_CHANGE_ENDPOINT, &endpoint) == 0);
	REQUIRE(mv_changes_add_prefix(&changes, MV_CHANGE_ALLOWED_IP, &prefix) == 0);
	apply(world, 1, &changes);
}

static struct identity connect_both(struct world *world)
{
	uint8_t private_key[MV_KEY_LEN], psk[MV_KEY_LEN];
	struct identity identity;

	randombytes_buf(private_key, sizeof(private_key));
	randombytes_buf(psk, sizeof(psk));
	secret_note(&identity.private_key, private_key);
	secret_note(&identity.psk, psk);
	mv_x25519_public(identity.public_key, private_key);
	world_connect(world, NULL, 0);
	connect_first(world, private_key, psk);
	connect_second(world, identity.public_key, psk);
	sodium_memzero(private_key, sizeof(private_key));
	sodium_memzero(psk, sizeof(psk));
	return identity;
}

static struct session note_session(struct world *world)
{
	const struct mv_keypair *current = world_peer(world, 0, 1)->keypairs.current;
	struct session session;

	REQUIRE(current);
	secret_note(&session.send, current->keys->send);
	secret_note(&session.receive, current->keys->receive);
	return session;
}

static void session_is_found(const struct session *session)
{
	FOUND(session->send);
	FOUND(session->receive);
}

static void session_is_gone(const struct session *session)
{
	GONE(session->send);
	GONE(session->receive);
}

static void remove_peer(
	struct world *world, size_t device, const uint8_t public_key[static MV_KEY_LEN])
{
	struct mv_changes changes;

	mv_changes_init(&changes);
	REQUIRE(mv_changes_add_key(&changes, MV_CHANGE_PEER, public_key) == 0);
	REQUIRE(mv_changes_add(&changes, MV_CHANGE_REMOVE) == 0);
	apply(world, device, &changes);
}

static struct secret change_private_key(struct world *world, size_t device)
{
	struct mv_changes changes;
	uint8_t key[MV_KEY_LEN];
	struct secret secret;

	randombytes_buf(key, sizeof(key));
	secret_note(&secret, key);
	mv_changes_init(&changes);
	REQUIRE(mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY, key) == 0);
	sodium_memzero(key, sizeof(key));
	apply(world, device, &changes);
	return secret;
}

/* A handshake under way, and then at its end: what it was computed with is gone, what it led to is
 * there. */
static void check_handshake(struct world *world)
{
	struct secret ephemeral, chaining_key, key;

	world_lose(world, 1, MV_MESSAGE_RESPONSE, 1);
	world_ping(world, 0, 1);
	const struct mv_peer *peer = world_peer(world, 0, 1);
	REQUIRE(peer->handshake_is_pending);
	secret_note(&ephemeral, peer->secrets->handshake.ephemeral_private);
	secret_note(&chaining_key, peer->secrets->handshake.symmetric.chaining_key);
	secret_note(&key, peer->secrets->handshake.symmetric.key);
	FOUND(ephemeral);
	FOUND(chaining_key);
	FOUND(key);

	world_run_for(world, 10 * MV_NS_PER_S);
	REQUIRE(world_delivered(world, 1) == 1);
	GONE(ephemeral);
	GONE(chaining_key);
	GONE(key);
}

/* The keys of a session live as `previous` until the next handshake after the one that replaced
 * them. */
static void check_rekey(struct world *world)
{
	struct session first = note_session(world);

	session_is_found(&first);
	for (unsigned rekey = 1; rekey <= 2; rekey++) {
		world_run_for(world, MV_REKEY_AFTER_TIME_NS + MV_NS_PER_S);
		world_ping(world, 0, 1);
		if (rekey == 1) {
			session_is_found(&first);
		}
	}
	session_is_gone(&first);
	struct session third = note_session(world);
	session_is_found(&third);
}

static void check_silence(struct world *world)
{
	struct session session = note_session(world);

	world_run_for(world, 3 * MV_REJECT_AFTER_TIME_NS - 30 * MV_NS_PER_S);
	session_is_found(&session);
	world_run_for(world, 60 * MV_NS_PER_S);
	session_is_gone(&session);
}

static void check_link_down(struct world *world)
{
	world_ping(world, 0, 1);
	struct session session = note_session(world);
	session_is_found(&session);
	world_set_up(world, 0, false);
	world_set_up(world, 1, false);
	session_is_gone(&session);
	world_set_up(world, 0, true);
	world_set_up(world, 1, true);
}

static void check_configuration(struct world *world, const struct identity *identity)
{
	struct secret static_static;

	world_run_for(world, 10 * MV_NS_PER_S);
	world_ping(world, 0, 1);
	struct session session = note_session(world);
	secret_note(&static_static, world_peer(world, 0, 1)->secrets->remote.static_static);

	remove_peer(world, 1, identity->public_key);
	FOUND(static_static);
	FOUND(identity->private_key);
	struct secret new_key = change_private_key(world, 0);
	FOUND(new_key);
	GONE(identity->private_key);
	GONE(static_static);

	session_is_found(&session);
	FOUND(identity->psk);
	remove_peer(world, 0, world_public_key(world, 1));
	session_is_gone(&session);
	GONE(identity->psk);

	FOUND(new_key);
	world_destroy(world);
	GONE(new_key);
}

static void check_all(const struct mv_aead_provider *aead)
{
	const struct world_hooks hooks = {.aead = aead};
	struct world *world = world_create(2, &hooks);
	struct identity identity = connect_both(world);

	FOUND(identity.psk);
	FOUND(identity.private_key);
	check_handshake(world);
	check_rekey(world);
	check_silence(world);
	check_link_down(world);
	check_configuration(world, &identity);
}

/* With every provider of this build, the fastest first. */
int main(void)
{
	REQUIRE(sodium_init() >= 0);
	for (size_t i = 0; mv_aead_providers[i]; i++) {
		const struct mv_aead_provider *aead = mv_aead_providers[i];
		void *state;

		if (aead->create(&state)) {
			aead->destroy(state);
			check_all(aead);
			printf("%s keeps no secret\n", aead->name);
		}
	}
	return 0;
}
