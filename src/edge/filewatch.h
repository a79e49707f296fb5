/*
 * Says when a file has become another: written in place, replaced by a rename, gone, or there
 * again, also together with its folder. It is the folder that is watched, by inotify: as long as
 * nothing happens in it there is nothing to do. Where there is no such folder, or it may not be
 * looked into, the nearest one above it is watched until there is. Where links lead to the file,
 * also where a folder on its way is one, the folder of each is watched, and that of the file itself
 * (edge/linkchain). Lives in a libuv loop and belongs to its thread.
 */
#ifndef MV_EDGE_FILEWATCH_H
#define MV_EDGE_FILEWATCH_H

#include <stdint.h>
#include <uv.h>

struct mv_filewatch;

/* Who writes a file does so in some pieces: they are over when nothing came for so long. */
#define MV_FILEWATCH_QUIET_MS 50

typedef void mv_filewatch_changed(void *ctx);

/*
 * path: from the root on. changed: something has happened to it, and nothing more for
 * MV_FILEWATCH_QUIET_MS; what, and whether it is there at all, is to be looked at, and so it is
 * after the start. -ENOMEM, or -errno of inotify; -EINVAL for another path, and
 * -ENAMETOOLONG.
 */
int mv_filewatch_start(struct mv_filewatch **started, uv_loop_t *loop, const char *path,
	mv_filewatch_changed *changed, void *ctx);

/* Calls back once more after so long, if nothing happens before. */
void mv_filewatch_look_again(struct mv_filewatch *watch, uint64_t delay_ms);

/* Calls back no more; may be called from `changed`. The memory goes when the loop has run the close
 * callbacks. NULL is allowed. */
void mv_filewatch_stop(struct mv_filewatch *watch);

#endif
