#include "cli/runner.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct mv_runner runner;
static char folder[] = "/tmp/minivpn-runner-XXXXXX";

static void setup(void)
{
	cr_assert(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	signal(SIGPIPE, SIG_IGN); /* as the program does */
	cr_assert_eq(mv_runner_init(&runner), 0);
}

static void teardown(void)
{
	mv_runner_uninit(&runner);
	unlink("out");
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(rmdir(folder), 0);
}

TestSuite(runner, .init = setup, .fini = teardown, .timeout = 30);

static int run(const char *command, const char *input, unsigned limit_s)
{
	const char *const argv[] = {"sh", "-c", command, NULL};

	return mv_runner_run(&runner, argv, input, limit_s);
}

static void expect_out(const char *expected)
{
	char text[64] = "";
	FILE *in = fopen("out", "r");

	cr_assert_not_null(in);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	cr_expect_str_eq(text, expected);
}

Test(runner, tells_how_it_ended)
{
	const char *const nothing[] = {"no-such-program-anywhere", NULL};

	cr_expect_eq(run("exit 0", NULL, 10), 0);
	cr_expect_eq(run("exit 7", NULL, 10), 7);
	cr_expect_eq(run("kill -KILL $$", NULL, 10), 128 + SIGKILL);
	cr_expect_eq(mv_runner_run(&runner, nothing, NULL, 10), -ENOENT);
	cr_expect_eq(run("true", NULL, 10), 0, "it goes on after a failure");
}

Test(runner, gives_input)
{
	cr_expect_eq(run("cat >out", "two\nlines\n", 10), 0);
	expect_out("two\nlines\n");
}

/* More than a pipe holds, and nobody reads it; also while a grandchild keeps the pipe. */
Test(runner, does_not_wait_for_what_is_not_read)
{
	size_t len = 1 << 20;
	char *much = calloc(1, len + 1);

	cr_assert_not_null(much);
	memset(much, 'x', len);
	cr_expect_eq(run("exit 3", much, 10), 3);
	cr_expect_eq(run("sleep 2 & exit 4", much, 10), 4);
	free(much);
}

/* What it started goes with it: what would be written by then is not there. */
Test(runner, ends_all_of_it_when_its_time_is_over)
{
	cr_expect_eq(run("(sleep 2; echo late >out) & sleep 20", NULL, 1), -ETIMEDOUT);
	sleep(2);
	cr_expect_eq(access("out", F_OK), -1);
	cr_expect_eq(run("(sleep 1; echo late >out) & true", NULL, 10), 0);
	sleep(2);
	expect_out("late\n");
}

Test(runner, a_signal_interrupts)
{
	char command[64];

	snprintf(command, sizeof(command), "kill -TERM %d; sleep 20", (int)getpid());
	cr_expect_not(mv_runner_is_interrupted(&runner));
	cr_expect_eq(run(command, NULL, 10), -EINTR);
	cr_expect(mv_runner_is_interrupted(&runner));
	cr_expect_eq(run("true", NULL, 10), -EINTR, "nothing more is begun");
}

Test(runner, what_takes_back_is_not_interrupted)
{
	char command[64];

	raise(SIGINT);
	cr_expect(mv_runner_is_interrupted(&runner));
	mv_runner_ignore_signals(&runner);
	snprintf(command, sizeof(command), "kill -INT %d; exit 5", (int)getpid());
	cr_expect_eq(run(command, NULL, 10), 5);
	cr_expect_not(mv_runner_is_interrupted(&runner));
}

Test(runner, waits_for_a_descriptor_or_a_signal)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(write(ends[1], "", 1), 1);
	cr_expect_eq(mv_runner_wait(&runner, ends[0]), MV_RUNNER_READABLE);
	cr_expect_eq(mv_runner_wait(&runner, ends[0]), MV_RUNNER_READABLE, "and again");
	cr_assert_eq(close(ends[1]), 0);
	cr_assert_eq(close(ends[0]), 0);
	cr_assert_eq(pipe(ends), 0);
	raise(SIGTERM);
	cr_expect_eq(mv_runner_wait(&runner, ends[0]), MV_RUNNER_INTERRUPTED);
	close(ends[0]);
	close(ends[1]);
}

Test(runner, a_hangup_is_for_the_file_or_of_the_terminal)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	runner.has_terminal = false;
	raise(SIGHUP);
	cr_expect_eq(mv_runner_wait(&runner, ends[0]), MV_RUNNER_RELOAD);
	cr_expect_not(mv_runner_is_interrupted(&runner));
	runner.has_terminal = true;
	raise(SIGHUP);
	cr_expect_eq(mv_runner_wait(&runner, ends[0]), MV_RUNNER_INTERRUPTED);
	close(ends[0]);
	close(ends[1]);
}
