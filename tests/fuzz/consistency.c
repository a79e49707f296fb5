#include "consistency.h"

#include <sodium.h>

#include "input.h"
#include "tunnel/device_state.h"

/* The size of the pool; tunnel/stage keeps it to itself. */
#define STAGE_BLOCKS 1024

static void check_index(
	const struct mv_device *device, uint32_t index, enum mv_index_kind kind, uint32_t slot)
{
	const struct mv_index_entry *entry = mv_indextable_find(&device->indices, index);

	demand(entry && entry->kind == kind && entry->peer == slot,
		"an index leads to its handshake or keypair");
}

static bool has_role(const struct mv_keypairs *keypairs, const struct mv_keypair *keypair)
{
	return keypair == keypairs->previous || keypair == keypairs->current ||
	       keypair == keypairs->next;
}

/* Returns how many are in use. */
static size_t check_keypairs(const struct mv_device *device, const struct mv_peer *peer)
{
	const struct mv_keypairs *keypairs = &peer->keypairs;
	size_t roles = 0, used = 0;

	roles += keypairs->previous != NULL;
	roles += keypairs->current != NULL;
	roles += keypairs->next != NULL;
	for (size_t i = 0; i < MV_KEYPAIR_SLOTS; i++) {
		const struct mv_keypair *keypair = &keypairs->slots[i];

		demand(keypair->in_use == has_role(keypairs, keypair),
			"a keypair in use has a role");
		if (!keypair->in_use) {
			demand(sodium_is_zero((const void *)keypair->keys, sizeof(*keypair->keys)),
				"the keys of a free slot are wiped");
			continue;
		}
		used++;
		demand(keypair->sending_counter <= MV_REJECT_AFTER_MESSAGES,
			"no counter is too high");
		check_index(device, keypair->local_index, MV_INDEX_KEYPAIR, peer->slot);
	}
	demand(roles == used, "a keypair has one role");
	return used;
}

/* Returns the indices that it takes. */
static size_t check_handshake(const struct mv_device *device, const struct mv_peer *peer)
{
	const struct mv_noise_handshake *handshake = &peer->secrets->handshake;

	if (peer->handshake_is_pending) {
		check_index(device, handshake->local_index, MV_INDEX_HANDSHAKE, peer->slot);
		return 1;
	}
	demand(sodium_is_zero((const void *)handshake, sizeof(*handshake)),
		"a handshake that is over is wiped");
	return 0;
}

static void check_deadline(const struct mv_device *device, const struct mv_peer *peer)
{
	const struct mv_deadlines *deadlines = &device->deadlines;
	uint32_t position = deadlines->positions[peer->slot];

	demand(mv_timers_deadline(&peer->timers) >= peer->scheduled_ns, "no timer is overslept");
	if (peer->scheduled_ns == MV_NEVER) {
		demand(position == UINT32_MAX, "a peer without a deadline is not in the heap");
		return;
	}
	demand(position < deadlines->count && deadlines->heap[position].slot == peer->slot &&
			deadlines->heap[position].ns == peer->scheduled_ns,
		"a deadline is in its place");
}

static void check_heap(const struct mv_deadlines *deadlines)
{
	for (uint32_t i = 1; i < deadlines->count; i++) {
		demand(deadlines->heap[(i - 1) / 2].ns <= deadlines->heap[i].ns, "the heap is one");
	}
}

static void check_tables(const struct mv_device *device, size_t indices, size_t blocks)
{
	size_t used = 0;

	for (size_t i = 0; i < device->indices.capacity; i++) {
		used += device->indices.entries[i].used;
	}
	demand(used == indices && used == device->indices.count, "no index is left behind");
	demand(blocks + device->stage_pool.free_count == STAGE_BLOCKS, "no block is lost");
	demand(TAILQ_EMPTY(&device->stage_pool.by_age) == (blocks == 0),
		"nothing waits for nobody");
	demand(device->peers.used == device->secrets.used &&
			device->peers.used == device->peers_by_key.count,
		"a peer has its secrets and its key");
	demand(device->drops[MV_DROP_NONE] == 0, "what is dropped has a reason");
	demand(sodium_is_zero((const void *)device->scratch, sizeof(*device->scratch)),
		"the scratch memory is wiped");
	demand(TAILQ_EMPTY(&device->wishing), "all wishes are fulfilled");
}

void consistency_check(const struct mv_device *device)
{
	const struct mv_peer *peer;
	size_t indices = 0, blocks = 0;

	for (uint32_t slot = MV_SLOT_NONE; (peer = mv_slab_next(&device->peers, &slot));) {
		demand(peer->slot == slot, "a peer knows its slot");
		demand(mv_peertable_find(&device->peers_by_key, peer->secrets->remote.public_key) ==
				peer,
			"a peer is found by its key");
		demand(peer->wishes == 0, "a wish stands in the queue");
		demand((peer->staged.count == 0) == (peer->staged.block_count == 0) &&
				peer->staged.count <= MV_STAGED_PACKETS_MAX,
			"a queue knows its length");
		indices += check_keypairs(device, peer) + check_handshake(device, peer);
		blocks += peer->staged.block_count;
		check_deadline(device, peer);
	}
	check_heap(&device->deadlines);
	check_tables(device, indices, blocks);
}
