#include "config/hooks.h"

#include <sodium.h>
#include <stdalign.h>
#include <string.h>

#define FIRST_CAPACITY 1024

const char *mv_hook_name(enum mv_hook hook)
{
	static const char *const names[] = {
		[MV_HOOK_PRE_UP] = "PreUp",
		[MV_HOOK_POST_UP] = "PostUp",
		[MV_HOOK_PRE_DOWN] = "PreDown",
		[MV_HOOK_POST_DOWN] = "PostDown",
	};

	return names[hook];
}

/* A piece of locked memory takes whole pages and a place in the kernel's table of mappings, so that
 * commands share one. */
static bool make_room(struct mv_draft_hooks *hooks, size_t size)
{
	size_t capacity = hooks->capacity ? hooks->capacity : FIRST_CAPACITY;
	char *records;

	if (size <= hooks->capacity - hooks->length) {
		return true;
	}
	while (capacity - hooks->length < size) {
		capacity *= 2;
	}
	records = sodium_malloc(capacity);
	if (!records) {
		return false;
	}
	if (hooks->length > 0) {
		memcpy(records, hooks->records, hooks->length);
	}
	sodium_free(hooks->records);
	hooks->records = records;
	hooks->capacity = capacity;
	return true;
}

static void add(struct mv_draft *draft, enum mv_hook hook, const char *command)
{
	struct mv_draft_hooks *hooks = &draft->hooks[hook];
	unsigned line = draft->place.line;
	size_t size = strlen(command) + 1;

	if (!make_room(hooks, sizeof(line) + size)) {
		draft->out_of_memory = true;
		return;
	}
	memcpy(hooks->records + hooks->length, &line, sizeof(line));
	memcpy(hooks->records + hooks->length + sizeof(line), command, size);
	hooks->length += sizeof(line) + size;
	hooks->count++;
}

void mv_hooks_parse_pre_up(struct mv_draft *draft, char *value)
{
	add(draft, MV_HOOK_PRE_UP, value);
}

void mv_hooks_parse_post_up(struct mv_draft *draft, char *value)
{
	add(draft, MV_HOOK_POST_UP, value);
}

void mv_hooks_parse_pre_down(struct mv_draft *draft, char *value)
{
	add(draft, MV_HOOK_PRE_DOWN, value);
}

void mv_hooks_parse_post_down(struct mv_draft *draft, char *value)
{
	add(draft, MV_HOOK_POST_DOWN, value);
}

/* For so many hooks and, behind them, the bytes of their commands. */
static struct mv_config_hook *allocate(size_t count, size_t bytes)
{
	size_t alignment = alignof(max_align_t);
	size_t size = count * sizeof(struct mv_config_hook) + bytes;

	/* sodium_malloc puts the end of the memory at the end of a page, not its beginning. */
	return sodium_malloc((size + alignment - 1) / alignment * alignment);
}

static bool settle(struct mv_config_hooks *result, const struct mv_draft_hooks *hooks)
{
	size_t bytes = hooks->length - hooks->count * sizeof(result->list->line);
	const char *record = hooks->records;
	char *command;

	if (hooks->count == 0) {
		return true;
	}
	result->list = allocate(hooks->count, bytes);
	if (!result->list) {
		return false;
	}
	command = (char *)(result->list + hooks->count);
	for (; result->count < hooks->count; result->count++) {
		struct mv_config_hook *hook = &result->list[result->count];

		memcpy(&hook->line, record, sizeof(hook->line));
		record += sizeof(hook->line);
		hook->command = command;
		command = stpcpy(command, record) + 1;
		record += command - hook->command;
	}
	return true;
}

void mv_hooks_settle(struct mv_draft *draft)
{
	for (size_t i = 0; i < MV_HOOK_COUNT; i++) {
		if (!settle(&draft->config->hooks[i], &draft->hooks[i])) {
			draft->out_of_memory = true;
		}
	}
}
