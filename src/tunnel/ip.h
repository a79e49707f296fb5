/*
 * The headers of inner packets: version, length, addresses; nothing that the tunnel does not need.
 * Pure; any thread.
 */
#ifndef MV_TUNNEL_IP_H
#define MV_TUNNEL_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Points into the packet. */
struct mv_inner {
	uint8_t version;       /* 4 or 6 */
	size_t len;            /* by its own header; what lies behind is padding */
	const uint8_t *source; /* 4 or 16 bytes */
	const uint8_t *destination;
};

/* False for what is no IP packet, or claims to be longer than the len bytes that are there (RFC
 * 791, RFC 8200). */
bool mv_inner_parse(struct mv_inner *inner, const uint8_t *packet, size_t len);

#endif
