/*
 * The sessions of a peer: previous, current and next keypair, how they rotate, and how long they
 * may be used (paper, section 5.4.6 and 6). Three fixed slots, so that a rekey allocates nothing.
 * Pure; under the device's lock.
 */
#ifndef MV_PROTO_KEYPAIR_H
#define MV_PROTO_KEYPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/noise.h"
#include "proto/replay.h"

#define MV_KEYPAIR_SLOTS 3

struct mv_keypair {
	struct mv_session_keys *keys; /* this slot's place in locked memory */
	uint64_t id; /* unique in the device's life, never 0; tells a keypair from its successor */
	uint64_t sending_counter; /* the next to be used */
	struct mv_replay replay;
	uint64_t birth_ns;
	uint32_t local_index, remote_index;
	bool in_use;
	bool is_initiator;
	bool may_send; /* false once the device's own key was replaced: it only receives until it
			  dies */
};

struct mv_keypairs {
	struct mv_keypair slots[MV_KEYPAIR_SLOTS];
	struct mv_keypair *previous, *current, *next; /* NULL: none */
};

/* The local indices that an operation freed. The caller takes them out of its index table. */
struct mv_erased {
	size_t count;
	uint32_t indices[MV_KEYPAIR_SLOTS];
};

/* What a handshake hands over. keys is copied; the caller wipes its own. */
struct mv_new_keypair {
	const struct mv_session_keys *keys;
	uint64_t id;
	uint64_t birth_ns;
	uint32_t local_index, remote_index;
};

/* keys: MV_KEYPAIR_SLOTS places in locked memory that outlive the keypairs. */
void mv_keypairs_init(struct mv_keypairs *keypairs, struct mv_session_keys *keys);

/* As initiator the new keypair is used at once: the responder's answer proved that it has it. */
struct mv_erased mv_keypairs_add_initiator(
	struct mv_keypairs *keypairs, const struct mv_new_keypair *fresh);

/* As responder it waits as `next` until a message under it arrives: only that proves that the
 * initiator has it. */
struct mv_erased mv_keypairs_add_responder(
	struct mv_keypairs *keypairs, const struct mv_new_keypair *fresh);

/* To be called for every authentic, new message. True if this was the proof, and `keypair` became
 * current. */
bool mv_keypairs_confirm(
	struct mv_keypairs *keypairs, const struct mv_keypair *keypair, struct mv_erased *erased);

struct mv_erased mv_keypairs_erase_all(struct mv_keypairs *keypairs);

/* No keypair sends any more; what arrives under them is still accepted. */
void mv_keypairs_stop_sending(struct mv_keypairs *keypairs);

/* The keypair with this local index, or NULL. */
struct mv_keypair *mv_keypairs_find(struct mv_keypairs *keypairs, uint32_t local_index);

bool mv_keypair_can_send(const struct mv_keypair *keypair, uint64_t now_ns);
bool mv_keypair_can_receive(const struct mv_keypair *keypair, uint64_t counter, uint64_t now_ns);

/* After sending, and after receiving, under the current keypair: is it time for a new handshake? */
bool mv_keypair_wants_rekey_on_send(const struct mv_keypair *keypair, uint64_t now_ns);
bool mv_keypair_wants_rekey_on_receive(const struct mv_keypair *keypair, uint64_t now_ns);

#endif
