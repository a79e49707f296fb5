#include "edge/resolve.h"

#include "system_resolver.h"

static uv_loop_t loop;
static struct mv_name *names[20];
static size_t count;
static unsigned changes, lines[MV_LOG_DEBUG + 1];

static void on_changed(void *ctx)
{
	cr_expect_eq(ctx, &loop);
	changes++;
}

static void take_line(void *ctx, enum mv_log_level level, const char *line)
{
	cr_expect_eq(ctx, &loop);
	cr_expect(strstr(line, ":51820"), "%s", line);
	lines[level]++;
}

static void create(void)
{
	cr_assert_eq(uv_sem_init(&gate, 0), 0);
	cr_assert_eq(uv_loop_init(&loop), 0);
}

static void close_names(void)
{
	while (count > 0) {
		mv_name_close(names[--count]);
	}
}

/* Nothing of a question keeps the loop from closing. */
static void destroy(void)
{
	close_names();
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_eq(uv_loop_close(&loop), 0);
	uv_sem_destroy(&gate);
}

TestSuite(resolve, .init = create, .fini = destroy, .timeout = 40);

static struct mv_name *open_name(const char *host)
{
	const struct mv_log log = {.level = MV_LOG_DEBUG, .sink = take_line, .ctx = &loop};

	names[count] = mv_name_open(&loop, &log, host, 51820, on_changed, &loop);
	cr_assert_not_null(names[count]);
	return names[count++];
}

static struct mv_name *ask(const char *host)
{
	struct mv_name *name = open_name(host);

	mv_name_ask(name);
	return name;
}

static void open_gate(unsigned questions)
{
	while (questions-- > 0) {
		uv_sem_post(&gate);
	}
}

static void expect_addresses(const struct mv_name *name, const char *expected)
{
	char is[512] = "", text[MV_ENDPOINT_TEXT_MAX];
	size_t number, len = 0;
	const struct mv_endpoint *list = mv_name_addresses(name, &number);

	for (size_t i = 0; i < number; i++) {
		len += (size_t)snprintf(is + len, sizeof(is) - len, "%s%s", i > 0 ? " " : "",
			mv_endpoint_print(text, &list[i]));
	}
	cr_expect_str_eq(is, expected);
}

static void run_for(uint64_t ms)
{
	run_loop_for(&loop, ms);
}

static void run_until_asked(unsigned questions)
{
	run_loop_until_asked(&loop, questions);
}

/* Answers */

Test(resolve, an_ipv4_address)
{
	struct mv_name *name = ask("192.0.2.7");
	cr_expect_eq(changes, 0, "only the loop calls back");
	cr_expect_not(mv_name_was_answered(name));
	uv_run(&loop, UV_RUN_DEFAULT);
	expect_addresses(name, "192.0.2.7:51820");
	cr_expect(mv_name_was_answered(name));
	cr_expect_eq(changes, 1);
	cr_expect_eq(lines[MV_LOG_INFO], 1);
	cr_expect_eq(lines[MV_LOG_WARNING], 0);
}

Test(resolve, an_ipv6_address)
{
	struct mv_name *name = ask("2001:db8::7");
	uv_run(&loop, UV_RUN_DEFAULT);
	expect_addresses(name, "[2001:db8::7]:51820");
}

Test(resolve, localhost)
{
	size_t number;
	struct mv_name *name = ask("localhost");
	uv_run(&loop, UV_RUN_DEFAULT);
	const struct mv_endpoint *list = mv_name_addresses(name, &number);
	cr_assert_geq(number, 1);
	cr_expect_eq(list[0].port, 51820);
	cr_expect(list[0].ip.family == MV_FAMILY_IPV6 ? list[0].ip.bytes[15] == 1
						      : list[0].ip.bytes[0] == 127);
}

Test(resolve, all_addresses_in_the_order_of_the_system)
{
	atomic_store(&of_any, "2001:db8::1 192.0.2.9 192.0.2.1 192.0.2.9");
	struct mv_name *name = ask("b.test");
	uv_run(&loop, UV_RUN_DEFAULT);
	expect_addresses(name, "[2001:db8::1]:51820 192.0.2.9:51820 192.0.2.1:51820");
}

Test(resolve, no_more_than_eight)
{
	atomic_store(&of_any, "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 "
			      "10.0.0.8 10.0.0.9");
	size_t number;
	struct mv_name *name = ask("b.test");
	uv_run(&loop, UV_RUN_DEFAULT);
	mv_name_addresses(name, &number);
	cr_expect_eq(number, 8);
}

