#include "tunnel/tick.h"

#include "tunnel/device_state.h"

static void run_peer(struct mv_device *device, struct mv_peer *peer, struct mv_now now)
{
	unsigned actions = mv_timers_run(&peer->timers, now.boot_ns);

	if (actions & (MV_TIMER_RETRY_HANDSHAKE | MV_TIMER_START_HANDSHAKE)) {
		/* Maybe it is our own address that nobody answers to any more. */
		mv_peer_forget_source(peer);
	}
	if ((actions & MV_TIMER_GIVE_UP) && peer->candidates) {
		mv_candidates_give_up(peer);
	}
	if (actions & MV_TIMER_GIVE_UP) {
		mv_peer_drop_staged(device, peer, MV_DROP_HANDSHAKE_GAVE_UP, now);
	}
	if (actions & MV_TIMER_ZERO_KEYS) {
		mv_peer_erase_keys(device, peer);
	}
	if ((actions & MV_TIMER_RETRY_HANDSHAKE) &&
		(!peer->candidates || mv_candidates_move_on(device, peer, now))) {
		mv_peer_request_handshake(device, peer, true, now);
	}
	if (actions & MV_TIMER_START_HANDSHAKE) {
		mv_peer_request_handshake(device, peer, false, now);
	}
	if (actions & MV_TIMER_SEND_KEEPALIVE) {
		mv_peer_wish(device, peer, MV_WISH_KEEPALIVE);
	}
	if (peer->candidates) {
		mv_candidates_run(device, peer, now, mv_device_jitter(device));
	}
}

void mv_tick(struct mv_device *device, struct mv_now now)
{
	uint32_t slot;

	mv_device_lock(device);
	while (mv_deadlines_first(&device->deadlines, &slot) <= now.boot_ns) {
		struct mv_peer *peer = mv_slab_at(&device->peers, slot);

		run_peer(device, peer, now);
		peer->scheduled_ns = mv_peer_deadline(peer);
		mv_deadlines_set(&device->deadlines, slot, peer->scheduled_ns);
	}
	mv_device_unlock(device);
}
