/*
 * A system resolver that answers, fails and waits as it is told to: getaddrinfo is stood in for.
 * Only numeric addresses and "localhost" are asked for at the C library's own, so that nothing
 * leaves the machine. And a loop that runs for a while.
 */
#ifndef SYSTEM_RESOLVER_H
#define SYSTEM_RESOLVER_H

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

typedef int getaddrinfo_function(const char *restrict, const char *restrict,
	const struct addrinfo *restrict, struct addrinfo **restrict);

static atomic_uint asked, failures_left;
static atomic_bool is_gated; /* Questions wait for the gate. */
static uv_sem_t gate;
static _Atomic(const char *) of_any; /* the addresses of names in .test, with spaces between them */

static int ask_system(const char *name, const char *service, const struct addrinfo *hints,
	struct addrinfo **answer)
{
	getaddrinfo_function *real = NULL;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(name, service, hints, answer);
}

static int answer_any(const char *service, const struct addrinfo *hints, struct addrinfo **answer)
{
	char list[256], *rest = list, *address;

	snprintf(list, sizeof(list), "%s", atomic_load(&of_any));
	while ((address = strsep(&rest, " "))) {
		int error = ask_system(address, service, hints, answer);

		if (error != 0) {
			return error;
		}
		answer = &(*answer)->ai_next;
	}
	return 0;
}

int getaddrinfo(const char *restrict name, const char *restrict service,
	const struct addrinfo *restrict req, struct addrinfo **restrict pai)
{
	const char *end = strstr(name, ".test");

	atomic_fetch_add(&asked, 1);
	if (atomic_load(&is_gated)) {
		uv_sem_wait(&gate);
	}
	if (atomic_load(&failures_left) > 0) {
		atomic_fetch_sub(&failures_left, 1);
		return EAI_AGAIN;
	}
	if (end && !end[strlen(".test")]) {
		return atomic_load(&of_any) ? answer_any(service, req, pai) : EAI_NONAME;
	}
	return ask_system(name, service, req, pai);
}

static void on_pause_over(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
	uv_stop(timer->loop);
}

static inline void run_loop_for(uv_loop_t *loop, uint64_t ms)
{
	uv_timer_t timer;

	cr_assert_eq(uv_timer_init(loop, &timer), 0);
	cr_assert_eq(uv_timer_start(&timer, on_pause_over, ms, 0), 0);
	uv_run(loop, UV_RUN_DEFAULT);
	uv_run(loop, UV_RUN_NOWAIT); /* closes the timer */
}

static inline void run_loop_until_asked(uv_loop_t *loop, unsigned questions)
{
	while (atomic_load(&asked) < questions) {
		run_loop_for(loop, 1);
	}
}

#endif
