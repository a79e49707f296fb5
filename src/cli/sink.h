/*
 * Where the log goes: to stderr as long as somebody reads it there, then to syslog.
 */
#ifndef MV_CLI_SINK_H
#define MV_CLI_SINK_H

#include <stdbool.h>

#include "base/log.h"

struct mv_sink {
	bool to_syslog;
};

/* A log into the sink, which must outlive it. */
struct mv_log mv_sink_log(struct mv_sink *sink, enum mv_log_level level);

#endif
