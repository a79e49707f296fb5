#include "tunnel/change.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 16

void mv_changes_init(struct mv_changes *changes)
{
	*changes = (struct mv_changes){0};
}

static bool has_text(const struct mv_change *change)
{
	return change->kind == MV_CHANGE_NAME || change->kind == MV_CHANGE_ENDPOINTS ||
	       change->kind == MV_CHANGE_PRESHARED_KEY_FILE;
}

void mv_changes_uninit(struct mv_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		if (has_text(&changes->list[i])) {
			free(changes->list[i].text);
		}
	}
	sodium_free(changes->list);
	mv_changes_init(changes);
}

/* sodium_free wipes the old list, which realloc would leave behind with its keys. */
static int grow(struct mv_changes *changes)
{
	size_t capacity = changes->capacity == 0 ? FIRST_CAPACITY : 2 * changes->capacity;
	struct mv_change *list = sodium_allocarray(capacity, sizeof(*list));

	if (list == NULL) {
		return -ENOMEM;
	}
	if (changes->count > 0) {
		memcpy(list, changes->list, changes->count * sizeof(*list));
	}
	sodium_free(changes->list);
	changes->list = list;
	changes->capacity = capacity;
	return 0;
}

/* A new entry at the end with nothing but its kind; NULL without memory. */
static struct mv_change *append(struct mv_changes *changes, enum mv_change_kind kind)
{
	struct mv_change *change;

	if (changes->count == changes->capacity && grow(changes) < 0) {
		return NULL;
	}
	change = &changes->list[changes->count++];
	*change = (struct mv_change){.kind = kind};
	return change;
}

int mv_changes_add(struct mv_changes *changes, enum mv_change_kind kind)
{
	return append(changes, kind) != NULL ? 0 : -ENOMEM;
}

int mv_changes_add_key(
	struct mv_changes *changes, enum mv_change_kind kind, const uint8_t key[static MV_KEY_LEN])
{
	struct mv_change *change;

	assert(kind == MV_CHANGE_PRIVATE_KEY || kind == MV_CHANGE_PEER ||
		kind == MV_CHANGE_PRESHARED_KEY);
	change = append(changes, kind);
	if (change == NULL) {
		return -ENOMEM;
	}
	memcpy(change->key, key, sizeof(change->key));
	return 0;
}

int mv_changes_add_endpoint(
	struct mv_changes *changes, enum mv_change_kind kind, const struct mv_endpoint *endpoint)
{
	struct mv_change *change;

	assert(kind == MV_CHANGE_ENDPOINT);
	change = append(changes, kind);
	if (change == NULL) {
		return -ENOMEM;
	}
	change->endpoint = *endpoint;
	return 0;
}

int mv_changes_add_keepalive(struct mv_changes *changes, uint16_t seconds)
{
	struct mv_change *change = append(changes, MV_CHANGE_PERSISTENT_KEEPALIVE);

	if (change == NULL) {
		return -ENOMEM;
	}
	change->seconds = seconds;
	return 0;
}

int mv_changes_add_number(struct mv_changes *changes, enum mv_change_kind kind, uint32_t number)
{
	struct mv_change *change;

	assert(kind == MV_CHANGE_LISTEN_PORT || kind == MV_CHANGE_FWMARK);
	change = append(changes, kind);
	if (change == NULL) {
		return -ENOMEM;
	}
	change->number = number;
	return 0;
}

int mv_changes_add_prefix(
	struct mv_changes *changes, enum mv_change_kind kind, const struct mv_prefix *prefix)
{
	struct mv_change *change;

	assert(kind == MV_CHANGE_ALLOWED_IP || kind == MV_CHANGE_ALLOWED_IP_REMOVE);
	change = append(changes, kind);
	if (change == NULL) {
		return -ENOMEM;
	}
	change->prefix = *prefix;
	return 0;
}

int mv_changes_add_text(struct mv_changes *changes, enum mv_change_kind kind, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = malloc(size);
	struct mv_change *change = copy ? append(changes, kind) : NULL;

	if (change == NULL) {
		free(copy);
		return -ENOMEM;
	}
	assert(has_text(change));
	memcpy(copy, text, size);
	change->text = copy;
	return 0;
}

const struct mv_change *mv_changes_last(const struct mv_changes *changes, enum mv_change_kind kind)
{
	for (size_t i = changes->count; i-- > 0;) {
		if (changes->list[i].kind == kind) {
			return &changes->list[i];
		}
	}
	return NULL;
}
