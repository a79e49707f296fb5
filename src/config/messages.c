#include "config/messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 16

static bool is_behind(const struct mv_config_message *a, const struct mv_config_message *b)
{
	return a->line != b->line ? a->line > b->line : a->column > b->column;
}

/* Appends, then moves the message in front of those of later places. */
static bool insert(struct mv_messages *messages, const struct mv_config_message *message)
{
	struct mv_config_message *list = messages->list;
	size_t place = messages->count;

	if (messages->count == messages->capacity) {
		size_t capacity = messages->capacity ? 2 * messages->capacity : FIRST_CAPACITY;

		list = realloc(list, capacity * sizeof(*list));
		if (!list) {
			return false;
		}
		messages->list = list;
		messages->capacity = capacity;
	}
	while (place > 0 && is_behind(&list[place - 1], message)) {
		place--;
	}
	memmove(&list[place + 1], &list[place], (messages->count - place) * sizeof(*list));
	list[place] = *message;
	messages->count++;
	return true;
}

static char *__attribute__((format(printf, 2, 0)))
write_text(const char *key, const char *format, va_list arguments)
{
	char *sentence, *text;

	if (vasprintf(&sentence, format, arguments) < 0) {
		return NULL;
	}
	if (!key) {
		return sentence;
	}
	if (asprintf(&text, "%s: %s", key, sentence) < 0) {
		text = NULL;
	}
	free(sentence);
	return text;
}

void mv_messages_add(struct mv_messages *messages, bool is_error, const struct mv_place *place,
	const char *format, va_list arguments)
{
	struct mv_config_message message = {
		.is_error = is_error, .line = place->line, .column = place->column};
	size_t limit = is_error ? MV_MESSAGES_MAX : MV_MESSAGES_WARNINGS_MAX;

	messages->has_error |= is_error;
	if (messages->count > limit) {
		return;
	}
	if (messages->count == limit) {
		message.text = strdup("there is more to say than this: the rest is left out");
	} else {
		message.text = write_text(place->key, format, arguments);
	}
	if (message.text && insert(messages, &message)) {
		return;
	}
	free(message.text);
	messages->out_of_memory = true;
}

void mv_messages_free(struct mv_config_message *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].text);
	}
	free(list);
}
