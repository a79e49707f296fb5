#include "edge/coalesce.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "edge/inet.h"

/* After so many in a row a kind is given up. */
#define REFUSALS_MAX 3

/* A packet of which the flow is known. */
struct segment {
	enum mv_coalesce_kind kind;
	const uint8_t *packet;
	size_t len, transport_offset, header_len;
	bool is_mergeable; /* with what came before it or comes after it */
};

static bool is_ipv6(const uint8_t *packet)
{
	return packet[0] >> 4 == 6;
}

static const uint8_t *addresses(const uint8_t *packet, size_t *len)
{
	*len = is_ipv6(packet) ? IPV6_ADDRESSES_LEN : IPV4_ADDRESSES_LEN;
	return packet + (is_ipv6(packet) ? IPV6_ADDRESSES : IPV4_ADDRESSES);
}

/* What a packet is */

static bool is_fragment(const uint8_t *packet)
{
	return mv_load_be16(packet + IPV4_FRAGMENT) & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET);
}

/* Finds the transport header; options and extension headers are none of ours. */
static uint8_t parse_ip(struct segment *segment)
{
	const uint8_t *packet = segment->packet;

	if (is_ipv6(packet)) {
		segment->transport_offset = IPV6_HEADER;
		return mv_load_be16(packet + IPV6_LENGTH) + IPV6_HEADER == (int)segment->len
			       ? packet[IPV6_NEXT_HEADER]
			       : IPPROTO_NONE;
	}
	segment->transport_offset = IPV4_HEADER;
	return packet[0] == 0x45 && !is_fragment(packet) &&
			       mv_load_be16(packet + IPV4_TOTAL_LENGTH) == segment->len
		       ? packet[IPV4_PROTOCOL]
		       : IPPROTO_NONE;
}

static void parse_tcp(struct segment *segment)
{
	const uint8_t *tcp = segment->packet + segment->transport_offset;

	if (segment->len < segment->transport_offset + TCP_HEADER) {
		return;
	}
	size_t header = (size_t)(tcp[TCP_DATA_OFFSET] >> 4) * 4;
	uint8_t flags = tcp[TCP_FLAGS];

	segment->kind = MV_COALESCE_TCP;
	segment->header_len = segment->transport_offset + header;
	segment->is_mergeable = header >= TCP_HEADER && segment->header_len < segment->len &&
				(flags & ~TCP_PSH) == TCP_ACK;
}

static void parse_udp(struct segment *segment)
{
	const uint8_t *udp = segment->packet + segment->transport_offset;

	if (segment->len < segment->transport_offset + UDP_HEADER) {
		return;
	}
	segment->kind = MV_COALESCE_UDP;
	segment->header_len = segment->transport_offset + UDP_HEADER;
	/* Without a checksum nobody knows whether it is whole. */
	segment->is_mergeable =
		segment->header_len < segment->len && mv_load_be16(udp + UDP_CHECKSUM) != 0 &&
		mv_load_be16(udp + UDP_LENGTH) == segment->len - segment->transport_offset;
}

static struct segment parse(const struct mv_packet *packet)
{
	struct segment segment = {.packet = packet->data, .len = packet->len};
	uint8_t protocol = parse_ip(&segment);

	if (protocol == IPPROTO_TCP) {
		parse_tcp(&segment);
	} else if (protocol == IPPROTO_UDP) {
		parse_udp(&segment);
	}
	return segment;
}

/* Of the protocol, the addresses and the ports. */
static size_t hash(const struct segment *segment)
{
	size_t len;
	const uint8_t *bytes = addresses(segment->packet, &len);
	uint32_t sum = mv_load_be32(segment->packet + segment->transport_offset) + segment->kind;

	for (size_t i = 0; i < len; i += 4) {
		sum = sum * 0x9e3779b1 + mv_load_be32(bytes + i); /* 2^32 by the golden ratio */
	}
	return (sum * 0x9e3779b1) >> 24;
}

static_assert(MV_COALESCE_SLOTS == 1 << (32 - 24), "the hash is an index of a slot");

/* Over the transport header and what follows. */
static bool verify(const struct segment *segment)
{
	size_t len, covered = segment->len - segment->transport_offset;
	const uint8_t *pseudo = addresses(segment->packet, &len);
	uint64_t sum = mv_checksum_pseudo(pseudo, len,
		segment->kind == MV_COALESCE_TCP ? IPPROTO_TCP : IPPROTO_UDP, (uint32_t)covered);

	sum = mv_checksum_add(sum, segment->packet + segment->transport_offset, covered);
	return mv_checksum_fold(sum) == 0xffff;
}

/* What goes with what */

static const uint8_t *first_packet(
	const struct mv_coalesce *coalesce, const struct mv_coalesced *write)
{
	return coalesce->batch->packets[write->first].data;
}

/* Version, TOS and TTL, or what they are called in IPv6, DF, and the flow: all but the length, the
 * identification and the checksum. */
