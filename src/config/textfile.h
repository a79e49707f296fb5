/*
 * Reads a small regular file whole into locked memory, for peer files and key files alike. Never
 * waits, whatever the path names. Any thread.
 */
#ifndef MV_CONFIG_TEXTFILE_H
#define MV_CONFIG_TEXTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A peer file of a hundred thousand prefixes takes some MiB. */
#define MV_TEXTFILE_PEER_FILE_MAX ((size_t)16 << 20)

struct mv_textfile {
	char *text; /* may hold any byte; a terminator follows the last one */
	size_t length;
	bool others_may_read; /* the mode lets the group or everybody in */
};

/*
 * 0, or -errno with nothing to free. -EISDIR: a directory; -ENODEV: a pipe, device or socket;
 * -EFBIG: longer than max_bytes.
 */
int mv_textfile_read(struct mv_textfile *file, const char *path, size_t max_bytes);

#define MV_TEXTFILE_HASH_LEN 32

/* Whether two readings had the same text is whether their hashes are the same. */
void mv_textfile_hash(uint8_t hash[static MV_TEXTFILE_HASH_LEN], const struct mv_textfile *file);

/* Wipes and frees. */
void mv_textfile_free(struct mv_textfile *file);

/* A sentence's end for what mv_textfile_read returned: "this is a directory, not a file". */
const char *mv_textfile_reason(int error);

#endif
