#include "tunnel/outbox.h"

#include "tunnel/device_state.h"
#include "tunnel/initiate.h"
#include "tunnel/timestamps.h"

/* Sends the staged packets as far as the batch has room; false if some are left. */
static bool flush(
	struct mv_device *device, struct mv_peer *peer, struct mv_batch *out, struct mv_now now)
{
	while (peer->staged.count > 0 && mv_peer_can_send(peer, now)) {
		uint8_t *room = mv_batch_room(out);

		if (!room) {
			return false;
		}
		struct mv_packet *packet = mv_batch_add(out, mv_stage_first_len(&peer->staged));
		mv_stage_pop(&device->stage_pool, &peer->staged, room);
		mv_peer_plan_data(device, peer, out, packet, now);
	}
	return true;
}

static bool add_keepalive(
	struct mv_device *device, struct mv_peer *peer, struct mv_batch *out, struct mv_now now)
{
	if (!mv_batch_room(out)) {
		return false;
	}
	mv_peer_plan_data(device, peer, out, mv_batch_add(out, 0), now);
	return true;
}

/* Staged packets, or a keepalive if it is wished for; without a session, a handshake. False if the
 * batch is full. */
static bool send_data(
	struct mv_device *device, struct mv_peer *peer, struct mv_batch *out, struct mv_now now)
{
	bool has_staged = peer->staged.count > 0;

	if (!has_staged && !(peer->wishes & MV_WISH_KEEPALIVE)) {
		return true;
	}
	if (!mv_peer_can_send(peer, now)) {
		mv_peer_request_handshake(device, peer, false, now);
		return true;
	}
	if (has_staged ? !flush(device, peer, out, now) : !add_keepalive(device, peer, out, now)) {
		return false;
	}
	if (peer->wishes & MV_WISH_KEEPALIVE) {
		mv_timers_keepalive_sent(&peer->timers, now.boot_ns);
		mv_peer_reschedule(device, peer);
	}
	return true;
}

enum progress {
	SERVED,
	WANTS_HANDSHAKE, /* which is made without the lock */
	WANTS_PROBE,
	MUST_STOP, /* the batch is full, or an initiation has to wait for its timestamp */
};

/* The first peer in the queue. Lock held. */
static enum progress serve_first(struct mv_device *device, struct mv_batch *out,
	struct mv_peer_handle *handle, struct mv_now now)
{
	struct mv_peer *peer = TAILQ_FIRST(&device->wishing);

	*handle = mv_peer_handle(device, peer);
	if (device->up && (peer->wishes & (MV_WISH_FLUSH | MV_WISH_KEEPALIVE)) &&
		!send_data(device, peer, out, now)) {
		return MUST_STOP;
	}
	unsigned initiations = peer->wishes & (MV_WISH_HANDSHAKE | MV_WISH_PROBE);
	if (initiations &&
		(!mv_batch_room(out) || !mv_timestamps_cover_locked(device, peer, now))) {
		peer->wishes = initiations;
		return MUST_STOP;
	}
	TAILQ_REMOVE(&device->wishing, peer, wishing);
	peer->wishes = 0;
	if (initiations & MV_WISH_HANDSHAKE) {
		return WANTS_HANDSHAKE; /* A probe is for another time. */
	}
	return initiations ? WANTS_PROBE : SERVED;
}

bool mv_outbox_fill(struct mv_device *device, struct mv_batch *out, struct mv_now now)
{
	enum progress progress = SERVED;
	bool has_more = true;

	while (has_more && progress != MUST_STOP) {
		struct mv_peer_handle peer;

		mv_device_lock(device);
		has_more = !TAILQ_EMPTY(&device->wishing);
		progress = has_more ? serve_first(device, out, &peer, now) : SERVED;
		mv_device_unlock(device);

		if (progress == WANTS_HANDSHAKE) {
			mv_handshake_initiate(device, out, peer, now);
		} else if (progress == WANTS_PROBE) {
			mv_handshake_probe(device, out, peer, now);
		}
	}
	return out->count > 0;
}
