/*
 * Names of endpoints, resolved in the background: it never blocks and never gives up, since a
 * machine that boots has no DNS yet. Belongs to the control loop.
 */
#ifndef MV_EDGE_RESOLVE_H
#define MV_EDGE_RESOLVE_H

#include <stdint.h>
#include <uv.h>

#include "base/addr.h"
#include "base/log.h"
#include "crypto/x25519.h"

struct mv_resolver;

/* Called when a name has an address: the first in the order of the system's resolver. */
typedef void mv_resolved(
	void *ctx, const uint8_t public_key[static MV_KEY_LEN], const struct mv_endpoint *endpoint);

/* -ENOMEM. */
int mv_resolver_create(struct mv_resolver **created, uv_loop_t *loop, const struct mv_log *log,
	mv_resolved *resolved, void *ctx);

/* Begins to resolve the peer's name, which is copied. Tries again with growing pauses of 1 s to 20
 * s until it succeeds. -ENOMEM. */
int mv_resolver_add(struct mv_resolver *resolver, const uint8_t public_key[static MV_KEY_LEN],
	const char *host, uint16_t port);

/*
 * Calls back no more. The memory goes when the loop has run the close callbacks. A question that
 * the system's resolver is still busy with cannot be called off and keeps the loop from closing
 * until it is answered. NULL is allowed.
 */
void mv_resolver_close(struct mv_resolver *resolver);

#endif
