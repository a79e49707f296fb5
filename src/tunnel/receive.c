#include "tunnel/receive.h"

#include "base/bytes.h"
#include "tunnel/device_state.h"
#include "tunnel/ecn.h"
#include "tunnel/ip.h"

enum mv_message_type mv_receive_classify(const uint8_t *datagram, size_t len)
{
	if (len < sizeof(uint32_t)) {
		return 0;
	}
	/* All four bytes: the three that are reserved must be zero. */
	switch (mv_load_le32(datagram)) {
	case MV_MESSAGE_INITIATION:
		return len == sizeof(struct mv_message_initiation) ? MV_MESSAGE_INITIATION : 0;
	case MV_MESSAGE_RESPONSE:
		return len == sizeof(struct mv_message_response) ? MV_MESSAGE_RESPONSE : 0;
	case MV_MESSAGE_COOKIE_REPLY:
		return len == sizeof(struct mv_message_cookie_reply) ? MV_MESSAGE_COOKIE_REPLY : 0;
	case MV_MESSAGE_DATA:
		return len >= MV_MESSAGE_DATA_OVERHEAD ? MV_MESSAGE_DATA : 0;
	default:
		return 0;
	}
}

static void drop(struct mv_device *device, struct mv_peer *peer, struct mv_packet *packet,
	enum mv_drop reason, struct mv_now now)
{
	mv_packet_drop(packet, reason);
	mv_peer_count_drop(device, peer, reason, now);
}

/* The keypair and its age are looked at before anything is opened. */
static void plan_data(struct mv_device *device, struct mv_batch *batch, struct mv_packet *packet,
	struct mv_now now)
{
	const struct mv_message_data *header = (const void *)packet->data;
	uint32_t index = mv_load_le32(header->receiver_index);
	const struct mv_index_entry *entry = mv_indextable_find(&device->indices, index);

	if (!entry || entry->kind != MV_INDEX_KEYPAIR) {
		drop(device, NULL, packet, MV_DROP_UNKNOWN_INDEX, now);
		return;
	}
	struct mv_peer *peer = mv_slab_at(&device->peers, entry->peer);
	const struct mv_keypair *keypair = mv_keypairs_find(&peer->keypairs, index);
	if (!mv_keypair_can_receive(keypair, mv_load_le64(header->counter), now.boot_ns)) {
		drop(device, peer, packet, MV_DROP_KEYPAIR_TOO_OLD, now);
		return;
	}
	packet->peer = mv_peer_handle(device, peer);
	packet->keypair_id = keypair->id;
	packet->local_index = index;

	struct mv_aead_job *job = mv_batch_add_job(batch, packet, keypair->keys->receive);
	mv_transport_prepare_open(job, packet->data, packet->len, job->key);
}

static void plan_packet(struct mv_device *device, struct mv_batch *batch, struct mv_packet *packet,
	struct mv_now now)
{
	if (packet->drop != MV_DROP_NONE) {
		drop(device, NULL, packet, packet->drop, now); /* The reader saw to it already. */
		return;
	}
	if (!device->up) {
		drop(device, NULL, packet, MV_DROP_DEVICE_DOWN, now);
		return;
	}
	enum mv_message_type type = mv_receive_classify(packet->data, packet->len);
	if (type == 0) {
		drop(device, NULL, packet, MV_DROP_BAD_MESSAGE, now);
	} else if (type == MV_MESSAGE_DATA) {
		plan_data(device, batch, packet, now);
	} else {
		packet->is_handshake = true;
		packet->live = false;
	}
}

void mv_receive_plan(struct mv_device *device, struct mv_batch *batch, struct mv_now now)
{
	mv_device_lock(device);
	for (size_t i = 0; i < batch->count; i++) {
		plan_packet(device, batch, &batch->packets[i], now);
	}
	mv_device_unlock(device);
}

/* The keypair that the packet was opened with, if it is still there. */
static struct mv_keypair *find_keypair(struct mv_peer *peer, const struct mv_packet *packet)
{
	struct mv_keypair *keypair = mv_keypairs_find(&peer->keypairs, packet->local_index);

