#include "tunnel/ip.h"

#include "base/bytes.h"

#define IPV4_HEADER_MIN 20
#define IPV6_HEADER     40

static bool parse_ipv4(struct mv_inner *inner, const uint8_t *packet, size_t len)
{
	if (len < IPV4_HEADER_MIN) {
		return false;
	}
	inner->version = 4;
	inner->len = mv_load_be16(packet + 2);
	inner->source = packet + 12;
	inner->destination = packet + 16;
	return inner->len >= IPV4_HEADER_MIN && inner->len <= len;
}

static bool parse_ipv6(struct mv_inner *inner, const uint8_t *packet, size_t len)
{
	if (len < IPV6_HEADER) {
		return false;
	}
	inner->version = 6;
	inner->len = IPV6_HEADER + (size_t)mv_load_be16(packet + 4);
	inner->source = packet + 8;
	inner->destination = packet + 24;
	return inner->len <= len;
}

bool mv_inner_parse(struct mv_inner *inner, const uint8_t *packet, size_t len)
{
	if (len == 0) {
		return false;
	}
	switch (packet[0] >> 4) {
	case 4:
		return parse_ipv4(inner, packet, len);
	case 6:
		return parse_ipv6(inner, packet, len);
	default:
		return false;
	}
}
