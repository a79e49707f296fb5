#include "tunnel/exchange.h"

#include <sodium.h>
#include <string.h>

/* AF41 (RFC 2597), as the kernel marks them: a tunnel under load should not die of its handshakes.
 */
#define HANDSHAKE_TOS 0x88

void mv_exchange_begin(
	struct mv_exchange *x, struct mv_device *device, struct mv_batch *out, struct mv_now now)
{
	*x = (struct mv_exchange){.device = device,
		.scratch = device->scratch,
		.out = out,
		.now = now,
		.peer = {.slot = MV_SLOT_NONE}};
}

void mv_exchange_draw(struct mv_exchange *x)
{
	const struct mv_environment *environment = &x->device->environment;

	environment->random(environment->ctx, x->indices, sizeof(x->indices));
	environment->random(environment->ctx, x->scratch->random, sizeof(x->scratch->random));
	x->has_drawn = true;
}

void mv_exchange_end(struct mv_exchange *x)
{
	sodium_memzero(x->scratch, sizeof(*x->scratch));
}

/* Should all candidates be taken, inserting the last one will fail, and the peer tries again. */
static uint32_t choose_index_locked(const struct mv_exchange *x)
{
	size_t i = 0;

	while (i + 1 < MV_EXCHANGE_INDICES &&
		mv_indextable_find(&x->device->indices, x->indices[i])) {
		i++;
	}
	return x->indices[i];
}

void mv_exchange_snapshot_locked(struct mv_exchange *x, const struct mv_peer *peer)
{
	x->peer = mv_peer_handle(x->device, peer);
	memcpy(x->name, peer->name, sizeof(x->name));
	x->index = choose_index_locked(x);
	x->static_static_is_stale = peer->static_static_is_stale;
	x->scratch->identity = *x->device->identity;
	x->scratch->remote = peer->secrets->remote;
	x->scratch->cookie = peer->cookie;
}

static void keep_remote_locked(struct mv_exchange *x, struct mv_peer *peer)
{
	memcpy(peer->secrets->remote.static_static, x->scratch->remote.static_static, MV_KEY_LEN);
	peer->static_static_is_stale = false;
	peer->handshake_is_impossible = !mv_noise_remote_is_usable(&peer->secrets->remote);
	if (peer->handshake_is_impossible) {
		mv_peer_drop_staged(x->device, peer, MV_DROP_NO_HANDSHAKE_POSSIBLE, x->now);
	}
}

void mv_exchange_complete_remote(struct mv_exchange *x)
{
	if (!x->static_static_is_stale) {
		return;
	}
	mv_noise_remote_precompute(&x->scratch->remote, &x->scratch->identity);

	mv_device_lock(x->device);
	struct mv_peer *peer = mv_peer_get(x->device, x->peer);
	if (peer) {
		keep_remote_locked(x, peer);
	}
	mv_device_unlock(x->device);
}

void mv_exchange_received_locked(struct mv_exchange *x, struct mv_peer *peer, size_t len)
{
	mv_peer_set_path(x->device, peer, &x->message->from, &x->message->source);
	peer->rx_bytes += len;
	mv_timers_any_received(&peer->timers);
	mv_timers_any_traversal(&peer->timers, x->now.boot_ns);
}

/* From where it is known to be right for that endpoint alone. */
static struct mv_packet *put_locked(struct mv_exchange *x, struct mv_peer *peer,
	const struct mv_endpoint *endpoint, const void *message, size_t len)
{
	memcpy(mv_batch_room(x->out), message, len);

	struct mv_packet *packet = mv_batch_add(x->out, len);
	packet->is_handshake = true;
	packet->peer = x->peer;
	packet->endpoint = *endpoint;
	if (mv_endpoint_equal(endpoint, &peer->endpoint)) {
		packet->source = mv_peer_source(x->device, peer);
	}
	packet->tos = HANDSHAKE_TOS;
	peer->cookie = x->scratch->cookie;
	return packet;
}

void mv_exchange_send_locked(struct mv_exchange *x, struct mv_peer *peer,
	const struct mv_endpoint *endpoint, const void *message, size_t len)
{
	put_locked(x, peer, endpoint, message, len);
	mv_timers_handshake_message(&peer->timers, x->now.boot_ns);
	mv_timers_any_traversal(&peer->timers, x->now.boot_ns);
	mv_timers_any_sent(&peer->timers);
}

void mv_exchange_send_probe_locked(struct mv_exchange *x, struct mv_peer *peer,
	const struct mv_endpoint *endpoint, const void *message, size_t len)
{
	put_locked(x, peer, endpoint, message, len)->is_probe = true;
}

void mv_exchange_log(const struct mv_exchange *x, const char *what)
{
	const struct mv_log *log = &x->device->environment.log;
	char text[MV_PEER_TEXT_MAX];

	if (mv_log_shows(log, MV_LOG_DEBUG)) {
		mv_log(log, MV_LOG_DEBUG, "%s %s", what,
			mv_peer_text(text, x->name, x->scratch->remote.public_key));
	}
}

struct mv_new_keypair mv_exchange_keypair_locked(struct mv_exchange *x)
{
	return (struct mv_new_keypair){.keys = &x->scratch->keys,
		.id = ++x->device->last_keypair_id,
		.birth_ns = x->now.boot_ns,
		.local_index = x->scratch->handshake.local_index,
		.remote_index = x->scratch->handshake.remote_index};
}
