/*
 * What there is to say about a peer file, collected so that all of it is said at once. No text
 * carries a secret. Pure; a list belongs to one thread.
 */
#ifndef MV_CONFIG_MESSAGES_H
#define MV_CONFIG_MESSAGES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

/* A file of nonsense is not answered by as many lines, and warnings never crowd out the errors. */
#define MV_MESSAGES_MAX          1000
#define MV_MESSAGES_WARNINGS_MAX 500

/* What a message speaks of, as far as it is known: 0 and NULL are not. */
struct mv_place {
	unsigned line;
	unsigned column;
	const char *key;
};

struct mv_messages {
	struct mv_config_message *list; /* by place; those of one place in the order they came */
	size_t count, capacity;
	bool has_error;     /* right even for messages beyond the limits */
	bool out_of_memory; /* a message was lost for want of memory */
};

/*
 * The list begins as all zero. The text is "KEY: ..." if there is a key. The first message beyond
 * the limit is replaced by a word that there are more, and the later ones are left out.
 */
void mv_messages_add(struct mv_messages *messages, bool is_error, const struct mv_place *place,
	const char *format, va_list arguments) __attribute__((format(printf, 4, 0)));

void mv_messages_free(struct mv_config_message *list, size_t count);

#endif
