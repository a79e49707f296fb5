/*
 * A growing piece of text that may hold keys: requests and replies of the control socket. Its
 * memory is locked as far as the system allows, and wiped when the text moves or goes. Used by the
 * modules of this layer; a text belongs to one thread.
 */
#ifndef MV_CONTROL_TEXT_H
#define MV_CONTROL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed is empty. */
struct mv_text {
	char *bytes; /* NULL until the first reservation; not terminated by itself */
	size_t len, capacity;
	bool failed; /* a mv_text_printf found no memory: what was printed is not whole */
};

/* Room for `more` bytes behind those that are there. -ENOMEM leaves the text as it was. */
int mv_text_reserve(struct mv_text *text, size_t more);

/* Removes so many bytes at the front and keeps the rest. */
void mv_text_consume(struct mv_text *text, size_t bytes);

/* Appends. Without memory it sets ->failed, and whoever takes the text at the end sees it. */
void mv_text_printf(struct mv_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The text, terminated, and its length without the terminator; NULL if memory failed here or
 * before. It is freed by sodium_free. The text is empty afterwards.
 */
char *mv_text_take(struct mv_text *text, size_t *len);

/* Wipes and frees; the text is empty afterwards. */
void mv_text_uninit(struct mv_text *text);

#endif
