#include "proto/timers.h"

#include <criterion/criterion.h>
#include <string.h>

#include "proto/messages.h"

#define S      UINT64_C(1000000000)
#define MS     UINT64_C(1000000)
#define NS     UINT64_C(1)
#define JITTER (333 * MS)

static const uint64_t t0 = 1000 * S;
static struct mv_timers timers;

static void start(void)
{
	memset(&timers, 0xee, sizeof(timers));
	timers.persistent_keepalive_s = 0;
	mv_timers_stop(&timers);
}

TestSuite(timers, .init = start);

/* Nothing may happen a nanosecond before the deadline, and looking early must not move it. */
static void expect_at(uint64_t deadline_ns, unsigned actions)
{
	const struct mv_timers before = timers;

	cr_assert_eq(mv_timers_deadline(&timers), deadline_ns, "%llu, not %llu",
		(unsigned long long)mv_timers_deadline(&timers), (unsigned long long)deadline_ns);
	cr_assert_eq(mv_timers_run(&timers, 0), 0);
	cr_assert_eq(mv_timers_run(&timers, deadline_ns - NS), 0);
	cr_assert_arr_eq(&timers, &before, sizeof(before));
	cr_assert_eq(mv_timers_run(&timers, deadline_ns), actions);
}

static void expect_silence(void)
{
	cr_expect_eq(mv_timers_deadline(&timers), MV_NEVER);
	cr_expect_eq(mv_timers_run(&timers, MV_NEVER - NS), 0);
	cr_expect_eq(mv_timers_deadline(&timers), MV_NEVER);
}

Test(timers, begin_disarmed)
{
	expect_silence();
	cr_expect_eq(timers.handshake_allowed_ns, 0);
	cr_expect_eq(timers.handshake_retries, 0);
	cr_expect_not(timers.need_another_keepalive);
	cr_expect_not(timers.rekey_on_receive_sent);
}

static void arm_all(void)
{
	timers.persistent_keepalive_s = 25;
	mv_timers_initiation_sent(&timers, t0, 0);
	mv_timers_data_sent(&timers, t0, 0);
	mv_timers_data_received(&timers, t0);
	mv_timers_data_received(&timers, t0);
	mv_timers_session_derived(&timers, t0);
	mv_timers_any_traversal(&timers, t0);
	mv_timers_handshake_message(&timers, t0);
	timers.rekey_on_receive_sent = true;
	timers.handshake_retries = 3;
}

Test(timers, stop_disarms_all_and_keeps_the_setting)
{
	arm_all();
	cr_assert_eq(mv_timers_deadline(&timers), t0 + 5 * S);
	mv_timers_stop(&timers);
	expect_silence();
	cr_expect_eq(timers.handshake_allowed_ns, 0);
	cr_expect_eq(timers.handshake_retries, 0);
	cr_expect_not(timers.need_another_keepalive);
	cr_expect_not(timers.rekey_on_receive_sent);
	cr_expect_eq(timers.persistent_keepalive_s, 25);
}

Test(timers, the_earliest_deadline_comes_first)
{
	arm_all();
	expect_at(t0 + 5 * S, MV_TIMER_RETRY_HANDSHAKE);
	expect_at(t0 + 10 * S, MV_TIMER_SEND_KEEPALIVE);
	expect_at(t0 + 15 * S, MV_TIMER_START_HANDSHAKE);
	expect_at(t0 + 25 * S, MV_TIMER_SEND_KEEPALIVE);
	expect_at(t0 + 540 * S, MV_TIMER_ZERO_KEYS);
	expect_silence();
}

Test(timers, what_is_due_at_once_is_done_at_once)
{
	arm_all();
	cr_expect_eq(mv_timers_run(&timers, t0 + 540 * S),
		MV_TIMER_RETRY_HANDSHAKE | MV_TIMER_SEND_KEEPALIVE | MV_TIMER_START_HANDSHAKE |
			MV_TIMER_ZERO_KEYS);
	expect_silence();
}

Test(timers, a_deadline_at_the_boot_is_a_deadline)
{
	timers.new_handshake_ns = 0;
	cr_expect_eq(mv_timers_deadline(&timers), 0);
	cr_expect_eq(mv_timers_run(&timers, 0), MV_TIMER_START_HANDSHAKE);
	expect_silence();
}

