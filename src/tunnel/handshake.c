#include "tunnel/handshake.h"

#include "base/bytes.h"
#include "tunnel/initiate.h"
#include "tunnel/receive.h"
#include "tunnel/respond.h"

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
	}
	mv_device_unlock(x->device);
	return MV_DROP_NONE;
}

/* The device may have gone down while the message waited. */
static enum mv_drop take_identity(struct mv_exchange *x, struct mv_cookie_checker *checker)
{
	mv_device_lock(x->device);
	bool up = x->device->up;
	x->scratch->identity = *x->device->identity;
	*checker = x->device->checker;
	mv_device_unlock(x->device);

	if (!up) {
		return MV_DROP_DEVICE_DOWN;
	}
	return mv_noise_identity_is_set(&x->scratch->identity) ? MV_DROP_NONE : MV_DROP_NO_IDENTITY;
}

static enum mv_drop consume(struct mv_exchange *x, const uint8_t *message, size_t len)
{
	enum mv_message_type type = mv_receive_classify(message, len);
	struct mv_cookie_checker checker;

	enum mv_drop verdict = take_identity(x, &checker);
	if (verdict != MV_DROP_NONE) {
		return verdict;
	}
	if (type == MV_MESSAGE_COOKIE_REPLY) {
		return consume_cookie_reply(x, (const void *)message);
	}
	if (type != MV_MESSAGE_INITIATION && type != MV_MESSAGE_RESPONSE) {
		return MV_DROP_BAD_MESSAGE;
	}
	if (!mv_cookie_checker_mac1_is_valid(&checker, message, len)) {
		return MV_DROP_BAD_MAC1;
	}
	return type == MV_MESSAGE_INITIATION
		       ? mv_respond_consume_initiation(x, (const void *)message)
		       : mv_initiate_consume_response(x, (const void *)message);
}

static void drop(struct mv_exchange *x, enum mv_drop reason)
{
	char from[MV_ENDPOINT_TEXT_MAX];

	mv_device_lock(x->device);
	mv_peer_count_drop(x->device, mv_peer_get(x->device, x->peer), reason, x->now);
	mv_device_unlock(x->device);
	mv_log(&x->device->environment.log, MV_LOG_DEBUG, "handshake message from %s: %s",
		mv_endpoint_print(from, x->from), mv_drop_text(reason));
}

void mv_handshake_receive(struct mv_device *device, struct mv_batch *out, const uint8_t *message,
	size_t len, const struct mv_endpoint *from, struct mv_now now)
{
	struct mv_exchange x;

	mv_exchange_begin(&x, device, out, now);
	x.from = from;
	enum mv_drop verdict = consume(&x, message, len);
	if (verdict != MV_DROP_NONE) {
		drop(&x, verdict);
	}
	mv_exchange_end(&x);
}
