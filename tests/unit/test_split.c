/*
 * edge/split against packets that were made one by one, for each rule of wireguard.md section 8.3.
 */
#include "edge/split.h"

#include <criterion/criterion.h>

#include "inet_packet.h"

#define SEGMENT 100

static uint8_t packet[INET_PACKET_MAX];
static uint8_t out[INET_PACKET_MAX];

/* A packet of the kernel's, with its header: whatever the kernel leaves to the device is undone. */
static size_t make_super(
	struct virtio_net_hdr *header, const struct recipe *recipe, uint16_t segment)
{
	size_t len = make_packet(packet, recipe);
	size_t start = ip_header_len(recipe);
	uint8_t type = recipe->is_ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;

	*header = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = recipe->is_udp ? VIRTIO_NET_HDR_GSO_UDP_L4 : type,
		.gso_size = segment,
		.csum_start = (uint16_t)start,
		.csum_offset = recipe->is_udp ? UDP_CHECKSUM : TCP_CHECKSUM};
	memset(packet + start + header->csum_offset, 0xa5, 2);
	return len;
}

/* What the segment of this number has to be. */
static struct recipe expected_segment(
	const struct recipe *whole, size_t number, size_t segment, bool is_last)
{
	struct recipe one = *whole;

	one.id = (uint16_t)(whole->id + number);
	one.sequence = whole->sequence + (uint32_t)(number * segment);
	one.first_byte = (uint8_t)(whole->first_byte + number * segment);
	one.payload_len = is_last ? whole->payload_len - number * segment : segment;
	one.flags = whole->flags ? whole->flags : TCP_ACK;
	if (!is_last) {
		one.flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	}
	if (number > 0) {
		one.flags &= (uint8_t)~TCP_CWR;
	}
	return one;
}

static void expect_split(const struct recipe *recipe, uint16_t segment)
{
	static uint8_t expected[INET_PACKET_MAX];
	struct virtio_net_hdr header;
	struct mv_split split;
	size_t count = (recipe->payload_len + segment - 1) / segment;

	size_t len = make_super(&header, recipe, segment);
	cr_assert_eq(mv_split_begin(&split, &header, packet, len), MV_DROP_NONE);
	for (size_t i = 0; i < count; i++) {
		struct recipe one = expected_segment(recipe, i, segment, i == count - 1);
		size_t expected_len = make_packet(expected, &one);

		cr_assert(mv_split_has_more(&split));
		cr_assert_eq(mv_split_next(&split, out), expected_len, "segment %zu", i);
		for (size_t at = 0; at < expected_len; at++) {
			cr_assert_eq(out[at], expected[at], "segment %zu, byte %zu: %02x, not %02x",
				i, at, out[at], expected[at]);
		}
	}
	cr_expect_not(mv_split_has_more(&split));
	cr_expect_eq(mv_split_next(&split, out), 0);
}

Test(split, tcp_by_ipv4)
{
	expect_split(
		&(struct recipe){.payload_len = 350, .id = 65534, .sequence = 0xfffffff0}, SEGMENT);
	expect_split(&(struct recipe){.payload_len = 300, .fragment = 0x4000}, SEGMENT);
}

Test(split, tcp_by_ipv6)
{
	expect_split(&(struct recipe){.is_ipv6 = true, .payload_len = 350, .flow_label = 0x12345},
		SEGMENT);
}

Test(split, udp_by_ipv4_and_ipv6)
{
	expect_split(&(struct recipe){.is_udp = true, .payload_len = 350, .id = 7}, SEGMENT);
	expect_split(
		&(struct recipe){.is_ipv6 = true, .is_udp = true, .payload_len = 301}, SEGMENT);
}

Test(split, options_are_in_each_segment)
{
	expect_split(&(struct recipe){.payload_len = 250, .options_len = 12, .option = 1}, SEGMENT);
	expect_split(&(struct recipe){.payload_len = 250, .options_len = 40, .option = 1}, SEGMENT);
}

Test(split, fin_and_psh_are_of_the_last_and_cwr_of_the_first)
{
	expect_split(&(struct recipe){.payload_len = 350,
			     .flags = TCP_ACK | TCP_PSH | TCP_FIN | TCP_CWR},
		SEGMENT);
}

Test(split, one_segment_is_whole)
{
	expect_split(
		&(struct recipe){.payload_len = 50, .flags = TCP_ACK | TCP_PSH | TCP_FIN}, SEGMENT);
	expect_split(&(struct recipe){.payload_len = 100}, SEGMENT);
}

Test(split, odd_sizes)
{
	for (uint16_t segment = 1; segment < 40; segment++) {
		expect_split(&(struct recipe){.payload_len = 97}, segment);
		expect_split(&(struct recipe){.is_udp = true, .payload_len = 97}, segment);
	}
}

