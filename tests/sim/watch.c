#include "watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tunnel/device_state.h"

#define TAG_LEN 16

void watch_init(struct watch *watch, struct world *world, size_t devices, struct verdict *verdict)
{
	*watch = (struct watch){.world = world,
		.devices = devices,
		.verdict = verdict,
		.tag_capacity = 8192,
		.pool_blocks = world_device(world, 0)->stage_pool.free_count};
	watch->tags = calloc(watch->tag_capacity, sizeof(*watch->tags));
	if (!watch->tags) {
		abort();
	}
}

void watch_uninit(struct watch *watch)
{
	free(watch->keys);
	free(watch->tags);
}

static uint64_t now_ns(const struct watch *watch)
{
	return world_now(watch->world).boot_ns;
}

void watch_forget(struct watch *watch, size_t device)
{
	memset(watch->slots[device], 0, sizeof(watch->slots[device]));
	memset(watch->initiated_ns[device], 0, sizeof(watch->initiated_ns[device]));
}

/* --- Keys --- */

static size_t add_key(struct watch *watch, const struct watch_key *key)
{
	if (watch->key_count == watch->key_capacity) {
		watch->key_capacity = watch->key_capacity ? 2 * watch->key_capacity : 64;
		watch->keys = realloc(watch->keys, watch->key_capacity * sizeof(*watch->keys));
		if (!watch->keys) {
			abort();
		}
	}
	for (size_t i = 0; i < watch->key_count; i++) {
		if (watch->keys[i].send_key == key->send_key) {
			verdict_fail(watch->verdict, INVARIANT_KEY_ONCE, now_ns(watch),
				"device %zu sends to %zu under a key that %zu had for %zu",
				key->device, key->peer, watch->keys[i].device, watch->keys[i].peer);
		}
	}
	watch->keys[watch->key_count] = *key;
	return watch->key_count++;
}

static void note_key(
	struct watch *watch, size_t device, size_t peer, const struct mv_keypair *keypair, size_t i)
{
	struct watch_slot *slot = &watch->slots[device][peer][i];

	if (!keypair->in_use || slot->id == keypair->id) {
		return;
	}
	slot->id = keypair->id;
	slot->key = add_key(watch, &(struct watch_key){.device = device,
					   .peer = peer,
					   .local_index = keypair->local_index,
					   .remote_index = keypair->remote_index,
					   .send_key = mv_load_le64(keypair->keys->send),
					   .born_ns = now_ns(watch)});
}

void watch_note_keys(struct watch *watch, size_t device)
{
	for (size_t peer = 0; peer < watch->devices; peer++) {
		const struct mv_peer *known = world_peer(watch->world, device, peer);

		for (size_t i = 0; known && i < MV_KEYPAIR_SLOTS; i++) {
			note_key(watch, device, peer, &known->keypairs.slots[i], i);
		}
	}
}

static struct watch_key *find_key(
	struct watch *watch, size_t device, uint32_t index, bool index_is_remote)
{
	for (size_t i = watch->key_count; i > 0; i--) {
		struct watch_key *key = &watch->keys[i - 1];

		if (key->device == device &&
			(index_is_remote ? key->remote_index : key->local_index) == index) {
			return key;
		}
	}
	return NULL;
}

static bool is_past_limit(const struct watch *watch, const struct watch_key *key)
{
	return !key || now_ns(watch) - key->born_ns >= MV_REJECT_AFTER_TIME_NS;
}

size_t watch_sessions(const struct watch *watch, size_t device, size_t peer)
{
	size_t sessions = 0;

	for (size_t i = 0; i < watch->key_count; i++) {
		sessions += watch->keys[i].device == device && watch->keys[i].peer == peer;
	}
	return sessions;
}

/* --- Datagrams --- */

/* False if it was there already. The table has room. */
static bool insert_tag(struct watch *watch, uint64_t tag)
{
	size_t mask = watch->tag_capacity - 1;
	size_t i = tag & mask;

	for (; watch->tags[i] != 0; i = (i + 1) & mask) {
		if (watch->tags[i] == tag) {
			return false;
		}
	}
	watch->tags[i] = tag;
	watch->tag_count++;
	return true;
}

