/*
 * The file that keeps a device's timestamps (tunnel/timestamps) over a restart:
 *
 *   # What minivpn(8) sent last in handshakes; without it a clock that is behind locks it out.
 *   OWN-PUBLIC-KEY
 *   PEER-PUBLIC-KEY @4000000069659c0a00000000
 *   sum 3b2a...
 *
 * with keys in base64, timestamps as TAI64N external labels, and a sum (BLAKE2s, line by line) of
 * what stands between comment and sum. It holds no secret. A new one takes the place of the old in
 * one step, and is on the disk when the writer returns, so a machine that loses its power has the
 * one or the other, whole. Blocks on the disk: control loop only.
 */
#ifndef MV_EDGE_RECORD_H
#define MV_EDGE_RECORD_H

#include "tunnel/timestamps.h"

#define MV_RECORD_DIRECTORY "/var/lib/minivpn"
#define MV_RECORD_PATH_MAX  64

/* MV_RECORD_DIRECTORY/DEVICE.timestamps; returns `path`. */
const char *mv_record_path(char path[static MV_RECORD_PATH_MAX], const char *device);

/*
 * -ENOENT: there is none. -EBADMSG: line *line is not as minivpn wrote it, and nothing of the file
 * is to be trusted. Else -errno. After 0, to be freed by mv_timestamps_uninit.
 */
int mv_record_read(struct mv_timestamps *timestamps, const char *path, size_t *line);

/* A path as mv_record_path makes it, with a folder in it. Makes that if it is missing. -errno:
 * the old file is still there, or the new one already, which may not be on the disk yet. */
int mv_record_write(const struct mv_timestamps *timestamps, const char *path);

#endif
