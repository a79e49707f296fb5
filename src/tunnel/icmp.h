/*
 * ICMP errors for local senders (RFC 792, RFC 1122 section 3.2.2, RFC 4443): that a packet could
 * not be sent, and why. Pure; any thread.
 */
#ifndef MV_TUNNEL_ICMP_H
#define MV_TUNNEL_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mv_icmp_error {
	MV_ICMP_UNREACHABLE, /* IPv4: type 3, code 1; IPv6: type 1, code 3 */
	MV_ICMP_TOO_BIG,     /* IPv4: type 3, code 4; IPv6: type 2; tells the MTU */
};

/* An error is never longer than the packet that it answers by more than this: an IPv6 header and an
 * ICMPv6 header. */
#define MV_ICMP_GROWTH 48

/* May this packet, of at least one byte, be answered at all? Not what is no IP, an ICMP error
 * itself, a later fragment, or from or to many. */
bool mv_icmp_may_answer(const uint8_t *packet, size_t len);

/* Is it too big for the MTU, and not to be fragmented on the way? */
bool mv_icmp_is_too_big(const uint8_t *packet, size_t len, uint32_t mtu);

/*
 * Writes the error that answers `packet` to `answer`, len + MV_ICMP_GROWTH bytes that may overlap
 * the packet. The answer comes from the packet's destination and quotes as much of it as the RFCs
 * allow. Returns its length.
 */
size_t mv_icmp_answer(
	uint8_t *answer, enum mv_icmp_error error, const uint8_t *packet, size_t len, uint32_t mtu);

#endif
