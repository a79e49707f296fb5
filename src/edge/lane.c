#include "edge/lane.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "edge/inbound.h"
#include "edge/outbound.h"
#include "edge/thread.h"
#include "edge/usage.h"

/* Where the way out is. Each state is left by one thread, for the next one, and after the last one
 * comes the first: so neither thread can be told an old story. */
enum place {
	WITH_FIRST,  /* which lends it */
	LENT,        /* the second takes it up */
	WITH_SECOND, /* the first calls it back */
	CALLED_BACK, /* the second leaves it off */
	RETURNED,    /* the first takes it up */
};

struct mv_lane {
	struct mv_lane_config config;
	struct mv_outbound *out;
	struct mv_inbound *in;
	struct mv_thread first, second;
	_Atomic enum place place;
	uv_async_t tells_first, tells_second; /* that there is a new place */

	/* The first thread's. */
	uv_check_t after_work;
	struct mv_usage usage;
};

static void move_on(struct mv_lane *lane, enum place place, uv_async_t *tells)
{
	atomic_store(&lane->place, place);
	uv_async_send(tells);
}

/* The second thread */

static void on_second_told(uv_async_t *told)
{
	struct mv_lane *lane = told->data;

	switch (atomic_load(&lane->place)) {
	case LENT:
		atomic_store(&lane->place, WITH_SECOND);
		(void)mv_outbound_take_up(lane->out, MV_POST_SECOND);
		break;
	case CALLED_BACK:
		mv_outbound_leave_off(lane->out, MV_POST_SECOND);
		move_on(lane, RETURNED, &lane->tells_first);
		break;
	case WITH_FIRST:
	case WITH_SECOND:
	case RETURNED:
		break;
	}
}

/* The first thread */

static void on_first_told(uv_async_t *told)
{
	struct mv_lane *lane = told->data;

	if (atomic_load(&lane->place) == RETURNED) {
		atomic_store(&lane->place, WITH_FIRST);
		(void)mv_outbound_take_up(lane->out, MV_POST_FIRST);
	}
}

static uint64_t used_ns(const struct mv_lane *lane)
{
	return mv_thread_used_ns(&lane->first) + mv_thread_used_ns(&lane->second);
}

/* A thread that is short of processors is not helped by another one; one that has had a processor
 * for itself, and no rest, is. */
static void judge(struct mv_lane *lane, uint64_t now_ms)
{
	const struct mv_lane_sharing *sharing = &lane->config.sharing;
	unsigned used_permille = mv_usage_permille(&lane->usage, now_ms, used_ns(lane));
	enum place place = atomic_load(&lane->place);

	if (place == WITH_FIRST && used_permille >= sharing->lend_permille) {
		mv_outbound_leave_off(lane->out, MV_POST_FIRST);
		move_on(lane, LENT, &lane->tells_second);
	} else if (place == WITH_SECOND && used_permille <= sharing->call_back_permille) {
		move_on(lane, CALLED_BACK, &lane->tells_second);
	}
}

static void on_work_done(uv_check_t *after_work)
{
	struct mv_lane *lane = after_work->data;
	uint64_t now_ms = uv_now(after_work->loop);

	if (mv_usage_is_due(&lane->usage, now_ms, lane->config.sharing.window_ms)) {
		judge(lane, now_ms);
	}
}

/* The control loop's thread */

static int join_first(struct mv_lane *lane)
{
	struct mv_thread *thread = &lane->first;
	int error = mv_thread_init(thread);

	if (error < 0) {
		return error;
	}
	lane->after_work.data = lane->tells_first.data = lane;
	if ((error = uv_async_init(&thread->loop, &lane->tells_first, on_first_told)) < 0 ||
		(error = uv_check_init(&thread->loop, &lane->after_work)) < 0 ||
		(error = mv_inbound_join(lane->in, thread)) < 0) {
		return error;
	}
	return mv_outbound_join(lane->out, MV_POST_FIRST, thread);
}

static int join_second(struct mv_lane *lane)
{
	struct mv_thread *thread = &lane->second;
	int error = mv_thread_init(thread);

	if (error < 0) {
		return error;
	}
	lane->tells_second.data = lane;
	error = uv_async_init(&thread->loop, &lane->tells_second, on_second_told);
	return error < 0 ? error : mv_outbound_join(lane->out, MV_POST_SECOND, thread);
}

/* The second thread first: the first one asks for its time. */
static int start_threads(struct mv_lane *lane)
{
	int error = mv_outbound_take_up(lane->out, MV_POST_FIRST);

	if (error < 0 || (error = mv_thread_start(&lane->second)) < 0 ||
		(error = uv_check_start(&lane->after_work, on_work_done)) < 0) {
		return error;
	}
	return mv_thread_start(&lane->first);
}

int mv_lane_start(struct mv_lane **started, const struct mv_lane_config *config)
{
	struct mv_lane *lane = calloc(1, sizeof(*lane));
	int error;

	if (!lane) {
		return -ENOMEM;
	}
	lane->config = *config;
	if ((error = mv_outbound_create(&lane->out, &lane->config)) < 0 ||
		(error = mv_inbound_create(&lane->in, &lane->config)) < 0 ||
		(error = join_first(lane)) < 0 || (error = join_second(lane)) < 0 ||
		(error = start_threads(lane)) < 0) {
		mv_lane_stop(lane);
		return error;
	}
	*started = lane;
	return 0;
}

void mv_lane_stop(struct mv_lane *lane)
{
	if (!lane) {
		return;
	}
	/* Each may tell the other something until both have ended. */
	mv_thread_stop(&lane->first);
	mv_thread_stop(&lane->second);
	mv_thread_uninit(&lane->first);
	mv_thread_uninit(&lane->second);
	mv_inbound_destroy(lane->in);
	mv_outbound_destroy(lane->out);
	free(lane);
}

bool mv_lane_has_lost_tun(const struct mv_lane *lane)
{
	return mv_outbound_has_lost_tun(lane->out);
}
