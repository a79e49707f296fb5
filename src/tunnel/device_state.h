/*
 * The inside of a device, for the modules of this layer only, and what several of them do to a
 * peer. Everything here is called under the device's lock unless it says otherwise.
 */
#ifndef MV_TUNNEL_DEVICE_STATE_H
#define MV_TUNNEL_DEVICE_STATE_H

#include "proto/cookie.h"
#include "proto/ratelimiter.h"
#include "tunnel/allowedips.h"
#include "tunnel/deadlines.h"
#include "tunnel/device.h"
#include "tunnel/indextable.h"
#include "tunnel/peer.h"
#include "tunnel/peertable.h"
#include "tunnel/slab.h"

/* Where the control loop computes a handshake without the lock. In locked memory, wiped after each.
 */
struct mv_handshake_scratch {
	struct mv_noise_identity identity;
	struct mv_noise_remote remote;
	struct mv_noise_handshake handshake;
	struct mv_cookie_maker cookie;
	struct mv_session_keys keys;
	uint8_t random[MV_KEY_LEN];
};

struct mv_device {
	struct mv_environment environment;
	bool up;
	uint32_t mtu;

	struct mv_noise_identity *identity; /* in locked memory, beside the scratch */
	struct mv_handshake_scratch *scratch;
	/* From here to the slabs all is the control loop's alone. */
	struct mv_cookie_checker checker;
	struct mv_ratelimiter handshake_limiter;
	uint64_t under_load_until_ns;
	uint64_t second_began_ns; /* in which handshakes are counted */
	uint32_t handshakes_this_second;
	bool timestamps_are_due;      /* an initiation waits for its timestamp to be reserved */
	bool timestamps_are_reserved; /* beyond what was sent */

	struct mv_slab peers, secrets;
	struct mv_peertable peers_by_key;
	struct mv_indextable indices;
	struct mv_allowedips *allowed_ips;
	struct mv_stage_pool stage_pool;
	struct mv_ratelimiter icmp_limiter;
	uint64_t source_generation; /* what peers learnt of own addresses before is forgotten */

	struct mv_deadlines deadlines;
	uint64_t armed_ns; /* the deadline that the control loop was told last */
	struct mv_wishing_peers wishing;
	struct mv_wanting_names wanting_names; /* the control loop's alone */

	uint64_t last_keypair_id;
	uint64_t jitter_state;
	uint64_t drops[MV_DROP_COUNT];
};

void mv_device_lock(struct mv_device *device);
void mv_device_unlock(struct mv_device *device);

/* Uniform in 0..MV_JITTER_MAX_NS. Cheap: it hides nothing, it only keeps peers out of step. */
uint64_t mv_device_jitter(struct mv_device *device);

/* Something came up that the control loop must see to sooner than it knows of. */
bool mv_device_needs_control(const struct mv_device *device);

struct mv_peer_handle mv_peer_handle(const struct mv_device *device, const struct mv_peer *peer);

/* The peer, if it is still the same; else NULL. */
struct mv_peer *mv_peer_get(const struct mv_device *device, struct mv_peer_handle handle);

/* An authentic datagram came this way: the next go back on it. */
void mv_peer_set_path(const struct mv_device *device, struct mv_peer *peer,
	const struct mv_endpoint *endpoint, const struct mv_source *source);

/* The own address to send from, if it is known and still good. */
struct mv_source mv_peer_source(const struct mv_device *device, const struct mv_peer *peer);

void mv_peer_forget_source(struct mv_peer *peer);

/* What is configured moves it. */
void mv_peer_set_endpoint(struct mv_peer *peer, const struct mv_endpoint *endpoint);

/* What waited may go on, now that something it lacked may be there. */
void mv_peer_resume(struct mv_device *device, struct mv_peer *peer);

/* The earliest of all its deadlines. */
uint64_t mv_peer_deadline(const struct mv_peer *peer);

/* Counts a dropped packet; peer may be NULL. */
void mv_peer_count_drop(
	struct mv_device *device, struct mv_peer *peer, enum mv_drop drop, struct mv_now now);

/* To be called whenever a timer of the peer may have been armed. */
void mv_peer_reschedule(struct mv_device *device, struct mv_peer *peer);

void mv_peer_wish(struct mv_device *device, struct mv_peer *peer, enum mv_wish wish);

/*
 * Wants an initiation: at once, or when REKEY_TIMEOUT since the last message of a handshake is
 * over. is_retry: it is one in the row of retries that ends in giving up; else that row begins
 * anew.
 */
void mv_peer_request_handshake(
	struct mv_device *device, struct mv_peer *peer, bool is_retry, struct mv_now now);

/* Ends a pending initiation. */
void mv_peer_erase_handshake(struct mv_device *device, struct mv_peer *peer);

/* Takes erased keypairs out of the index table. */
void mv_peer_forget_indices(struct mv_device *device, struct mv_erased erased);

/* Wipes all keys of sessions and handshakes. */
void mv_peer_erase_keys(struct mv_device *device, struct mv_peer *peer);

/* Whose queue it is. */
struct mv_peer *mv_peer_of_stage(struct mv_stage *stage);

/* Drops everything that is staged, for this reason. */
void mv_peer_drop_staged(
	struct mv_device *device, struct mv_peer *peer, enum mv_drop drop, struct mv_now now);

/* There is a session to send under, and somewhere to send to. */
bool mv_peer_can_send(const struct mv_peer *peer, struct mv_now now);

/* The data message under the current keypair, which can send, for the packet; its counter is used
 * up. */
void mv_peer_plan_data(struct mv_device *device, struct mv_peer *peer, struct mv_batch *batch,
	struct mv_packet *packet, struct mv_now now);

#endif
