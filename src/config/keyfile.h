/*
 * A file that holds nothing but a key as text. Any thread.
 */
#ifndef MV_CONFIG_KEYFILE_H
#define MV_CONFIG_KEYFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/keytext.h"

struct mv_keyfile {
	const char *reason;   /* what is wrong with what it holds; NULL: nothing */
	bool others_may_read; /* as in config/textfile */
};

/*
 * 0: the key was read. -EBADMSG: the file holds none, ->reason is the end of a sentence that says
 * why. Else -errno of mv_textfile_read. The key is wiped where there is none.
 */
int mv_keyfile_read(struct mv_keyfile *file, uint8_t key[static MV_KEY_LEN], const char *path);

/* The end of a sentence for what is not a key; NULL for MV_KEYTEXT_OK. */
const char *mv_keyfile_text_reason(enum mv_keytext_verdict verdict);

#endif
