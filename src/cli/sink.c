#include "cli/sink.h"

#include <stdio.h>
#include <syslog.h>

#include "edge/clock.h"

#define DEBUG_LINES_A_SECOND 50

static void put(const struct mv_sink *sink, enum mv_log_level level, const char *line)
{
	static const int priorities[] = {
		[MV_LOG_ERROR] = LOG_ERR,
		[MV_LOG_WARNING] = LOG_WARNING,
		[MV_LOG_INFO] = LOG_INFO,
		[MV_LOG_DEBUG] = LOG_DEBUG,
	};

	if (sink->to_syslog) {
		syslog(LOG_DAEMON | priorities[level], "%s", line);
	} else {
		fprintf(stderr, "minivpn: %s\n", line);
	}
}

/* How many were left out is said before the next line. */
static void begin_second(struct mv_sink *sink, uint64_t second)
{
	char line[MV_LOG_LINE_MAX];

	if (sink->lines > DEBUG_LINES_A_SECOND) {
		snprintf(line, sizeof(line), "%u lines after the last were left out",
			sink->lines - DEBUG_LINES_A_SECOND);
		put(sink, MV_LOG_DEBUG, line);
	}
	sink->second = second;
	sink->lines = 0;
}

static void write_line(void *ctx, enum mv_log_level level, const char *line)
{
	struct mv_sink *sink = ctx;

	if (level == MV_LOG_DEBUG) {
		uint64_t second = mv_clock_sample().boot_ns / MV_NS_PER_S;

		if (second != sink->second) {
			begin_second(sink, second);
		}
		if (++sink->lines > DEBUG_LINES_A_SECOND) {
			return;
		}
	}
	put(sink, level, line);
}

struct mv_log mv_sink_log(struct mv_sink *sink, enum mv_log_level level)
{
	return (struct mv_log){.level = level, .sink = write_line, .ctx = sink};
}
