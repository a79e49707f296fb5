/*
 * IP packets made to order, for the tests of what cuts and merges them.
 */
#ifndef MV_TESTS_UNIT_INET_PACKET_H
#define MV_TESTS_UNIT_INET_PACKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "edge/inet.h"

/* What a packet is made of; all zero but the family is a good one already. */
struct recipe {
	bool is_ipv6, is_udp;
	uint8_t tos, ttl, host, flags; /* flags 0: ACK */
	uint16_t id, fragment, port, window;
	uint32_t sequence, ack, flow_label;
	size_t options_len; /* of TCP, a multiple of 4 */
	uint8_t option;     /* what they are filled with */
	size_t payload_len;
	uint8_t first_byte; /* of the payload, which counts up from it */
};

static inline size_t ip_header_len(const struct recipe *recipe)
{
	return recipe->is_ipv6 ? IPV6_HEADER : IPV4_HEADER;
}

static inline size_t header_len(const struct recipe *recipe)
{
	return ip_header_len(recipe) +
	       (recipe->is_udp ? UDP_HEADER : TCP_HEADER + recipe->options_len);
}

static inline void put_ip(uint8_t *packet, const struct recipe *recipe, size_t len)
{
	uint8_t ttl = recipe->ttl ? recipe->ttl : 64;
	uint8_t protocol = recipe->is_udp ? IPPROTO_UDP : IPPROTO_TCP;

	if (recipe->is_ipv6) {
		mv_store_be32(packet,
			UINT32_C(6) << 28 | (uint32_t)recipe->tos << 20 | recipe->flow_label);
		mv_store_be16(packet + IPV6_LENGTH, (uint16_t)(len - IPV6_HEADER));
		packet[IPV6_NEXT_HEADER] = protocol;
		packet[IPV6_NEXT_HEADER + 1] = ttl;
		packet[IPV6_ADDRESSES] = packet[IPV6_ADDRESSES + 16] = 0xfd;
		packet[IPV6_ADDRESSES + 15] = 1;
		packet[IPV6_ADDRESSES + 31] = (uint8_t)(2 + recipe->host);
		return;
	}
	packet[0] = 0x45;
	packet[1] = recipe->tos;
	mv_store_be16(packet + IPV4_TOTAL_LENGTH, (uint16_t)len);
	mv_store_be16(packet + IPV4_ID, recipe->id);
	mv_store_be16(packet + IPV4_FRAGMENT, recipe->fragment);
	packet[IPV4_TTL] = ttl;
	packet[IPV4_PROTOCOL] = protocol;
	memcpy(packet + IPV4_ADDRESSES,
		(uint8_t[]){10, 0, 0, 1, 10, 0, 0, (uint8_t)(2 + recipe->host)}, 8);
	mv_checksum_store(packet + IPV4_CHECKSUM, mv_checksum_add(0, packet, IPV4_HEADER));
}

static inline void put_transport(uint8_t *transport, const struct recipe *recipe, size_t len)
{
	mv_store_be16(transport, (uint16_t)(1000 + recipe->port));
	mv_store_be16(transport + 2, 2000);
	if (recipe->is_udp) {
		mv_store_be16(transport + UDP_LENGTH, (uint16_t)len);
		return;
	}
	mv_store_be32(transport + TCP_SEQUENCE, recipe->sequence);
	mv_store_be32(transport + TCP_ACK_NUMBER, recipe->ack);
	transport[TCP_DATA_OFFSET] = (uint8_t)((TCP_HEADER + recipe->options_len) / 4 << 4);
	transport[TCP_FLAGS] = recipe->flags ? recipe->flags : TCP_ACK;
	mv_store_be16(transport + TCP_WINDOW, (uint16_t)(500 + recipe->window));
	memset(transport + TCP_HEADER, recipe->option, recipe->options_len);
}

/* The sum of the transport header, its payload and the pseudo-header: 0xffff if it is right. */
static inline uint16_t transport_sum(const uint8_t *packet, size_t len)
{
	bool is_ipv6 = packet[0] >> 4 == 6;
	size_t offset = is_ipv6 ? IPV6_HEADER : IPV4_HEADER;
	uint64_t sum = mv_checksum_pseudo(packet + (is_ipv6 ? IPV6_ADDRESSES : IPV4_ADDRESSES),
		is_ipv6 ? IPV6_ADDRESSES_LEN : IPV4_ADDRESSES_LEN,
		packet[is_ipv6 ? IPV6_NEXT_HEADER : IPV4_PROTOCOL], (uint32_t)(len - offset));

	return mv_checksum_fold(mv_checksum_add(sum, packet + offset, len - offset));
}

/* Checksums included; the packet's length. */
static inline size_t make_packet(uint8_t *packet, const struct recipe *recipe)
{
	size_t len = header_len(recipe) + recipe->payload_len;
	uint8_t *transport = packet + ip_header_len(recipe);
	uint8_t *field = transport + (recipe->is_udp ? UDP_CHECKSUM : TCP_CHECKSUM);

	memset(packet, 0, header_len(recipe));
	put_ip(packet, recipe, len);
	put_transport(transport, recipe, len - ip_header_len(recipe));
	for (size_t i = 0; i < recipe->payload_len; i++) {
		packet[header_len(recipe) + i] = (uint8_t)(recipe->first_byte + i);
	}
	uint16_t sum = (uint16_t)~transport_sum(packet, len);
	if (sum == 0 && recipe->is_udp) {
		sum = 0xffff;
	}
	memcpy(field, &sum, sizeof(sum));
	return len;
}

#endif
