/*
 * Addresses, prefixes and endpoints as values: parse, print, compare, mask.
 * Pure; any thread. The edge converts to and from sockaddr.
 */
#ifndef MV_BASE_ADDR_H
#define MV_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mv_family {
	MV_FAMILY_NONE = 0,
	MV_FAMILY_IPV4 = 4,
	MV_FAMILY_IPV6 = 6,
};

/* bytes: network order; IPv4 uses the first four, the others are zero. */
struct mv_ip {
	uint8_t family; /* enum mv_family */
	uint8_t bytes[16];
};

struct mv_prefix {
	struct mv_ip ip;
	uint8_t bits; /* 0..32, 0..128 */
};

/* family MV_FAMILY_NONE: no endpoint known. */
struct mv_endpoint {
	struct mv_ip ip;
	uint16_t port;     /* host order */
	uint32_t scope_id; /* interface index, only for IPv6 link-local addresses, else 0 */
};

/*
 * The own address and interface on which a peer's datagrams come in, and from which it is therefore
 * answered. family MV_FAMILY_NONE: not known, so the kernel chooses.
 */
struct mv_source {
	struct mv_ip ip;
	uint32_t ifindex;
};

#define MV_IP_TEXT_MAX       46 /* INET6_ADDRSTRLEN */
#define MV_PREFIX_TEXT_MAX   (MV_IP_TEXT_MAX + 4)
#define MV_ENDPOINT_TEXT_MAX (MV_IP_TEXT_MAX + 2 + 11 + 6)

/* 32 or 128; the family is not NONE. */
unsigned mv_ip_width(const struct mv_ip *ip);
bool mv_ip_equal(const struct mv_ip *a, const struct mv_ip *b);

/* fe80::/10 (RFC 4291): the addresses that mean something only together with a scope. */
bool mv_ip_is_link_local(const struct mv_ip *ip);

/* Dotted quad or RFC 4291 text, nothing before or after it and no scope; false if it is neither. */
bool mv_ip_parse(struct mv_ip *ip, const char *text);

/* Writes at most MV_IP_TEXT_MAX bytes with the terminator; returns `text`. A family of NONE prints
 * as "(none)". */
const char *mv_ip_print(char text[static MV_IP_TEXT_MAX], const struct mv_ip *ip);

/* Clears the bits behind the prefix length. */
void mv_prefix_mask(struct mv_prefix *prefix);
bool mv_prefix_equal(const struct mv_prefix *a, const struct mv_prefix *b);
bool mv_prefix_contains(const struct mv_prefix *prefix, const struct mv_ip *ip);
const char *mv_prefix_print(char text[static MV_PREFIX_TEXT_MAX], const struct mv_prefix *prefix);

/* Why a prefix was refused; the configuration reader turns it into a sentence. */
enum mv_prefix_verdict {
	MV_PREFIX_OK,
	MV_PREFIX_BAD_ADDRESS,
	MV_PREFIX_BAD_LENGTH,
};

/* "addr" (full length) or "addr/bits". Host bits are kept: mask what must be masked. */
enum mv_prefix_verdict mv_prefix_parse(struct mv_prefix *prefix, const char *text);

bool mv_endpoint_equal(const struct mv_endpoint *a, const struct mv_endpoint *b);

/* "1.2.3.4:port", "[v6]:port" or "[v6%scope]:port" with the scope as a number, as UAPI wants it. */
const char *mv_endpoint_print(
	char text[static MV_ENDPOINT_TEXT_MAX], const struct mv_endpoint *endpoint);

/* Reads what mv_endpoint_print writes; the port is 1..65535, and only a link-local address may have
 * a scope. The endpoint is untouched when the text is refused. */
bool mv_endpoint_parse(struct mv_endpoint *endpoint, const char *text);

/* A decimal number and nothing else ("+1", " 1", "0x1" and "" are refused), at most max. Leading
 * zeros change nothing: "010" is ten. The value is untouched when the text is refused. */
bool mv_decimal_parse(uint64_t *value, const char *text, uint64_t max);

#endif
