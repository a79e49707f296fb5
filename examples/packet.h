/*
 * IPv4 packets shown and made by hand, for tun_reader: what stands in each byte, and why. Who
 * writes into a TUN device plays the network card: the kernel takes the bytes for a packet that has
 * come in.
 */
#ifndef MV_EXAMPLES_PACKET_H
#define MV_EXAMPLES_PACKET_H

#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hexdump.h"

#define PACKET_MAX       65535 /* what the 16 bits of "total length" can say */
#define IPV4_HEADER_LEN  20
#define ECHO_REQUEST_LEN (IPV4_HEADER_LEN + 8)
#define ECHO_ID          0x1234

static const uint8_t here[4] = {10, 0, 0, 1};
static const uint8_t nowhere[4] = {14, 0, 0, 2};

/* 16 bytes a row, two hex digits each. */
static inline void print_rows(const uint8_t *packet, size_t len)
{
	char row[MV_HEXDUMP_TEXT_MAX];

	for (size_t at = 0; at < len; at += MV_HEXDUMP_ROW_BYTES)
		puts(mv_hexdump_row(row, packet + at, len - at));
}

/*
 * The checksum of IPv4 and ICMP (RFC 1071): add up all 16-bit words, add what is carried out of the
 * 16 bits at their low end again, and flip the bits. While the sum is made, its own field is 0.
 */
static inline uint16_t internet_checksum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += mv_load_be16(bytes + i);
	if (len % 2 != 0)
		sum += (uint32_t)bytes[len - 1] << 8;
	while (sum > UINT16_MAX)
		sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)~sum;
}

/* RFC 791, section 3.1. len is that of the whole packet. */
static inline void put_ipv4_header(uint8_t header[static IPV4_HEADER_LEN], size_t len,
	uint8_t protocol, const uint8_t source[static 4], const uint8_t destination[static 4])
{
	memset(header, 0, IPV4_HEADER_LEN);
	header[0] = 4 << 4 | IPV4_HEADER_LEN / 4; /* version, and length in words of 32 bits */
	mv_store_be16(header + 2, (uint16_t)len);
	header[8] = 64; /* time to live */
	header[9] = protocol;
	memcpy(header + 12, source, 4);
	memcpy(header + 16, destination, 4);
	mv_store_be16(header + 10, internet_checksum(header, IPV4_HEADER_LEN));
}

/* A ping without any data (RFC 792): 20 bytes of IPv4, 8 bytes of ICMP. */
static inline void put_echo_request(uint8_t packet[static ECHO_REQUEST_LEN], uint16_t sequence)
{
	uint8_t *icmp = packet + IPV4_HEADER_LEN;

	put_ipv4_header(packet, ECHO_REQUEST_LEN, IPPROTO_ICMP, here, nowhere);
	memset(icmp, 0, 8);
	icmp[0] = ICMP_ECHO;
	mv_store_be16(icmp + 4, ECHO_ID);
	mv_store_be16(icmp + 6, sequence);
	mv_store_be16(icmp + 2, internet_checksum(icmp, 8));
}

#endif
