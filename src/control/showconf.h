/*
 * A device as a configuration that `wg setconf` and minivpn read, the way `wg showconf` prints it.
 * Any thread.
 */
#ifndef MV_CONTROL_SHOWCONF_H
#define MV_CONTROL_SHOWCONF_H

#include <stdbool.h>
#include <stddef.h>

#include "tunnel/snapshot.h"

/* Prefixes as a peer file has them. Of those that are equal and stand side by side one is printed.
 */
struct mv_showconf_networks {
	const struct mv_prefix *allowed, *excluded;
	size_t allowed_count, excluded_count;
};

/* What a device does not know of itself, and a peer file does. */
struct mv_showconf_extra {
	const char *interface_lines;  /* that are to stand first in [Interface]; NULL: none */
	const char *private_key_file; /* stands there instead of the key; NULL: the key itself */
	/* What minivpn alone reads is printed, too: the names of peers, endpoints as names and
	 * lists instead of the address in use, and instead of a pre-shared key the file that holds
	 * it, where the snapshot has these. */
	bool is_peer_file;
	/* How the allowed IPs of a peer were written, where not as they are; false: as they are.
	 * NULL: those of every peer. */
	bool (*networks)(void *ctx, const struct mv_snapshot *snapshot,
		const struct mv_peer_snapshot *peer, struct mv_showconf_networks *networks);
	void *ctx;
};

/*
 * extra: NULL is nothing. The text holds keys: give it to mv_uapi_free (control/uapi.h). NULL: no
 * memory.
 */
char *mv_showconf_print(const struct mv_snapshot *snapshot, const struct mv_showconf_extra *extra);

#endif
