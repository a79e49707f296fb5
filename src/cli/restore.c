#include "cli/restore.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "edge/clock.h"
#include "minivpn/version.h"
#include "proto/tai64n.h"

/* A tunnel that was killed goes on so far ahead of a clock that is right. */
#define TOLERANCE_S 3600

#define MOMENT_TEXT_MAX sizeof("2262-04-11 23:47:16 UTC")

static const char *print_moment(char text[static MOMENT_TEXT_MAX], uint64_t wall_s)
{
	time_t time = (time_t)wall_s;
	struct tm parts;

	gmtime_r(&time, &parts);
	strftime(text, MOMENT_TEXT_MAX, "%Y-%m-%d %H:%M:%S UTC", &parts);
	return text;
}

static uint64_t last_sent_s(const struct mv_timestamps *timestamps)
{
	uint64_t last_s = 0;

	for (size_t i = 0; i < timestamps->count; i++) {
		uint64_t sent_s = mv_tai64n_wall_s(timestamps->list[i].timestamp);

		last_s = sent_s > last_s ? sent_s : last_s;
	}
	return last_s;
}

/* Names the cause before anybody has to look for it: a peer that refuses a handshake for its
 * timestamp keeps silent. */
static void judge_clock(const struct mv_timestamps *timestamps, const struct mv_log *log)
{
	uint64_t now_s = mv_clock_sample().wall_s, last_s = last_sent_s(timestamps);
	char now[MOMENT_TEXT_MAX], last[MOMENT_TEXT_MAX];

	if (last_s > now_s + TOLERANCE_S) {
		mv_log(log, MV_LOG_WARNING,
			"the clock says %s, which is before the last handshake (%s); new ones go "
			"on from that time. Is the clock right?",
			print_moment(now, now_s), print_moment(last, last_s));
	} else if (now_s < MINIVPN_MADE_S) {
		mv_log(log, MV_LOG_WARNING,
			"the clock says %s, which cannot be: a peer that got a later handshake of "
			"this key refuses it until the clock is set",
			print_moment(now, now_s));
	}
}

static void read_record(struct mv_timestamps *timestamps, const char *folder,
	const uint8_t public_key[static MV_KEY_LEN], const struct mv_log *log)
{
	char path[MV_RECORD_PATH_MAX];
	size_t line;

	int error = mv_record_read(timestamps, folder, public_key, &line);
	if (error == 0 || error == -ENOENT) {
		return;
	}
	mv_record_path(path, folder, public_key);
	if (error == -EBADMSG) {
		mv_log(log, MV_LOG_WARNING,
			"%s:%zu: not as minivpn wrote it, so nothing of it is used; the next "
			"handshake writes it anew",
			path, line);
	} else {
		mv_log(log, MV_LOG_WARNING,
			"cannot read the times of the last handshakes from %s: %s", path,
			strerror(-error));
	}
}

void mv_restore_timestamps(struct mv_device *device, const char *folder,
	const uint8_t public_key[static MV_KEY_LEN], const struct mv_log *log)
{
	struct mv_timestamps timestamps;

	int error = mv_record_prepare(folder);
	if (error < 0) {
		mv_log(log, MV_LOG_WARNING,
			"cannot keep the times of the last handshakes in %s: %s; if this machine "
			"starts with a clock that is behind, its peers will refuse it",
			folder, strerror(-error));
	}
	read_record(&timestamps, folder, public_key, log);
	mv_timestamps_restore(device, &timestamps);
	judge_clock(&timestamps, log);
	mv_timestamps_uninit(&timestamps);
}

void mv_restore_new_peers(
	struct mv_device *device, const char *folder, const uint8_t public_key[static MV_KEY_LEN])
{
	struct mv_timestamps timestamps;
	size_t line;

	if (mv_record_read(&timestamps, folder, public_key, &line) == 0) {
		mv_timestamps_restore(device, &timestamps);
		mv_timestamps_uninit(&timestamps);
	}
}
