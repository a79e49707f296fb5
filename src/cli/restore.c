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
			"the clock says %s, but handshakes bear times up to %s: to the peers that "
			"got them they go on from there. Is the clock right?",
			print_moment(now, now_s), print_moment(last, last_s));
	} else if (now_s < MINIVPN_MADE_S) {
		mv_log(log, MV_LOG_WARNING,
			"the clock says %s, which cannot be: a peer that got a later handshake of "
			"this key refuses it until the clock is set",
			print_moment(now, now_s));
	}
}

void mv_restore_timestamps(
	struct mv_device *device, const char *record_path, const struct mv_log *log)
{
	struct mv_timestamps timestamps;
	size_t line;

	int error = mv_record_read(&timestamps, record_path, &line);
	if (error == -EBADMSG) {
		mv_log(log, MV_LOG_WARNING,
			"%s:%zu: not as minivpn wrote it, so nothing of it is used; the next "
			"handshake writes it anew",
			record_path, line);
	} else if (error < 0 && error != -ENOENT) {
		mv_log(log, MV_LOG_WARNING,
			"cannot read the times of the last handshakes from %s: %s; the next "
			"handshake writes it anew",
			record_path, strerror(-error));
	}
	mv_timestamps_restore(device, &timestamps);
	judge_clock(&timestamps, log);
	mv_timestamps_uninit(&timestamps);
}
