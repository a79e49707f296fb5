#include "control/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FIRST_CAPACITY 4096

int mv_text_reserve(struct mv_text *text, size_t more)
{
	size_t capacity = text->capacity == 0 ? FIRST_CAPACITY : text->capacity;
	char *bytes;

	if (more <= text->capacity - text->len) {
		return 0;
	}
	if (more > SIZE_MAX / 2 - text->len) {
		return -ENOMEM;
	}
	while (capacity < text->len + more) {
		capacity *= 2;
	}
	bytes = sodium_malloc(capacity);
	if (bytes == NULL) {
		return -ENOMEM;
	}
	if (text->len > 0) {
		memcpy(bytes, text->bytes, text->len);
	}
	sodium_free(text->bytes);
	text->bytes = bytes;
	text->capacity = capacity;
	return 0;
}

void mv_text_consume(struct mv_text *text, size_t bytes)
{
	size_t rest = text->len - bytes;

	if (bytes == 0) {
		return;
	}
	memmove(text->bytes, text->bytes + bytes, rest);
	sodium_memzero(text->bytes + rest, bytes);
	text->len = rest;
}

/* What fits is printed in place; what does not tells its length and is printed once more. */
void mv_text_printf(struct mv_text *text, const char *format, ...)
{
	size_t room = text->capacity - text->len;
	va_list args, again;
	int printed;

	va_start(args, format);
	va_copy(again, args);
	printed = vsnprintf(room > 0 ? text->bytes + text->len : NULL, room, format, args);
	if (printed >= 0 && (size_t)printed >= room) {
		if (mv_text_reserve(text, (size_t)printed + 1) == 0) {
			vsnprintf(text->bytes + text->len, (size_t)printed + 1, format, again);
		} else {
			printed = -1;
		}
	}
	va_end(again);
	va_end(args);
	if (printed < 0) {
		text->failed = true;
	} else {
		text->len += (size_t)printed;
	}
}

char *mv_text_take(struct mv_text *text, size_t *len)
{
	char *bytes;

	if (text->failed || mv_text_reserve(text, 1) < 0) {
		mv_text_uninit(text);
		return NULL;
	}
	bytes = text->bytes;
	bytes[text->len] = '\0';
	*len = text->len;
	*text = (struct mv_text){0};
	return bytes;
}

void mv_text_uninit(struct mv_text *text)
{
	sodium_free(text->bytes);
	*text = (struct mv_text){0};
}
