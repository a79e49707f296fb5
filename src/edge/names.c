#include "edge/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "edge/clock.h"
#include "edge/where.h"

/* How long the system's resolver waits for servers that are silent: the next question is asked by
 * us, and soon, so two tries have to do. The second also takes an answer to the first, so a server
 * may need 4 s for one. This counts more than the options of resolv.conf; what the environment says
 * already counts more than this. */
#define RESOLVER_OPTIONS "timeout:2 attempts:2"

/* libuv asks for names in half of its threads, so that eight are asked at once: of 40 names that
 * nobody answers the last has its turn after 20 s. All threads are there from the first question
 * on, with 20 KiB each. */
#define RESOLVER_THREADS "16"

/* Of a peer. */
struct place {
	struct mv_names *owner;
	uint8_t public_key[MV_KEY_LEN];
	struct mv_where *where;  /* NULL only within a change */
	struct mv_where *staged; /* takes its place, where is_staged; NULL: nothing does */
	bool is_staged;
};

struct mv_names {
	uv_loop_t *loop;
	struct mv_device *device;
	struct mv_log log;
	bool is_started;
	struct place **list; /* in the order of their keys */
	size_t count, capacity;
};

/* The places by their keys */

static int compare_places(const void *left, const void *right)
{
	const struct place *const *a = left, *const *b = right;

	return memcmp((*a)->public_key, (*b)->public_key, MV_KEY_LEN);
}

static struct place *find(const struct mv_names *names, const uint8_t public_key[static MV_KEY_LEN])
{
	struct place key, *pointer = &key, **found = NULL;

	memcpy(key.public_key, public_key, MV_KEY_LEN);
	if (names->count > 0) {
		found = bsearch(&pointer, names->list, names->count, sizeof(struct place *),
			compare_places);
	}
	return found ? *found : NULL;
}

static bool make_room(struct mv_names *names)
{
	size_t capacity = names->capacity > 0 ? 2 * names->capacity : 8;

	if (names->count < names->capacity) {
		return true;
	}
	struct place **list = realloc(names->list, capacity * sizeof(struct place *));
	if (!list) {
		return false;
	}
	names->list = list;
	names->capacity = capacity;
	return true;
}

/* Found, or made; NULL: no memory. */
static struct place *need(struct mv_names *names, const uint8_t public_key[static MV_KEY_LEN])
{
	struct place *place = find(names, public_key);

	if (place || !make_room(names) || !(place = calloc(1, sizeof(*place)))) {
		return place;
	}
	size_t at = names->count;

	place->owner = names;
	memcpy(place->public_key, public_key, MV_KEY_LEN);
	for (; at > 0 && compare_places(&names->list[at - 1], &place) > 0; at--) {
		names->list[at] = names->list[at - 1];
	}
	names->list[at] = place;
	names->count++;
	return place;
}

static void on_changed(void *ctx)
{
	const struct place *place = ctx;

	mv_where_install(place->where, place->owner->device, place->public_key, &place->owner->log);
}

/* Changes */

static void stage(struct place *place, struct mv_where *where)
{
	mv_where_destroy(place->staged);
	place->staged = where;
	place->is_staged = true;
}

static void stage_all(struct mv_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		stage(names->list[i], NULL);
	}
}

static int stage_list(
	struct mv_names *names, const uint8_t public_key[static MV_KEY_LEN], const char *text)
{
	struct place *place = need(names, public_key);
	struct mv_where *where = NULL;

	if (!place) {
		return -ENOMEM;
	}
	int error =
		*text ? mv_where_create(&where, text, names->loop, &names->log, on_changed, place)
		      : 0;
	if (error == 0) {
		stage(place, where);
	}
	return error;
}