static bool is_same_ip(const uint8_t *a, const uint8_t *b)
{
	if (is_ipv6(a)) {
		return memcmp(a, b, IPV6_LENGTH) == 0 &&
		       memcmp(a + IPV6_NEXT_HEADER, b + IPV6_NEXT_HEADER,
			       IPV6_HEADER - IPV6_NEXT_HEADER) == 0;
	}
	return memcmp(a, b, IPV4_TOTAL_LENGTH) == 0 &&
	       memcmp(a + IPV4_FRAGMENT, b + IPV4_FRAGMENT, IPV4_CHECKSUM - IPV4_FRAGMENT) == 0 &&
	       memcmp(a + IPV4_ADDRESSES, b + IPV4_ADDRESSES, IPV4_ADDRESSES_LEN) == 0;
}

/* Ports, acknowledgement, window and options, and the sequence goes on. */
static bool is_next_tcp(const uint8_t *a, const uint8_t *b, size_t header, uint32_t payload)
{
	return memcmp(a, b, TCP_SEQUENCE) == 0 &&
	       mv_load_be32(b + TCP_SEQUENCE) == mv_load_be32(a + TCP_SEQUENCE) + payload &&
	       memcmp(a + TCP_ACK_NUMBER, b + TCP_ACK_NUMBER, TCP_FLAGS - TCP_ACK_NUMBER) == 0 &&
	       memcmp(a + TCP_WINDOW, b + TCP_WINDOW, TCP_CHECKSUM - TCP_WINDOW) == 0 &&
	       memcmp(a + TCP_URGENT, b + TCP_URGENT, header - TCP_URGENT) == 0;
}

static bool follows(const struct mv_coalesce *coalesce, const struct mv_coalesced *write,
	const struct segment *segment)
{
	const uint8_t *first = first_packet(coalesce, write);
	const uint8_t *a = first + write->transport_offset;
	const uint8_t *b = segment->packet + segment->transport_offset;
	size_t payload = segment->len - segment->header_len;

	if (!write->is_open || write->kind != segment->kind || !segment->is_mergeable ||
		payload > write->segment_len || write->count == MV_COALESCE_PIECES ||
		write->len + payload > INET_PACKET_MAX ||
		write->header_len != segment->header_len || !is_same_ip(first, segment->packet)) {
		return false;
	}
	return write->kind == MV_COALESCE_UDP
		       ? memcmp(a, b, UDP_LENGTH) == 0
		       : is_next_tcp(a, b, write->header_len - write->transport_offset,
				 write->len - write->header_len);
}

static bool is_pushed(const struct segment *segment)
{
	return segment->kind == MV_COALESCE_TCP &&
	       (segment->packet[segment->transport_offset + TCP_FLAGS] & TCP_PSH);
}

/* A shorter one is the last, and so is one that is to be delivered at once. */
static void append(struct mv_coalesce *coalesce, struct mv_coalesced *write,
	const struct segment *segment, uint16_t at)
{
	size_t payload = segment->len - segment->header_len;

	coalesce->next[write->last] = at;
	write->last = at;
	write->count++;
	write->len += (uint32_t)payload;
	write->is_open = payload == write->segment_len && !is_pushed(segment);
}

static struct segment first_segment(
	const struct mv_coalesce *coalesce, const struct mv_coalesced *write)
{
	return parse(&coalesce->batch->packets[write->first]);
}

/* Both checksums, as late as that: most packets of many flows never come to it. */
static bool may_merge(const struct mv_coalesce *coalesce, struct mv_coalesced *write,
	const struct segment *segment)
{
	if (!follows(coalesce, write, segment)) {
		return false;
	}
	if (!write->is_verified) {
		struct segment first = first_segment(coalesce, write);

		write->is_verified = verify(&first);
	}
	return write->is_verified && verify(segment);
}

static struct mv_coalesced *begin(
	struct mv_coalesce *coalesce, const struct segment *segment, uint16_t at)
{
	struct mv_coalesced *write = &coalesce->writes[coalesce->count++];

	*write = (struct mv_coalesced){.kind = segment->kind,
		.first = at,
		.last = at,
		.count = 1,
		.transport_offset = (uint16_t)segment->transport_offset,
		.header_len = (uint16_t)segment->header_len,
		.len = (uint32_t)segment->len};
	if (segment->is_mergeable && coalesce->merges[segment->kind] && !is_pushed(segment)) {
		write->segment_len = (uint16_t)(segment->len - segment->header_len);
		write->is_open = true;
	}
	return write;
}

static void close_all(struct mv_coalesce *coalesce)
{
	memset(coalesce->slots, 0, sizeof(coalesce->slots));
}

