/*
 * Where a peer may be, for people: its list of endpoints, with a word at the one in use. Any
 * thread.
 */
#ifndef MV_CONTROL_PLACES_H
#define MV_CONTROL_PLACES_H

#include "tunnel/snapshot.h"

/* "a:51820 (in use), b:51820"; to be freed. NULL: there is nothing to say beside the endpoint, or
 * no memory. */
char *mv_places_text(const struct mv_peer_snapshot *peer);

#endif
