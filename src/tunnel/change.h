/*
 * What to alter in a device, as a value: a list of changes in order. The INI file, the control
 * socket and the resolver each produce one; mv_device_apply (tunnel/device.h) is the only thing
 * that consumes it, whole or not at all. Pure; a list belongs to one thread. It may hold keys: its
 * memory is locked as far as the system allows, and wiped; sodium_init must have been called.
 */
#ifndef MV_TUNNEL_CHANGE_H
#define MV_TUNNEL_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "crypto/x25519.h"
#include "tunnel/peername.h"

/* Those after PEER act on the peer that the last PEER named. */
enum mv_change_kind {
	MV_CHANGE_PRIVATE_KEY,   /* key; all zero removes the identity */
	MV_CHANGE_LISTEN_PORT,   /* number; 0: any. The sockets', which the device passes over */
	MV_CHANGE_FWMARK,        /* number, 0 is none; the sockets', too */
	MV_CHANGE_REPLACE_PEERS, /* removes every peer, at this place of the list */
	MV_CHANGE_PEER,          /* key: the public key; creates the peer if it is missing */
	MV_CHANGE_UPDATE_ONLY,   /* a peer that PEER just created is discarded, and what follows for
				    it ignored */
	MV_CHANGE_REMOVE,        /* removes the peer; what follows for it is ignored */
	MV_CHANGE_PRESHARED_KEY, /* key; all zero means none */
	MV_CHANGE_PRESHARED_KEY_FILE,   /* text: the file that holds it, from the root on, for who
					   watches it; empty: none */
	MV_CHANGE_NAME,                 /* text: what people call the peer; empty: nothing */
	MV_CHANGE_ENDPOINTS,            /* text, as of tunnel/endpoints: where the peer may be; the
					   edge's, and where no address is known the device stages
					   packets meanwhile */
	MV_CHANGE_ENDPOINT,             /* endpoint, in place of all that was said before; family
					   NONE forgets it */
	MV_CHANGE_PERSISTENT_KEEPALIVE, /* seconds, 0 is off */
	MV_CHANGE_REPLACE_ALLOWED_IPS,
	MV_CHANGE_ALLOWED_IP,        /* prefix */
	MV_CHANGE_ALLOWED_IP_REMOVE, /* prefix: only this one, only if this peer owns it */
};

struct mv_change {
	enum mv_change_kind kind;
	union {
		uint8_t key[MV_KEY_LEN];
		struct mv_endpoint endpoint;
		struct mv_prefix prefix;
		uint32_t number;
		uint16_t seconds;
		char *text; /* the list's own */
	};
};

struct mv_changes {
	struct mv_change *list;
	size_t count, capacity;
};

void mv_changes_init(struct mv_changes *changes);

/* Wipes and frees. */
void mv_changes_uninit(struct mv_changes *changes);

/* All return 0 or -ENOMEM, and leave the list as it was then. */
int mv_changes_add(struct mv_changes *changes, enum mv_change_kind kind);
int mv_changes_add_key(
	struct mv_changes *changes, enum mv_change_kind kind, const uint8_t key[static MV_KEY_LEN]);
int mv_changes_add_endpoint(
	struct mv_changes *changes, enum mv_change_kind kind, const struct mv_endpoint *endpoint);
int mv_changes_add_keepalive(struct mv_changes *changes, uint16_t seconds);
int mv_changes_add_number(struct mv_changes *changes, enum mv_change_kind kind, uint32_t number);
int mv_changes_add_prefix(
	struct mv_changes *changes, enum mv_change_kind kind, const struct mv_prefix *prefix);

int mv_changes_add_text(struct mv_changes *changes, enum mv_change_kind kind, const char *text);

/* The last of this kind, which is the one that counts; NULL if there is none. */
const struct mv_change *mv_changes_last(const struct mv_changes *changes, enum mv_change_kind kind);

#endif
