#include "tunnel/timestamps.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/tai64n.h"
#include "tunnel/device_state.h"

/* Of those who were not sent anything for longer, nobody knows whether the clock has jumped. */
#define RECENT_S (24 * 60 * 60)

/* One grain for an initiation, and one initiation in REKEY_TIMEOUT: a quarter of an hour of them.
 */
#define GRAINS_S 3

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

static bool is_none(const uint8_t timestamp[static MV_TIMESTAMP_LEN])
{
	return sodium_is_zero(timestamp, MV_TIMESTAMP_LEN);
}

bool mv_timestamps_cover_locked(
	struct mv_device *device, const struct mv_peer *peer, struct mv_now now)
{
	uint8_t next[MV_TIMESTAMP_LEN];

	if (!device->environment.keeps_timestamps) {
		return true;
	}
	mv_tai64n_next(next, peer->sent_timestamp, now);
	if (mv_tai64n_after(next, peer->reserved_timestamp)) {
		device->timestamps_are_due = true;
		return false;
	}
	return true;
}

/* The clock is ahead of what the peer was sent last, and by no more than a day. */
static bool is_recent(const struct mv_peer *peer, const uint8_t clock[static MV_TIMESTAMP_LEN])
{
	uint8_t limit[MV_TIMESTAMP_LEN];

	memcpy(limit, peer->sent_timestamp, MV_TIMESTAMP_LEN);
	mv_tai64n_add(limit, RECENT_S);
	return mv_tai64n_after(clock, peer->sent_timestamp) && mv_tai64n_after(limit, clock);
}

static void reserve_locked(struct mv_peer *peer, struct mv_now now, uint32_t seconds)
{
	uint8_t clock[MV_TIMESTAMP_LEN], next[MV_TIMESTAMP_LEN];

	mv_tai64n(clock, now);
	if (!(peer->wishes & MV_WISH_HANDSHAKE) && !is_recent(peer, clock)) {
		return;
	}
	mv_tai64n_next(next, peer->sent_timestamp, now);
	mv_tai64n_add(next, mv_tai64n_after(next, clock) ? GRAINS_S : seconds);
	if (mv_tai64n_after(next, peer->reserved_timestamp)) {
		memcpy(peer->reserved_timestamp, next, MV_TIMESTAMP_LEN);
	}
}

void mv_timestamps_reserve(struct mv_device *device, struct mv_now now, uint32_t seconds)
{
	struct mv_peer *peer;

	mv_device_lock(device);
	for (uint32_t slot = MV_SLOT_NONE; (peer = mv_slab_next(&device->peers, &slot));) {
		reserve_locked(peer, now, seconds);
	}
	device->timestamps_are_due = false;
	device->timestamps_are_reserved = true;
	mv_device_unlock(device);
}

void mv_timestamps_release(struct mv_device *device)
{
	struct mv_peer *peer;

	mv_device_lock(device);
	for (uint32_t slot = MV_SLOT_NONE; (peer = mv_slab_next(&device->peers, &slot));) {
		memcpy(peer->reserved_timestamp, peer->sent_timestamp, MV_TIMESTAMP_LEN);
	}
	device->timestamps_are_reserved = false;
	mv_device_unlock(device);
}

/* Only the control loop adds peers, and this is the control loop: the list is long enough. */
int mv_timestamps_copy(struct mv_device *device, struct mv_timestamps *timestamps)
{
	struct mv_sent_timestamp *list = calloc(device->peers.used + 1, sizeof(*list));
	const struct mv_peer *peer;
	size_t count = 0;

	if (!list) {
		return -ENOMEM;
	}
	mv_device_lock(device);
	for (uint32_t slot = MV_SLOT_NONE; (peer = mv_slab_next(&device->peers, &slot));) {
		if (!is_none(peer->reserved_timestamp)) {
			struct mv_sent_timestamp *entry = &list[count++];

			memcpy(entry->public_key, peer->secrets->remote.public_key, MV_KEY_LEN);
			memcpy(entry->timestamp, peer->reserved_timestamp, MV_TIMESTAMP_LEN);
		}
	}
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
