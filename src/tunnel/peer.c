#include "tunnel/peer.h"

#include <assert.h>
#include <sodium.h>
#include <stddef.h>

#include "tunnel/device_state.h"
#include "tunnel/ecn.h"

struct mv_peer_handle mv_peer_handle(const struct mv_device *device, const struct mv_peer *peer)
{
	return (struct mv_peer_handle){
		.slot = peer->slot, .generation = mv_slab_generation(&device->peers, peer->slot)};
}

struct mv_peer *mv_peer_get(const struct mv_device *device, struct mv_peer_handle handle)
{
	struct mv_peer *peer = mv_slab_at(&device->peers, handle.slot);

	return peer && mv_slab_generation(&device->peers, handle.slot) == handle.generation ? peer
											    : NULL;
}

void mv_peer_count_drop(
	struct mv_device *device, struct mv_peer *peer, enum mv_drop drop, struct mv_now now)
{
	device->drops[drop]++;
	if (peer) {
		peer->drops++;
		peer->last_drop = drop;
		peer->last_drop_s = now.wall_s;
	}
}

uint64_t mv_peer_deadline(const struct mv_peer *peer)
{
	uint64_t timers_ns = mv_timers_deadline(&peer->timers);
	uint64_t candidates_ns =
		peer->candidates ? mv_candidates_deadline(peer->candidates) : MV_NEVER;

	return candidates_ns < timers_ns ? candidates_ns : timers_ns;
}

/* Only ever moves the peer forward in the queue: for most packets there is nothing to do. */
void mv_peer_reschedule(struct mv_device *device, struct mv_peer *peer)
{
	uint64_t deadline_ns = mv_peer_deadline(peer);

	if (deadline_ns < peer->scheduled_ns || deadline_ns == MV_NEVER) {
		peer->scheduled_ns = deadline_ns;
		mv_deadlines_set(&device->deadlines, peer->slot, deadline_ns);
	}
}

void mv_peer_wish(struct mv_device *device, struct mv_peer *peer, enum mv_wish wish)
{
	if (peer->wishes == 0) {
		TAILQ_INSERT_TAIL(&device->wishing, peer, wishing);
	}
	peer->wishes |= wish;
}

void mv_peer_request_handshake(
	struct mv_device *device, struct mv_peer *peer, bool is_retry, struct mv_now now)
{
	if (!is_retry) {
		peer->timers.handshake_retries = 0;
	}
	if (!is_retry && peer->candidates && mv_candidates_are_tried(peer)) {
		return; /* Else traffic would ask the same one again and again. */
	}
	if (now.boot_ns >= peer->timers.handshake_allowed_ns) {
		mv_peer_wish(device, peer, MV_WISH_HANDSHAKE);
	} else if (peer->timers.retransmit_handshake_ns == MV_NEVER) {
		/* Nobody else would come back to it, and what is staged would wait for the next
		 * packet. */
		peer->timers.retransmit_handshake_ns =
			peer->timers.handshake_allowed_ns + mv_device_jitter(device);
		mv_peer_reschedule(device, peer);
	}
}

void mv_peer_forget_indices(struct mv_device *device, struct mv_erased erased)
{
	for (size_t i = 0; i < erased.count; i++) {
		mv_indextable_remove(&device->indices, erased.indices[i]);
	}
}

void mv_peer_erase_handshake(struct mv_device *device, struct mv_peer *peer)
{
	if (peer->handshake_is_pending) {
		mv_indextable_remove(&device->indices, peer->secrets->handshake.local_index);
	}
	sodium_memzero(&peer->secrets->handshake, sizeof(peer->secrets->handshake));
	peer->handshake_is_pending = false;
}

void mv_peer_erase_keys(struct mv_device *device, struct mv_peer *peer)
{
	mv_peer_erase_handshake(device, peer);
	mv_peer_forget_indices(device, mv_keypairs_erase_all(&peer->keypairs));
}