/* retransmit handshake */

Test(timers, an_initiation_is_repeated_after_5_seconds_and_jitter)
{
	cr_assert_eq(MV_JITTER_MAX_NS, JITTER);
	mv_timers_initiation_sent(&timers, t0, 0);
	expect_at(t0 + 5 * S, MV_TIMER_RETRY_HANDSHAKE);
	mv_timers_initiation_sent(&timers, t0, JITTER);
	expect_at(t0 + 5 * S + 333 * MS, MV_TIMER_RETRY_HANDSHAKE);
	mv_timers_initiation_sent(&timers, t0, 123);
	mv_timers_initiation_sent(&timers, t0 + S, 456);
	expect_at(t0 + 6 * S + 456, MV_TIMER_RETRY_HANDSHAKE);
	expect_silence();
}

/* Sends initiations until the timers give up; returns when, and how many. */
static unsigned initiate_until_given_up(uint64_t *now_ns, uint64_t jitter_ns)
{
	unsigned initiations = 0, actions;

	do {
		initiations++;
		mv_timers_initiation_sent(&timers, *now_ns, jitter_ns);
		*now_ns = mv_timers_deadline(&timers);
		actions = mv_timers_run(&timers, *now_ns);
	} while (actions == MV_TIMER_RETRY_HANDSHAKE);
	cr_expect_eq(actions, MV_TIMER_GIVE_UP);
	return initiations;
}

Test(timers, after_20_initiations_it_gives_up)
{
	uint64_t now_ns = t0;

	cr_expect_eq(initiate_until_given_up(&now_ns, 0), 20);
	cr_expect_eq(now_ns, t0 + 100 * S);
	/* Keys that are left are wiped in their time. */
	expect_at(now_ns + 540 * S, MV_TIMER_ZERO_KEYS);
	expect_silence();
}

Test(timers, the_retries_with_the_most_jitter_last_less_than_107_seconds)
{
	uint64_t now_ns = t0;

	cr_expect_eq(initiate_until_given_up(&now_ns, JITTER), 20);
	cr_expect_eq(now_ns, t0 + 100 * S + 20 * JITTER);
}

Test(timers, giving_up_stops_the_keepalive)
{
	timers.handshake_retries = 19;
	mv_timers_initiation_sent(&timers, t0, 0);
	mv_timers_data_received(&timers, t0);
	cr_assert_eq(timers.send_keepalive_ns, t0 + 10 * S);
	expect_at(t0 + 5 * S, MV_TIMER_GIVE_UP);
	cr_expect_eq(timers.send_keepalive_ns, MV_NEVER);

	/* Also when both are due in the same run. */
	mv_timers_initiation_sent(&timers, t0, 0);
	mv_timers_data_received(&timers, t0);
	cr_expect_eq(mv_timers_run(&timers, t0 + 10 * S), MV_TIMER_GIVE_UP);
}

Test(timers, giving_up_does_not_put_off_the_wiping)
{
	mv_timers_session_derived(&timers, t0);
	timers.handshake_retries = 19;
	mv_timers_initiation_sent(&timers, t0 + 100 * S, 0);
	expect_at(t0 + 105 * S, MV_TIMER_GIVE_UP);
	expect_at(t0 + 540 * S, MV_TIMER_ZERO_KEYS);
}

Test(timers, the_last_retry_is_the_19th)
{
	timers.handshake_retries = 18;
	mv_timers_initiation_sent(&timers, t0, 0);
	expect_at(t0 + 5 * S, MV_TIMER_RETRY_HANDSHAKE);
	cr_expect_eq(timers.handshake_retries, 19);
	mv_timers_initiation_sent(&timers, t0, 0);
	expect_at(t0 + 5 * S, MV_TIMER_GIVE_UP);
}

Test(timers, a_complete_handshake_ends_the_retries)
{
	uint64_t now_ns = t0 + 10 * S;

	timers.rekey_on_receive_sent = true;
	mv_timers_initiation_sent(&timers, t0, 0);
	expect_at(t0 + 5 * S, MV_TIMER_RETRY_HANDSHAKE);
	mv_timers_initiation_sent(&timers, t0 + 5 * S, 0);
	cr_assert_eq(timers.handshake_retries, 1);
	mv_timers_handshake_complete(&timers);
	expect_silence();
	cr_expect_eq(timers.handshake_retries, 0);
	cr_expect_not(timers.rekey_on_receive_sent);
	cr_expect_eq(initiate_until_given_up(&now_ns, 0), 20);
}

