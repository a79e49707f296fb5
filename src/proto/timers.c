#include "proto/timers.h"

#include "proto/messages.h"

void mv_timers_stop(struct mv_timers *timers)
{
	timers->retransmit_handshake_ns = MV_NEVER;
	timers->send_keepalive_ns = MV_NEVER;
	timers->new_handshake_ns = MV_NEVER;
	timers->zero_key_material_ns = MV_NEVER;
	timers->persistent_keepalive_ns = MV_NEVER;
	timers->handshake_allowed_ns = 0;
	timers->handshake_retries = 0;
	timers->need_another_keepalive = false;
	timers->rekey_on_receive_sent = false;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t mv_timers_deadline(const struct mv_timers *timers)
{
	uint64_t handshake = earlier(timers->retransmit_handshake_ns, timers->new_handshake_ns);
	uint64_t keepalive = earlier(timers->send_keepalive_ns, timers->persistent_keepalive_ns);

	return earlier(timers->zero_key_material_ns, earlier(handshake, keepalive));
}

/* True once for a deadline that has passed. */
static bool expire(uint64_t *deadline_ns, uint64_t now_ns)
{
	if (*deadline_ns > now_ns) {
		return false;
	}
	*deadline_ns = MV_NEVER;
	return true;
}

static unsigned run_retransmit_handshake(struct mv_timers *timers, uint64_t now_ns)
{
	if (timers->handshake_retries <= MV_HANDSHAKE_RETRIES_MAX) {
		timers->handshake_retries++;
		return MV_TIMER_RETRY_HANDSHAKE;
	}
	timers->send_keepalive_ns = MV_NEVER;
	if (timers->zero_key_material_ns == MV_NEVER) {
		timers->zero_key_material_ns = now_ns + MV_ZERO_KEY_MATERIAL_NS;
	}
	return MV_TIMER_GIVE_UP;
}

unsigned mv_timers_run(struct mv_timers *timers, uint64_t now_ns)
{
	unsigned actions = 0;

	if (expire(&timers->retransmit_handshake_ns, now_ns)) {
		actions |= run_retransmit_handshake(timers, now_ns);
	}
	if (expire(&timers->send_keepalive_ns, now_ns)) {
		actions |= MV_TIMER_SEND_KEEPALIVE;
	}
	if (expire(&timers->new_handshake_ns, now_ns)) {
		actions |= MV_TIMER_START_HANDSHAKE;
	}
	if (expire(&timers->zero_key_material_ns, now_ns)) {
		actions |= MV_TIMER_ZERO_KEYS;
	}
	if (expire(&timers->persistent_keepalive_ns, now_ns)) {
		actions |= MV_TIMER_SEND_KEEPALIVE;
	}
	return actions;
}

void mv_timers_any_traversal(struct mv_timers *timers, uint64_t now_ns)
{
	if (timers->persistent_keepalive_s > 0) {
		timers->persistent_keepalive_ns =
			now_ns + timers->persistent_keepalive_s * MV_NS_PER_S;
	}
}

void mv_timers_any_sent(struct mv_timers *timers)
{
	timers->send_keepalive_ns = MV_NEVER;
}

void mv_timers_keepalive_sent(struct mv_timers *timers, uint64_t now_ns)
{
	if (timers->need_another_keepalive) {
		timers->need_another_keepalive = false;
		timers->send_keepalive_ns = now_ns + MV_KEEPALIVE_TIMEOUT_NS;
	}
}

void mv_timers_any_received(struct mv_timers *timers)
{
	timers->new_handshake_ns = MV_NEVER;
}

void mv_timers_data_sent(struct mv_timers *timers, uint64_t now_ns, uint64_t jitter_ns)
{
	if (timers->new_handshake_ns == MV_NEVER) {
		timers->new_handshake_ns =
			now_ns + MV_KEEPALIVE_TIMEOUT_NS + MV_REKEY_TIMEOUT_NS + jitter_ns;
	}
}

void mv_timers_data_received(struct mv_timers *timers, uint64_t now_ns)
{
	if (timers->send_keepalive_ns == MV_NEVER) {
		timers->send_keepalive_ns = now_ns + MV_KEEPALIVE_TIMEOUT_NS;
	} else {
		timers->need_another_keepalive = true;
	}
}

void mv_timers_handshake_message(struct mv_timers *timers, uint64_t now_ns)
{
	timers->handshake_allowed_ns = now_ns + MV_REKEY_TIMEOUT_NS;
}

void mv_timers_initiation_sent(struct mv_timers *timers, uint64_t now_ns, uint64_t jitter_ns)
{
	timers->retransmit_handshake_ns = now_ns + MV_REKEY_TIMEOUT_NS + jitter_ns;
}

void mv_timers_session_derived(struct mv_timers *timers, uint64_t now_ns)
{
	timers->zero_key_material_ns = now_ns + MV_ZERO_KEY_MATERIAL_NS;
}

void mv_timers_handshake_complete(struct mv_timers *timers)
{
	timers->retransmit_handshake_ns = MV_NEVER;
	timers->handshake_retries = 0;
	timers->rekey_on_receive_sent = false;
}
