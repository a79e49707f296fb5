#include "tunnel/handshake.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "tunnel/initiate.h"
#include "tunnel/receive.h"
#include "tunnel/respond.h"

/* How long load counts after it was last seen. */
#define UNDER_LOAD_NS MV_NS_PER_S

/* Whom the cookie is for: the peer that one of our messages went to. */
static bool find_signer(struct mv_exchange *x, uint32_t index)
{
	mv_device_lock(x->device);
	const struct mv_index_entry *entry = mv_indextable_find(&x->device->indices, index);
	if (entry) {
		mv_exchange_snapshot_locked(x, mv_slab_at(&x->device->peers, entry->peer));
	}
	mv_device_unlock(x->device);
	return entry != NULL;
}

/* The next message to this peer will carry the cookie. Nothing else changes: the reply proves
 * nothing. */
static enum mv_drop consume_cookie_reply(
	struct mv_exchange *x, const struct mv_message_cookie_reply *message)
{
	if (!find_signer(x, mv_load_le32(message->receiver_index)) ||
		!mv_cookie_maker_consume(&x->scratch->cookie, message, x->now.boot_ns)) {
		return MV_DROP_COOKIE_UNWANTED;
	}
	mv_device_lock(x->device);
	struct mv_peer *peer = mv_peer_get(x->device, x->peer);
	if (peer) {
		peer->cookie = x->scratch->cookie;
		if (peer->candidates) {
			mv_candidates_got_cookie(peer);
		}
	}
	mv_device_unlock(x->device);
	return MV_DROP_NONE;
}

static void note_load(struct mv_exchange *x)
{
	x->device->under_load_until_ns = x->now.boot_ns + UNDER_LOAD_NS;
}

static bool is_under_load(const struct mv_exchange *x)
{
	return x->now.boot_ns < x->device->under_load_until_ns;
}

/* Too many in this second? Who does not know our public key is not counted. */
static void count_message(struct mv_exchange *x)
{
	struct mv_device *device = x->device;

	if (x->now.boot_ns - device->second_began_ns >= MV_NS_PER_S) {
		device->second_began_ns = x->now.boot_ns;
		device->handshakes_this_second = 0;
	}
	if (++device->handshakes_this_second > MV_HANDSHAKE_RATE_LOAD) {
		note_load(x);
	}
}

static void refresh_secret(struct mv_exchange *x)
{
	const struct mv_environment *environment = &x->device->environment;
	struct mv_cookie_checker *checker = &x->device->checker;

	if (mv_cookie_checker_wants_secret(checker, x->now.boot_ns)) {
		environment->random(
			environment->ctx, x->scratch->random, sizeof(x->scratch->random));
		mv_cookie_checker_set_secret(checker, x->scratch->random, x->now.boot_ns);
	}
}

static void send_cookie_reply(struct mv_exchange *x)
{
	const struct mv_environment *environment = &x->device->environment;
	struct mv_message_cookie_reply reply;
	uint8_t nonce[MV_XAEAD_NONCE_LEN];

	environment->random(environment->ctx, nonce, sizeof(nonce));
	mv_cookie_checker_reply(&x->device->checker, &reply, x->message->bytes, x->message->len,
		&x->message->from, nonce);
	memcpy(mv_batch_room(x->out), &reply, sizeof(reply));

	struct mv_packet *packet = mv_batch_add(x->out, sizeof(reply));
	packet->is_handshake = true;
	packet->peer = x->peer; /* nobody's */
	packet->endpoint = x->message->from;
	packet->source = x->message->source;
}

/* Under load: first the proof of the address, then the limit of what an address may ask for. */
static enum mv_drop check_load(struct mv_exchange *x)
{
	refresh_secret(x);
	if (!mv_cookie_checker_mac2_is_valid(
		    &x->device->checker, x->message->bytes, x->message->len, &x->message->from)) {
		send_cookie_reply(x);
		return MV_DROP_UNDER_LOAD;
	}
	return mv_ratelimiter_allow(
		       &x->device->handshake_limiter, &x->message->from.ip, x->now.boot_ns)
		       ? MV_DROP_NONE
		       : MV_DROP_RATE_LIMITED;
}

