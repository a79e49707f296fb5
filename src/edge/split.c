#include "edge/split.h"

#include <netinet/in.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "edge/inet.h"

/* Begin */

/* The packet is one; what is left of its checksum to the device is to be done. */
static bool begin_plain(struct mv_split *split, const struct virtio_net_hdr *header)
{
	split->segment_len = split->header_len = 0;
	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) {
		return true;
	}
	split->transport_offset = header->csum_start;
	split->checksum_offset = header->csum_offset;
	return split->checksum_offset > 0 &&
	       split->transport_offset + split->checksum_offset + 2 <= split->len;
}

/* The length of the IP header without what may follow it; 0: not the family that was promised. */
static size_t check_version(struct mv_split *split, uint8_t gso_type)
{
	uint8_t version = split->packet[0] >> 4;

	split->is_ipv6 = version == 6;
	if (version == 4 && gso_type != VIRTIO_NET_HDR_GSO_TCPV6) {
		size_t len = (size_t)(split->packet[0] & 0xf) * 4;

		return len >= IPV4_HEADER ? len : 0;
	}
	return version == 6 && gso_type != VIRTIO_NET_HDR_GSO_TCPV4 ? IPV6_HEADER : 0;
}

/* The header says how long it is; hdr_len of the virtio header is a hint, and not looked at. */
static bool begin_transport(struct mv_split *split)
{
	const uint8_t *transport = split->packet + split->transport_offset;
	size_t len = UDP_HEADER;

	split->checksum_offset = UDP_CHECKSUM;
	if (split->is_tcp) {
		split->checksum_offset = TCP_CHECKSUM;
		if (split->transport_offset + TCP_HEADER > split->len) {
			return false;
		}
		len = (size_t)(transport[TCP_DATA_OFFSET] >> 4) * 4;
		if (len < TCP_HEADER) {
			return false;
		}
	}
	split->header_len = split->transport_offset + len;
	/* A segment is a packet itself, and has a payload. */
	return split->header_len < split->len &&
	       split->header_len + split->segment_len <= INET_PACKET_MAX;
}

static bool begin_cut(struct mv_split *split, const struct virtio_net_hdr *header)
{
	uint8_t type = header->gso_type;

	split->is_cut = true;
	split->is_tcp = type != VIRTIO_NET_HDR_GSO_UDP_L4;
	if (type != VIRTIO_NET_HDR_GSO_TCPV4 && type != VIRTIO_NET_HDR_GSO_TCPV6 && split->is_tcp) {
		return false; /* with ECN, which was not asked for, or of fragments */
	}
	split->segment_len = header->gso_size;
	split->transport_offset = header->csum_start;

	size_t ip_len = check_version(split, type);
	return split->segment_len > 0 && ip_len > 0 && split->transport_offset >= ip_len &&
	       begin_transport(split);
}

enum mv_drop mv_split_begin(struct mv_split *split, const struct virtio_net_hdr *header,
	const uint8_t *packet, size_t len)
{
	*split = (struct mv_split){.packet = packet, .len = len};

	if (len == 0) {
		return MV_DROP_NONE;
	}
	bool is_good = len <= INET_PACKET_MAX &&
		       (header->gso_type == VIRTIO_NET_HDR_GSO_NONE ? begin_plain(split, header)
								    : begin_cut(split, header));
	if (!is_good) {
		*split = (struct mv_split){0};
		return MV_DROP_BAD_OFFLOAD;
	}
	split->next = split->header_len;
	return MV_DROP_NONE;
}

/* Next */

/* A sum of zero would mean that there is none (RFC 768). */
static void store_udp_checksum(uint8_t field[static 2], uint64_t sum)
{
	mv_checksum_store(field, sum);
	if (mv_load_be16(field) == 0) {
		mv_store_be16(field, 0xffff);
	}
}

static size_t next_plain(struct mv_split *split, uint8_t *out)
{
	size_t start = split->transport_offset;

	memcpy(out, split->packet, start);
	/* The field holds the sum of the pseudo-header, so it belongs to what is summed. */
	uint64_t sum = mv_checksum_copy(0, out + start, split->packet + start, split->len - start);
	if (split->checksum_offset == UDP_CHECKSUM) {
		store_udp_checksum(out + start + split->checksum_offset, sum);
	} else if (split->checksum_offset > 0) {
		mv_checksum_store(out + start + split->checksum_offset, sum);
	}
	split->next = split->len;
	return split->len;
}

static void write_ip(const struct mv_split *split, uint8_t *out, size_t len)
{
	if (split->is_ipv6) {
		mv_store_be16(out + IPV6_LENGTH, (uint16_t)(len - IPV6_HEADER));
		return;
	}
	mv_store_be16(out + IPV4_TOTAL_LENGTH, (uint16_t)len);
	mv_store_be16(
		out + IPV4_ID, (uint16_t)(mv_load_be16(split->packet + IPV4_ID) + split->index));
	mv_store_be16(out + IPV4_CHECKSUM, 0);
	mv_checksum_store(out + IPV4_CHECKSUM, mv_checksum_add(0, out, (size_t)(out[0] & 0xf) * 4));
}

static void write_tcp(const struct mv_split *split, uint8_t *transport, bool is_last)
{
	uint32_t sequence = mv_load_be32(transport + TCP_SEQUENCE);

	mv_store_be32(
		transport + TCP_SEQUENCE, sequence + split->index * (uint32_t)split->segment_len);
	if (!is_last) {
		transport[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	}
	if (split->index > 0) {
		transport[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	}
}

/* Of what follows the IP header, whose payload was summed while it was copied. */
static void write_checksum(
	const struct mv_split *split, uint8_t *out, size_t len, uint64_t payload_sum)
{
	uint8_t *transport = out + split->transport_offset;
	uint8_t *field = transport + split->checksum_offset;
	size_t offset = split->is_ipv6 ? IPV6_ADDRESSES : IPV4_ADDRESSES;

	mv_store_be16(field, 0);
	uint64_t sum =
		payload_sum + mv_checksum_pseudo(out + offset,
				      split->is_ipv6 ? IPV6_ADDRESSES_LEN : IPV4_ADDRESSES_LEN,
				      split->is_tcp ? IPPROTO_TCP : IPPROTO_UDP,
				      (uint32_t)(len - split->transport_offset));
	sum = mv_checksum_add(sum, transport, split->header_len - split->transport_offset);
	if (split->is_tcp) {
		mv_checksum_store(field, sum);
	} else {
		store_udp_checksum(field, sum);
	}
}

static size_t next_segment(struct mv_split *split, uint8_t *out)
{
	size_t left = split->len - split->next;
	bool is_last = left <= split->segment_len;
	size_t payload = is_last ? left : split->segment_len;
	size_t len = split->header_len + payload;
	uint8_t *transport = out + split->transport_offset;

	memcpy(out, split->packet, split->header_len);
	uint64_t sum =
		mv_checksum_copy(0, out + split->header_len, split->packet + split->next, payload);
	write_ip(split, out, len);
	if (split->is_tcp) {
		write_tcp(split, transport, is_last);
	} else {
		mv_store_be16(transport + UDP_LENGTH, (uint16_t)(UDP_HEADER + payload));
	}
	write_checksum(split, out, len, sum);
	split->next += payload;
	split->index++;
	return len;
}

size_t mv_split_next(struct mv_split *split, uint8_t *out)
{
	if (!mv_split_has_more(split)) {
		return 0;
	}
	return split->is_cut ? next_segment(split, out) : next_plain(split, out);
}

bool mv_split_has_more(const struct mv_split *split)
{
	return split->next < split->len;
}
