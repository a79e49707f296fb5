#include "cli/sink.h"

#include <stdio.h>
#include <syslog.h>

static void write_line(void *ctx, enum mv_log_level level, const char *line)
{
	static const int priorities[] = {
		[MV_LOG_ERROR] = LOG_ERR,
		[MV_LOG_WARNING] = LOG_WARNING,
		[MV_LOG_INFO] = LOG_INFO,
		[MV_LOG_DEBUG] = LOG_DEBUG,
	};
	const struct mv_sink *sink = ctx;

	if (sink->to_syslog) {
		syslog(LOG_DAEMON | priorities[level], "%s", line);
	} else {
		fprintf(stderr, "minivpn: %s\n", line);
	}
}

struct mv_log mv_sink_log(struct mv_sink *sink, enum mv_log_level level)
{
	return (struct mv_log){.level = level, .sink = write_line, .ctx = sink};
}