Test(split, the_largest_there_is)
{
	expect_split(&(struct recipe){.payload_len = INET_PACKET_MAX - 40}, 1380);
	expect_split(&(struct recipe){.payload_len = INET_PACKET_MAX - 40}, 1);
}

/* What the sum of a UDP datagram comes to zero with is sent as all ones. */
Test(split, a_udp_checksum_is_never_zero)
{
	struct recipe recipe = {.is_udp = true, .payload_len = 2};
	struct virtio_net_hdr header;
	struct mv_split split;
	unsigned found = 0;

	size_t len = make_super(&header, &recipe, 2);
	for (unsigned value = 0; value < 65536; value++) {
		mv_store_be16(packet + 28, (uint16_t)value);
		cr_assert_eq(mv_split_begin(&split, &header, packet, len), MV_DROP_NONE);
		cr_assert_eq(mv_split_next(&split, out), len);
		cr_assert_neq(mv_load_be16(out + 26), 0);
		found += mv_load_be16(out + 26) == 0xffff;
	}
	cr_expect_gt(found, 0);
}

/* IPv6 with a header between: its payload length covers that, too. */
Test(split, extension_headers_stay)
{
	struct recipe recipe = {.is_ipv6 = true, .payload_len = 250};
	struct virtio_net_hdr header;
	struct mv_split split;
	static uint8_t longer[INET_PACKET_MAX];

	size_t len = make_super(&header, &recipe, SEGMENT);
	memcpy(longer, packet, IPV6_HEADER);
	longer[IPV6_NEXT_HEADER] = 60; /* destination options, all padding */
	memcpy(longer + IPV6_HEADER, (uint8_t[]){IPPROTO_TCP, 0, 1, 4, 0, 0, 0, 0}, 8);
	memcpy(longer + IPV6_HEADER + 8, packet + IPV6_HEADER, len - IPV6_HEADER);
	header.csum_start = IPV6_HEADER + 8;

	cr_assert_eq(mv_split_begin(&split, &header, longer, len + 8), MV_DROP_NONE);
	cr_assert_eq(mv_split_next(&split, out), 40 + 8 + 20 + SEGMENT);
	cr_expect_eq(mv_load_be16(out + IPV6_LENGTH), 8 + 20 + SEGMENT);
	uint64_t sum = mv_checksum_pseudo(out + 8, 32, IPPROTO_TCP, 20 + SEGMENT);
	cr_expect_eq(mv_checksum_fold(mv_checksum_add(sum, out + 48, 20 + SEGMENT)), 0xffff);
}

/* Packets that are one */

static enum mv_drop begin_plain(struct mv_split *split, const struct virtio_net_hdr *header,
	const struct recipe *recipe, size_t *len)
{
	*len = make_packet(packet, recipe);
	return mv_split_begin(split, header, packet, *len);
}

Test(split, a_plain_packet_passes_as_it_is)
{
	static const struct virtio_net_hdr none;
	struct mv_split split;
	size_t len;

	cr_assert_eq(begin_plain(&split, &none, &(struct recipe){.payload_len = 77}, &len),
		MV_DROP_NONE);
	cr_assert_eq(mv_split_next(&split, out), len);
	cr_expect_eq(memcmp(out, packet, len), 0);
	cr_expect_eq(mv_split_next(&split, out), 0);

	cr_assert_eq(mv_split_begin(&split, &none, packet, 1), MV_DROP_NONE, "whatever it is");
	cr_expect_eq(mv_split_next(&split, out), 1);
	cr_assert_eq(mv_split_begin(&split, &none, packet, 0), MV_DROP_NONE);
	cr_expect_eq(mv_split_next(&split, out), 0);
}

/* The field holds the sum of the pseudo-header then. */
static void expect_completed(const struct recipe *recipe)
{
	struct virtio_net_hdr header;
	struct mv_split split;
	size_t len = make_super(&header, recipe, 0);
	size_t offset = recipe->is_ipv6 ? IPV6_ADDRESSES : IPV4_ADDRESSES;
	uint16_t pseudo = mv_checksum_fold(mv_checksum_pseudo(packet + offset,
		recipe->is_ipv6 ? 32 : 8, recipe->is_udp ? IPPROTO_UDP : IPPROTO_TCP,
		(uint32_t)(len - header.csum_start)));

	memcpy(packet + header.csum_start + header.csum_offset, &pseudo, sizeof(pseudo));
	header.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	cr_assert_eq(mv_split_begin(&split, &header, packet, len), MV_DROP_NONE);
	cr_assert_eq(mv_split_next(&split, out), len);
	make_packet(packet, recipe);
	cr_expect_eq(memcmp(out, packet, len), 0);
}

