#include "tunnel/timestamps.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/tai64n.h"
#include "tunnel/device_state.h"

void mv_timestamps_uninit(struct mv_timestamps *timestamps)
{
	free(timestamps->list);
	*timestamps = (struct mv_timestamps){0};
}

bool mv_timestamps_are_due(const struct mv_device *device)
{
	return device->timestamps_are_due;
}

bool mv_timestamps_are_reserved(const struct mv_device *device)
{
	return device->timestamps_are_reserved;
}

void mv_timestamps_used_locked(struct mv_device *device, struct mv_peer *peer,
	const uint8_t timestamp[static MV_TIMESTAMP_LEN])
{
	memcpy(peer->sent_timestamp, timestamp, MV_TIMESTAMP_LEN);
	if (mv_tai64n_after(timestamp, peer->reserved_timestamp)) {
		device->timestamps_are_due = true;
	}
}

/* False if the peer never got one. Where the last that was sent is just what was reserved, or
 * restored, the next is due in any case, and nothing is gained by moving on. */
static bool reserve_locked(struct mv_sent_timestamp *entry, struct mv_peer *peer, uint32_t ahead_s)
{
	bool is_used_up =
		memcmp(peer->sent_timestamp, peer->reserved_timestamp, MV_TIMESTAMP_LEN) == 0;

	if (sodium_is_zero(peer->sent_timestamp, MV_TIMESTAMP_LEN)) {
		return false;
	}
	memcpy(entry->public_key, peer->secrets->remote.public_key, MV_KEY_LEN);
	memcpy(entry->timestamp, peer->sent_timestamp, MV_TIMESTAMP_LEN);
	mv_tai64n_add(entry->timestamp, is_used_up ? 0 : ahead_s);
	memcpy(peer->reserved_timestamp, entry->timestamp, MV_TIMESTAMP_LEN);
	return true;
}

/* Only the control loop adds peers, and this is the control loop: the list is long enough. */
int mv_timestamps_reserve(
	struct mv_device *device, uint32_t ahead_s, struct mv_timestamps *timestamps)
{
	struct mv_sent_timestamp *list = calloc(device->peers.used + 1, sizeof(*list));
	struct mv_peer *peer;
	size_t count = 0;

	if (!list) {
		return -ENOMEM;
	}
	mv_device_lock(device);
	for (uint32_t slot = MV_SLOT_NONE; (peer = mv_slab_next(&device->peers, &slot));) {
		count += reserve_locked(&list[count], peer, ahead_s);
	}
	device->timestamps_are_due = false;
	device->timestamps_are_reserved = ahead_s > 0;
	*timestamps = (struct mv_timestamps){.list = list, .count = count};
	memcpy(timestamps->public_key, device->identity->public_key, MV_KEY_LEN);
	mv_device_unlock(device);
	return 0;
}

static void restore_locked(struct mv_device *device, const struct mv_sent_timestamp *entry)
{
	struct mv_peer *peer = mv_peertable_find(&device->peers_by_key, entry->public_key);

	if (peer && mv_tai64n_after(entry->timestamp, peer->sent_timestamp)) {
		memcpy(peer->sent_timestamp, entry->timestamp, MV_TIMESTAMP_LEN);
		memcpy(peer->reserved_timestamp, entry->timestamp, MV_TIMESTAMP_LEN);
	}
}

void mv_timestamps_restore(struct mv_device *device, const struct mv_timestamps *timestamps)
{
	mv_device_lock(device);
	if (memcmp(device->identity->public_key, timestamps->public_key, MV_KEY_LEN) == 0) {
		for (size_t i = 0; i < timestamps->count; i++) {
			restore_locked(device, &timestamps->list[i]);
		}
	}
	mv_device_unlock(device);
}
