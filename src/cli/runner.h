/*
 * Runs other programs, hooks and resolvconf, one at a time and bounded in time, and hears meanwhile
 * that the user has had enough. For `up` and `down`; one thread.
 */
#ifndef MV_CLI_RUNNER_H
#define MV_CLI_RUNNER_H

#include <stdbool.h>
#include <uv.h>

#include "edge/signals.h"

struct mv_runner {
	uv_loop_t loop;
	struct mv_signals signals;
	bool has_terminal;
	bool is_patient;      /* lets what runs come to its end though it is interrupted */
	bool is_interrupted;  /* by SIGINT, SIGTERM, or the terminal that hung up */
	bool is_to_reload;    /* SIGHUP came, and not from a terminal */
	bool ignores_signals; /* what is begun is brought to its end */
};

/* From here on the signals are taken down, and nothing more; those that were blocked come in.
 * -errno. */
int mv_runner_init(struct mv_runner *runner);
void mv_runner_uninit(struct mv_runner *runner);

/*
 * Runs argv[0], found on PATH, with the terminal as it is, and with `input` as its standard input
 * if that is not NULL. Its exit status; 128 and its number if a signal ended it; -errno if it did
 * not start; -ETIMEDOUT: it and all that it started in its session were killed after limit_s
 * seconds; -EINTR: they were, since a signal came.
 */
int mv_runner_run(
	struct mv_runner *runner, const char *const argv[], const char *input, unsigned limit_s);

enum mv_runner_event {
	MV_RUNNER_READABLE,
	MV_RUNNER_INTERRUPTED,
	MV_RUNNER_RELOAD,
};

/* Waits until the descriptor can be read, or a signal has come. */
enum mv_runner_event mv_runner_wait(struct mv_runner *runner, int fd);

/* Looks whether a signal has come. */
bool mv_runner_is_interrupted(struct mv_runner *runner);

/* From here on what is begun is brought to its end, also what a signal has interrupted. */
void mv_runner_ignore_signals(struct mv_runner *runner);

#endif
