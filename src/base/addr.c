#include "base/addr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static_assert(MV_IP_TEXT_MAX == INET6_ADDRSTRLEN, "the longest text of an address");

bool mv_decimal_parse(uint64_t *value, const char *text, uint64_t max)
{
	/* strtoull skips white space and takes a sign: the first byte has to be a digit. */
	if (!isdigit((unsigned char)text[0])) {
		return false;
	}

	char *end;
	errno = 0;
	const unsigned long long number = strtoull(text, &end, 10);
	if (*end != '\0' || errno != 0 || number > max) {
		return false;
	}
	*value = number;
	return true;
}

unsigned mv_ip_width(const struct mv_ip *ip)
{
	assert(ip->family != MV_FAMILY_NONE);
	return ip->family == MV_FAMILY_IPV4 ? 32 : 128;
}

bool mv_ip_equal(const struct mv_ip *a, const struct mv_ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool mv_ip_is_link_local(const struct mv_ip *ip)
{
	return ip->family == MV_FAMILY_IPV6 && ip->bytes[0] == 0xfe &&
	       (ip->bytes[1] & 0xc0) == 0x80;
}

bool mv_ip_parse(struct mv_ip *ip, const char *text)
{
	struct mv_ip parsed = {0};

	if (inet_pton(AF_INET, text, parsed.bytes) == 1) {
		parsed.family = MV_FAMILY_IPV4;
	} else if (inet_pton(AF_INET6, text, parsed.bytes) == 1) {
		parsed.family = MV_FAMILY_IPV6;
	} else {
		return false;
	}
	*ip = parsed;
	return true;
}

const char *mv_ip_print(char text[static MV_IP_TEXT_MAX], const struct mv_ip *ip)
{
	if (ip->family == MV_FAMILY_NONE) {
		return memcpy(text, "(none)", sizeof("(none)"));
	}
	const int family = ip->family == MV_FAMILY_IPV4 ? AF_INET : AF_INET6;
	return inet_ntop(family, ip->bytes, text, MV_IP_TEXT_MAX);
}

void mv_prefix_mask(struct mv_prefix *prefix)
{
	for (unsigned i = 0; i < sizeof(prefix->ip.bytes); i++) {
		const unsigned before = 8 * i;
		unsigned kept = prefix->bits > before ? prefix->bits - before : 0;

		if (kept > 8) {
			kept = 8;
		}
		prefix->ip.bytes[i] &= (uint8_t)(0xff00 >> kept);
	}
}

bool mv_prefix_equal(const struct mv_prefix *a, const struct mv_prefix *b)
{
	return a->bits == b->bits && mv_ip_equal(&a->ip, &b->ip);
}

bool mv_prefix_contains(const struct mv_prefix *prefix, const struct mv_ip *ip)
{
	struct mv_prefix outer = *prefix;
	struct mv_prefix inner = {.ip = *ip, .bits = prefix->bits};

	mv_prefix_mask(&outer);
	mv_prefix_mask(&inner);
	return mv_prefix_equal(&outer, &inner);
}

const char *mv_prefix_print(char text[static MV_PREFIX_TEXT_MAX], const struct mv_prefix *prefix)
{
	char address[MV_IP_TEXT_MAX];

	snprintf(text, MV_PREFIX_TEXT_MAX, "%s/%u", mv_ip_print(address, &prefix->ip),
		(unsigned)prefix->bits);
	return text;
}

enum mv_prefix_verdict mv_prefix_parse(struct mv_prefix *prefix, const char *text)
{
	char address[MV_IP_TEXT_MAX];
	struct mv_prefix parsed;
	const size_t address_len = strcspn(text, "/");

	if (address_len >= sizeof(address)) {
		return MV_PREFIX_BAD_ADDRESS;
	}
	memcpy(address, text, address_len);
	address[address_len] = '\0';
	if (!mv_ip_parse(&parsed.ip, address)) {
		return MV_PREFIX_BAD_ADDRESS;
	}

	const unsigned width = mv_ip_width(&parsed.ip);
	uint64_t bits = width;
	if (text[address_len] == '/' && !mv_decimal_parse(&bits, text + address_len + 1, width)) {
		return MV_PREFIX_BAD_LENGTH;
	}
	parsed.bits = (uint8_t)bits;
	*prefix = parsed;
	return MV_PREFIX_OK;
}

bool mv_endpoint_equal(const struct mv_endpoint *a, const struct mv_endpoint *b)
{
	return mv_ip_equal(&a->ip, &b->ip) && a->port == b->port && a->scope_id == b->scope_id;
}

const char *mv_endpoint_print(
	char text[static MV_ENDPOINT_TEXT_MAX], const struct mv_endpoint *endpoint)
{
	char address[MV_IP_TEXT_MAX];
	const unsigned port = endpoint->port;

	mv_ip_print(address, &endpoint->ip);
	if (endpoint->ip.family == MV_FAMILY_NONE) {
		snprintf(text, MV_ENDPOINT_TEXT_MAX, "%s", address);
	} else if (endpoint->ip.family == MV_FAMILY_IPV4) {
		snprintf(text, MV_ENDPOINT_TEXT_MAX, "%s:%u", address, port);
	} else if (endpoint->scope_id == 0) {
		snprintf(text, MV_ENDPOINT_TEXT_MAX, "[%s]:%u", address, port);
	} else {
		snprintf(text, MV_ENDPOINT_TEXT_MAX, "[%s%%%" PRIu32 "]:%u", address,
			endpoint->scope_id, port);
	}
	return text;
}

static bool parse_port(struct mv_endpoint *endpoint, const char *text)
{
	uint64_t port;

	if (!mv_decimal_parse(&port, text, UINT16_MAX) || port == 0) {
		return false;
	}
	endpoint->port = (uint16_t)port;
	return true;
}

/* A scope has one spelling, so 0 is written by leaving it out. */
static bool parse_scope(struct mv_endpoint *endpoint, const char *text)
{
	uint64_t scope_id;

	if (!mv_decimal_parse(&scope_id, text, UINT32_MAX) || scope_id == 0) {
		return false;
	}
	endpoint->scope_id = (uint32_t)scope_id;
	return mv_ip_is_link_local(&endpoint->ip);
}

static bool parse_host_v4(struct mv_endpoint *endpoint, const char *host)
{
	return mv_ip_parse(&endpoint->ip, host) && endpoint->ip.family == MV_FAMILY_IPV4;
}

/* "[v6]" or "[v6%scope]"; cuts the text where its parts end. */
static bool parse_host_v6(struct mv_endpoint *endpoint, char *host)
{
	char *address = host + 1;
	char *bracket = strchr(address, ']');

	if (bracket == NULL || bracket[1] != '\0') {
		return false;
	}
	*bracket = '\0';

	char *scope = strchr(address, '%');
	if (scope != NULL) {
		*scope++ = '\0';
	}
	if (!mv_ip_parse(&endpoint->ip, address) || endpoint->ip.family != MV_FAMILY_IPV6) {
		return false;
	}
	return scope == NULL || parse_scope(endpoint, scope);
}

bool mv_endpoint_parse(struct mv_endpoint *endpoint, const char *text)
{
	char host[MV_ENDPOINT_TEXT_MAX];
	struct mv_endpoint parsed = {0};

	const size_t len = strlen(text);

	if (len >= sizeof(host)) {
		return false;
	}
	memcpy(host, text, len + 1);

	char *colon = strrchr(host, ':');
	if (colon == NULL) {
		return false;
	}
	*colon = '\0';
	if (!parse_port(&parsed, colon + 1)) {
		return false;
	}
	if (!(host[0] == '[' ? parse_host_v6(&parsed, host) : parse_host_v4(&parsed, host))) {
		return false;
	}
	*endpoint = parsed;
	return true;
}
