/*
 * The wire layouts and the limits of the protocol, by their names in the WireGuard paper,
 * section 5.4 and 6. All members are byte arrays: the structs have no padding, may lie at any
 * address, and say nothing about the host's byte order.
 */
#ifndef MV_PROTO_MESSAGES_H
#define MV_PROTO_MESSAGES_H

#include <assert.h>
#include <stdint.h>

#include "base/now.h"
#include "crypto/aead.h"
#include "crypto/blake2s.h"
#include "crypto/x25519.h"

enum mv_message_type {
	MV_MESSAGE_INITIATION = 1,
	MV_MESSAGE_RESPONSE = 2,
	MV_MESSAGE_COOKIE_REPLY = 3,
	MV_MESSAGE_DATA = 4,
};

#define MV_TIMESTAMP_LEN 12
#define MV_COOKIE_LEN    16

struct mv_message_macs {
	uint8_t mac1[MV_MAC_LEN];
	uint8_t mac2[MV_MAC_LEN];
};

/* type: one byte and three zeros, read as one little-endian number. */
struct mv_message_initiation {
	uint8_t type[4];
	uint8_t sender_index[4];
	uint8_t ephemeral[MV_KEY_LEN];
	uint8_t encrypted_static[MV_KEY_LEN + MV_AEAD_TAG_LEN];
	uint8_t encrypted_timestamp[MV_TIMESTAMP_LEN + MV_AEAD_TAG_LEN];
	struct mv_message_macs macs;
};

struct mv_message_response {
	uint8_t type[4];
	uint8_t sender_index[4];
	uint8_t receiver_index[4];
	uint8_t ephemeral[MV_KEY_LEN];
	uint8_t encrypted_nothing[MV_AEAD_TAG_LEN];
	struct mv_message_macs macs;
};

struct mv_message_cookie_reply {
	uint8_t type[4];
	uint8_t receiver_index[4];
	uint8_t nonce[MV_XAEAD_NONCE_LEN];
	uint8_t encrypted_cookie[MV_COOKIE_LEN + MV_AEAD_TAG_LEN];
};

/* Followed by the padded packet and the tag. */
struct mv_message_data {
	uint8_t type[4];
	uint8_t receiver_index[4];
	uint8_t counter[8];
};

static_assert(sizeof(struct mv_message_initiation) == 148, "paper, section 5.4.2");
static_assert(sizeof(struct mv_message_response) == 92, "paper, section 5.4.3");
static_assert(sizeof(struct mv_message_cookie_reply) == 64, "paper, section 5.4.7");
static_assert(sizeof(struct mv_message_data) == 16, "paper, section 5.4.6");

/* A data message without a packet in it: a keepalive. */
#define MV_MESSAGE_DATA_OVERHEAD (sizeof(struct mv_message_data) + MV_AEAD_TAG_LEN)

/* The largest of the messages that are not data. */
#define MV_HANDSHAKE_MESSAGE_MAX sizeof(struct mv_message_initiation)

/* Data is padded to a multiple of this, but not beyond the MTU. */
#define MV_PADDING 16

/* Section 6.1 and 6.2. A counter of REJECT_AFTER_MESSAGES or more is neither sent nor accepted. */
#define MV_REKEY_AFTER_MESSAGES  (UINT64_C(1) << 60)
#define MV_REJECT_AFTER_MESSAGES (UINT64_MAX - (UINT64_C(1) << 13))

#define MV_REKEY_TIMEOUT_NS     (5 * MV_NS_PER_S)
#define MV_KEEPALIVE_TIMEOUT_NS (10 * MV_NS_PER_S)
#define MV_REKEY_AFTER_TIME_NS  (120 * MV_NS_PER_S)
#define MV_REJECT_AFTER_TIME_NS (180 * MV_NS_PER_S)

/* An initiator that only receives asks for new keys while there is time left for a handshake
 * (section 6.2). */
#define MV_REKEY_ON_RECEIVE_NS                                                                     \
	(MV_REJECT_AFTER_TIME_NS - MV_KEEPALIVE_TIMEOUT_NS - MV_REKEY_TIMEOUT_NS)

/* Keys that were not renewed for this long are wiped (section 6.3). */
#define MV_ZERO_KEY_MATERIAL_NS (3 * MV_REJECT_AFTER_TIME_NS)

/* Retries come up to a third of a second late, so that two peers do not go on in lockstep
 * (section 6.1). */
#define MV_JITTER_MAX_NS (333 * MV_NS_PER_MS)

/* After this many retries the peer counts as gone: REKEY_ATTEMPT_TIME of 90 s by steps of
 * REKEY_TIMEOUT. */
#define MV_HANDSHAKE_RETRIES_MAX 18

/* At most 50 initiations a second are accepted from a peer. */
#define MV_INITIATION_INTERVAL_NS (MV_NS_PER_S / 50)

/* The secret of the cookies that we give is replaced after two minutes, and with it they end. */
#define MV_COOKIE_SECRET_AGE_MAX_NS (120 * MV_NS_PER_S)

/* A cookie is good for two minutes at its maker's; 5 s are left for it to travel (section 5.4.7).
 */
#define MV_COOKIE_AGE_MAX_NS (115 * MV_NS_PER_S)

#endif
