/*
 * One levelled sink for what the program has to say about its own running. The sink itself is a
 * callback, so that the pure layers can speak without printing. Lines carry no secret. Any thread,
 * if the callback allows it.
 */
#ifndef MV_BASE_LOG_H
#define MV_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>

enum mv_log_level {
	MV_LOG_ERROR,
	MV_LOG_WARNING,
	MV_LOG_INFO,
	MV_LOG_DEBUG,
};

#define MV_LOG_LINE_MAX 256

struct mv_log {
	enum mv_log_level level; /* what lies above it is not formatted at all */
	void (*sink)(void *ctx, enum mv_log_level level, const char *line); /* NULL: silent */
	void *ctx;
};

/* For what is costly to put into words: would a line of this level be seen at all? */
bool mv_log_shows(const struct mv_log *log, enum mv_log_level level);

/* A longer line is cut at MV_LOG_LINE_MAX - 1 bytes; no newline at its end. */
void mv_log(const struct mv_log *log, enum mv_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
