/*
 * A peer: its keys, sessions, timers, endpoint, allowed IPs and what waits for it. Everything lies
 * in the peer or in its place in locked memory, but the candidates of those that have some; nothing
 * is allocated after it was configured. Pure;
 * under the device's lock.
 */
#ifndef MV_TUNNEL_PEER_H
#define MV_TUNNEL_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/addr.h"
#include "proto/cookie.h"
#include "proto/keypair.h"
#include "proto/noise.h"
#include "proto/timers.h"
#include "tunnel/allowedips.h"
#include "tunnel/candidates.h"
#include "tunnel/change.h"
#include "tunnel/drop.h"
#include "tunnel/packet.h"
#include "tunnel/stage.h"

/* What the control loop is to do for a peer; a set of bits. */
enum mv_wish {
	MV_WISH_HANDSHAKE = 1 << 0, /* make and send an initiation */
	MV_WISH_FLUSH = 1 << 1,     /* send what is staged */
	MV_WISH_KEEPALIVE = 1 << 2, /* send what is staged, or else a keepalive */
	MV_WISH_PROBE = 1 << 3,     /* make and send an initiation to a better candidate */
};

/* In locked memory. */
struct mv_peer_secrets {
	struct mv_noise_remote remote;
	struct mv_noise_handshake handshake;
	struct mv_session_keys sessions[MV_KEYPAIR_SLOTS];
};

struct mv_peer {
	uint32_t slot;
	struct mv_peer_secrets *secrets;
	uint32_t secrets_slot;
	bool static_static_is_stale;  /* computed by the control loop when it is needed, since that
					 takes long */
	bool handshake_is_impossible; /* the peer's public key is of low order */

	bool handshake_is_pending; /* secrets->handshake is an initiation without an answer */
	struct mv_cookie_maker cookie;
	uint8_t latest_timestamp[MV_TIMESTAMP_LEN];   /* of the peer's initiations */
	uint8_t sent_timestamp[MV_TIMESTAMP_LEN];     /* of ours to it: the next is later */
	uint8_t reserved_timestamp[MV_TIMESTAMP_LEN]; /* see tunnel/timestamps; zero: none is */
	uint64_t initiation_allowed_ns;               /* before it none of the peer's is accepted */

	struct mv_keypairs keypairs;
	struct mv_timers timers;
	uint64_t scheduled_ns; /* its place in the device's deadlines */

	struct mv_endpoint endpoint;
	struct mv_source source; /* good while the generation is the device's */
	uint64_t source_generation;
	bool endpoint_is_pending;         /* its name is being resolved: stage meanwhile */
	struct mv_candidates *candidates; /* NULL: it has no more than the one endpoint */
	struct mv_allowedips_list allowed_ips;
	struct mv_stage staged;

	unsigned wishes;
	TAILQ_ENTRY(mv_peer) wishing;

	char name[MV_PEER_NAME_MAX]; /* empty: none */
	uint64_t tx_bytes, rx_bytes;
	uint64_t unanswered_since_s; /* wall clock */
	uint32_t unanswered;         /* initiations since the peer was last heard */
	uint32_t unconfirmed;        /* responses since the peer last used one */
	uint64_t last_handshake_s;   /* wall clock; 0, 0: never */
	uint32_t last_handshake_ns;
	uint64_t drops;
	enum mv_drop last_drop;
	uint64_t last_drop_s;
};

TAILQ_HEAD(mv_wishing_peers, mv_peer);

#endif
