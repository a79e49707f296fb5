#include "edge/work.h"

#include <string.h>

#include "edge/clock.h"
#include "edge/record.h"
#include "edge/udp_send.h"
#include "tunnel/handshake.h"
#include "tunnel/outbox.h"
#include "tunnel/send.h"
#include "tunnel/tick.h"
#include "tunnel/timestamps.h"

/* So many answers fit into one batch, beside what the timers want to send. */
#define HANDSHAKES_A_TURN 64
#define BATCHES_A_TURN    16

/* So much of the time of handshakes is reserved by one write. A tunnel that was killed goes on so
 * far ahead of its clock. */
#define RESERVED_S 600

static void send_outbox(struct mv_work *work, struct mv_now now)
{
	struct mv_batch *batch = work->outbox;

	mv_batch_seal(batch);
	if (mv_udp_send_batch(work->udp, batch)) {
		mv_udp_warn_uncut(&work->log);
	}
	mv_send_commit(work->device, batch, now);
	mv_batch_reset(batch);
}

/* Whether or not the disk takes it, handshakes go on. */
static void write_record(struct mv_work *work)
{
	struct mv_timestamps timestamps;

	int error = mv_timestamps_copy(work->device, &timestamps);
	if (error == 0) {
		error = mv_record_write(&timestamps, work->record_folder);
		mv_timestamps_uninit(&timestamps);
	}
	if (error < 0 && !work->record_has_failed) {
		mv_log(&work->log, MV_LOG_WARNING,
			"cannot keep the times of the last handshakes in %s: %s; if this machine "
			"starts with a clock that is behind, its peers will refuse it",
			work->record_folder, strerror(-error));
	}
	work->record_has_failed = error < 0;
}

/* A slice of the queue, so that a flood of handshakes leaves time for everything else. True: there
 * may be more. */
static bool work_off_handshakes(struct mv_work *work, struct mv_now now)
{
	struct mv_handshake_message message;
	int left = HANDSHAKES_A_TURN;
	size_t backlog;

	while (left > 0 && mv_handoff_pop(work->handoff, &message, &backlog)) {
		mv_handshake_receive(work->device, work->outbox, &message, backlog, now);
		left--;
	}
	return left == 0;
}

/* What is in the batch has gone out already when the disk makes the rest wait. True: there may be
 * more. */
static bool work_off_outbox(struct mv_work *work, struct mv_now now)
{
	bool is_empty = false;
	int batches = 0;

	while (batches < BATCHES_A_TURN && !is_empty) {
		if (mv_outbox_fill(work->device, work->outbox, now)) {
			send_outbox(work, now);
			batches++;
		} else {
			is_empty = !mv_timestamps_are_due(work->device);
		}
		if (mv_timestamps_are_due(work->device)) {
			mv_timestamps_reserve(work->device, now, RESERVED_S);
			write_record(work);
			now = mv_clock_sample();
		}
	}
	return batches == BATCHES_A_TURN; /* The lane may be wishing faster than this. */
}

bool mv_work_do(struct mv_work *work, struct mv_now now)
{
	bool has_more = work_off_handshakes(work, now);

	mv_tick(work->device, now);
	has_more |= work_off_outbox(work, now);
	return has_more;
}

void mv_work_end(struct mv_work *work)
{
	if (mv_timestamps_are_reserved(work->device)) {
		mv_timestamps_release(work->device);
		write_record(work);
	}
}
