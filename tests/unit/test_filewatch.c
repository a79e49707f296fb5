#include "edge/filewatch.h"

#include <errno.h>

#include "config_fixture.h"

static uv_loop_t loop;
static struct mv_filewatch *watch;
static unsigned calls;
static char path[128];

static void setup(void)
{
	enter_folder();
	cr_assert_eq(uv_loop_init(&loop), 0);
}

static void teardown(void)
{
	mv_filewatch_stop(watch);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_eq(uv_loop_close(&loop), 0);
	leave_folder();
}

TestSuite(filewatch, .init = setup, .fini = teardown, .timeout = 30);

static void on_changed(void *ctx)
{
	cr_expect_eq(ctx, &loop);
	calls++;
}

static void start(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	cr_assert_eq(mv_filewatch_start(&watch, &loop, path, on_changed, &loop), 0);
}

static void on_time(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void run_for(uint64_t ms)
{
	uv_timer_t timer;

	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, on_time, ms, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
}

/* None or one call comes of what was done, in a time that is enough for more. On a machine that has
 * much to do it takes longer, and what belongs together may come as two. */
static void expect_calls(unsigned expected)
{
	calls = 0;
	for (unsigned turn = 0; turn == 0 || (calls < expected && turn < 25); turn++) {
		run_for(UINT64_C(4) * MV_FILEWATCH_QUIET_MS);
	}
	cr_expect_geq(calls, expected, "%u", calls);
	cr_expect_leq(calls, 2 * expected, "%u", calls);
}

Test(filewatch, nothing_happens)
{
	write_file("key", "1");
	start("key");
	expect_calls(0);
}

Test(filewatch, what_others_do_in_the_folder)
{
	write_file("key", "1");
	start("key");
	write_file("ke", "2");
	write_file("key2", "2");
	cr_assert_eq(rename("ke", "kez"), 0);
	expect_calls(0);
	write_file("key", "3");
	expect_calls(1);
}

Test(filewatch, every_way_to_change_a_file)
{
	write_file("key", "1");
	start("key");
	write_file("key", "2");
	expect_calls(1);
	write_file("new", "3");
	cr_assert_eq(rename("new", "key"), 0);
	expect_calls(1);
	cr_assert_eq(chmod("key", 0400), 0);
	expect_calls(1);
	cr_assert_eq(remove("key"), 0);
	expect_calls(1);
	cr_assert_eq(symlink("elsewhere", "key"), 0);
	expect_calls(1);
	cr_assert_eq(rename("key", "old"), 0);
	expect_calls(1);
	cr_assert_eq(rename("old", "key"), 0);
	expect_calls(1);
}

/* Pieces that follow soon are one change. */
Test(filewatch, pieces_are_one_change)
{
	write_file("key", "1");
	start("key");
	calls = 0;
	for (unsigned i = 0; i < 10; i++) {
		write_file("key", "2");
		run_for(MV_FILEWATCH_QUIET_MS / 5);
	}
	run_for(UINT64_C(4) * MV_FILEWATCH_QUIET_MS);
	cr_expect_geq(calls, 1);
	cr_expect_lt(calls, 5);
}

Test(filewatch, a_folder_that_is_not_there_yet)
{
	start("a/b/key");
	expect_calls(0);
	cr_assert_eq(mkdir("a", 0700), 0);
	expect_calls(1);
	cr_assert_eq(mkdir("a/b", 0700), 0);
	expect_calls(1);
	write_file("a/b/key", "1");
	expect_calls(1);
	write_file("a/b/other", "1");
	expect_calls(0);
}

/* Made in one go, so that the one below may be there before the one above is watched. */
Test(filewatch, a_folder_that_goes_and_comes)
{
	cr_assert_eq(mkdir("a", 0700), 0);
	cr_assert_eq(mkdir("a/b", 0700), 0);
	write_file("a/b/key", "1");
	start("a/b/key");
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(remove("a/b/key"), 0);
		cr_assert_eq(remove("a/b"), 0);
		cr_assert_eq(remove("a"), 0);
		expect_calls(1);
		cr_assert_eq(mkdir("a", 0700), 0);
		cr_assert_eq(mkdir("a/b", 0700), 0);
		write_file("a/b/key", "2");
		expect_calls(1);
		write_file("a/b/key", "3");
		expect_calls(1);
	}
}

Test(filewatch, a_folder_that_takes_the_place_of_another)
{
	cr_assert_eq(mkdir("a", 0700), 0);
	write_file("a/key", "1");
	start("a/key");
	cr_assert_eq(mkdir("new", 0700), 0);
	write_file("new/key", "2");
	cr_assert_eq(rename("a", "old"), 0);
	cr_assert_eq(rename("new", "a"), 0);
	expect_calls(1);
	write_file("old/key", "3");
	expect_calls(0);
	write_file("a/key", "3");
	expect_calls(1);
}

