#include "cli/changetext.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "crypto/keytext.h"

/* The walk through a list. */
struct walk {
	const char *device;
	const struct mv_snapshot *before;
	const struct mv_change *end;
	char peer[MV_PEER_TEXT_MAX]; /* that the changes are for */
	bool is_new;
};

static const struct mv_peer_snapshot *find_before(
	const struct mv_snapshot *before, const uint8_t public_key[static MV_KEY_LEN])
{
	for (size_t i = 0; i < before->peer_count; i++) {
		if (memcmp(before->peers[i].public_key, public_key, MV_KEY_LEN) == 0) {
			return &before->peers[i];
		}
	}
	return NULL;
}

/* A new one gets its name by the next change. */
static const char *name_of_new(const struct walk *walk, const struct mv_change *peer)
{
	const struct mv_change *next = peer + 1;

	return next < walk->end && next->kind == MV_CHANGE_NAME ? next->text : "";
}

static void begin_peer(struct walk *walk, const struct mv_change *change)
{
	const struct mv_peer_snapshot *peer = find_before(walk->before, change->key);

	walk->is_new = !peer;
	mv_peer_text(walk->peer, peer ? peer->name : name_of_new(walk, change), change->key);
	if (walk->is_new) {
		printf("%s: add the peer %s\n", walk->device, walk->peer);
	}
}

static void print_name(const struct walk *walk, const char *name)
{
	if (!walk->is_new) {
		printf("%s: peer %s: %s%s\n", walk->device, walk->peer,
			*name ? "call it " : "call it by its key", name);
	}
}

static void print_identity(const struct walk *walk, const uint8_t key[static MV_KEY_LEN])
{
	uint8_t public_key[MV_KEY_LEN];
	char text[MV_KEY_BASE64_MAX];

	mv_x25519_public(public_key, key);
	printf("%s: set the private key; the public key is %s now\n", walk->device,
		mv_key_to_base64(text, public_key));
}

static void print_keepalive(const struct walk *walk, uint16_t interval_s)
{
	if (interval_s > 0) {
		printf("%s: peer %s: send a keepalive every %u s\n", walk->device, walk->peer,
			(unsigned)interval_s);
	} else if (!walk->is_new) {
		printf("%s: peer %s: send no persistent keepalives\n", walk->device, walk->peer);
	}
}

static void print_of_peer(const struct walk *walk, const char *verb, const char *object)
{
	printf("%s: peer %s: %s%s\n", walk->device, walk->peer, verb, object);
}

static void print_change(struct walk *walk, const struct mv_change *change)
{
	char endpoint[MV_ENDPOINT_TEXT_MAX], prefix[MV_PREFIX_TEXT_MAX];

	switch (change->kind) {
	case MV_CHANGE_PRIVATE_KEY:
		print_identity(walk, change->key);
		break;
	case MV_CHANGE_LISTEN_PORT:
		printf("%s: set the UDP port to %u\n", walk->device, (unsigned)change->number);
		break;
	case MV_CHANGE_FWMARK:
		printf("%s: set the mark to 0x%x\n", walk->device, (unsigned)change->number);
		break;
	case MV_CHANGE_PEER:
		begin_peer(walk, change);
		break;
	case MV_CHANGE_REMOVE:
		printf("%s: remove the peer %s\n", walk->device, walk->peer);
		break;
	case MV_CHANGE_PRESHARED_KEY:
		print_of_peer(walk, sodium_is_zero(change->key, MV_KEY_LEN) ? "remove" : "set",
			" the pre-shared key");
		break;
	case MV_CHANGE_NAME:
		print_name(walk, change->text);
		break;
	case MV_CHANGE_PRESHARED_KEY_FILE:
		print_of_peer(walk, *change->text ? "watch " : "watch no file for its keys",
			change->text);
		break;
	case MV_CHANGE_ENDPOINTS:
		print_of_peer(
			walk, *change->text ? "it is at " : "it has to call first", change->text);
		break;
	case MV_CHANGE_ENDPOINT:
		print_of_peer(walk, "it is at ", mv_endpoint_print(endpoint, &change->endpoint));
		break;
	case MV_CHANGE_PERSISTENT_KEEPALIVE:
		print_keepalive(walk, change->seconds);
		break;
	case MV_CHANGE_ALLOWED_IP:
		print_of_peer(walk, "allow ", mv_prefix_print(prefix, &change->prefix));
		break;
	case MV_CHANGE_ALLOWED_IP_REMOVE:
		print_of_peer(walk, "allow no more ", mv_prefix_print(prefix, &change->prefix));
		break;
	case MV_CHANGE_REPLACE_PEERS:
	case MV_CHANGE_UPDATE_ONLY:
	case MV_CHANGE_REPLACE_ALLOWED_IPS:
		break; /* Only how it is done. */
	}
}

void mv_changetext_print(
	const char *device, const struct mv_changes *changes, const struct mv_snapshot *before)
{
	struct walk walk = {
		.device = device, .before = before, .end = changes->list + changes->count};

	for (size_t i = 0; i < changes->count; i++) {
		print_change(&walk, &changes->list[i]);
	}
}