struct mv_peer *mv_peer_of_stage(struct mv_stage *stage)
{
	return (void *)((char *)stage - offsetof(struct mv_peer, staged));
}

void mv_peer_drop_staged(
	struct mv_device *device, struct mv_peer *peer, enum mv_drop drop, struct mv_now now)
{
	while (peer->staged.count > 0) {
		mv_stage_pop(&device->stage_pool, &peer->staged, NULL);
		mv_peer_count_drop(device, peer, drop, now);
	}
}

void mv_peer_set_path(const struct mv_device *device, struct mv_peer *peer,
	const struct mv_endpoint *endpoint, const struct mv_source *source)
{
	if (peer->candidates) {
		mv_candidates_heard(peer, endpoint);
	}
	peer->endpoint = *endpoint;
	peer->endpoint_is_pending = false;
	peer->source = *source;
	peer->source_generation = device->source_generation;
	peer->unanswered = 0;
}

struct mv_source mv_peer_source(const struct mv_device *device, const struct mv_peer *peer)
{
	return peer->source_generation == device->source_generation ? peer->source
								    : (struct mv_source){0};
}

void mv_peer_forget_source(struct mv_peer *peer)
{
	peer->source = (struct mv_source){0};
}

void mv_peer_set_endpoint(struct mv_peer *peer, const struct mv_endpoint *endpoint)
{
	peer->endpoint = *endpoint;
	mv_peer_forget_source(peer);
	peer->endpoint_is_pending = false;
}

/* A keepalive that is configured but has no deadline is one that never began, or found no way to
 * the peer. */
void mv_peer_resume(struct mv_device *device, struct mv_peer *peer)
{
	const struct mv_timers *timers = &peer->timers;

	if (!device->up) {
		return;
	}
	if (timers->persistent_keepalive_s > 0 && timers->persistent_keepalive_ns == MV_NEVER) {
		mv_peer_wish(device, peer, MV_WISH_KEEPALIVE);
	} else if (peer->staged.count > 0) {
		mv_peer_wish(device, peer, MV_WISH_FLUSH);
	}
}

bool mv_peer_can_send(const struct mv_peer *peer, struct mv_now now)
{
	return peer->endpoint.ip.family != MV_FAMILY_NONE &&
	       mv_keypair_can_send(peer->keypairs.current, now.boot_ns);
}

void mv_peer_plan_data(struct mv_device *device, struct mv_peer *peer, struct mv_batch *batch,
	struct mv_packet *packet, struct mv_now now)
{
	struct mv_keypair *keypair = peer->keypairs.current;
	size_t datagram_max = peer->endpoint.ip.family == MV_FAMILY_IPV6 ? 65527 : 65507;

	assert(mv_keypair_can_send(keypair, now.boot_ns));
	if (mv_transport_padded_len(packet->len, device->mtu) + MV_MESSAGE_DATA_OVERHEAD >
		datagram_max) {
		mv_packet_drop(packet, MV_DROP_TOO_BIG);
		mv_peer_count_drop(device, peer, MV_DROP_TOO_BIG, now);
		return;
	}
	packet->live = true;
	packet->carries_data = packet->len > 0;
	packet->peer = mv_peer_handle(device, peer);
	packet->endpoint = peer->endpoint;
	packet->source = mv_peer_source(device, peer);
	packet->tos = packet->carries_data ? mv_ecn_encapsulate(packet->data) : 0;
	packet->keypair_id = keypair->id;

	struct mv_aead_job *job = mv_batch_add_job(batch, packet, keypair->keys->send);
	packet->len = mv_transport_prepare_seal(job, packet->data, packet->len, device->mtu,
		job->key, keypair->sending_counter++, keypair->remote_index);
	packet->data -= MV_TRANSPORT_HEADROOM;

	mv_timers_any_traversal(&peer->timers, now.boot_ns);
	mv_timers_any_sent(&peer->timers);
	mv_peer_reschedule(device, peer);
}