/* The device may have gone down while the message waited. Only the control loop, which this is,
 * changes either. */
static enum mv_drop take_identity(struct mv_exchange *x)
{
	x->scratch->identity = *x->device->identity;
	if (!x->device->up) {
		return MV_DROP_DEVICE_DOWN;
	}
	return mv_noise_identity_is_set(&x->scratch->identity) ? MV_DROP_NONE : MV_DROP_NO_IDENTITY;
}

static enum mv_drop check_macs(struct mv_exchange *x)
{
	if (!mv_cookie_checker_mac1_is_valid(
		    &x->device->checker, x->message->bytes, x->message->len)) {
		return MV_DROP_BAD_MAC1;
	}
	count_message(x);
	return is_under_load(x) ? check_load(x) : MV_DROP_NONE;
}

static enum mv_drop consume(struct mv_exchange *x, size_t backlog)
{
	const void *bytes = x->message->bytes;
	enum mv_message_type type = mv_receive_classify(bytes, x->message->len);

	if (backlog >= MV_HANDSHAKE_QUEUE_LOAD) {
		note_load(x);
	}
	enum mv_drop verdict = take_identity(x);
	if (verdict != MV_DROP_NONE) {
		return verdict;
	}
	if (type == MV_MESSAGE_COOKIE_REPLY) {
		return consume_cookie_reply(x, bytes);
	}
	if (type != MV_MESSAGE_INITIATION && type != MV_MESSAGE_RESPONSE) {
		return MV_DROP_BAD_MESSAGE;
	}
	verdict = check_macs(x);
	if (verdict != MV_DROP_NONE) {
		return verdict;
	}
	return type == MV_MESSAGE_INITIATION ? mv_respond_consume_initiation(x, bytes)
					     : mv_initiate_consume_response(x, bytes);
}

static void log_drop(const struct mv_exchange *x, enum mv_drop reason)
{
	const struct mv_log *log = &x->device->environment.log;
	bool is_of_peer = x->peer.slot != MV_SLOT_NONE;
	char from[MV_ENDPOINT_TEXT_MAX], peer[MV_PEER_TEXT_MAX];

	if (mv_log_shows(log, MV_LOG_DEBUG)) {
		mv_peer_text(peer, x->name, x->scratch->remote.public_key);
		mv_log(log, MV_LOG_DEBUG, "handshake message from %s%s%s: %s",
			mv_endpoint_print(from, &x->message->from), is_of_peer ? ", peer " : "",
			is_of_peer ? peer : "", mv_drop_text(reason));
	}
}

static void drop(struct mv_exchange *x, enum mv_drop reason)
{
	mv_device_lock(x->device);
	mv_peer_count_drop(x->device, mv_peer_get(x->device, x->peer), reason, x->now);
	mv_device_unlock(x->device);
	log_drop(x, reason);
}

void mv_handshake_message_copy(struct mv_handshake_message *message, const struct mv_packet *packet)
{
	assert(packet->len <= sizeof(message->bytes));

	message->from = packet->endpoint;
	message->source = packet->source;
	message->len = packet->len;
	memcpy(message->bytes, packet->data, packet->len);
}

void mv_handshake_receive(struct mv_device *device, struct mv_batch *out,
	const struct mv_handshake_message *message, size_t backlog, struct mv_now now)
{
	struct mv_exchange x;

	mv_exchange_begin(&x, device, out, now);
	x.message = message;
	enum mv_drop verdict = consume(&x, backlog);
	if (verdict != MV_DROP_NONE) {
		drop(&x, verdict);
	}
	mv_exchange_end(&x);
}
