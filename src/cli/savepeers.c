#include "cli/savepeers.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "config/credential.h"

/* Both lists are mostly in the same order, so the search begins where the last one ended. */
static const struct mv_peer_snapshot *find_status(
	const struct mv_snapshot *status, const uint8_t key[static MV_KEY_LEN], size_t *at)
{
	for (size_t n = 0; n < status->peer_count; n++) {
		size_t i = (*at + n) % status->peer_count;

		if (memcmp(status->peers[i].public_key, key, MV_KEY_LEN) == 0) {
			*at = i + 1;
			return &status->peers[i];
		}
	}
	return NULL;
}

static const struct mv_config_peer *find_config(
	const struct mv_config *config, const uint8_t key[static MV_KEY_LEN], size_t *at)
{
	for (size_t n = 0; n < config->peer_count; n++) {
		size_t i = (*at + n) % config->peer_count;

		if (memcmp(config->peers[i].public_key, key, MV_KEY_LEN) == 0) {
			*at = i + 1;
			return &config->peers[i];
		}
	}
	return NULL;
}

int mv_savepeers_complete(struct mv_snapshot *snapshot, const struct mv_snapshot *status,
	const struct mv_config *config)
{
	size_t status_at = 0, config_at = 0;

	for (size_t i = 0; i < snapshot->peer_count; i++) {
		struct mv_peer_snapshot *peer = &snapshot->peers[i];
		const uint8_t *key = peer->public_key;
		const struct mv_config_peer *given = find_config(config, key, &config_at);
		const struct mv_peer_snapshot *told =
			status ? find_status(status, key, &status_at) : NULL;

		const char *endpoints = told               ? told->endpoints
					: given && !status ? given->endpoints
							   : NULL;

		if (endpoints && !(peer->endpoints = strdup(endpoints))) {
			return -ENOMEM;
		}
		if (told) {
			memcpy(peer->name, told->name, sizeof(peer->name));
		} else if (given) {
			memcpy(peer->name, given->name, sizeof(peer->name));
		}
		if (!given || !given->preshared_key_file ||
			sodium_memcmp(given->preshared_key, peer->preshared_key, MV_KEY_LEN) != 0) {
			continue;
		}
		peer->preshared_key_file = mv_credential_value(given->preshared_key_file);
		if (!peer->preshared_key_file) {
			return -ENOMEM;
		}
	}
	return 0;
}

int mv_savepeers_private_key_file(
	char **value, const struct mv_snapshot *snapshot, const struct mv_config *config)
{
	*value = NULL;
	if (!config->private_key_file ||
		sodium_memcmp(config->private_key, snapshot->private_key, MV_KEY_LEN) != 0) {
		return 0;
	}
	*value = mv_credential_value(config->private_key_file);
	return *value ? 0 : -ENOMEM;
}
