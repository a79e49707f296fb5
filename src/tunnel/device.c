#include "tunnel/device.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/device_state.h"

/* One allocation of locked memory for what every device has once. */
struct device_secrets {
	struct mv_noise_identity identity;
	struct mv_handshake_scratch scratch;
};

static int init_limiter(struct mv_device *device, struct mv_ratelimiter *limiter)
{
	uint8_t hash_key[MV_RATELIMITER_KEY_LEN];

	device->environment.random(device->environment.ctx, hash_key, sizeof(hash_key));
	return mv_ratelimiter_init(limiter, hash_key);
}

static int init_memory(struct mv_device *device)
{
	struct device_secrets *secrets = sodium_malloc(sizeof(*secrets));

	if (!secrets) {
		return -ENOMEM;
	}
	sodium_memzero(secrets, sizeof(*secrets));
	device->identity = &secrets->identity;
	device->scratch = &secrets->scratch;

	device->allowed_ips = mv_allowedips_create();
	if (!device->allowed_ips) {
		return -ENOMEM;
	}
	int error = init_limiter(device, &device->handshake_limiter);
	if (error == 0) {
		error = init_limiter(device, &device->icmp_limiter);
	}
	return error < 0 ? error : mv_stage_pool_init(&device->stage_pool);
}

int mv_device_create(struct mv_device **created, const struct mv_environment *environment)
{
	struct mv_device *device = calloc(1, sizeof(*device));

	if (!device) {
		return -ENOMEM;
	}
	device->environment = *environment;
	device->armed_ns = MV_NEVER;
	device->source_generation = 1;
	TAILQ_INIT(&device->wishing);
	TAILQ_INIT(&device->wanting_names);
	mv_slab_init(&device->peers, sizeof(struct mv_peer), MV_SLAB_PLAIN);
	mv_slab_init(&device->secrets, sizeof(struct mv_peer_secrets), MV_SLAB_LOCKED);
	mv_peertable_init(&device->peers_by_key);
	mv_indextable_init(&device->indices);
	mv_deadlines_init(&device->deadlines);

	int error = init_memory(device);
	if (error < 0) {
		mv_device_destroy(device);
		return error;
	}
	environment->random(environment->ctx, &device->jitter_state, sizeof(device->jitter_state));
	device->jitter_state |= 1; /* The generator stands still at zero. */
	*created = device;
	return 0;
}

static void free_candidates(struct mv_device *device)
{
	struct mv_peer *peer;

	for (uint32_t slot = MV_SLOT_NONE; (peer = mv_slab_next(&device->peers, &slot));) {
		mv_candidates_free(device, peer->candidates);
	}
}

void mv_device_destroy(struct mv_device *device)
{
	if (!device) {
		return;
	}
	free_candidates(device);
	mv_stage_pool_uninit(&device->stage_pool);
	mv_ratelimiter_uninit(&device->icmp_limiter);
	mv_ratelimiter_uninit(&device->handshake_limiter);
	mv_allowedips_destroy(device->allowed_ips);
	mv_deadlines_uninit(&device->deadlines);
	mv_indextable_uninit(&device->indices);
	mv_peertable_uninit(&device->peers_by_key);
	mv_slab_uninit(&device->secrets);
	mv_slab_uninit(&device->peers);
	sodium_free(device->identity); /* and the scratch; it wipes */
	free(device);
}

void mv_device_lock(struct mv_device *device)
{
	if (device->environment.lock) {
		device->environment.lock(device->environment.ctx);
	}
}

void mv_device_unlock(struct mv_device *device)
{
	if (device->environment.unlock) {
		device->environment.unlock(device->environment.ctx);
	}
}

/* Xorshift with the shifts 13, 7, 17 (Marsaglia, "Xorshift RNGs", 2003). */
uint64_t mv_device_jitter(struct mv_device *device)
{
	uint64_t x = device->jitter_state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	device->jitter_state = x;
	return x % (MV_JITTER_MAX_NS + 1);
}

