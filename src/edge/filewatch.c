#include "edge/filewatch.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edge/linkchain.h"

/* Of the chain: a link that leads to the file, or the file itself. */
struct spot {
	uv_fs_event_t event;
	struct mv_filewatch *owner;
	const char *path;
	size_t watched_length; /* the part of it that is the folder that is watched; 0: the root */
};

struct mv_filewatch {
	struct spot spots[MV_LINKCHAIN_MAX]; /* as many as the chain has */
	struct mv_linkchain chain;
	uv_timer_t quiet;
	int open_handles;
	mv_filewatch_changed *changed;
	void *ctx;
	char path[];
};

/* Of the first so many characters of a path, those of the folder that it is in. */
static size_t length_above(const char *path, size_t length)
{
	while (length > 0 && path[length - 1] != '/') {
		length--;
	}
	return length > 0 ? length - 1 : 0;
}

/* The first so many characters. The root has none. */
static const char *cut(char text[static PATH_MAX], const char *path, size_t length)
{
	snprintf(text, PATH_MAX, "%.*s", (int)(length > 0 ? length : 1), path);
	return text;
}

/* Of the path, the part below the watched folder: its length, and where it begins. */
static const char *next_part(const struct spot *spot, size_t *length)
{
	const char *part = spot->path + spot->watched_length;

	part += strspn(part, "/");
	*length = strcspn(part, "/");
	return part;
}

/* What came between the last part's folder and the one that is watched may be there by now. */
static bool could_go_down(const struct spot *spot)
{
	char below[PATH_MAX];
	size_t length;
	const char *part = next_part(spot, &length);

	return part[length] && access(cut(below, spot->path, (size_t)(part - spot->path) + length),
				       R_OK | X_OK) == 0;
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status);

/* The nearest folder that can be watched. -errno of the last that could not. */
static int watch_nearest(struct spot *spot)
{
	size_t length = strlen(spot->path);
	char folder[PATH_MAX];
	int error;

	do {
		length = length_above(spot->path, length);
		error = uv_fs_event_start(
			&spot->event, on_event, cut(folder, spot->path, length), 0);
	} while (error < 0 && length > 0);
	spot->watched_length = length;
	return error;
}

static int watch_chain(struct mv_filewatch *watch)
{
	struct mv_linkchain chain;
	int error = mv_linkchain_follow(&chain, watch->path);

	if (error < 0) {
		return error;
	}
	for (size_t i = 0; i < watch->chain.count; i++) {
		uv_fs_event_stop(&watch->spots[i].event);
	}
	mv_linkchain_clear(&watch->chain);
	watch->chain = chain;
	for (size_t i = 0; error == 0 && i < chain.count; i++) {
		watch->spots[i].path = chain.paths[i];
		error = watch_nearest(&watch->spots[i]);
	}
	return error;
}

static bool leads_elsewhere(const struct mv_filewatch *watch)
{
	struct mv_linkchain chain;
	bool could = false;

	if (mv_linkchain_follow(&chain, watch->path) < 0) {
		return false;
	}
	for (size_t i = 0; i < watch->chain.count; i++) {
		could |= could_go_down(&watch->spots[i]);
	}
	could |= !mv_linkchain_equal(&chain, &watch->chain);
	mv_linkchain_clear(&chain);
	return could;
}

/* As far as it goes. Between the look and the watch a folder may appear, or go, or a link be
 * another: a few times. */
static int settle(struct mv_filewatch *watch)
{
	int error;

	for (int turn = 0; turn < 8; turn++) {
		error = watch_chain(watch);
		if (error < 0 || !leads_elsewhere(watch)) {
			break;
		}
	}
	return error;
}

static void on_quiet(uv_timer_t *timer)
{
	struct mv_filewatch *watch = timer->data;

	watch->changed(watch->ctx);
}

static bool is_named(const char *name, const char *part, size_t length)
{
	return strlen(name) == length && memcmp(name, part, length) == 0;
}

/* A name that is that of the folder itself says that it was moved or is gone. */
static bool is_folder(const struct spot *spot, const char *name)
{
	size_t from = length_above(spot->path, spot->watched_length) + 1;

	return from < spot->watched_length &&
	       is_named(name, spot->path + from, spot->watched_length - from);
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
	const struct spot *spot = event->data;
	struct mv_filewatch *watch = spot->owner;
	size_t length;
	const char *part = next_part(spot, &length);

	(void)events;
	if (name && status >= 0 && !is_named(name, part, length) && !is_folder(spot, name)) {
		return;
	}
	(void)settle(watch);
	uv_timer_start(&watch->quiet, on_quiet, MV_FILEWATCH_QUIET_MS, 0);
}

static void on_closed(struct mv_filewatch *watch)
{
	if (--watch->open_handles == 0) {
		mv_linkchain_clear(&watch->chain);
		free(watch);
	}
}

static void on_spot_closed(uv_handle_t *handle)
{
	struct spot *spot = handle->data;

	on_closed(spot->owner);
}

static void on_timer_closed(uv_handle_t *handle)
{
	on_closed(handle->data);
}

void mv_filewatch_stop(struct mv_filewatch *watch)
{
	if (!watch) {
		return;
	}
	for (size_t i = 0; i < MV_LINKCHAIN_MAX; i++) {
		uv_close((uv_handle_t *)&watch->spots[i].event, on_spot_closed);
	}
	uv_close((uv_handle_t *)&watch->quiet, on_timer_closed);
}

void mv_filewatch_look_again(struct mv_filewatch *watch, uint64_t delay_ms)
{
	uv_timer_start(&watch->quiet, on_quiet, delay_ms, 0);
}

static void open_handles(struct mv_filewatch *watch, uv_loop_t *loop)
{
	for (size_t i = 0; i < MV_LINKCHAIN_MAX; i++) {
		uv_fs_event_init(loop, &watch->spots[i].event);
		watch->spots[i].event.data = &watch->spots[i];
		watch->spots[i].owner = watch;
	}
	uv_timer_init(loop, &watch->quiet);
	watch->quiet.data = watch;
	watch->open_handles = MV_LINKCHAIN_MAX + 1;
}

int mv_filewatch_start(struct mv_filewatch **started, uv_loop_t *loop, const char *path,
	mv_filewatch_changed *changed, void *ctx)
{
	size_t size = strlen(path) + 1;

	if (*path != '/') {
		return -EINVAL;
	}
	struct mv_filewatch *watch = calloc(1, sizeof(*watch) + size);
	if (!watch) {
		return -ENOMEM;
	}
	memcpy(watch->path, path, size);
	watch->changed = changed;
	watch->ctx = ctx;
	open_handles(watch, loop);
	int error = settle(watch);
	if (error < 0) {
		mv_filewatch_stop(watch);
		return error;
	}
	*started = watch;
	return 0;
}
