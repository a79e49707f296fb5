/*
 * edge/resolve with a system resolver that fails and waits when it is told to: getaddrinfo is stood
 * in for, and answers by the C library's own. Only numeric addresses and "localhost" are asked for,
 * so that nothing leaves the machine.
 */
#include "edge/resolve.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The system's resolver */

typedef int getaddrinfo_function(const char *restrict, const char *restrict,
	const struct addrinfo *restrict, struct addrinfo **restrict);

static atomic_uint asked, failures_left;
static atomic_bool is_gated; /* Questions wait for the gate. */
static uv_sem_t gate;

int getaddrinfo(const char *restrict name, const char *restrict service,
	const struct addrinfo *restrict req, struct addrinfo **restrict pai)
{
	getaddrinfo_function *real = NULL;

	atomic_fetch_add(&asked, 1);
	if (atomic_load(&is_gated)) {
		uv_sem_wait(&gate);
	}
	if (atomic_load(&failures_left) > 0) {
		atomic_fetch_sub(&failures_left, 1);
		return EAI_AGAIN;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(name, service, req, pai);
}

static void open_gate(unsigned questions)
{
	while (questions-- > 0) {
		uv_sem_post(&gate);
	}
}

/* The one who asks */

static const uint8_t key[MV_KEY_LEN] = {1, 2, 3, [MV_KEY_LEN - 1] = 4};
static uv_loop_t loop;
static struct mv_resolver *resolver;
static unsigned answers, lines[MV_LOG_DEBUG + 1];
static struct mv_endpoint answer;

static void take_answer(
	void *ctx, const uint8_t public_key[static MV_KEY_LEN], const struct mv_endpoint *endpoint)
{
	cr_expect_eq(ctx, &loop);
	cr_expect_arr_eq(public_key, key, MV_KEY_LEN);
	answer = *endpoint;
	answers++;
}

static void take_line(void *ctx, enum mv_log_level level, const char *line)
{
	cr_expect_eq(ctx, &loop);
	cr_expect(strstr(line, ":51820"), "%s", line);
	lines[level]++;
}

static void create(void)
{
	const struct mv_log log = {.level = MV_LOG_DEBUG, .sink = take_line, .ctx = &loop};

	cr_assert_eq(uv_sem_init(&gate, 0), 0);
	cr_assert_eq(uv_loop_init(&loop), 0);
	cr_assert_eq(mv_resolver_create(&resolver, &loop, &log, take_answer, &loop), 0);
}

/* Nothing of a question keeps the loop from closing. */
static void destroy(void)
{
	mv_resolver_close(resolver);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_eq(uv_loop_close(&loop), 0);
	uv_sem_destroy(&gate);
}

TestSuite(resolve, .init = create, .fini = destroy, .timeout = 20);

static void ask(const char *host)
{
	cr_assert_eq(mv_resolver_add(resolver, key, host, 51820), 0);
}

static void close_resolver(void)
{
	mv_resolver_close(resolver);
	resolver = NULL;
}

static void expect_answer(const char *text)
{
	char is[MV_ENDPOINT_TEXT_MAX];

	cr_assert_eq(answers, 1);
	cr_expect_str_eq(mv_endpoint_print(is, &answer), text);
}

static void on_pause_over(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
	uv_stop(timer->loop);
}

static void run_for(uint64_t ms)
{
	uv_timer_t timer;

	cr_assert_eq(uv_timer_init(&loop, &timer), 0);
	cr_assert_eq(uv_timer_start(&timer, on_pause_over, ms, 0), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_run(&loop, UV_RUN_NOWAIT); /* closes the timer */
}

static void run_until_asked(unsigned questions)
{
	while (atomic_load(&asked) < questions) {
		run_for(1);
	}
}

/* Answers */

Test(resolve, an_ipv4_address)
{
	ask("192.0.2.7");
	cr_expect_eq(answers, 0, "only the loop calls back");
	uv_run(&loop, UV_RUN_DEFAULT);
	expect_answer("192.0.2.7:51820");
	cr_expect_eq(lines[MV_LOG_INFO], 1);
	cr_expect_eq(lines[MV_LOG_WARNING], 0);
}

Test(resolve, an_ipv6_address)
{
	ask("2001:db8::7");
	uv_run(&loop, UV_RUN_DEFAULT);
	expect_answer("[2001:db8::7]:51820");
}

Test(resolve, localhost)
{
	ask("localhost");
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(answers, 1);
	cr_expect_eq(answer.port, 51820);
	cr_expect(answer.ip.family == MV_FAMILY_IPV6 ? answer.ip.bytes[15] == 1
						     : answer.ip.bytes[0] == 127);
}

Test(resolve, the_name_is_copied)
{
	char host[] = "192.0.2.7";

	ask(host);
	memset(host, 'x', sizeof(host) - 1);
	uv_run(&loop, UV_RUN_DEFAULT);
	expect_answer("192.0.2.7:51820");
}

Test(resolve, many_names_at_once)
{
	for (unsigned i = 0; i < 20; i++) {
		ask("192.0.2.7");
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_eq(answers, 20);
	cr_expect_eq(atomic_load(&asked), 20);
}

/* Failures */

Test(resolve, a_name_that_fails_is_tried_again)
{
	atomic_store(&failures_left, 2);
	uint64_t before = uv_hrtime();
	ask("192.0.2.7");
	uv_run(&loop, UV_RUN_DEFAULT);
	uint64_t took_ns = uv_hrtime() - before;

	expect_answer("192.0.2.7:51820");
	cr_expect_eq(atomic_load(&asked), 3);
	/* Pauses of 1 s and 1.2 s. */
	cr_expect_geq(took_ns, UINT64_C(2150000000));
	cr_expect_lt(took_ns, UINT64_C(10000000000));
	cr_expect_eq(lines[MV_LOG_WARNING], 1, "one complaint is enough");
	cr_expect_eq(lines[MV_LOG_DEBUG], 1);
}

Test(resolve, one_that_fails_does_not_hold_up_another)
{
	atomic_store(&failures_left, 1);
	ask("192.0.2.1");
	run_until_asked(1);
	run_for(50);
	cr_assert_eq(answers, 0);
	ask("192.0.2.2");
	run_for(300);
	expect_answer("192.0.2.2:51820");
}

/* Closing */

Test(resolve, close_without_a_question)
{
	close_resolver();
	cr_expect_not(uv_loop_alive(&loop));
	mv_resolver_close(NULL);
}

Test(resolve, close_ends_the_trying_again)
{
	atomic_store(&failures_left, 1);
	ask("192.0.2.7");
	run_until_asked(1);
	run_for(50);
	cr_assert(uv_loop_alive(&loop));
	close_resolver();
	uv_run(&loop, UV_RUN_NOWAIT);
	cr_expect_not(uv_loop_alive(&loop));
	cr_expect_eq(answers, 0);
	cr_expect_eq(atomic_load(&asked), 1);
}

Test(resolve, close_while_the_system_is_busy_waits_for_it_and_calls_nobody)
{
	atomic_store(&is_gated, true);
	ask("192.0.2.7");
	run_until_asked(1);
	close_resolver();
	run_for(50);
	cr_expect(uv_loop_alive(&loop), "the question cannot be called off");
	cr_expect_eq(uv_loop_close(&loop), UV_EBUSY);

	open_gate(1);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_not(uv_loop_alive(&loop));
	cr_expect_eq(answers, 0);
	cr_expect_eq(lines[MV_LOG_INFO], 0);
}

Test(resolve, close_while_the_system_fails_starts_nothing_again)
{
	atomic_store(&is_gated, true);
	atomic_store(&failures_left, 1);
	ask("192.0.2.7");
	run_until_asked(1);
	close_resolver();
	open_gate(1);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_eq(atomic_load(&failures_left), 0);
	cr_expect_eq(atomic_load(&asked), 1);
	cr_expect_eq(answers, 0);
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
	close_resolver();
	open_gate(1);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_eq(atomic_load(&asked), 1);
	cr_expect_eq(answers, 0);
}
