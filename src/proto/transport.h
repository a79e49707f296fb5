/*
 * One data message (paper, section 5.4.6): its header, its padding, and the job that seals or opens
 * it in place. Many jobs make a batch for a provider of crypto/aead. Pure; any thread.
 */
#ifndef MV_PROTO_TRANSPORT_H
#define MV_PROTO_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/aead.h"
#include "proto/messages.h"

/* What must be free before and behind a packet so that it can become a message where it lies. */
#define MV_TRANSPORT_HEADROOM sizeof(struct mv_message_data)
#define MV_TRANSPORT_TAILROOM (MV_PADDING - 1 + MV_AEAD_TAG_LEN)

/* The length of the plaintext for a packet of `len` bytes: a multiple of 16, unless the MTU cuts
 * it. mtu 0: no limit. */
size_t mv_transport_padded_len(size_t len, uint32_t mtu);

/*
 * Makes the packet at `packet` (with head- and tailroom) a message: header before it, zeros behind
 * it, and the job to seal it. Returns the message's length; it begins at packet -
 * MV_TRANSPORT_HEADROOM.
 */
size_t mv_transport_prepare_seal(struct mv_aead_job *job, uint8_t *packet, size_t len, uint32_t mtu,
	const uint8_t *key, uint64_t counter, uint32_t receiver_index);

/* The job to open a message of at least MV_MESSAGE_DATA_OVERHEAD bytes. The plaintext will lie at
 * job->text. */
void mv_transport_prepare_open(
	struct mv_aead_job *job, uint8_t *message, size_t len, const uint8_t *key);

#endif
