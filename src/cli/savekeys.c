#include "cli/savekeys.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "config/credential.h"

/* Both lists are mostly in the same order, so the search begins where the last one ended. */
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

/* *value NULL: the key is in no file, or is not that of the file any more, or the file cannot be
 * named. */
static int name_file(char **value, const char *file, const uint8_t of_file[static MV_KEY_LEN],
	const uint8_t of_device[static MV_KEY_LEN])
{
	*value = NULL;
	if (!file || sodium_memcmp(of_file, of_device, MV_KEY_LEN) != 0) {
		return 0;
	}
	char *text = mv_credential_value(file);
	if (!text) {
		return -ENOMEM;
	}
	if (strchr(text, '#')) {
		free(text); /* It would begin a comment. */
	} else {
		*value = text;
	}
	return 0;
}

int mv_savekeys_of_peers(struct mv_snapshot *snapshot, const struct mv_config *config)
{
	size_t at = 0;
	int error = 0;

	for (size_t i = 0; error == 0 && i < snapshot->peer_count; i++) {
		struct mv_peer_snapshot *peer = &snapshot->peers[i];
		const struct mv_config_peer *given = find_config(config, peer->public_key, &at);

		free(peer->preshared_key_file);
		peer->preshared_key_file = NULL;
		if (given) {
			error = name_file(&peer->preshared_key_file, given->preshared_key_file,
				given->preshared_key, peer->preshared_key);
		}
	}
	return error;
}

int mv_savekeys_of_device(
	char **value, const struct mv_snapshot *snapshot, const struct mv_config *config)
{
	return name_file(
		value, config->private_key_file, config->private_key, snapshot->private_key);
}