bool mv_device_needs_control(const struct mv_device *device)
{
	uint32_t slot;

	return !TAILQ_EMPTY(&device->wishing) ||
	       mv_deadlines_first(&device->deadlines, &slot) < device->armed_ns;
}

uint64_t mv_device_arm(struct mv_device *device)
{
	uint64_t deadline_ns;
	uint32_t slot;

	mv_device_lock(device);
	/* A place in the heap may be too early: timers that were disarmed or moved on leave it as
	 * it is. */
	while ((deadline_ns = mv_deadlines_first(&device->deadlines, &slot)) != MV_NEVER) {
		struct mv_peer *peer = mv_slab_at(&device->peers, slot);
		uint64_t true_ns = mv_peer_deadline(peer);

		if (true_ns <= deadline_ns) {
			break;
		}
		peer->scheduled_ns = true_ns;
		mv_deadlines_set(&device->deadlines, slot, true_ns);
	}
	device->armed_ns = deadline_ns;
	mv_device_unlock(device);
	return deadline_ns;
}

void mv_device_forget_sources(struct mv_device *device)
{
	mv_device_lock(device);
	device->source_generation++;
	mv_device_unlock(device);
}

void mv_device_announce(struct mv_device *device, struct mv_now now)
{
	struct mv_peer *peer;

	mv_device_lock(device);
	for (uint32_t slot = MV_SLOT_NONE; (peer = mv_slab_next(&device->peers, &slot));) {
		if (mv_peer_can_send(peer, now)) {
			mv_peer_wish(device, peer, MV_WISH_KEEPALIVE);
		}
	}
	mv_device_unlock(device);
}

void mv_device_set_mtu(struct mv_device *device, uint32_t mtu)
{
	mv_device_lock(device);
	device->mtu = mtu;
	mv_device_unlock(device);
}

static void start_peer(struct mv_device *device, struct mv_peer *peer)
{
	mv_timers_stop(&peer->timers);
	if (peer->timers.persistent_keepalive_s > 0) {
		mv_peer_wish(device, peer, MV_WISH_KEEPALIVE);
	}
}

static void stop_peer(struct mv_device *device, struct mv_peer *peer, struct mv_now now)
{
	mv_peer_drop_staged(device, peer, MV_DROP_DEVICE_DOWN, now);
	mv_timers_stop(&peer->timers);
	if (peer->candidates) {
		mv_candidates_give_up(peer);
	}
	mv_peer_reschedule(device, peer);
	mv_peer_erase_keys(device, peer);
}

void mv_device_set_up(struct mv_device *device, bool up, struct mv_now now)
{
	struct mv_peer *peer;

	mv_device_lock(device);
	if (device->up != up) {
		device->up = up;
		for (uint32_t slot = MV_SLOT_NONE; (peer = mv_slab_next(&device->peers, &slot));) {
			if (up) {
				start_peer(device, peer);
			} else {
				stop_peer(device, peer, now);
			}
		}
	}
	mv_device_unlock(device);
}

void mv_device_count_drops(
	struct mv_device *device, const struct mv_batch *batch, struct mv_now now)
{
	mv_device_lock(device);
	for (size_t i = 0; i < batch->count; i++) {
		const struct mv_packet *packet = &batch->packets[i];

		if (packet->drop != MV_DROP_NONE) {
			mv_peer_count_drop(
				device, mv_peer_get(device, packet->peer), packet->drop, now);
		}
	}
	mv_device_unlock(device);
}

void mv_device_count_drop(struct mv_device *device, enum mv_drop drop)
{
	mv_device_lock(device);
	device->drops[drop]++;
	mv_device_unlock(device);
}

bool mv_device_memory_is_unlocked(struct mv_device *device)
{
	return mv_slab_lock_refused(&device->secrets);
}
