/*
 * Messages that only one who knows keys can make: what a fuzzer wrote into their fields gets past
 * macs and tags, and so deep into a device. All return the length of the message, 0 if it cannot
 * be made now. Devices are those of the world.
 */
#ifndef MV_TESTS_FUZZ_FORGE_H
#define MV_TESTS_FUZZ_FORGE_H

#include "proto/messages.h"
#include "world.h"

/* Repairs mac1 and, if the device gives cookies and `with_cookie` is set, mac2, of a message of at
 * least 32 bytes that comes to the device `to` from this endpoint. */
void forge_macs(struct world *world, size_t to, const struct mv_endpoint *endpoint,
	bool with_cookie, uint8_t *message, size_t len);

/* An initiation without macs. */
size_t forge_initiation(uint8_t *message, const struct world *world, size_t from, size_t to,
	const uint8_t timestamp[static MV_TIMESTAMP_LEN], uint32_t index);

/* The response, without macs, to the last initiation that the device `to` has sent. */
size_t forge_response(uint8_t *message, const struct world *world, const uint8_t *psk, size_t from,
	size_t to, uint32_t index);

/* The cookie reply to the last initiation that the device `to` has sent. */
size_t forge_cookie_reply(uint8_t *message, const struct world *world, size_t from, size_t to,
	const struct mv_endpoint *endpoint);

enum forge_role {
	FORGE_CURRENT,
	FORGE_PREVIOUS,
	FORGE_NEXT,
	FORGE_ROLES,
};

/* The keypair of one device with another; NULL if there is none. */
struct mv_keypair *forge_keypair(struct world *world, size_t from, size_t to, enum forge_role role);

/* The plaintext as a message of a session. */
size_t forge_data(uint8_t *message, const struct mv_keypair *keypair, uint64_t counter,
	const uint8_t *plaintext, size_t len);

#endif