/* Whatever is of a flow and cannot be merged ends what came before it: nothing overtakes it. */
static void add(struct mv_coalesce *coalesce, uint16_t at)
{
	struct segment segment = parse(&coalesce->batch->packets[at]);

	if (segment.kind == MV_COALESCE_NONE) {
		/* A fragment, for one: of which flow it is, it does not tell. */
		close_all(coalesce);
		begin(coalesce, &segment, at);
		return;
	}
	uint16_t *slot = &coalesce->slots[hash(&segment)];
	struct mv_coalesced *write = *slot > 0 ? &coalesce->writes[*slot - 1] : NULL;

	if (write && may_merge(coalesce, write, &segment)) {
		append(coalesce, write, &segment, at);
		return;
	}
	begin(coalesce, &segment, at);
	*slot = (uint16_t)coalesce->count;
}

void mv_coalesce_init(struct mv_coalesce *coalesce, bool merges_tcp, bool merges_udp)
{
	*coalesce = (struct mv_coalesce){0};
	coalesce->merges[MV_COALESCE_TCP] = merges_tcp;
	coalesce->merges[MV_COALESCE_UDP] = merges_udp;
}

void mv_coalesce_batch(struct mv_coalesce *coalesce, struct mv_batch *batch)
{
	coalesce->batch = batch;
	coalesce->count = 0;
	close_all(coalesce);
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->packets[i].live) {
			add(coalesce, (uint16_t)i);
		}
	}
}

/* One write */

static void write_lengths(const struct mv_coalesced *write, uint8_t *packet)
{
	if (is_ipv6(packet)) {
		mv_store_be16(packet + IPV6_LENGTH, (uint16_t)(write->len - IPV6_HEADER));
	} else {
		mv_store_be16(packet + IPV4_TOTAL_LENGTH, (uint16_t)write->len);
		mv_store_be16(packet + IPV4_CHECKSUM, 0);
		mv_checksum_store(packet + IPV4_CHECKSUM, mv_checksum_add(0, packet, IPV4_HEADER));
	}
	if (write->kind == MV_COALESCE_UDP) {
		mv_store_be16(packet + write->transport_offset + UDP_LENGTH,
			(uint16_t)(write->len - write->transport_offset));
	}
}

/* The kernel completes the checksum where it needs one: the field holds the sum of the
 * pseudo-header, not complemented. */
static void write_partial_checksum(
	const struct mv_coalesced *write, uint8_t *packet, const struct virtio_net_hdr *header)
{
	size_t len;
	const uint8_t *pseudo = addresses(packet, &len);
	uint16_t sum = mv_checksum_fold(mv_checksum_pseudo(pseudo, len,
		write->kind == MV_COALESCE_TCP ? IPPROTO_TCP : IPPROTO_UDP,
		write->len - write->transport_offset));

	memcpy(packet + header->csum_start + header->csum_offset, &sum, sizeof(sum));
}

static void describe(
	const struct mv_coalesced *write, const uint8_t *packet, struct virtio_net_hdr *header)
{
	bool is_tcp = write->kind == MV_COALESCE_TCP;

	*header = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4,
		.hdr_len = write->header_len,
		.gso_size = write->segment_len,
		.csum_start = write->transport_offset,
		.csum_offset = is_tcp ? TCP_CHECKSUM : UDP_CHECKSUM};
	if (is_tcp) {
		header->gso_type =
			is_ipv6(packet) ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	}
}

static void merge_headers(struct mv_coalesce *coalesce, const struct mv_coalesced *write,
	struct virtio_net_hdr *header)
{
	struct mv_packet *packets = coalesce->batch->packets;
	uint8_t *first = packets[write->first].data;
	const uint8_t *last = packets[write->last].data;

	memcpy(coalesce->saved, first, write->header_len);
	describe(write, first, header);
	write_lengths(write, first);
	if (write->kind == MV_COALESCE_TCP) {
		size_t flags = write->transport_offset + TCP_FLAGS;

		first[flags] |= last[flags] & TCP_PSH;
	}
	write_partial_checksum(write, first, header);
}

size_t mv_coalesce_finish(struct mv_coalesce *coalesce, const struct mv_coalesced *write,
	struct virtio_net_hdr *header, struct iovec pieces[static MV_COALESCE_PIECES])
{
	struct mv_packet *packets = coalesce->batch->packets;
	uint16_t at = write->first;

	merge_headers(coalesce, write, header);
	pieces[0] = (struct iovec){.iov_base = packets[at].data, .iov_len = packets[at].len};
	for (size_t i = 1; i < write->count; i++) {
		at = coalesce->next[at];
		pieces[i] = (struct iovec){.iov_base = packets[at].data + write->header_len,
			.iov_len = packets[at].len - write->header_len};
	}
	return write->count;
}

bool mv_coalesce_refused(struct mv_coalesce *coalesce, const struct mv_coalesced *write)
{
	memcpy(coalesce->batch->packets[write->first].data, coalesce->saved, write->header_len);
	if (++coalesce->refusals[write->kind] < REFUSALS_MAX) {
		return false;
	}
	coalesce->merges[write->kind] = false;
	return true;
}

void mv_coalesce_accepted(struct mv_coalesce *coalesce, const struct mv_coalesced *write)
{
	coalesce->refusals[write->kind] = 0;
}
