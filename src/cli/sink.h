/*
 * Where the log goes: to stderr as long as somebody reads it there, then to syslog. What the
 * network can make the program say, all of it MV_LOG_DEBUG, is limited: a flood must not fill a
 * disk.
 */
#ifndef MV_CLI_SINK_H
#define MV_CLI_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

/* Zeroed: to stderr. */
struct mv_sink {
	bool to_syslog;
	uint64_t second; /* the present one, in boot time */
	unsigned lines;  /* of MV_LOG_DEBUG, in it */
};

/* A log into the sink, which must outlive it. One thread. */
struct mv_log mv_sink_log(struct mv_sink *sink, enum mv_log_level level);

#endif
