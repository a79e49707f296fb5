#include "tunnel/snapshot.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

const char *mv_offload_word(enum mv_offload offload)
{
	static const char *const words[] = {
#define MV_OFFLOAD_WORD(name, word) [MV_OFFLOAD_##name] = (word),
		MV_OFFLOADS(MV_OFFLOAD_WORD)
#undef MV_OFFLOAD_WORD
	};

	return words[offload];
}

int mv_snapshot_create(struct mv_snapshot **snapshot, size_t peers, size_t prefixes)
{
	struct mv_snapshot *fresh = sodium_malloc(sizeof(*fresh));

	if (fresh == NULL) {
		return -ENOMEM;
	}
	memset(fresh, 0, sizeof(*fresh));
	fresh->peers = sodium_allocarray(peers, sizeof(*fresh->peers));
	if (fresh->peers == NULL) {
		goto free_snapshot;
	}
	memset(fresh->peers, 0, peers * sizeof(*fresh->peers));
	fresh->prefixes = calloc(prefixes > 0 ? prefixes : 1, sizeof(*fresh->prefixes));
	if (fresh->prefixes == NULL) {
		goto free_peers;
	}
	*snapshot = fresh;
	return 0;

free_peers:
	sodium_free(fresh->peers);
free_snapshot:
	sodium_free(fresh);
	return -ENOMEM;
}

void mv_snapshot_destroy(struct mv_snapshot *snapshot)
{
	if (snapshot == NULL) {
		return;
	}
	for (size_t i = 0; i < snapshot->peer_count; i++) {
		free(snapshot->peers[i].endpoints);
		free(snapshot->peers[i].endpoints_trouble);
		free(snapshot->peers[i].preshared_key_file);
	}
	free(snapshot->prefixes);
	sodium_free(snapshot->peers); /* wipes, as all of its kind */
	sodium_free(snapshot);
}

bool mv_peer_snapshot_has_preshared_key(const struct mv_peer_snapshot *peer)
{
	return peer->preshared_key_hidden || !sodium_is_zero(peer->preshared_key, MV_KEY_LEN);
}
