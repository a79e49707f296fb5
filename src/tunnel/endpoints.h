/*
 * Where a peer may be, as its file says it: addresses and names, the best first, and how often the
 * names are asked for again. As a value, and as the text that is the same for the same value, which
 * is how the file, the control socket and the status pass it on:
 *
 *   192.0.2.1:51820, [2001:db8::1]:51820, vpn.example.com:51820 every 300
 *
 * Pure; a list belongs to one thread.
 */
#ifndef MV_TUNNEL_ENDPOINTS_H
#define MV_TUNNEL_ENDPOINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define MV_ENDPOINTS_MAX 16

#define MV_HOST_NAME_MAX 254 /* RFC 1035 section 3.1, as text with its terminator */

/* In brackets, with a port. */
#define MV_ENDPOINTS_ENTRY_TEXT_MAX (MV_HOST_NAME_MAX + 8)

/* How often names may be asked for though all is well, in seconds. */
#define MV_RESOLVE_INTERVAL_MIN_S 10
#define MV_RESOLVE_INTERVAL_MAX_S 86400

struct mv_endpoints_entry {
	struct mv_endpoint address; /* family NONE: a name */
	char *host; /* the name, or an IPv6 address with a scope that only this machine's resolver
		       understands; NULL: an address */
	uint16_t port; /* of the name */
};

struct mv_endpoints {
	struct mv_endpoints_entry *list; /* the best first */
	size_t count;
	uint32_t interval_s; /* of asking for the names again; 0: only when the peer is silent */
};

/* Frees all; the list is empty then. */
void mv_endpoints_clear(struct mv_endpoints *endpoints);

/* Append. The host, which is shorter than MV_HOST_NAME_MAX, is copied. -ENOMEM; -E2BIG: there are
 * MV_ENDPOINTS_MAX. */
int mv_endpoints_add_address(struct mv_endpoints *endpoints, const struct mv_endpoint *address);
int mv_endpoints_add_host(struct mv_endpoints *endpoints, const char *host, uint16_t port);

bool mv_endpoints_have_name(const struct mv_endpoints *endpoints);

/* There is more to know than one address. */
bool mv_endpoints_are_many(const struct mv_endpoints *endpoints);

/* One of them as text; returns `text`. */
const char *mv_endpoints_print_entry(
	char text[static MV_ENDPOINTS_ENTRY_TEXT_MAX], const struct mv_endpoints_entry *entry);

/* All of it. Allocated; NULL: no memory. */
char *mv_endpoints_print(const struct mv_endpoints *endpoints);

/* The entries alone, as they stand in a file. Allocated; NULL: no memory. */
char *mv_endpoints_print_list(const struct mv_endpoints *endpoints);

/* Reads what mv_endpoints_print writes; an empty text is an empty list. 0, -EINVAL, -ENOMEM; the
 * list is empty when it failed. */
int mv_endpoints_parse(struct mv_endpoints *endpoints, const char *text);

#endif
