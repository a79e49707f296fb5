/*
 * The signals that ask a program to end: SIGINT, SIGTERM, and SIGHUP, by which a terminal ends what
 * runs on it, unless that was told not to care. Belongs to the thread of the loop.
 */
#ifndef MV_EDGE_SIGNALS_H
#define MV_EDGE_SIGNALS_H

#include <stdbool.h>
#include <uv.h>

#define MV_SIGNALS_COUNT 3

struct mv_signals {
	uv_signal_t handles[MV_SIGNALS_COUNT];
	void (*came)(void *ctx, int signum);
	void *ctx;
};

/* Calls back for each that comes. A hangup that is ignored stays so. The handles are closed with
 * all others of the loop. -errno. */
int mv_signals_start(struct mv_signals *signals, uv_loop_t *loop,
	void (*came)(void *ctx, int signum), void *ctx);

/* Whether the loop goes on for their sake alone: at first it does. */
void mv_signals_keep_loop(struct mv_signals *signals, bool keep);

#endif
