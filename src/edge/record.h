/*
 * The file that keeps the timestamps of an identity (tunnel/timestamps) over a restart:
 *
 *   # Times of the last handshakes, see minivpn(8).
 *   OWN-PUBLIC-KEY
 *   PEER-PUBLIC-KEY @4000000069659c0a00000000
 *   sum 3b2a...
 *
 * with keys in base64, timestamps as TAI64N external labels, and a sum (BLAKE2s, line by line) of
 * what stands between comment and sum. It holds no secret. Its name is that of the identity, so
 * that no other tunnel writes over it. A new one takes the place of the old in one step, and is on
 * the disk when the writer returns, so a machine that loses its power has the one or the other,
 * whole. Blocks on the disk: control loop only.
 */
#ifndef MV_EDGE_RECORD_H
#define MV_EDGE_RECORD_H

#include "tunnel/timestamps.h"

#define MV_RECORD_FOLDER   "/var/lib/minivpn"
#define MV_RECORD_PATH_MAX 256

/* FOLDER/KEY.timestamps, the key in base64 for file names (RFC 4648, section 5); returns `path`. */
const char *mv_record_path(char path[static MV_RECORD_PATH_MAX], const char *folder,
	const uint8_t public_key[static MV_KEY_LEN]);

/* Makes the folder if it is missing. 0 if records can be written there, else -errno. */
int mv_record_prepare(const char *folder);

/*
 * The record of this identity. -ENOENT: there is none. -EBADMSG: line *line is not as minivpn wrote
 * it, and nothing of the file is to be trusted. Else -errno. After 0, to be freed by
 * mv_timestamps_uninit.
 */
int mv_record_read(struct mv_timestamps *timestamps, const char *folder,
	const uint8_t public_key[static MV_KEY_LEN], size_t *line);

/* Makes the folder if it is missing. -errno: the old file is still there, or the new one already,
 * which may not be on the disk yet. */
int mv_record_write(const struct mv_timestamps *timestamps, const char *folder);

#endif