static int prepare(struct mv_names *names, const struct mv_changes *changes)
{
	const uint8_t *public_key = NULL;
	int error = 0;

	for (size_t i = 0; error == 0 && i < changes->count; i++) {
		const struct mv_change *change = &changes->list[i];
		struct place *place = public_key ? find(names, public_key) : NULL;

		if (change->kind == MV_CHANGE_PEER) {
			public_key = change->key;
		} else if (change->kind == MV_CHANGE_REPLACE_PEERS) {
			stage_all(names);
			public_key = NULL;
		} else if (change->kind == MV_CHANGE_ENDPOINTS && public_key) {
			error = stage_list(names, public_key, change->text);
		} else if (place && (change->kind == MV_CHANGE_ENDPOINT ||
					    change->kind == MV_CHANGE_REMOVE)) {
			stage(place, NULL);
		}
		if (change->kind == MV_CHANGE_REMOVE) {
			public_key = NULL; /* What follows for it is ignored. */
		}
	}
	return error;
}

/* A device may refuse a peer, or remove it by itself. */
static void forget_without_peer(struct mv_names *names)
{
	char name[MV_PEER_NAME_MAX];

	for (size_t i = 0; i < names->count; i++) {
		struct place *place = names->list[i];

		if (!mv_device_peer_name(names->device, place->public_key, name)) {
			mv_where_destroy(place->where);
			place->where = NULL;
		}
	}
}

/* Takes out those that have no list. */
static void sweep(struct mv_names *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->count; i++) {
		struct place *place = names->list[i];

		if (place->where) {
			names->list[kept++] = place;
		} else {
			free(place);
		}
	}
	names->count = kept;
}

static void undo(struct mv_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		mv_where_destroy(names->list[i]->staged);
		names->list[i]->staged = NULL;
		names->list[i]->is_staged = false;
	}
	sweep(names);
}

static void exchange(struct place *place)
{
	struct mv_where *old = place->where;
	const struct mv_names *names = place->owner;

	place->where = place->staged;
	place->staged = NULL;
	place->is_staged = false;
	if (place->where && old) {
		mv_where_take_over(place->where, old);
	}
	mv_where_destroy(old);
	if (place->where &&
		mv_where_install(place->where, names->device, place->public_key, &names->log) &&
		names->is_started) {
		mv_where_ask(place->where);
	}
}

static void commit(struct mv_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		if (names->list[i]->is_staged) {
			exchange(names->list[i]);
		}
	}
	forget_without_peer(names);
	sweep(names);
}

int mv_names_apply(struct mv_names *names, const struct mv_changes *changes)
{
	int error = prepare(names, changes);

	if (error == 0) {
		error = mv_device_apply(names->device, changes, mv_clock_sample());
	}
	if (error == 0) {
		commit(names);
	} else {
		undo(names);
	}
	return error;
}

/* Life */

int mv_names_create(struct mv_names **created, uv_loop_t *loop, struct mv_device *device,
	const struct mv_log *log)
{
	struct mv_names *names = calloc(1, sizeof(*names));

	if (!names || setenv("RES_OPTIONS", RESOLVER_OPTIONS, 0) < 0 ||
		setenv("UV_THREADPOOL_SIZE", RESOLVER_THREADS, 0) < 0) {
		free(names);
		return -ENOMEM;
	}
	names->loop = loop;
	names->device = device;
	names->log = *log;
	*created = names;
	return 0;
}

void mv_names_start(struct mv_names *names)
{
	names->is_started = true;
	for (size_t i = 0; i < names->count; i++) {
		mv_where_ask(names->list[i]->where);
	}
}

void mv_names_serve(struct mv_names *names)
{
	uint8_t public_key[MV_KEY_LEN];

	while (mv_candidates_next_wanted(names->device, public_key)) {
		struct place *place = find(names, public_key);

		if (place && names->is_started) {
			mv_where_ask(place->where);
		}
	}
}

void mv_names_hurry(struct mv_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		mv_where_hurry(names->list[i]->where);
	}
}

void mv_names_complete(const struct mv_names *names, struct mv_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->peer_count; i++) {
		struct mv_peer_snapshot *peer = &snapshot->peers[i];
		const struct place *place = find(names, peer->public_key);

		if (place) {
			peer->endpoints = strdup(mv_where_text(place->where));
			peer->endpoints_trouble = mv_where_trouble(place->where);
		}
	}
}

void mv_names_close(struct mv_names *names)
{
	if (!names) {
		return;
	}
	for (size_t i = 0; i < names->count; i++) {
		mv_where_destroy(names->list[i]->where);
		free(names->list[i]);
	}
	free(names->list);
	free(names);
}
