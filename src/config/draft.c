#include "config/draft.h"

#include <assert.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 8

bool mv_draft_init(struct mv_draft *draft, const char *path)
{
	*draft = (struct mv_draft){.path = path};
	draft->config = sodium_malloc(sizeof(*draft->config));
	if (!draft->config) {
		return false;
	}
	*draft->config = (struct mv_config){0};
	return true;
}

void mv_draft_uninit(struct mv_draft *draft)
{
	mv_config_destroy(draft->config);
	mv_messages_free(draft->messages.list, draft->messages.count);
	free(draft->addresses.list);
	free(draft->allowed_ips.list);
	free(draft->excluded_ips.list);
	free(draft->peers);
	sodium_free(draft->compact);
	for (size_t i = 0; i < MV_HOOK_COUNT; i++) {
		sodium_free(draft->hooks[i].records);
	}
	*draft = (struct mv_draft){0};
}

void mv_draft_place(struct mv_draft *draft, unsigned line, unsigned column, const char *key)
{
	draft->place = (struct mv_place){.line = line, .column = column, .key = key};
}

static void copy_without_spaces(char *out, const char *text)
{
	for (; *text; text++) {
		if (*text != ' ') {
			*out++ = *text;
		}
	}
	*out = '\0';
}

/* Values may be keys, so this memory is locked, and wiped when it is left for larger one. */
static bool make_room_to_compact(struct mv_draft *draft, size_t size)
{
	if (size <= draft->compact_size) {
		return true;
	}
	sodium_free(draft->compact);
	draft->compact = sodium_malloc(2 * size);
	draft->compact_size = draft->compact ? 2 * size : 0;
	return draft->compact;
}

char *mv_draft_begin_value(
	struct mv_draft *draft, char *value, unsigned column, bool without_spaces)
{
	draft->place.column = column;
	draft->value = (struct mv_draft_value){.text = value, .column = column};
	if (!without_spaces || !strchr(value, ' ')) {
		return value;
	}
	if (!make_room_to_compact(draft, strlen(value) + 1)) {
		draft->out_of_memory = true;
		return NULL;
	}
	copy_without_spaces(draft->compact, value);
	draft->value.text = draft->compact;
	draft->value.raw = value;
	return draft->compact;
}

/* Goes on to the byte that is the next one without spaces, or to the end. */
static void pass_spaces(struct mv_draft_value *value)
{
	while (value->raw[value->raw_passed] == ' ') {
		value->raw_passed++;
	}
}

void mv_draft_point(struct mv_draft *draft, const char *at)
{
	struct mv_draft_value *value = &draft->value;
	size_t offset = (size_t)(at - value->text);

	if (!value->raw) {
		draft->place.column = value->column + (unsigned)offset;
		return;
	}
	if (offset < value->passed) {
		value->passed = value->raw_passed = 0;
	}
	for (pass_spaces(value); value->passed < offset; pass_spaces(value)) {
		value->passed++;
		value->raw_passed++;
	}
	draft->place.column = value->column + (unsigned)value->raw_passed;
}

void mv_draft_error(struct mv_draft *draft, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	mv_messages_add(&draft->messages, true, &draft->place, format, arguments);
	va_end(arguments);
}

void mv_draft_warning(struct mv_draft *draft, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	mv_messages_add(&draft->messages, false, &draft->place, format, arguments);
	va_end(arguments);
}

/* Both lists of peers grow together. The one with keys is locked; sodium_free wipes the old one. */
static bool grow_peers(struct mv_draft *draft)
{
	struct mv_config *config = draft->config;
	size_t capacity = draft->peer_capacity ? 2 * draft->peer_capacity : FIRST_CAPACITY;
	struct mv_config_peer *peers = sodium_allocarray(capacity, sizeof(*peers));
	struct mv_draft_peer *drafts = realloc(draft->peers, capacity * sizeof(*drafts));

	if (drafts) {
		draft->peers = drafts;
	}
	if (!peers || !drafts) {
		sodium_free(peers);
		return false;
	}
	if (config->peer_count > 0) {
		memcpy(peers, config->peers, config->peer_count * sizeof(*peers));
	}
	sodium_free(config->peers);
	config->peers = peers;
	draft->peer_capacity = capacity;
	return true;
}

void mv_draft_add_peer(struct mv_draft *draft)
{
	struct mv_config *config = draft->config;

	if (config->peer_count == draft->peer_capacity && !grow_peers(draft)) {
		draft->out_of_memory = true;
		draft->section = MV_SECTION_UNKNOWN;
		return;
	}
	config->peers[config->peer_count] = (struct mv_config_peer){.line = draft->place.line};
	draft->peers[config->peer_count] = (struct mv_draft_peer){.column = draft->place.column};
	config->peer_count++;
}

struct mv_config_peer *mv_draft_peer(struct mv_draft *draft)
{
	return &draft->config->peers[draft->config->peer_count - 1];
}

struct mv_given *mv_draft_given(struct mv_draft *draft, enum mv_setting setting)
{
	if (draft->section == MV_SECTION_PEER) {
		assert(setting < MV_SETTING_OF_PEER_COUNT);
		return &draft->peers[draft->config->peer_count - 1].given[setting];
	}
	return &draft->given[setting];
}

void mv_draft_append_prefix(struct mv_draft *draft, struct mv_draft_prefixes *prefixes,
	const struct mv_draft_prefix *prefix)
{
	if (prefixes->count == prefixes->capacity) {
		size_t capacity = prefixes->capacity ? 2 * prefixes->capacity : FIRST_CAPACITY;
		struct mv_draft_prefix *list =
			realloc(prefixes->list, capacity * sizeof(*prefixes->list));

		if (!list) {
			draft->out_of_memory = true;
			return;
		}
		prefixes->list = list;
		prefixes->capacity = capacity;
	}
	prefixes->list[prefixes->count++] = *prefix;
}

void mv_draft_add_prefix(
	struct mv_draft *draft, struct mv_draft_prefixes *prefixes, const struct mv_prefix *prefix)
{
	const struct mv_draft_prefix added = {
		.prefix = *prefix,
		.written = *prefix,
		.line = draft->place.line,
		.column = draft->place.column,
		.peer = draft->config->peer_count - 1,
	};

	mv_draft_append_prefix(draft, prefixes, &added);
}