Test(filewatch, a_file_that_is_called_like_its_folder)
{
	cr_assert_eq(mkdir("key", 0700), 0);
	start("key/key");
	write_file("key/key", "1");
	expect_calls(1);
	write_file("key/key", "2");
	expect_calls(1);
}

/* Links */

static void link_to(const char *target, const char *name)
{
	cr_assert_eq(symlink(target, name), 0);
}

/* In one step. */
static void switch_link(const char *target, const char *name)
{
	link_to(target, "switched");
	cr_assert_eq(rename("switched", name), 0);
}

static void replace_file(const char *name, const char *text)
{
	write_file("replacement", text);
	cr_assert_eq(rename("replacement", name), 0);
}

Test(filewatch, the_file_that_a_link_leads_to)
{
	cr_assert_eq(mkdir("run", 0700), 0);
	cr_assert_eq(mkdir("etc", 0700), 0);
	write_file("run/psk", "1");
	link_to("../run/psk", "etc/key");
	start("etc/key");
	expect_calls(0);
	write_file("run/psk", "2");
	expect_calls(1);
	replace_file("run/psk", "3");
	expect_calls(1);
	cr_assert_eq(remove("run/psk"), 0);
	expect_calls(1);
	write_file("run/psk", "4");
	expect_calls(1);
	write_file("run/other", "5");
	expect_calls(0);
}

Test(filewatch, a_link_that_leads_elsewhere_now)
{
	write_file("old", "1");
	write_file("new", "2");
	link_to("old", "key");
	start("key");
	switch_link("new", "key");
	expect_calls(1);
	write_file("new", "3");
	expect_calls(1);
	write_file("old", "4");
	expect_calls(0);
	replace_file("key", "5");
	expect_calls(1);
	write_file("new", "6");
	expect_calls(0);
}

/* As Kubernetes does it: the link of the file never changes, but one that it leads through. */
Test(filewatch, a_folder_that_is_a_link)
{
	cr_assert_eq(mkdir("..1", 0700), 0);
	cr_assert_eq(mkdir("..2", 0700), 0);
	write_file("..1/key", "1");
	write_file("..2/key", "2");
	link_to("..1", "..data");
	link_to("..data/key", "key");
	start("key");
	switch_link("..2", "..data");
	expect_calls(1);
	write_file("..2/key", "3");
	expect_calls(1);
	write_file("..1/key", "3");
	expect_calls(0);
	cr_assert_eq(remove("..data"), 0);
	expect_calls(1);
	link_to("..1", "..data");
	expect_calls(1);
	write_file("..1/key", "4");
	expect_calls(1);
}

Test(filewatch, a_link_from_the_root_on)
{
	char target[sizeof(path)];

	cr_assert_eq(mkdir("a", 0700), 0);
	write_file("a/key", "1");
	snprintf(target, sizeof(target), "%s//./a/", folder);
	link_to(target, "b");
	start("b/../b/key");
	write_file("a/key", "2");
	expect_calls(1);
}

Test(filewatch, a_link_to_what_is_not_there_yet)
{
	link_to("a/b/psk", "key");
	start("key");
	expect_calls(0);
	cr_assert_eq(mkdir("a", 0700), 0);
	cr_assert_eq(mkdir("a/b", 0700), 0);
	write_file("a/b/psk", "1");
	expect_calls(1);
	write_file("a/b/psk", "2");
	expect_calls(1);
	cr_assert_eq(remove("a/b/psk"), 0);
	link_to("../c", "a/b/psk");
	expect_calls(1);
	write_file("a/c", "3");
	expect_calls(1);
}

Test(filewatch, links_that_go_round)
{
	link_to("key", "other");
	link_to("other", "key");
	link_to("itself/key", "itself");
	start("key");
	expect_calls(0);
	replace_file("other", "1");
	expect_calls(1);
	write_file("other", "2");
	expect_calls(1);
	mv_filewatch_stop(watch);
	start("itself/key");
	cr_assert_eq(remove("itself"), 0);
	expect_calls(1);
}

Test(filewatch, it_looks_again_when_it_is_asked_to)
{
	start("key");
	mv_filewatch_look_again(watch, 1);
	expect_calls(1);
	expect_calls(0);
}

Test(filewatch, two_watch_one_file)
{
	struct mv_filewatch *second;

	write_file("key", "1");
	start("key");
	cr_assert_eq(mv_filewatch_start(&second, &loop, path, on_changed, &loop), 0);
	write_file("key", "2");
	expect_calls(2);
	mv_filewatch_stop(second);
	write_file("key", "3");
	expect_calls(1);
}

Test(filewatch, a_path_from_somewhere_is_refused)
{
	cr_expect_eq(mv_filewatch_start(&watch, &loop, "key", on_changed, &loop), -EINVAL);
	cr_expect_null(watch);
}
