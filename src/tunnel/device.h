/*
 * A device: an identity and its peers, without any input or output of its own. Whoever drives it
 * reads and writes packets, and passes time, randomness and a lock in:
 *
 *   out      mv_send_plan,    seal, write, mv_send_commit       tunnel/send
 *   in       mv_receive_plan, open, mv_receive_commit, write    tunnel/receive
 *   control  mv_handshake_receive, mv_tick, mv_outbox_fill      tunnel/handshake, tick, outbox
 *
 * Out and in may run in any threads. Control, and everything in this header, belongs to one: the
 * control loop. All functions take the device's lock themselves and let go of it before any
 * cryptography.
 */
#ifndef MV_TUNNEL_DEVICE_H
#define MV_TUNNEL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/now.h"
#include "crypto/aead.h"
#include "tunnel/change.h"
#include "tunnel/packet.h"
#include "tunnel/snapshot.h"

/* More are refused (-ENOSPC): a mistake in a file should not take all memory. */
#define MV_PEERS_MAX (1U << 20)

struct mv_device;

struct mv_environment {
	void *ctx;
	void (*random)(void *ctx, void *out, size_t len); /* cryptographically secure */
	void (*lock)(void *ctx); /* NULL where one thread does everything */
	void (*unlock)(void *ctx);
	bool keeps_timestamps; /* initiations wait until theirs are reserved: tunnel/timestamps */
	struct mv_log log;
};

/* Without identity and peers, and down. -ENOMEM. */
int mv_device_create(struct mv_device **created, const struct mv_environment *environment);

/* Wipes all keys. No other thread may use the device any more. NULL is allowed. */
void mv_device_destroy(struct mv_device *device);

/* Carries out the whole list, or nothing of it: -ENOMEM, -ENOSPC. */
int mv_device_apply(struct mv_device *device, const struct mv_changes *changes, struct mv_now now);

/*
 * Up: peers with a persistent keepalive begin. Down: all keys are wiped, what waits is dropped, all
 * timers stand still. A new device is down.
 */
void mv_device_set_up(struct mv_device *device, bool up, struct mv_now now);

/* Own addresses or routes have changed: peers are answered from wherever the kernel chooses, until
 * they are heard again. */
void mv_device_forget_sources(struct mv_device *device);

/* Lets each peer that there is a session with hear from this side, with its new port, by what waits
 * for the peer or a keepalive. */
void mv_device_announce(struct mv_device *device, struct mv_now now);

/* Of the tunnel interface: how far packets are padded. */
void mv_device_set_mtu(struct mv_device *device, uint32_t mtu);

/*
 * When mv_tick is due next, in boot time; MV_NEVER if nothing is. Whoever asks arms its timer for
 * it: plans and commits of the lanes will only wake it for something earlier.
 */
uint64_t mv_device_arm(struct mv_device *device);

/* What the peer is called, empty if nobody said; false: there is no such peer. */
bool mv_device_peer_name(struct mv_device *device, const uint8_t public_key[static MV_KEY_LEN],
	char name[static MV_PEER_NAME_MAX]);

/* Whether the peer is there and this is its pre-shared key; in constant time for the key. */
bool mv_device_peer_has_preshared_key(struct mv_device *device,
	const uint8_t public_key[static MV_KEY_LEN], const uint8_t key[static MV_KEY_LEN]);

/* A copy of everything there is to see. -ENOMEM. */
int mv_device_snapshot(struct mv_device *device, struct mv_snapshot **snapshot);

/* Counts the packets of a batch that were dropped after its commit: what could not be written. */
void mv_device_count_drops(
	struct mv_device *device, const struct mv_batch *batch, struct mv_now now);

/* The same for datagrams that never got into a batch. */
void mv_device_count_drop(struct mv_device *device, enum mv_drop drop);

/* The system refused to keep keys out of swap: worth a warning. */
bool mv_device_memory_is_unlocked(struct mv_device *device);

#endif