/* Only a complete handshake ends the retries; anything else may be under the old keys. */
Test(timers, other_traffic_does_not_end_the_retries)
{
	mv_timers_initiation_sent(&timers, t0, 0);
	mv_timers_any_sent(&timers);
	mv_timers_any_received(&timers);
	mv_timers_any_traversal(&timers, t0 + S);
	mv_timers_session_derived(&timers, t0 + S);
	mv_timers_handshake_message(&timers, t0 + S);
	expect_at(t0 + 5 * S, MV_TIMER_RETRY_HANDSHAKE);
}

Test(timers, after_a_handshake_message_none_is_allowed_for_5_seconds)
{
	mv_timers_handshake_message(&timers, t0);
	cr_expect_eq(timers.handshake_allowed_ns, t0 + 5 * S);
	mv_timers_handshake_message(&timers, t0 + S);
	cr_expect_eq(timers.handshake_allowed_ns, t0 + 6 * S);
	expect_silence();
}

/* send keepalive */

Test(timers, received_data_is_answered_after_10_seconds)
{
	mv_timers_data_received(&timers, t0);
	expect_at(t0 + 10 * S, MV_TIMER_SEND_KEEPALIVE);
	expect_silence();
}

Test(timers, more_data_does_not_put_off_the_keepalive_but_asks_for_another)
{
	mv_timers_data_received(&timers, t0);
	cr_expect_not(timers.need_another_keepalive);
	mv_timers_data_received(&timers, t0 + 9 * S);
	cr_expect(timers.need_another_keepalive);
	mv_timers_data_received(&timers, t0 + 9 * S);
	expect_at(t0 + 10 * S, MV_TIMER_SEND_KEEPALIVE);
	mv_timers_any_sent(&timers);
	mv_timers_keepalive_sent(&timers, t0 + 10 * S);
	cr_expect_not(timers.need_another_keepalive);
	expect_at(t0 + 20 * S, MV_TIMER_SEND_KEEPALIVE);
	expect_silence();
}

Test(timers, the_second_keepalive_comes_10_seconds_after_a_late_first)
{
	mv_timers_data_received(&timers, t0);
	mv_timers_data_received(&timers, t0);
	cr_expect_eq(mv_timers_run(&timers, t0 + 12 * S), MV_TIMER_SEND_KEEPALIVE);
	mv_timers_any_sent(&timers);
	mv_timers_keepalive_sent(&timers, t0 + 12 * S);
	expect_at(t0 + 22 * S, MV_TIMER_SEND_KEEPALIVE);
	expect_silence();
}

Test(timers, anything_sent_stops_the_keepalive)
{
	mv_timers_data_received(&timers, t0);
	mv_timers_any_received(&timers);
	mv_timers_any_traversal(&timers, t0);
	mv_timers_handshake_complete(&timers);
	cr_expect_eq(mv_timers_deadline(&timers), t0 + 10 * S);
	mv_timers_any_sent(&timers);
	expect_silence();
	mv_timers_data_received(&timers, t0 + 7 * S);
	cr_expect_eq(mv_timers_deadline(&timers), t0 + 17 * S);
}

/* A keepalive is received as any message and not as data, so it is not answered. */
Test(timers, a_received_keepalive_is_not_answered)
{
	mv_timers_any_received(&timers);
	mv_timers_any_traversal(&timers, t0);
	expect_silence();
}

/* new handshake */

Test(timers, data_without_an_answer_starts_a_handshake_after_15_seconds_and_jitter)
{
	mv_timers_data_sent(&timers, t0, 0);
	expect_at(t0 + 15 * S, MV_TIMER_START_HANDSHAKE);
	expect_silence();
	mv_timers_data_sent(&timers, t0, JITTER);
	expect_at(t0 + 15 * S + 333 * MS, MV_TIMER_START_HANDSHAKE);
	expect_silence();
}

