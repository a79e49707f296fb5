#include "edge/signals.h"

#include <signal.h>

static void on_signal(uv_signal_t *handle, int signum)
{
	const struct mv_signals *signals = handle->data;

	signals->came(signals->ctx, signum);
}

/* A shell has what it starts in the background ignore SIGINT, which is for the terminal's sake: who
 * sends it by kill means it. */
static bool is_unwanted(int signum)
{
	struct sigaction old;

	return signum == SIGHUP && sigaction(signum, NULL, &old) == 0 && old.sa_handler == SIG_IGN;
}

int mv_signals_start(
	struct mv_signals *signals, uv_loop_t *loop, void (*came)(void *ctx, int signum), void *ctx)
{
	static const int signums[MV_SIGNALS_COUNT] = {SIGINT, SIGTERM, SIGHUP};
	int error = 0;

	signals->came = came;
	signals->ctx = ctx;
	for (size_t i = 0; error == 0 && i < MV_SIGNALS_COUNT; i++) {
		uv_signal_init(loop, &signals->handles[i]);
		signals->handles[i].data = signals;
		if (!is_unwanted(signums[i])) {
			error = uv_signal_start(&signals->handles[i], on_signal, signums[i]);
		}
	}
	return error;
}

void mv_signals_keep_loop(struct mv_signals *signals, bool keep)
{
	for (size_t i = 0; i < MV_SIGNALS_COUNT; i++) {
		uv_handle_t *handle = (uv_handle_t *)&signals->handles[i];

		if (keep) {
			uv_ref(handle);
		} else {
			uv_unref(handle);
		}
	}
}
