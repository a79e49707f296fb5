/*
 * Keys as values of a peer file: as text, or as the path of a file with the text. What is wrong
 * goes to the draft's messages, without the key. Internal to config/.
 */
#ifndef MV_CONFIG_KEYVALUE_H
#define MV_CONFIG_KEYVALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/draft.h"
#include "crypto/x25519.h"

enum mv_keyvalue_kind {
	MV_KEYVALUE_PRIVATE,
	MV_KEYVALUE_PUBLIC,
	MV_KEYVALUE_PRESHARED,
};

/* base64, as `minivpn genkey` prints it. False, and the key wiped, with a message. */
bool mv_keyvalue_from_text(
	struct mv_draft *draft, uint8_t key[static MV_KEY_LEN], const char *text);

/*
 * A path, relative to the folder of the peer file, of a file that holds nothing but such a text; or
 * credential:NAME. False, and the key wiped, with a message. path: takes where that file is, from
 * the root on, in place of what it has; to be freed. NULL: nobody wants to know.
 */
bool mv_keyvalue_from_file(struct mv_draft *draft, enum mv_keyvalue_kind kind,
	uint8_t key[static MV_KEY_LEN], const char *value, char **path);

#endif
