#include "tunnel/icmp.h"

#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "tunnel/ip.h"

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define ICMP_HEADER 8

/* RFC 1812 section 4.3.2.3, RFC 4443 section 2.4. */
#define IPV4_ANSWER_MAX 576
#define IPV6_ANSWER_MAX 1280

#define HOP_LIMIT 64

#define PROTOCOL_ICMP   1
#define PROTOCOL_ICMPV6 58

#define FRAGMENT_OFFSET 0x1fff
#define DONT_FRAGMENT   0x4000

static bool is_zero(const uint8_t *bytes, size_t len)
{
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++) {
		any |= bytes[i];
	}
	return any == 0;
}

/* Multicast, the reserved class above it, and broadcast begin with 224 and more; loopback has no
 * business here. */
static bool is_one_ipv4_host(const uint8_t address[static 4])
{
	return address[0] < 224 && address[0] != 127 && address[0] != 0;
}

/* Those are the ICMP messages that ask for an answer; all others are errors or unknown. */
static bool is_icmp_query(uint8_t type)
{
	return type == 0 || type == 8 || type == 13 || type == 14;
}

static bool may_answer_ipv4(const uint8_t *packet, size_t len)
{
	size_t header = (size_t)(packet[0] & 0xf) * 4;

	if (header < IPV4_HEADER || len < header || (mv_load_be16(packet + 6) & FRAGMENT_OFFSET) ||
		!is_one_ipv4_host(packet + 12) || !is_one_ipv4_host(packet + 16)) {
		return false;
	}
	return packet[9] != PROTOCOL_ICMP || (len > header && is_icmp_query(packet[header]));
}

/* Error messages of ICMPv6 have types below 128; so has whatever lies behind an extension header
 * that we do not follow. */
static bool may_answer_ipv6(const uint8_t *packet, size_t len)
{
	const uint8_t *source = packet + 8;
	const uint8_t *destination = packet + 24;
	uint8_t next = packet[6];

	if (source[0] == 0xff || destination[0] == 0xff || is_zero(source, 16)) {
		return false;
	}
	if (next == PROTOCOL_ICMPV6) {
		return len > IPV6_HEADER && packet[IPV6_HEADER] >= 128;
	}
	/* Hop-by-hop, routing, fragment, destination options: an error may hide behind them. */
	return next != 0 && next != 43 && next != 44 && next != 60;
}

bool mv_icmp_may_answer(const uint8_t *packet, size_t len)
{
	struct mv_inner inner;

	if (!mv_inner_parse(&inner, packet, len)) {
		return false;
	}
	return inner.version == 4 ? may_answer_ipv4(packet, len) : may_answer_ipv6(packet, len);
}

bool mv_icmp_is_too_big(const uint8_t *packet, size_t len, uint32_t mtu)
{
	if (mtu == 0 || len <= mtu) {
		return false;
	}
	return packet[0] >> 4 == 6 || (mv_load_be16(packet + 6) & DONT_FRAGMENT);
}

static size_t shorter(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t answer_ipv4(
	uint8_t *answer, enum mv_icmp_error error, const uint8_t *packet, size_t len, uint32_t mtu)
{
	size_t quoted = shorter(len, IPV4_ANSWER_MAX - IPV4_HEADER - ICMP_HEADER);
	size_t total = IPV4_HEADER + ICMP_HEADER + quoted;
	uint8_t *icmp = answer + IPV4_HEADER;
	uint8_t source[4], destination[4];

	memcpy(source, packet + 16, sizeof(source));
	memcpy(destination, packet + 12, sizeof(destination));
	memmove(icmp + ICMP_HEADER, packet, quoted);

	memset(answer, 0, IPV4_HEADER + ICMP_HEADER);
	answer[0] = 0x45;
	mv_store_be16(answer + 2, (uint16_t)total);
	answer[8] = HOP_LIMIT;
	answer[9] = PROTOCOL_ICMP;
	memcpy(answer + 12, source, sizeof(source));
	memcpy(answer + 16, destination, sizeof(destination));
	mv_checksum_store(answer + 10, mv_checksum_add(0, answer, IPV4_HEADER));

	icmp[0] = 3;
	icmp[1] = error == MV_ICMP_TOO_BIG ? 4 : 1;
	if (error == MV_ICMP_TOO_BIG) {
		mv_store_be16(icmp + 6, (uint16_t)mtu); /* RFC 1191 section 4 */
	}
	mv_checksum_store(icmp + 2, mv_checksum_add(0, icmp, ICMP_HEADER + quoted));
	return total;
}

static size_t answer_ipv6(
	uint8_t *answer, enum mv_icmp_error error, const uint8_t *packet, size_t len, uint32_t mtu)
{
	size_t quoted = shorter(len, IPV6_ANSWER_MAX - IPV6_HEADER - ICMP_HEADER);
	size_t payload = ICMP_HEADER + quoted;
	uint8_t *icmp = answer + IPV6_HEADER;
	uint8_t source[16], destination[16];

	memcpy(source, packet + 24, sizeof(source));
	memcpy(destination, packet + 8, sizeof(destination));
	memmove(icmp + ICMP_HEADER, packet, quoted);

	memset(answer, 0, IPV6_HEADER + ICMP_HEADER);
	answer[0] = 0x60;
	mv_store_be16(answer + 4, (uint16_t)payload);
	answer[6] = PROTOCOL_ICMPV6;
	answer[7] = HOP_LIMIT;
	memcpy(answer + 8, source, sizeof(source));
	memcpy(answer + 24, destination, sizeof(destination));

	icmp[0] = error == MV_ICMP_TOO_BIG ? 2 : 1;
	icmp[1] = error == MV_ICMP_TOO_BIG ? 0 : 3;
	if (error == MV_ICMP_TOO_BIG) {
		mv_store_be32(icmp + 4, mtu);
	}
	uint64_t pseudo = mv_checksum_pseudo(answer + 8, 32, PROTOCOL_ICMPV6, (uint32_t)payload);
	mv_checksum_store(icmp + 2, mv_checksum_add(pseudo, icmp, payload));
	return IPV6_HEADER + payload;
}

size_t mv_icmp_answer(
	uint8_t *answer, enum mv_icmp_error error, const uint8_t *packet, size_t len, uint32_t mtu)
{
	return packet[0] >> 4 == 4 ? answer_ipv4(answer, error, packet, len, mtu)
				   : answer_ipv6(answer, error, packet, len, mtu);
}
