/*
 * The text of a peer file to sections and `key = value`, by inih. A reader of our own stands in
 * front of inih: it finds every error of syntax where inih would stop at the first, and hands it
 * nothing that it could take differently from `wg`. What the keys mean is not known here. Pure; any
 * thread.
 *
 * Lines end in LF or CR LF. White space around sections, keys and values does not count, nor does
 * what follows a '#', a line that begins with ';', and a byte-order mark at the very beginning. The
 * values of some keys are taken as they are written: in them a '#' is one character more.
 */
#ifndef MV_CONFIG_INI_H
#define MV_CONFIG_INI_H

#include <stdbool.h>
#include <stddef.h>

#define MV_INI_LINE_MAX ((size_t)1 << 20) /* bytes, without the end of the line */
#define MV_INI_NAME_MAX 48                /* of a section or a key: inih keeps as many */

/* The strings live for the call. */
struct mv_ini_entry {
	unsigned line;
	unsigned key_column;
	unsigned value_column; /* of an empty value: the one behind the '=' */
	const char *key;
	char *value;
};

/*
 * What the text holds, in the order of its lines. Lines and columns count from 1, columns in bytes
 * and without a byte-order mark at the very beginning. White space within strings is one space a
 * byte, so that what stands at an index of a value stands as far behind its column in the line;
 * section and key may hold some as well. Values taken as they are written keep theirs.
 */
struct mv_ini_handler {
	/* Whether the values of this key are taken so; also asked of what turns out to be no key.
	 * NULL: of none. */
	bool (*is_verbatim)(void *ctx, const char *key);
	void (*section)(void *ctx, unsigned line, unsigned column, const char *name);
	void (*entry)(void *ctx, const struct mv_ini_entry *entry);
	/* in_header: the section before has ended, and what this one is called is not known. Column
	 * 0: the line as a whole. */
	void (*error)(void *ctx, unsigned line, unsigned column, bool in_header, const char *text);
};

/*
 * text may hold any bytes. The value of an entry may be empty, may be changed by the handler, and
 * is wiped. 0 or -ENOMEM.
 */
int mv_ini_parse(const char *text, size_t length, const struct mv_ini_handler *handler, void *ctx);

#endif
