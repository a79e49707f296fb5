/*
 * What TUN hands over as one packet, cut into what the network carries: TCP segments and UDP
 * datagrams as the kernel would have made them (its TSO and USO; wireguard.md section 8.3 has the
 * rules). One pass copies and sums each of them to where it is to lie. A packet that is one
 * already goes the same way. Pure; any thread.
 */
#ifndef MV_EDGE_SPLIT_H
#define MV_EDGE_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edge/vnet.h"
#include "tunnel/drop.h"

/* Where it stands; all zero: nothing is left. */
struct mv_split {
	const uint8_t *packet;
	size_t len;
	size_t next; /* where the payload of the next segment begins; len: nothing is left */
	size_t transport_offset, header_len;
	size_t segment_len;     /* the payload of each but the last */
	size_t checksum_offset; /* behind transport_offset; 0: the checksum is there already */
	uint32_t index;
	bool is_cut, is_ipv6, is_tcp;
};

/*
 * Begins with a packet, which stays where it is until nothing is left of it. MV_DROP_BAD_OFFLOAD if
 * the header says of it what cannot be, and then nothing is left. An empty packet leaves nothing,
 * either.
 */
enum mv_drop mv_split_begin(struct mv_split *split, const struct virtio_net_hdr *header,
	const uint8_t *packet, size_t len);

/* Writes the next one to out, which has room for the largest packet that there is (65535 bytes):
 * its length; 0: nothing is left. */
size_t mv_split_next(struct mv_split *split, uint8_t *out);

bool mv_split_has_more(const struct mv_split *split);

#endif
