/*
 * One handshake message on its way through tunnel/handshake, initiate and respond: snapshot under
 * the lock, compute without it, commit under it. Only the control loop makes and consumes
 * handshakes, so there is one exchange at a time, and what is secret of it lies in the device's
 * scratch. Private to those three; functions that end in _locked want the device's lock held, all
 * others take it themselves or do without.
 */
#ifndef MV_TUNNEL_EXCHANGE_H
#define MV_TUNNEL_EXCHANGE_H

#include "tunnel/device_state.h"
#include "tunnel/handshake.h"

/* One of them is free, or the random numbers are not. */
#define MV_EXCHANGE_INDICES 4

struct mv_exchange {
	struct mv_device *device;
	struct mv_handshake_scratch *scratch;
	struct mv_batch *out;
	struct mv_now now;
	const struct mv_handshake_message *message; /* what was received; NULL: nothing was */
	struct mv_peer_handle peer;
	char name[MV_PEER_NAME_MAX]; /* of the peer, for the log */
	bool has_drawn;              /* mv_exchange_draw */
	bool static_static_is_stale;
	uint32_t index;                        /* ours, of what is being made */
	uint32_t indices[MV_EXCHANGE_INDICES]; /* candidates for it */
	uint8_t timestamp[MV_TIMESTAMP_LEN];   /* of the initiation that is made or was opened */
	bool is_probe;                         /* the initiation */
	struct mv_endpoint left; /* where the peer was before this message came from elsewhere */
};

void mv_exchange_begin(
	struct mv_exchange *x, struct mv_device *device, struct mv_batch *out, struct mv_now now);

/* Draws all the random numbers that making an initiation or a response can need, before any lock is
 * taken. */
void mv_exchange_draw(struct mv_exchange *x);

/* Wipes the scratch. */
void mv_exchange_end(struct mv_exchange *x);

/* What the computation needs of the peer, and an index for what will be made. */
void mv_exchange_snapshot_locked(struct mv_exchange *x, const struct mv_peer *peer);

/*
 * Sees to it that the DH of the static keys is known, and keeps it at the peer. It was put off
 * until somebody needs it: a device may have many silent peers.
 */
void mv_exchange_complete_remote(struct mv_exchange *x);

/* An authentic message came: it moves the endpoint. */
void mv_exchange_received_locked(struct mv_exchange *x, struct mv_peer *peer, size_t len);

/* A finished message goes out. Of a probe the timers do not hear. */
void mv_exchange_send_locked(struct mv_exchange *x, struct mv_peer *peer,
	const struct mv_endpoint *endpoint, const void *message, size_t len);
void mv_exchange_send_probe_locked(struct mv_exchange *x, struct mv_peer *peer,
	const struct mv_endpoint *endpoint, const void *message, size_t len);

/* With -v: what has happened, and with whom. */
void mv_exchange_log(const struct mv_exchange *x, const char *what);

/* The keypair that the exchange has led to. */
struct mv_new_keypair mv_exchange_keypair_locked(struct mv_exchange *x);

#endif
