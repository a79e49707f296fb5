#include "edge/filewatch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct mv_filewatch {
	uv_fs_event_t event;
	uv_timer_t quiet;
	int open_handles;
	mv_filewatch_changed *changed;
	void *ctx;
	char *watched;    /* the folder that is watched now; has room for the path */
	size_t path_size; /* with its terminator */
	char path[];
};

/* Cuts the last part off; false: this is the root. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || strcmp(path, "/") == 0) {
		return false;
	}
	slash[slash == path ? 1 : 0] = '\0';
	return true;
}

/* Of the path, the part below the watched folder: its length, and where it begins. */
static const char *next_part(const struct mv_filewatch *watch, size_t *length)
{
	const char *part = watch->path + strlen(watch->watched);

	part += strspn(part, "/");
	*length = strcspn(part, "/");
	return part;
}

static bool is_folder_of_file(const struct mv_filewatch *watch)
{
	size_t length;
	const char *part = next_part(watch, &length);

	return part[length] == '\0';
}

/* What came between the file's folder and the one that is watched may be there by now. */
static bool could_go_down(const struct mv_filewatch *watch)
{
	size_t length;
	const char *part = next_part(watch, &length);

	if (part[length] == '\0') {
		return false;
	}
	char *below = strndup(watch->path, (size_t)(part - watch->path) + length);
	bool could = below && access(below, R_OK | X_OK) == 0;
	free(below);
	return could;
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status);

/* The nearest folder that can be watched. -errno of the last that could not. */
static int watch_nearest(struct mv_filewatch *watch)
{
	int error = 0;

	uv_fs_event_stop(&watch->event);
	memcpy(watch->watched, watch->path, watch->path_size);
	while (go_up(watch->watched)) {
		error = uv_fs_event_start(&watch->event, on_event, watch->watched, 0);
		if (error == 0) {
			break;
		}
	}
	return error;
}

/* As deep as it goes. Between the look and the watch a folder may appear, or go: a few times. */
static int descend(struct mv_filewatch *watch)
{
	int error;

	for (int turn = 0; turn < 8; turn++) {
		error = watch_nearest(watch);
		if (error < 0 || !could_go_down(watch)) {
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
static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
	struct mv_filewatch *watch = event->data;
	const char *slash = strrchr(watch->watched, '/');
	size_t length;
	const char *part = next_part(watch, &length);
	bool is_part = !name || status < 0 || is_named(name, part, length);
	bool is_folder = name && strcmp(name, slash + 1) == 0;

	(void)events;
	if (!is_part && !is_folder) {
		return;
	}
	if (is_folder || !is_folder_of_file(watch)) {
		(void)descend(watch);
	}
	uv_timer_start(&watch->quiet, on_quiet, MV_FILEWATCH_QUIET_MS, 0);
}

static void on_closed(uv_handle_t *handle)
{
	struct mv_filewatch *watch = handle->data;

	if (--watch->open_handles == 0) {
		free(watch->watched);
		free(watch);
	}
}

void mv_filewatch_stop(struct mv_filewatch *watch)
{
	if (watch) {
		uv_close((uv_handle_t *)&watch->event, on_closed);
		uv_close((uv_handle_t *)&watch->quiet, on_closed);
	}
}

void mv_filewatch_look_again(struct mv_filewatch *watch, uint64_t delay_ms)
{
	uv_timer_start(&watch->quiet, on_quiet, delay_ms, 0);
}

int mv_filewatch_start(struct mv_filewatch **started, uv_loop_t *loop, const char *path,
	mv_filewatch_changed *changed, void *ctx)
{
	size_t size = strlen(path) + 1;
	struct mv_filewatch *watch = calloc(1, sizeof(*watch) + size);
	char *watched = malloc(size);

	if (!watch || !watched || *path != '/') {
		free(watch);
		free(watched);
		return *path == '/' ? -ENOMEM : -EINVAL;
	}
	memcpy(watch->path, path, size);
	watch->path_size = size;
	watch->watched = watched;
	watch->changed = changed;
	watch->ctx = ctx;
	uv_fs_event_init(loop, &watch->event);
	uv_timer_init(loop, &watch->quiet);
	watch->event.data = watch->quiet.data = watch;
	watch->open_handles = 2;
	int error = descend(watch);
	if (error < 0) {
		mv_filewatch_stop(watch);
		return error;
	}
	*started = watch;
	return 0;
}