Test(split, a_checksum_that_was_left_to_the_device_is_completed)
{
	expect_completed(&(struct recipe){.payload_len = 77});
	expect_completed(&(struct recipe){.is_ipv6 = true, .payload_len = 0});
	expect_completed(&(struct recipe){.is_udp = true, .payload_len = 78});
	expect_completed(&(struct recipe){.is_ipv6 = true, .is_udp = true, .payload_len = 1});
}

/* What cannot be */

Test(split, what_cannot_be_leaves_nothing)
{
	static const struct {
		const char *what;
		struct virtio_net_hdr header;
		uint16_t len;
		uint8_t first, data_offset;
	} rows[] = {
		{"a fragmented UDP packet", {0, VIRTIO_NET_HDR_GSO_UDP, 0, 100, 20, 6}, 400, 0x45,
			0x50},
		{"ECN that was not asked for",
			{1, VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN, 0, 100, 20, 16}, 400,
			0x45, 0x50},
		{"an unknown type", {1, 9, 0, 100, 20, 16}, 400, 0x45, 0x50},
		{"IPv6 as IPv4", {1, VIRTIO_NET_HDR_GSO_TCPV4, 0, 100, 40, 16}, 400, 0x60, 0x50},
		{"IPv4 as IPv6", {1, VIRTIO_NET_HDR_GSO_TCPV6, 0, 100, 20, 16}, 400, 0x45, 0x50},
		{"no IP at all", {1, VIRTIO_NET_HDR_GSO_UDP_L4, 0, 100, 20, 6}, 400, 0x55, 0x50},
		{"a short IPv4 header", {1, VIRTIO_NET_HDR_GSO_TCPV4, 0, 100, 20, 16}, 400, 0x44,
			0x50},
		{"no size of a segment", {1, VIRTIO_NET_HDR_GSO_TCPV4, 0, 0, 20, 16}, 400, 0x45,
			0x50},
		{"transport within IPv4", {1, VIRTIO_NET_HDR_GSO_TCPV4, 0, 100, 19, 16}, 400, 0x45,
			0x50},
		{"transport within options", {1, VIRTIO_NET_HDR_GSO_TCPV4, 0, 100, 20, 16}, 400,
			0x46, 0x50},
		{"transport within IPv6", {1, VIRTIO_NET_HDR_GSO_TCPV6, 0, 100, 39, 16}, 400, 0x60,
			0x50},
		{"transport behind the end", {1, VIRTIO_NET_HDR_GSO_TCPV4, 0, 100, 500, 16}, 400,
			0x45, 0x50},
		{"half a TCP header", {1, VIRTIO_NET_HDR_GSO_TCPV4, 0, 100, 20, 16}, 39, 0x45,
			0x50},
		{"half a UDP header", {1, VIRTIO_NET_HDR_GSO_UDP_L4, 0, 100, 20, 6}, 27, 0x45,
			0x50},
		{"a TCP header too short", {1, VIRTIO_NET_HDR_GSO_TCPV4, 0, 100, 20, 16}, 400, 0x45,
			0x40},
		{"options behind the end", {1, VIRTIO_NET_HDR_GSO_TCPV4, 0, 100, 20, 16}, 60, 0x45,
			0xf0},
		{"no payload", {1, VIRTIO_NET_HDR_GSO_TCPV4, 0, 100, 20, 16}, 40, 0x45, 0x50},
		{"a segment larger than a packet", {1, VIRTIO_NET_HDR_GSO_TCPV4, 0, 65535, 20, 16},
			400, 0x45, 0x50},
		{"a field behind the end", {1, VIRTIO_NET_HDR_GSO_NONE, 0, 0, 390, 9}, 400, 0x45,
			0x50},
		{"a field at no place", {1, VIRTIO_NET_HDR_GSO_NONE, 0, 0, 390, 0}, 400, 0x45,
			0x50},
		{"a start behind the end", {1, VIRTIO_NET_HDR_GSO_NONE, 0, 0, 65535, 16}, 400, 0x45,
			0x50},
	};
	struct mv_split split;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(packet, 0, rows[i].len);
		packet[0] = rows[i].first;
		packet[32] = rows[i].data_offset;
		cr_expect_eq(mv_split_begin(&split, &rows[i].header, packet, rows[i].len),
			MV_DROP_BAD_OFFLOAD, "%s", rows[i].what);
		cr_expect_not(mv_split_has_more(&split), "%s", rows[i].what);
		cr_expect_eq(mv_split_next(&split, out), 0);
	}
}
