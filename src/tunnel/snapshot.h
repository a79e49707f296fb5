/*
 * What a device shows of itself, copied out under its lock and read at leisure: the control socket
 * prints it, the status report reads it back. Memory with keys is locked as far as the system
 * allows, and wiped; sodium_init must have been called. Pure; a snapshot belongs to one thread.
 */
#ifndef MV_TUNNEL_SNAPSHOT_H
#define MV_TUNNEL_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "crypto/x25519.h"
#include "tunnel/change.h"
#include "tunnel/drop.h"

/* What the kernel does for many packets at once, X(NAME, word): the word is that of the status. */
#define MV_OFFLOADS(X)                                                                             \
	X(TCP, "tcp")         /* TUN: many TCP segments are one packet */                          \
	X(UDP, "udp")         /* TUN: many UDP datagrams are one packet */                         \
	X(SEGMENT, "segment") /* UDP: cuts what is sent into datagrams */                          \
	X(GRO, "gro")         /* UDP: merges what was received */

enum mv_offload {
#define MV_OFFLOAD_NAME(name, word) MV_OFFLOAD_##name,
	MV_OFFLOADS(MV_OFFLOAD_NAME)
#undef MV_OFFLOAD_NAME
		MV_OFFLOAD_COUNT
};

struct mv_peer_snapshot {
	uint8_t public_key[MV_KEY_LEN];
	uint8_t preshared_key[MV_KEY_LEN]; /* all zero: none, or hidden */
	char *preshared_key_file;    /* that is watched for a new one, from the root on; NULL: none.
					The edge fills it in */
	char name[MV_PEER_NAME_MAX]; /* empty: none */
	char *endpoints;             /* where it may be, as in its file; NULL: not said. The edge
					fills it in */
	bool preshared_key_hidden;   /* there is one that this snapshot does not know: read from a
					status */
	struct mv_endpoint endpoint; /* family NONE: not known */
	bool endpoint_pending;       /* its name is being resolved */
	char *endpoints_trouble;     /* the names that could not be resolved last, and why; NULL:
					none. The edge's, too */
	unsigned endpoint_entry;     /* of the list, from 1, that the endpoint belongs to; 0: none
					that is known */
	uint32_t unanswered;         /* initiations since the peer was last heard */
	uint64_t unanswered_since_s; /* wall clock; of the first of them */
	uint32_t unconfirmed;        /* responses since the peer last used one */
	uint64_t last_handshake_s;   /* wall clock; 0, 0: never */
	uint32_t last_handshake_ns;
	uint64_t tx_bytes, rx_bytes;
	uint16_t persistent_keepalive_s;   /* 0: off */
	uint64_t drops;                    /* packets of this peer that were dropped */
	enum mv_drop last_drop;            /* MV_DROP_NONE: nothing was */
	uint64_t last_drop_s;              /* wall clock */
	size_t first_prefix, prefix_count; /* a slice of mv_snapshot.prefixes */
};

struct mv_snapshot {
	uint8_t private_key[MV_KEY_LEN]; /* all zero: none, or read from a status */
	uint8_t public_key[MV_KEY_LEN];  /* all zero: the device has no private key */
	uint16_t listen_port;            /* 0: none. The edge fills it in: the core has no socket */
	uint32_t fwmark;                 /* of what the sockets send; 0: none. The edge's, too */
	uint16_t mtu;
	uint64_t memory_bytes;           /* of the program; 0: not known. The edge's, too */
	const char *aead;                /* the provider's name; NULL: not known */
	bool offloads[MV_OFFLOAD_COUNT]; /* in use; the edge fills them in, too */
	struct mv_peer_snapshot *peers;
	size_t peer_count;
	struct mv_prefix *prefixes;
	size_t prefix_count;
	uint64_t drops[MV_DROP_COUNT];
};

const char *mv_offload_word(enum mv_offload offload);

/* Zeroed, the two counts included, with room for so many peers and prefixes: whoever fills it in
 * counts. -ENOMEM leaves *snapshot alone. */
int mv_snapshot_create(struct mv_snapshot **snapshot, size_t peers, size_t prefixes);

/* Wipes and frees; NULL is allowed. */
void mv_snapshot_destroy(struct mv_snapshot *snapshot);

bool mv_peer_snapshot_has_preshared_key(const struct mv_peer_snapshot *peer);

#endif
