// clang-format off
/*
 * The timers of a peer, as deadlines (paper, section 6):
 *
 *   retransmit_handshake  5 s + jitter after an initiation   until the handshake is complete
 *                         then: try again, and after 20 tries in all give up
 *   send_keepalive        10 s after data came in            until anything goes out
 *                         then: say that we are here
 *   new_handshake         15 s + jitter after data went out  until anything comes in
 *                         then: the peer seems gone, ask it
 *   zero_key_material     540 s after the last new session
 *                         then: wipe all keys
 *   persistent_keepalive  n s after anything went or came, if configured
 *                         then: send something, which keeps a NAT's mapping alive
 *
 * The rest of the program only reports events, and does what mv_timers_run says when a deadline has
 * passed. A deadline that is looked at too early stays as it is. Pure; under the device's lock.
 */
// clang-format on
#ifndef MV_PROTO_TIMERS_H
#define MV_PROTO_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

/* Deadlines in CLOCK_BOOTTIME, MV_NEVER when disarmed. */
struct mv_timers {
	uint64_t retransmit_handshake_ns;
	uint64_t send_keepalive_ns;
	uint64_t new_handshake_ns;
	uint64_t zero_key_material_ns;
	uint64_t persistent_keepalive_ns;
	uint64_t handshake_allowed_ns;   /* before it no initiation is made: REKEY_TIMEOUT after the
					    last message of a handshake */
	uint16_t persistent_keepalive_s; /* 0: off */
	uint8_t handshake_retries;
	bool need_another_keepalive; /* data came in while a keepalive was already due */
	bool rekey_on_receive_sent;  /* once a session is enough */
};

/* What is to be done now; a set of bits. */
enum mv_timer_action {
	MV_TIMER_SEND_KEEPALIVE = 1 << 0,
	MV_TIMER_START_HANDSHAKE = 1 << 1,
	MV_TIMER_RETRY_HANDSHAKE = 1 << 2,
	MV_TIMER_GIVE_UP = 1 << 3, /* drop what waits for the handshake */
	MV_TIMER_ZERO_KEYS = 1 << 4,
};

/* All disarmed, a handshake allowed at once. Keeps persistent_keepalive_s. */
void mv_timers_stop(struct mv_timers *timers);

/* The earliest deadline, or MV_NEVER. */
uint64_t mv_timers_deadline(const struct mv_timers *timers);

/* Disarms what is due; returns bits of mv_timer_action. */
unsigned mv_timers_run(struct mv_timers *timers, uint64_t now_ns);

/* Any message of the protocol that authenticates is about to be sent, or was received. */
void mv_timers_any_traversal(struct mv_timers *timers, uint64_t now_ns);
void mv_timers_any_sent(struct mv_timers *timers);
void mv_timers_any_received(struct mv_timers *timers);

/* What MV_TIMER_SEND_KEEPALIVE asked for went out, after mv_timers_any_sent. */
void mv_timers_keepalive_sent(struct mv_timers *timers, uint64_t now_ns);

/* A data message with a packet in it; a keepalive is none. jitter_ns, here and below: random,
 * 0..MV_JITTER_MAX_NS. */
void mv_timers_data_sent(struct mv_timers *timers, uint64_t now_ns, uint64_t jitter_ns);
void mv_timers_data_received(struct mv_timers *timers, uint64_t now_ns);

/* A message of a handshake, of either role, is made: for a while no initiation is to follow it. */
void mv_timers_handshake_message(struct mv_timers *timers, uint64_t now_ns);
void mv_timers_initiation_sent(struct mv_timers *timers, uint64_t now_ns, uint64_t jitter_ns);
void mv_timers_session_derived(struct mv_timers *timers, uint64_t now_ns);
void mv_timers_handshake_complete(struct mv_timers *timers);

#endif
