/*
 * Endpoints as the system's socket addresses, and back. Pure; any thread.
 */
#ifndef MV_EDGE_SOCKADDR_H
#define MV_EDGE_SOCKADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/addr.h"

/* Returns the length to pass on with it; the endpoint must have a family. */
socklen_t mv_sockaddr_from_endpoint(
	struct sockaddr_storage *address, const struct mv_endpoint *endpoint);

/*
 * False for a family that is neither. An IPv4-mapped IPv6 address becomes the IPv4 address that it
 * is, and a scope is kept only where it means something.
 */
bool mv_sockaddr_to_endpoint(struct mv_endpoint *endpoint, const struct sockaddr *address);

#endif
