#include "base/log.h"

#include <stdio.h>

bool mv_log_shows(const struct mv_log *log, enum mv_log_level level)
{
	return log->sink && level <= log->level;
}

void mv_log(const struct mv_log *log, enum mv_log_level level, const char *format, ...)
{
	char line[MV_LOG_LINE_MAX];
	va_list args;

	if (!mv_log_shows(log, level)) {
		return;
	}
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log->sink(log->ctx, level, line);
}
