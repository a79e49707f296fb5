#include "cli/keywatch.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/keyfile.h"
#include "config/textfile.h"
#include "edge/filewatch.h"

#define FIRST_CAPACITY 8

/* A file that is being written, or replaced by two steps, is no key for a moment. */
#define GRACE_MS UINT64_C(500)

struct entry {
	struct mv_keywatch *keys;
	struct mv_filewatch *watch;
	uint8_t public_key[MV_KEY_LEN]; /* of the peer */
	int fault;                      /* what the last look found, -errno; 0: a key */
	uint64_t fault_since_ms;        /* in the time of the loop */
	bool fault_is_told;
	char path[];
};

struct mv_keywatch {
	struct mv_loop *loop;
	struct mv_log log;
	struct entry **list; /* by public key */
	size_t count, capacity;
};

static void describe(const struct mv_keywatch *keys, const uint8_t *public_key,
	char text[static MV_PEER_TEXT_MAX])
{
	char name[MV_PEER_NAME_MAX] = "";

	(void)mv_device_peer_name(mv_loop_device(keys->loop), public_key, name);
	mv_peer_text(text, name, public_key);
}

/* The place of the peer in the list, or where it belongs. */
static size_t place_of(const struct mv_keywatch *keys, const uint8_t public_key[static MV_KEY_LEN])
{
	size_t from = 0, to = keys->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct entry *entry = keys->list[middle];

		assert(entry);
		if (memcmp(entry->public_key, public_key, MV_KEY_LEN) < 0) {
			from = middle + 1;
		} else {
			to = middle;
		}
	}
	return from;
}

static struct entry *find(
	const struct mv_keywatch *keys, const uint8_t public_key[static MV_KEY_LEN])
{
	size_t place = place_of(keys, public_key);
	struct entry *entry = place < keys->count ? keys->list[place] : NULL;

	return entry && memcmp(entry->public_key, public_key, MV_KEY_LEN) == 0 ? entry : NULL;
}

/* A look into a file */

static const char *fault_reason(int fault, const struct mv_keyfile *file)
{
	switch (-fault) {
	case EACCES:
	case EPERM:
		return "cannot be read without the privileges that the tunnel has given up: let "
		       "root own it and its folder";
	case EBADMSG:
		return file->reason;
	default:
		return mv_textfile_reason(fault);
	}
}

/* Once for as long as it is the same, and not before it had its time to pass. */
static void on_fault(struct entry *entry, int fault, const struct mv_keyfile *file)
{
	struct mv_keywatch *keys = entry->keys;
	uint64_t now_ms = uv_now(mv_loop_uv(keys->loop));
	char peer[MV_PEER_TEXT_MAX];

	if (entry->fault != fault) {
		entry->fault = fault;
		entry->fault_since_ms = now_ms;
		entry->fault_is_told = false;
	}
	uint64_t passed_ms = now_ms - entry->fault_since_ms;
	bool may_pass = fault == -EBADMSG || fault == -ENOENT;
	if (entry->fault_is_told) {
		return;
	}
	if (may_pass && passed_ms < GRACE_MS) {
		mv_filewatch_look_again(entry->watch, GRACE_MS - passed_ms);
		return;
	}
	entry->fault_is_told = true;
	describe(keys, entry->public_key, peer);
	mv_log(&keys->log, MV_LOG_WARNING, "peer %s keeps its pre-shared key: %s: %s", peer,
		entry->path, fault_reason(fault, file));
}

static void on_key(struct entry *entry, const uint8_t key[static MV_KEY_LEN])
{
	struct mv_keywatch *keys = entry->keys;
	char peer[MV_PEER_TEXT_MAX];
	struct mv_changes changes;

	entry->fault = 0;
	if (mv_device_peer_has_preshared_key(mv_loop_device(keys->loop), entry->public_key, key)) {
		return;
	}
	describe(keys, entry->public_key, peer);
	mv_changes_init(&changes);
	if (mv_changes_add_key(&changes, MV_CHANGE_PEER, entry->public_key) < 0 ||
		mv_changes_add(&changes, MV_CHANGE_UPDATE_ONLY) < 0 ||
		mv_changes_add_key(&changes, MV_CHANGE_PRESHARED_KEY, key) < 0 ||
		mv_loop_apply(keys->loop, &changes) < 0) {
		mv_log(&keys->log, MV_LOG_ERROR, "peer %s: no memory for a pre-shared key", peer);
	} else {
		mv_log(&keys->log, MV_LOG_INFO,
			"peer %s: a new pre-shared key for the next handshake, from %s", peer,
			entry->path);
	}
	mv_changes_uninit(&changes);
}

static void look(void *ctx)
{
	struct entry *entry = ctx;
	uint8_t key[MV_KEY_LEN];
	struct mv_keyfile file;

	int fault = mv_keyfile_read(&file, key, entry->path);
	if (fault == 0 && sodium_is_zero(key, sizeof(key))) {
		file.reason = "all zero, which means no key";
		fault = -EBADMSG;
	}
	if (fault == 0) {
		on_key(entry, key);
	} else {
		on_fault(entry, fault, &file);
	}
	sodium_memzero(key, sizeof(key));
}

