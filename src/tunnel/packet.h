/*
 * A batch of packets on their way through plan, crypt and commit, and the buffer that they lie in
 * one behind the other. Reading puts a packet where it will be sealed or opened, so nothing is
 * copied. A batch belongs to one thread.
 *
 * The lane fills a batch by mv_batch_room and mv_batch_add, the plan decides about each packet,
 * seal or open does the cryptography of those that live, the commit draws the conclusions.
 */
#ifndef MV_TUNNEL_PACKET_H
#define MV_TUNNEL_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "crypto/aead.h"
#include "proto/transport.h"
#include "tunnel/drop.h"

/* A bound on the packets of a round: so that latency stays low, and the cost of two locks is shared
 * by many. */
#define MV_BATCH_PACKETS 128

/* The largest datagram, and so the largest inner packet that may come from the device. */
#define MV_PACKET_MAX 65535

/* A peer as it was when somebody let go of the lock: it is the same one only while the generation
 * is. */
struct mv_peer_handle {
	uint32_t slot;
	uint32_t generation;
};

struct mv_packet {
	uint8_t *data; /* a datagram, or an inner packet; from plan to commit that of the other side
			*/
	size_t len;
	bool live;         /* goes on; else it was staged, handed to the control loop, or dropped */
	bool is_handshake; /* type 1 to 3, for the control loop */
	bool is_probe;     /* an initiation that counts for nothing */
	bool is_answer;    /* has become an ICMP error to the local sender, for TUN */
	bool carries_data; /* a packet, not a keepalive */
	bool sent;         /* out, set by whoever wrote the datagram */
	enum mv_drop drop; /* why it does not go on, MV_DROP_NONE if it was not dropped */
	struct mv_endpoint endpoint; /* where to, or where from */
	struct mv_source source;     /* the own side of it */
	bool source_failed;          /* out: nothing can be sent from there any more */
	uint8_t tos;                 /* of the outer header */
	struct mv_peer_handle peer;
	uint64_t keypair_id;
	uint32_t local_index; /* in: of the keypair */
	struct mv_aead_job *job;
};

struct mv_batch {
	const struct mv_aead_provider *aead;
	void *aead_state;
	size_t count;
	size_t job_count;
	struct mv_packet packets[MV_BATCH_PACKETS];
	struct mv_aead_job jobs[MV_BATCH_PACKETS];
	uint8_t (*keys)[MV_AEAD_KEY_LEN]; /* locked; one a job */
	uint8_t *buffer;
	size_t buffer_used;
	size_t buffer_touched; /* the most that was ever used */
};

/* NULL without memory. The provider is one that this processor can do, and outlives the batch. Of
 * the buffer only what packets touch becomes resident. */
struct mv_batch *mv_batch_create(const struct mv_aead_provider *aead);
void mv_batch_destroy(struct mv_batch *batch);

/* Empties the batch and wipes its keys. */
void mv_batch_reset(struct mv_batch *batch);

/*
 * Where the next packet is to be read to: MV_PACKET_MAX bytes, with head- and tailroom for becoming
 * a message. NULL when the batch is full.
 */
uint8_t *mv_batch_room(const struct mv_batch *batch);

/* Adds what was read there. */
struct mv_packet *mv_batch_add(struct mv_batch *batch, size_t len);

/* Adds a copy of a packet whose data lies elsewhere and stays there until the batch is done. The
 * batch must have fewer than MV_BATCH_PACKETS. */
void mv_batch_put(struct mv_batch *batch, const struct mv_packet *packet);

/* A job with its own copy of the key, for the packet. */
struct mv_aead_job *mv_batch_add_job(struct mv_batch *batch, struct mv_packet *packet,
	const uint8_t key[static MV_AEAD_KEY_LEN]);

/* The packet does not go on, for this reason. */
void mv_packet_drop(struct mv_packet *packet, enum mv_drop drop);

void mv_batch_seal(struct mv_batch *batch);
void mv_batch_open(struct mv_batch *batch);

#endif
