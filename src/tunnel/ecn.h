/*
 * Explicit congestion notification through the tunnel (RFC 6040): the two ECN bits of the inner
 * header go into the outer one, and what routers on the way marked there comes back into the inner
 * one. Pure; any thread.
 */
#ifndef MV_TUNNEL_ECN_H
#define MV_TUNNEL_ECN_H

#include <stddef.h>
#include <stdint.h>

/* The outer TOS or traffic class for an inner packet that mv_inner_parse accepted. Of the inner
 * DSCP nothing is shown. */
uint8_t mv_ecn_encapsulate(const uint8_t *inner);

/*
 * Carries the outer ECN bits over into the inner packet, the checksum of an IPv4 header included.
 * An inner packet that does not do ECN is left as it is, also if the outer one was marked: dropping
 * it, as RFC 6040 has it, helps nobody here.
 */
void mv_ecn_decapsulate(uint8_t *inner, uint8_t outer);

#endif
