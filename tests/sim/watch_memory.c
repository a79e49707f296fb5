#include <string.h>

#include "tunnel/device_state.h"
#include "watch.h"

static uint64_t now_ns(const struct watch *watch)
{
	return world_now(watch->world).boot_ns;
}

static bool is_zero(const void *bytes, size_t len)
{
	static const uint8_t zeros[sizeof(struct mv_noise_handshake)];
	static_assert(sizeof(zeros) >= sizeof(struct mv_session_keys), "the larger of both");

	return memcmp(bytes, zeros, len) == 0;
}

/* What of the peer is in use, as a number of indices; what is not must be zero. */
static size_t check_secrets(
	struct watch *watch, size_t device, size_t peer, const struct mv_peer *known)
{
	size_t in_use = known->handshake_is_pending;
	bool wiped = known->handshake_is_pending ||
		     is_zero(&known->secrets->handshake, sizeof(known->secrets->handshake));

	for (size_t i = 0; i < MV_KEYPAIR_SLOTS; i++) {
		const struct mv_keypair *keypair = &known->keypairs.slots[i];

		in_use += keypair->in_use;
		wiped = wiped &&
			(keypair->in_use || is_zero(keypair->keys, sizeof(*keypair->keys)));
	}
	if (!wiped) {
		verdict_fail(watch->verdict, INVARIANT_WIPED, now_ns(watch),
			"device %zu has left something of a key for %zu", device, peer);
	}
	return in_use;
}

static void check_age(struct watch *watch, size_t device, size_t peer, const struct mv_peer *known)
{
	uint64_t newest_ns = 0;
	bool any = false;

	for (size_t i = 0; i < MV_KEYPAIR_SLOTS; i++) {
		if (known->keypairs.slots[i].in_use) {
			const struct watch_slot *slot = &watch->slots[device][peer][i];
			uint64_t born_ns = watch->keys[slot->key].born_ns;

			any = true;
			newest_ns = born_ns > newest_ns ? born_ns : newest_ns;
		}
	}
	if (any && now_ns(watch) - newest_ns >= MV_ZERO_KEY_MATERIAL_NS) {
		verdict_fail(watch->verdict, INVARIANT_ERASED_IN_TIME, now_ns(watch),
			"device %zu keeps keys for %zu, the newest of them too old", device, peer);
	}
}

static void check_device(struct watch *watch, size_t device)
{
	const struct mv_device *core = world_device(watch->world, device);
	size_t indices = 0, blocks = core->stage_pool.free_count;

	for (size_t peer = 0; peer < watch->devices; peer++) {
		const struct mv_peer *known = world_peer(watch->world, device, peer);

		if (known) {
			indices += check_secrets(watch, device, peer, known);
			blocks += known->staged.block_count;
			check_age(watch, device, peer, known);
		}
	}
	if (core->indices.count != indices) {
		verdict_fail(watch->verdict, INVARIANT_INDICES, now_ns(watch),
			"device %zu has %zu indices for %zu keys", device, core->indices.count,
			indices);
	}
	if (blocks != watch->pool_blocks) {
		verdict_fail(watch->verdict, INVARIANT_POOL, now_ns(watch),
			"device %zu has %zu blocks of %zu", device, blocks, watch->pool_blocks);
	}
}

void watch_step(struct watch *watch)
{
	for (size_t device = 0; device < watch->devices; device++) {
		watch_note_keys(watch, device);
		check_device(watch, device);
	}
}

void watch_expect_nothing(struct watch *watch)
{
	bool silent = world_deadline(watch->world) == MV_NEVER;

	for (size_t device = 0; device < watch->devices; device++) {
		silent = silent && world_device(watch->world, device)->indices.count == 0;
	}
	if (!silent) {
		verdict_fail(watch->verdict, INVARIANT_SILENT, now_ns(watch),
			"there is still a key, or a deadline at %llu ns",
			(unsigned long long)world_deadline(watch->world));
	}
}