static void grow_tags(struct watch *watch)
{
	uint64_t *old = watch->tags;
	size_t capacity = watch->tag_capacity;

	watch->tag_count = 0;
	watch->tag_capacity = 2 * capacity;
	watch->tags = calloc(watch->tag_capacity, sizeof(*watch->tags));
	if (!watch->tags) {
		abort();
	}
	for (size_t i = 0; i < capacity; i++) {
		if (old[i] != 0) {
			insert_tag(watch, old[i]);
		}
	}
	free(old);
}

static void check_data(struct watch *watch, size_t device, const uint8_t *datagram, size_t len)
{
	const struct mv_message_data *header = (const void *)datagram;
	uint64_t counter = mv_load_le64(header->counter);

	watch_note_keys(watch, device);
	struct watch_key *key = find_key(watch, device, mv_load_le32(header->receiver_index), true);
	if (is_past_limit(watch, key)) {
		verdict_fail(watch->verdict, INVARIANT_SEND_LIMIT, now_ns(watch),
			"device %zu sends under a key that is too old or unknown", device);
		return;
	}
	if (counter < key->next_counter) {
		verdict_fail(watch->verdict, INVARIANT_NONCE_ONCE, now_ns(watch),
			"device %zu sends counter %llu to %zu again", device,
			(unsigned long long)counter, key->peer);
	}
	key->next_counter = counter + 1;

	if (2 * watch->tag_count >= watch->tag_capacity) {
		grow_tags(watch);
	}
	if (!insert_tag(watch, mv_load_le64(datagram + len - TAG_LEN))) {
		verdict_fail(watch->verdict, INVARIANT_CIPHERTEXT_ONCE, now_ns(watch),
			"device %zu sends a tag to %zu that was sent before", device, key->peer);
	}
}

/* The peer that an initiation of this index is for. */
static size_t whom_it_initiates(struct watch *watch, size_t device, uint32_t index)
{
	size_t peer = 0;

	for (; peer < watch->devices; peer++) {
		const struct mv_peer *known = world_peer(watch->world, device, peer);

		if (known && known->handshake_is_pending &&
			known->secrets->handshake.local_index == index) {
			break;
		}
	}
	return peer;
}

static void check_initiation(struct watch *watch, size_t device, const uint8_t *datagram)
{
	const struct mv_message_initiation *message = (const void *)datagram;
	size_t peer = whom_it_initiates(watch, device, mv_load_le32(message->sender_index));
	uint64_t now = now_ns(watch);

	if (peer == watch->devices) {
		verdict_fail(watch->verdict, INVARIANT_PACE, now,
			"device %zu sends an initiation that it does not wait for", device);
		return;
	}
	uint64_t *initiated_ns = &watch->initiated_ns[device][peer];
	if (*initiated_ns != 0 && now - *initiated_ns < MV_REKEY_TIMEOUT_NS) {
		verdict_fail(watch->verdict, INVARIANT_PACE, now,
			"device %zu sends initiations to %zu %llu ns apart", device, peer,
			(unsigned long long)(now - *initiated_ns));
	}
	*initiated_ns = now;
	watch->crossings += now - watch->initiated_ns[peer][device] <= watch->crossing_ns;
}

void watch_transmit(struct watch *watch, size_t device, const uint8_t *datagram, size_t len)
{
	if (datagram[0] == MV_MESSAGE_DATA) {
		check_data(watch, device, datagram, len);
	} else if (datagram[0] == MV_MESSAGE_INITIATION) {
		check_initiation(watch, device, datagram);
	}
}

size_t watch_deliver(struct watch *watch, size_t device, const uint8_t *datagram, size_t len)
{
	const struct mv_message_data *header = (const void *)datagram;
	const struct watch_key *key =
		len < MV_MESSAGE_DATA_OVERHEAD
			? NULL
			: find_key(watch, device, mv_load_le32(header->receiver_index), false);

	if (is_past_limit(watch, key)) {
		verdict_fail(watch->verdict, INVARIANT_RECEIVE_LIMIT, now_ns(watch),
			"device %zu accepts data under a key that is too old or unknown", device);
	}
	return key ? key->peer : WORLD_DEVICES_MAX;
}