Test(timers, more_data_does_not_put_off_the_handshake)
{
	mv_timers_data_sent(&timers, t0, 7);
	mv_timers_data_sent(&timers, t0 + 14 * S, 9);
	expect_at(t0 + 15 * S + 7, MV_TIMER_START_HANDSHAKE);
	expect_silence();
}

Test(timers, anything_received_stops_the_new_handshake)
{
	mv_timers_data_sent(&timers, t0, 0);
	mv_timers_any_sent(&timers);
	mv_timers_any_traversal(&timers, t0);
	mv_timers_handshake_complete(&timers);
	cr_expect_eq(mv_timers_deadline(&timers), t0 + 15 * S);
	mv_timers_any_received(&timers);
	expect_silence();
	mv_timers_data_sent(&timers, t0 + 3 * S, 0);
	cr_expect_eq(mv_timers_deadline(&timers), t0 + 18 * S);
}

/* A keepalive is sent as any message and not as data, so no answer is expected. */
Test(timers, a_sent_keepalive_expects_no_answer)
{
	mv_timers_any_sent(&timers);
	mv_timers_any_traversal(&timers, t0);
	expect_silence();
}

/* A start that is not a retry is asked for by an event; its count is the caller's. */
Test(timers, a_new_handshake_does_not_count_as_a_retry)
{
	timers.handshake_retries = 5;
	mv_timers_data_sent(&timers, t0, 0);
	expect_at(t0 + 15 * S, MV_TIMER_START_HANDSHAKE);
	cr_expect_eq(timers.handshake_retries, 5);
}

/* zero key material */

Test(timers, keys_are_wiped_540_seconds_after_the_last_session)
{
	mv_timers_session_derived(&timers, t0);
	mv_timers_session_derived(&timers, t0 + 100 * S);
	mv_timers_any_sent(&timers);
	mv_timers_any_received(&timers);
	mv_timers_any_traversal(&timers, t0 + 200 * S);
	mv_timers_handshake_complete(&timers);
	expect_at(t0 + 640 * S, MV_TIMER_ZERO_KEYS);
	expect_silence();
}

/* persistent keepalive */

Test(timers, a_persistent_keepalive_comes_after_that_much_silence)
{
	timers.persistent_keepalive_s = 25;
	mv_timers_any_traversal(&timers, t0);
	mv_timers_any_traversal(&timers, t0 + 20 * S);
	mv_timers_any_sent(&timers);
	mv_timers_any_received(&timers);
	expect_at(t0 + 45 * S, MV_TIMER_SEND_KEEPALIVE);
	/* It is armed again by the sending. */
	expect_silence();
	mv_timers_any_traversal(&timers, t0 + 45 * S);
	expect_at(t0 + 70 * S, MV_TIMER_SEND_KEEPALIVE);
}

Test(timers, a_persistent_keepalive_may_be_of_any_length)
{
	timers.persistent_keepalive_s = 1;
	mv_timers_any_traversal(&timers, t0);
	expect_at(t0 + S, MV_TIMER_SEND_KEEPALIVE);
	timers.persistent_keepalive_s = 65535;
	mv_timers_any_traversal(&timers, t0);
	expect_at(t0 + 65535 * S, MV_TIMER_SEND_KEEPALIVE);
}

Test(timers, without_the_setting_there_is_none)
{
	mv_timers_any_traversal(&timers, t0);
	cr_expect_eq(timers.persistent_keepalive_ns, MV_NEVER);
	expect_silence();
}

/* Two idle peers fall silent: one packet is answered by a keepalive and nothing follows. */
Test(timers, two_idle_peers_fall_silent)
{
	struct mv_timers sender = timers, receiver = timers;

	mv_timers_any_sent(&sender);
	mv_timers_data_sent(&sender, t0, 0);
	mv_timers_any_received(&receiver);
	mv_timers_data_received(&receiver, t0);
	cr_expect_eq(mv_timers_deadline(&sender), t0 + 15 * S);

	cr_expect_eq(mv_timers_run(&receiver, t0 + 10 * S), MV_TIMER_SEND_KEEPALIVE);
	mv_timers_any_sent(&receiver);
	mv_timers_any_received(&sender);
	cr_expect_eq(mv_timers_deadline(&sender), MV_NEVER);
	cr_expect_eq(mv_timers_deadline(&receiver), MV_NEVER);
}
