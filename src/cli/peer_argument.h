/*
 * The argument PEER of commands: a peer of a device by its name, by its public key, or by as much
 * of the key as tells it from the others.
 */
#ifndef MV_CLI_PEER_ARGUMENT_H
#define MV_CLI_PEER_ARGUMENT_H

#include "cli/command.h"
#include "tunnel/peername.h"
#include "tunnel/snapshot.h"

/* So much of a key at the least. */
#define MV_PEER_ARGUMENT_KEY_MIN 4

/* What a peer is known by; both are the caller's. */
struct mv_peer_candidate {
	const char *name; /* empty: none */
	const uint8_t *public_key;
};

/*
 * MV_EXIT_DONE: *found is the index of the one that is meant. A name goes before a key. Otherwise
 * prints why not, and which of them it may be; `device` is whose they are.
 */
enum mv_exit mv_peer_argument_find(size_t *found, const struct mv_peer_candidate *list,
	size_t list_count, const char *device, const char *argument);

/* The same among the peers of a snapshot; *found points into it. */
enum mv_exit mv_peer_argument_in_snapshot(const struct mv_peer_snapshot **found,
	const struct mv_snapshot *snapshot, const char *device, const char *argument);

#endif
