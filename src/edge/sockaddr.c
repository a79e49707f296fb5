#include "edge/sockaddr.h"

#include <string.h>

socklen_t mv_sockaddr_from_endpoint(
	struct sockaddr_storage *address, const struct mv_endpoint *endpoint)
{
	memset(address, 0, sizeof(*address));
	if (endpoint->ip.family == MV_FAMILY_IPV4) {
		struct sockaddr_in *in = (struct sockaddr_in *)address;

		in->sin_family = AF_INET;
		in->sin_port = htons(endpoint->port);
		memcpy(&in->sin_addr, endpoint->ip.bytes, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(endpoint->port);
	in6->sin6_scope_id = endpoint->scope_id;
	memcpy(&in6->sin6_addr, endpoint->ip.bytes, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

static void from_ipv4(struct mv_endpoint *endpoint, const struct sockaddr_in *in)
{
	endpoint->ip.family = MV_FAMILY_IPV4;
	endpoint->port = ntohs(in->sin_port);
	memcpy(endpoint->ip.bytes, &in->sin_addr, sizeof(in->sin_addr));
}

static void from_ipv6(struct mv_endpoint *endpoint, const struct sockaddr_in6 *in6)
{
	endpoint->port = ntohs(in6->sin6_port);
	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		endpoint->ip.family = MV_FAMILY_IPV4;
		memcpy(endpoint->ip.bytes, in6->sin6_addr.s6_addr + 12, 4);
		return;
	}
	endpoint->ip.family = MV_FAMILY_IPV6;
	memcpy(endpoint->ip.bytes, &in6->sin6_addr, sizeof(in6->sin6_addr));
	if (mv_ip_is_link_local(&endpoint->ip)) {
		endpoint->scope_id = in6->sin6_scope_id;
	}
}

bool mv_sockaddr_to_endpoint(struct mv_endpoint *endpoint, const struct sockaddr *address)
{
	memset(endpoint, 0, sizeof(*endpoint));
	if (address->sa_family == AF_INET) {
		from_ipv4(endpoint, (const void *)address);
	} else if (address->sa_family == AF_INET6) {
		from_ipv6(endpoint, (const void *)address);
	} else {
		return false;
	}
	return true;
}
