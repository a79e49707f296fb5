#include "tunnel/send.h"

#include <string.h>

#include "tunnel/device_state.h"
#include "tunnel/icmp.h"
#include "tunnel/ip.h"

static void drop(struct mv_device *device, struct mv_peer *peer, struct mv_packet *packet,
	enum mv_drop reason, struct mv_now now)
{
	mv_packet_drop(packet, reason);
	mv_peer_count_drop(device, peer, reason, now);
}

/* Drops the packet and tells its sender why, unless he was told often enough. The answer takes the
 * packet's place. */
static void refuse(struct mv_device *device, struct mv_peer *peer, struct mv_packet *packet,
	enum mv_drop reason, enum mv_icmp_error error, struct mv_now now)
{
	struct mv_inner inner;

	drop(device, peer, packet, reason, now);
	if (!mv_icmp_may_answer(packet->data, packet->len) ||
		!mv_inner_parse(&inner, packet->data, packet->len)) {
		return;
	}
	struct mv_ip source = {.family = inner.version};
	memcpy(source.bytes, inner.source, mv_ip_width(&source) / 8);
	if (!mv_ratelimiter_allow(&device->icmp_limiter, &source, now.boot_ns)) {
		return;
	}
	uint8_t *answer = packet->data - MV_TRANSPORT_HEADROOM;
	packet->len = mv_icmp_answer(answer, error, packet->data, packet->len, device->mtu);
	packet->data = answer;
	packet->is_answer = true;
}

static struct mv_peer *route(const struct mv_device *device, const struct mv_inner *inner)
{
	uint32_t slot = inner->version == 4
				? mv_allowedips_lookup4(device->allowed_ips, inner->destination)
				: mv_allowedips_lookup6(device->allowed_ips, inner->destination);

	return slot == MV_NO_PEER ? NULL : mv_slab_at(&device->peers, slot);
}

/* Why this peer cannot be reached at all, however long a packet waits. */
static enum mv_drop unreachable(const struct mv_device *device, const struct mv_peer *peer)
{
	if (!device->up) {
		return MV_DROP_DEVICE_DOWN;
	}
	if (peer->endpoint.ip.family == MV_FAMILY_NONE && !peer->endpoint_is_pending) {
		return MV_DROP_NO_ENDPOINT;
	}
	if (!mv_noise_identity_is_set(device->identity) || peer->handshake_is_impossible) {
		return MV_DROP_NO_HANDSHAKE_POSSIBLE;
	}
	return MV_DROP_NONE;
}

static void stage(
	struct mv_device *device, struct mv_peer *peer, struct mv_packet *packet, struct mv_now now)
{
	struct mv_stage_pool *pool = &device->stage_pool;
	struct mv_stage *victim;

	while ((victim = mv_stage_victim(pool, &peer->staged, packet->len))) {
		mv_stage_pop(pool, victim, NULL);
		mv_peer_count_drop(device, mv_peer_of_stage(victim), MV_DROP_STAGED_OVERFLOW, now);
	}
	mv_stage_push(pool, &peer->staged, packet->data, packet->len);
	packet->live = false;
}

static void plan_packet(struct mv_device *device, struct mv_batch *batch, struct mv_packet *packet,
	struct mv_now now)
{
	struct mv_inner inner;

	if (!mv_inner_parse(&inner, packet->data, packet->len)) {
		drop(device, NULL, packet, MV_DROP_NOT_IP, now);
		return;
	}
	struct mv_peer *peer = route(device, &inner);
	if (!peer) {
		refuse(device, NULL, packet, MV_DROP_NO_ROUTE, MV_ICMP_UNREACHABLE, now);
		return;
	}
	enum mv_drop reason = unreachable(device, peer);
	if (reason != MV_DROP_NONE) {
		refuse(device, peer, packet, reason, MV_ICMP_UNREACHABLE, now);
		return;
	}
	if (mv_icmp_is_too_big(packet->data, packet->len, device->mtu)) {
		refuse(device, peer, packet, MV_DROP_TOO_BIG, MV_ICMP_TOO_BIG, now);
		return;
	}

	if (!mv_peer_can_send(peer, now)) {
		stage(device, peer, packet, now);
		if (peer->endpoint.ip.family != MV_FAMILY_NONE) {
			mv_peer_request_handshake(device, peer, false, now);
		}
	} else if (peer->staged.count > 0) {
		/* Those before it go first. */
		stage(device, peer, packet, now);
		mv_peer_wish(device, peer, MV_WISH_FLUSH);
	} else {
		mv_peer_plan_data(device, peer, batch, packet, now);
	}
}

bool mv_send_plan(struct mv_device *device, struct mv_batch *batch, struct mv_now now)
{
	mv_device_lock(device);
	for (size_t i = 0; i < batch->count; i++) {
		plan_packet(device, batch, &batch->packets[i], now);
	}
	bool needs_control = mv_device_needs_control(device);
	mv_device_unlock(device);
	return needs_control;
}

static void commit_packet(
	struct mv_device *device, const struct mv_packet *packet, struct mv_now now)
{
	struct mv_peer *peer = mv_peer_get(device, packet->peer);

	if (peer && packet->source_failed) {
		mv_peer_forget_source(peer);
	}
	if (!packet->sent) {
		if (!packet->is_probe) {
			mv_peer_count_drop(device, peer, MV_DROP_SEND_FAILED, now);
		}
		return;
	}
	if (!peer) {
		return; /* Removed meanwhile; the datagram is gone all the same. */
	}
	peer->tx_bytes += packet->len;
	if (packet->carries_data) {
		mv_timers_data_sent(&peer->timers, now.boot_ns, mv_device_jitter(device));
		if (peer->candidates) {
			mv_candidates_used(peer, now);
		}
	}
	struct mv_keypair *current = peer->keypairs.current;
	/* Data alone asks for new keys: else each retry of a handshake would begin the row anew. */
	if (!packet->is_handshake && current &&
		mv_keypair_wants_rekey_on_send(current, now.boot_ns)) {
		mv_peer_request_handshake(device, peer, false, now);
	}
	mv_peer_reschedule(device, peer);
}

bool mv_send_commit(struct mv_device *device, const struct mv_batch *batch, struct mv_now now)
{
	mv_device_lock(device);
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->packets[i].live) {
			commit_packet(device, &batch->packets[i], now);
		}
	}
	bool needs_control = mv_device_needs_control(device);
	mv_device_unlock(device);
	return needs_control;
}
