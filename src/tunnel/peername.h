/*
 * What people call a peer: which names there may be, and how a peer is called in what they read.
 * Names stand in lines of files, of the control socket, of logs and on terminals, so they never
 * hold what could break out of there. Pure; any thread.
 */
#ifndef MV_TUNNEL_PEERNAME_H
#define MV_TUNNEL_PEERNAME_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/keytext.h"

/* With its terminator. */
#define MV_PEER_NAME_MAX 64

/* A name, and a key in parentheses. */
#define MV_PEER_TEXT_MAX (MV_PEER_NAME_MAX + MV_KEY_BASE64_MAX + 2)

/* What mv_peer_name_is_valid asks for, but that it must not look like a key. */
#define MV_PEER_NAME_RULE                                                                          \
	"a name is up to 63 bytes of printable UTF-8 without '#', and no blank begins or ends it"

/* MV_PEER_NAME_RULE, and nothing that mv_keytext_is_likely takes for a key. */
bool mv_peer_name_is_valid(const char *name);

/* "alice (KEY)", or the key alone where the name is empty. Returns `text`. */
const char *mv_peer_text(char text[static MV_PEER_TEXT_MAX], const char *name,
	const uint8_t public_key[static MV_KEY_LEN]);

#endif