Test(resolve, the_name_is_copied)
{
	char host[] = "192.0.2.7";

	struct mv_name *name = ask(host);
	memset(host, 'x', sizeof(host) - 1);
	uv_run(&loop, UV_RUN_DEFAULT);
	expect_addresses(name, "192.0.2.7:51820");
	cr_expect(mv_name_is_of(name, "192.0.2.7", 51820));
	cr_expect_not(mv_name_is_of(name, "192.0.2.7", 1));
}

Test(resolve, many_names_at_once)
{
	for (unsigned i = 0; i < 20; i++) {
		ask("192.0.2.7");
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_eq(changes, 20);
	cr_expect_eq(atomic_load(&asked), 20);
}

/* Failures */

Test(resolve, a_name_that_fails_is_tried_again)
{
	atomic_store(&failures_left, 2);
	uint64_t before = uv_hrtime();
	struct mv_name *name = ask("192.0.2.7");
	run_for(500);
	cr_expect_eq(changes, 1, "a refusal is an answer");
	cr_expect_str_eq(mv_name_trouble(name), uv_strerror(UV_EAI_AGAIN));
	uv_run(&loop, UV_RUN_DEFAULT);
	uint64_t took_ns = uv_hrtime() - before;

	expect_addresses(name, "192.0.2.7:51820");
	cr_expect_null(mv_name_trouble(name));
	cr_expect_eq(atomic_load(&asked), 3);
	cr_expect_eq(changes, 2);
	/* Pauses of 1 s and 1.2 s. */
	cr_expect_geq(took_ns, UINT64_C(2150000000));
	cr_expect_lt(took_ns, UINT64_C(10000000000));
	cr_expect_eq(lines[MV_LOG_WARNING], 1, "one complaint is enough");
	cr_expect_eq(lines[MV_LOG_DEBUG], 1);
}

/* Beginning with 1 s, each is longer than the one before, and none is longer than 3 s. */
Test(resolve, the_pauses_have_an_end)
{
	uint64_t last = 0;
	atomic_store(&failures_left, 100);
	ask("b.test");
	run_until_asked(6);
	for (unsigned i = 7; i < 10; i++) {
		uint64_t before = uv_hrtime();

		run_until_asked(i);
		last = (uv_hrtime() - before) / 1000000;
	}
	cr_expect(last >= 2700 && last < 3600, "%lu", (unsigned long)last);
}

Test(resolve, one_that_fails_does_not_hold_up_another)
{
	atomic_store(&failures_left, 1);
	ask("192.0.2.1");
	run_until_asked(1);
	run_for(50);
	struct mv_name *other = ask("192.0.2.2");
	run_for(300);
	expect_addresses(other, "192.0.2.2:51820");
}

/* One question that takes 11.5 s stands for one that waited for others. */
static struct mv_name *ask_for_long(void)
{
	atomic_store(&is_gated, true);
	atomic_store(&failures_left, 100);
	struct mv_name *name = ask("b.test");
	run_for(9500);
	cr_expect_null(mv_name_trouble(name));
	run_for(2000);
	cr_expect_str_eq(mv_name_trouble(name), "no answer yet");
	return name;
}

Test(resolve, who_waited_and_failed_makes_way)
{
	struct mv_name *name = ask_for_long();
	open_gate(10);
	run_for(3500);
	cr_expect_str_eq(mv_name_trouble(name), uv_strerror(UV_EAI_AGAIN));
	cr_expect_eq(atomic_load(&asked), 1, "the pause is 1 s and four times 1.5 s");
	mv_name_hurry(name);
	run_for(200);
	cr_expect_eq(atomic_load(&asked), 2);
	run_for(1500);
	cr_expect_eq(atomic_load(&asked), 3, "now it did not wait");
}

Test(resolve, who_waited_makes_no_way_where_there_is_reason_to_hurry)
{
	struct mv_name *name = ask_for_long();
	mv_name_hurry(name);
	open_gate(10);
	run_for(1500);
	cr_expect_eq(atomic_load(&asked), 2);
}

/* What the machine's network has to do with it. */
Test(resolve, another_way_out_is_reason_to_hurry)
{
	atomic_store(&failures_left, 5);
	struct mv_name *name = ask("192.0.2.7");
	run_until_asked(4); /* The pause is 1.7 s now. */
	run_for(1200);
	atomic_store(&failures_left, 0);
	mv_name_hurry(name);
	run_for(200);
	expect_addresses(name, "192.0.2.7:51820");
	unsigned before = atomic_load(&asked);
	mv_name_hurry(name);
	run_for(1500);
	cr_expect_eq(atomic_load(&asked), before, "what has an address need not");
}

Test(resolve, no_hurry_asks_more_than_once_a_second)
{
	atomic_store(&failures_left, 100);
	struct mv_name *name = ask("b.test");
	for (unsigned i = 0; i < 250; i++) {
		mv_name_hurry(name);
		run_for(10);
	}
	cr_expect_leq(atomic_load(&asked), 4);
}

/* Again */

Test(resolve, asked_again_it_has_other_addresses)
{
	atomic_store(&of_any, "192.0.2.1 192.0.2.2");
	struct mv_name *name = ask("b.test");
	run_for(1100);
	cr_assert_eq(changes, 1);

	atomic_store(&of_any, "192.0.2.2 192.0.2.1");
	mv_name_ask(name);
	run_for(1300);
	cr_expect_eq(atomic_load(&asked), 2);
	cr_expect_eq(changes, 1, "the order alone is no news");
	cr_expect_eq(lines[MV_LOG_INFO], 1);

	atomic_store(&of_any, "192.0.2.3");
	mv_name_ask(name);
	run_for(100);
	cr_expect_eq(changes, 2);
	expect_addresses(name, "192.0.2.3:51820");
}

Test(resolve, what_is_known_outlives_a_failure)
{
	atomic_store(&of_any, "192.0.2.1");
	struct mv_name *name = ask("b.test");
	run_for(1100);
	atomic_store(&of_any, NULL);
	mv_name_ask(name);
	run_for(100);
	cr_expect_eq(atomic_load(&asked), 2);
	expect_addresses(name, "192.0.2.1:51820");
	cr_expect_not_null(mv_name_trouble(name));
	cr_expect_eq(changes, 1);
	cr_expect_eq(lines[MV_LOG_WARNING], 1);
}

Test(resolve, asked_again_and_again_it_takes_its_time)
{
	atomic_store(&of_any, "192.0.2.1");
	struct mv_name *name = ask("b.test");
	for (unsigned i = 0; i < 600; i++) {
		mv_name_ask(name);
		run_for(10);
	}
	/* After 0, 1, 2.2, 3.64 and 5.4 s. */
	cr_expect(atomic_load(&asked) >= 4 && atomic_load(&asked) <= 5, "%u", atomic_load(&asked));
}

Test(resolve, by_its_interval)
{
	atomic_store(&of_any, "192.0.2.1");
	struct mv_name *name = open_name("b.test");
	mv_name_set_interval(name, 1);
	mv_name_ask(name);
	run_for(3500);
	cr_expect(atomic_load(&asked) >= 3 && atomic_load(&asked) <= 4, "%u", atomic_load(&asked));
	mv_name_set_interval(name, 0);
	unsigned before = atomic_load(&asked);
	run_for(1500);
	cr_expect_eq(atomic_load(&asked), before);
}

/* Closing */

Test(resolve, close_without_a_question)
{
	open_name("b.test");
	close_names();
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_not(uv_loop_alive(&loop));
	mv_name_close(NULL);
	cr_expect_eq(atomic_load(&asked), 0);
}

Test(resolve, close_ends_the_trying_again)
{
	atomic_store(&failures_left, 1);
	ask("192.0.2.7");
	run_until_asked(1);
	run_for(50);
	cr_assert(uv_loop_alive(&loop));
	close_names();
	uv_run(&loop, UV_RUN_NOWAIT);
	cr_expect_not(uv_loop_alive(&loop));
	cr_expect_eq(atomic_load(&asked), 1);
}

Test(resolve, close_while_the_system_is_busy_waits_for_it_and_calls_nobody)
{
	atomic_store(&is_gated, true);
	ask("192.0.2.7");
	run_until_asked(1);
	close_names();
	run_for(50);
	cr_expect(uv_loop_alive(&loop), "the question cannot be called off");
	cr_expect_eq(uv_loop_close(&loop), UV_EBUSY);

	open_gate(1);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_not(uv_loop_alive(&loop));
	cr_expect_eq(changes, 0);
	cr_expect_eq(lines[MV_LOG_INFO], 0);
}

Test(resolve, close_while_the_system_fails_starts_nothing_again)
{
	atomic_store(&is_gated, true);
	atomic_store(&failures_left, 1);
	ask("192.0.2.7");
	run_until_asked(1);
	close_names();
	open_gate(1);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_eq(atomic_load(&failures_left), 0);
	cr_expect_eq(atomic_load(&asked), 1);
	cr_expect_eq(changes, 0);
}

/* One thread of the pool, so that the second question waits behind the first. */
Test(resolve, close_calls_off_what_the_system_was_not_asked_yet)
{
	cr_assert_eq(setenv("UV_THREADPOOL_SIZE", "1", 1), 0);
	atomic_store(&is_gated, true);
	ask("192.0.2.7");
	run_until_asked(1);
	ask("192.0.2.8");
	ask("192.0.2.9");
	close_names();
	open_gate(1);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_eq(atomic_load(&asked), 1);
	cr_expect_eq(changes, 0);
}
