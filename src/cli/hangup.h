/*
 * SIGHUP, as daemons understand it: the peer file has changed. The process that carries a tunnel
 * runs `minivpn reload DEVICE`, and what that prints goes into the log. Belongs to the control
 * loop.
 */
#ifndef MV_CLI_HANGUP_H
#define MV_CLI_HANGUP_H

#include <stdbool.h>
#include <uv.h>

#include "base/log.h"
#include "config/config.h"

struct mv_hangup {
	uv_signal_t signal;
	uv_process_t process;
	uv_pipe_t output;
	char device[MV_DEVICE_NAME_MAX];
	const struct mv_log *log;
	bool is_running, comes_again;
	unsigned open; /* handles of the process that is run */
	size_t len;
	char line[MV_LOG_LINE_MAX];
};

/* From here on. log: outlives the loop, by which all handles are closed at the end. -errno. */
int mv_hangup_start(
	struct mv_hangup *hangup, uv_loop_t *loop, const char *device, const struct mv_log *log);

#endif
