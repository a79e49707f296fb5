/*
 * Any virtio header with any packet behind it: what edge/split makes of it lies within its bounds,
 * carries each byte of the payload once and in order, and has lengths and checksums that are right.
 */
#include "edge/split.h"

#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "edge/inet.h"
#include "input.h"

/* A super-packet may be cut into tens of thousands. */
#define SEGMENTS_MAX 300

struct whole {
	struct virtio_net_hdr header;
	uint8_t *packet; /* of just its length, so that a look behind it is seen */
	size_t len;
	size_t payload; /* how much of it came out */
};

static size_t transport_header_len(const struct whole *whole)
{
	return whole->header.gso_type == VIRTIO_NET_HDR_GSO_UDP_L4
		       ? UDP_HEADER
		       : (size_t)(whole->packet[whole->header.csum_start + TCP_DATA_OFFSET] >> 4) *
				 4;
}

static void check_lengths(const struct whole *whole, const uint8_t *segment, size_t len)
{
	if (segment[0] >> 4 == 6) {
		demand(mv_load_be16(segment + IPV6_LENGTH) == len - IPV6_HEADER, "IPv6 length");
	} else {
		demand(mv_load_be16(segment + IPV4_TOTAL_LENGTH) == len, "IPv4 length");
		demand(mv_checksum_fold(mv_checksum_add(
			       0, segment, (size_t)(segment[0] & 0xf) * 4)) == 0xffff,
			"the checksum of the header");
	}
	if (whole->header.gso_type == VIRTIO_NET_HDR_GSO_UDP_L4) {
		demand(mv_load_be16(segment + whole->header.csum_start + UDP_LENGTH) ==
				len - whole->header.csum_start,
			"UDP length");
	}
}

static void check_checksum(const struct whole *whole, const uint8_t *segment, size_t len)
{
	bool is_ipv6 = segment[0] >> 4 == 6;
	bool is_udp = whole->header.gso_type == VIRTIO_NET_HDR_GSO_UDP_L4;
	size_t start = whole->header.csum_start;
	uint64_t sum = mv_checksum_pseudo(segment + (is_ipv6 ? IPV6_ADDRESSES : IPV4_ADDRESSES),
		is_ipv6 ? IPV6_ADDRESSES_LEN : IPV4_ADDRESSES_LEN, is_udp ? 17 : 6,
		(uint32_t)(len - start));

	sum = mv_checksum_add(sum, segment + start, len - start);
	demand(mv_checksum_fold(sum) == 0xffff, "the checksum of what is inside");
	demand(!is_udp || mv_load_be16(segment + start + UDP_CHECKSUM) != 0, "a UDP checksum of 0");
}

static void check_segment(struct whole *whole, const uint8_t *segment, size_t len)
{
	size_t header = whole->header.csum_start + transport_header_len(whole);
	size_t payload = len - header;

	demand(len > header && payload <= whole->header.gso_size, "the length of a segment");
	demand(header + whole->payload + payload <= whole->len, "no more than there was");
	demand(memcmp(segment + header, whole->packet + header + whole->payload, payload) == 0,
		"the payload, in order");
	whole->payload += payload;
	demand(payload == whole->header.gso_size || header + whole->payload == whole->len,
		"only the last is shorter");
	check_lengths(whole, segment, len);
	check_checksum(whole, segment, len);
}

static void run(struct whole *whole, uint8_t *segment)
{
	bool is_cut = whole->header.gso_type != VIRTIO_NET_HDR_GSO_NONE;
	struct mv_split split;
	unsigned count = 0;
	size_t len;

	if (mv_split_begin(&split, &whole->header, whole->packet, whole->len) != MV_DROP_NONE) {
		demand(!mv_split_has_more(&split), "nothing of what cannot be");
		return;
	}
	while (count < SEGMENTS_MAX && (len = mv_split_next(&split, segment)) > 0) {
		count++;
		if (is_cut) {
			check_segment(whole, segment, len);
		} else {
			demand(len == whole->len && count == 1, "a packet that is one");
		}
	}
	if (is_cut && count > 0 && !mv_split_has_more(&split)) {
		demand(whole->header.csum_start + transport_header_len(whole) + whole->payload ==
				whole->len,
			"all of the payload");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct whole whole = {0};
	uint8_t *segment = malloc(INET_PACKET_MAX);

	if (size < sizeof(whole.header)) {
		free(segment);
		return 0;
	}
	memcpy(&whole.header, data, sizeof(whole.header));
	whole.len = size - sizeof(whole.header);
	whole.packet = malloc(whole.len);
	demand(segment && (whole.packet || whole.len == 0), "memory");
	if (whole.len > 0) {
		memcpy(whole.packet, data + sizeof(whole.header), whole.len);
	}
	run(&whole, segment);
	free(whole.packet);
	free(segment);
	return 0;
}