	return keypair && keypair->id == packet->keypair_id ? keypair : NULL;
}

static void confirm_keypair(struct mv_device *device, struct mv_peer *peer,
	const struct mv_keypair *keypair, struct mv_now now)
{
	struct mv_erased erased = {0};

	if (!mv_keypairs_confirm(&peer->keypairs, keypair, &erased)) {
		return;
	}
	mv_peer_forget_indices(device, erased);
	mv_timers_handshake_complete(&peer->timers);
	peer->unconfirmed = 0;
	peer->last_handshake_s = now.wall_s;
	peer->last_handshake_ns = now.wall_ns;
	if (peer->staged.count > 0) {
		mv_peer_wish(device, peer, MV_WISH_FLUSH);
	}
}

static void rekey_if_old(struct mv_device *device, struct mv_peer *peer, struct mv_now now)
{
	const struct mv_keypair *current = peer->keypairs.current;

	if (current && !peer->timers.rekey_on_receive_sent &&
		mv_keypair_wants_rekey_on_receive(current, now.boot_ns)) {
		peer->timers.rekey_on_receive_sent = true;
		mv_peer_request_handshake(device, peer, false, now);
	}
}

static bool source_is_allowed(
	const struct mv_device *device, const struct mv_peer *peer, const struct mv_inner *inner)
{
	uint32_t owner = inner->version == 4
				 ? mv_allowedips_lookup4(device->allowed_ips, inner->source)
				 : mv_allowedips_lookup6(device->allowed_ips, inner->source);

	return owner == peer->slot;
}

/* What is inside, now that it is known to come from the peer. */
static void commit_inner(
	struct mv_device *device, struct mv_peer *peer, struct mv_packet *packet, struct mv_now now)
{
	struct mv_inner inner;

	if (!mv_inner_parse(&inner, packet->data, packet->len)) {
		drop(device, peer, packet, MV_DROP_BAD_INNER, now);
	} else if (!source_is_allowed(device, peer, &inner)) {
		drop(device, peer, packet, MV_DROP_SOURCE_NOT_ALLOWED, now);
	} else {
		peer->rx_bytes += packet->len + MV_MESSAGE_DATA_OVERHEAD;
		packet->len = inner.len;
		mv_ecn_decapsulate(packet->data, packet->tos);
	}
}

/* The order is that of trust: nothing before the tag and the counter are right may change anything.
 */
static void commit_packet(struct mv_device *device, struct mv_packet *packet, struct mv_now now)
{
	struct mv_peer *peer = mv_peer_get(device, packet->peer);
	struct mv_keypair *keypair = peer ? find_keypair(peer, packet) : NULL;

	if (!packet->job->ok) {
		drop(device, peer, packet, MV_DROP_BAD_TAG, now);
		return;
	}
	if (!keypair) {
		drop(device, peer, packet, MV_DROP_PEER_GONE, now);
		return;
	}
	if (!mv_replay_accept(&keypair->replay, packet->job->counter)) {
		drop(device, peer, packet, MV_DROP_REPLAYED, now);
		return;
	}
	mv_peer_set_path(device, peer, &packet->endpoint, &packet->source);
	confirm_keypair(device, peer, keypair, now);
	rekey_if_old(device, peer, now);
	mv_timers_any_received(&peer->timers);
	mv_timers_any_traversal(&peer->timers, now.boot_ns);

	packet->data = packet->job->text;
	packet->len = packet->job->text_len;
	if (packet->len == 0) {
		peer->rx_bytes += MV_MESSAGE_DATA_OVERHEAD;
		packet->live = false; /* A keepalive has done its work. */
	} else {
		mv_timers_data_received(&peer->timers, now.boot_ns);
		if (peer->candidates) {
			mv_candidates_used(peer, now);
		}
		commit_inner(device, peer, packet, now);
	}
	mv_peer_reschedule(device, peer);
}

bool mv_receive_commit(struct mv_device *device, struct mv_batch *batch, struct mv_now now)
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