/* Which files are watched */

static void forget(struct mv_keywatch *keys, const uint8_t *public_key)
{
	struct entry *entry = find(keys, public_key);

	if (!entry) {
		return;
	}
	size_t place = place_of(keys, public_key);
	memmove(&keys->list[place], &keys->list[place + 1],
		(--keys->count - place) * sizeof(struct entry *));
	mv_filewatch_stop(entry->watch);
	free(entry);
}

static bool make_room(struct mv_keywatch *keys)
{
	size_t capacity = keys->capacity ? 2 * keys->capacity : FIRST_CAPACITY;

	if (keys->count < keys->capacity) {
		return true;
	}
	struct entry **list = realloc(keys->list, capacity * sizeof(struct entry *));
	if (!list) {
		return false;
	}
	keys->list = list;
	keys->capacity = capacity;
	return true;
}

/* NULL without memory, or with what else keeps the file from being watched in *error. */
static struct entry *begin(
	struct mv_keywatch *keys, const uint8_t *public_key, const char *path, int *error)
{
	size_t size = strlen(path) + 1;
	struct entry *entry = make_room(keys) ? calloc(1, sizeof(*entry) + size) : NULL;

	*error = -ENOMEM;
	if (!entry) {
		return NULL;
	}
	entry->keys = keys;
	memcpy(entry->public_key, public_key, MV_KEY_LEN);
	memcpy(entry->path, path, size);
	*error = mv_filewatch_start(&entry->watch, mv_loop_uv(keys->loop), path, look, entry);
	if (*error < 0) {
		free(entry);
		return NULL;
	}
	size_t place = place_of(keys, public_key);
	memmove(&keys->list[place + 1], &keys->list[place],
		(keys->count++ - place) * sizeof(struct entry *));
	keys->list[place] = entry;
	return entry;
}

/* A path that is empty ends it. */
static void set_file(struct mv_keywatch *keys, const uint8_t *public_key, const char *path)
{
	struct entry *entry = find(keys, public_key);
	char peer[MV_PEER_TEXT_MAX];
	int error;

	if (entry && strcmp(entry->path, path) == 0) {
		look(entry);
		return;
	}
	forget(keys, public_key);
	if (!*path) {
		return;
	}
	entry = begin(keys, public_key, path, &error);
	if (entry) {
		/* It may have changed since its key was read. */
		look(entry);
		return;
	}
	describe(keys, public_key, peer);
	mv_log(&keys->log, MV_LOG_WARNING, "peer %s keeps its pre-shared key: cannot watch %s: %s",
		peer, path, strerror(-error));
}

static void forget_all(struct mv_keywatch *keys)
{
	while (keys->count > 0) {
		forget(keys, keys->list[keys->count - 1]->public_key);
	}
}

/* Those that the device did not take, or removed by itself. */
static void forget_without_peer(struct mv_keywatch *keys)
{
	char name[MV_PEER_NAME_MAX];

	for (size_t i = keys->count; i-- > 0;) {
		const uint8_t *public_key = keys->list[i]->public_key;

		if (!mv_device_peer_name(mv_loop_device(keys->loop), public_key, name)) {
			forget(keys, public_key);
		}
	}
}

void mv_keywatch_follow(struct mv_keywatch *keys, const struct mv_changes *changes)
{
	const uint8_t *peer = NULL;

	uv_update_time(mv_loop_uv(keys->loop));
	for (size_t i = 0; i < changes->count; i++) {
		const struct mv_change *change = &changes->list[i];

		if (change->kind == MV_CHANGE_REPLACE_PEERS) {
			forget_all(keys);
		} else if (change->kind == MV_CHANGE_PEER) {
			peer = change->key;
		} else if (peer && change->kind == MV_CHANGE_REMOVE) {
			forget(keys, peer);
		} else if (peer && change->kind == MV_CHANGE_PRESHARED_KEY_FILE) {
			set_file(keys, peer, change->text);
		}
	}
	forget_without_peer(keys);
}

void mv_keywatch_complete(const struct mv_keywatch *keys, struct mv_snapshot *snapshot)
{
	for (size_t i = 0; keys->count > 0 && i < snapshot->peer_count; i++) {
		const struct entry *entry = find(keys, snapshot->peers[i].public_key);

		if (entry) {
			snapshot->peers[i].preshared_key_file = strdup(entry->path);
		}
	}
}

int mv_keywatch_create(struct mv_keywatch **created, struct mv_loop *loop, const struct mv_log *log)
{
	struct mv_keywatch *keys = calloc(1, sizeof(*keys));

	if (!keys) {
		return -ENOMEM;
	}
	keys->loop = loop;
	keys->log = *log;
	*created = keys;
	return 0;
}

void mv_keywatch_close(struct mv_keywatch *keys)
{
	if (keys) {
		forget_all(keys);
		free(keys->list);
		free(keys);
	}
}
