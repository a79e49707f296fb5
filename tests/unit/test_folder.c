#include "control/folder.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Folders to choose from, in one of their own. Run as root everything is writable, so what may not
 * be written does not exist, two levels up. */
static char top[] = "/tmp/test_folder.XXXXXX";
static char system_run[64], user_run[64], closed[64];

static void make_folders(void)
{
	cr_assert_not_null(mkdtemp(top));
	snprintf(system_run, sizeof(system_run), "%s/run", top);
	snprintf(user_run, sizeof(user_run), "%s/user", top);
	snprintf(closed, sizeof(closed), "%s/no/such/wireguard", top);
	cr_assert_eq(mkdir(system_run, 0700), 0);
	cr_assert_eq(mkdir(user_run, 0700), 0);
	setenv("XDG_RUNTIME_DIR", user_run, 1);
	setenv("XDG_STATE_HOME", user_run, 1);
}

static int remove_one(const char *path, const struct stat *file, int kind, struct FTW *place)
{
	(void)file;
	(void)kind;
	(void)place;
	return remove(path);
}

static void remove_folders(void)
{
	cr_assert_eq(nftw(top, remove_one, 4, FTW_DEPTH | FTW_PHYS), 0);
}

TestSuite(folder, .init = make_folders, .fini = remove_folders);

/* Expected: `base` and `rest` behind it. */
static void expect_runtime(const char *system, const char *base, const char *rest)
{
	char path[MV_FOLDER_RUNTIME_MAX], expected[128];

	snprintf(expected, sizeof(expected), "%s%s", base, rest);
	cr_expect_str_eq(mv_folder_runtime(path, system), expected);
}

static void expect_state(const char *system, const char *base, const char *rest)
{
	char path[MV_FOLDER_STATE_MAX], expected[256];

	snprintf(expected, sizeof(expected), "%s%s", base, rest);
	cr_expect_str_eq(mv_folder_state(path, system), expected);
}

Test(folder, that_of_the_system_where_it_can_be_used_or_made)
{
	char name[80];

	expect_runtime(system_run, system_run, "");
	snprintf(name, sizeof(name), "%s/wireguard", system_run);
	expect_runtime(name, name, "");
	expect_state(name, name, "");
	cr_expect_eq(access(name, F_OK), -1); /* It was not made. */
}

Test(folder, what_lies_in_the_way_is_not_passed_over)
{
	char name[80];

	snprintf(name, sizeof(name), "%s/wireguard", system_run);
	FILE *out = fopen(name, "w");
	cr_assert_not_null(out);
	fclose(out);
	expect_runtime(name, name, "");
	expect_state(name, name, "");
}

Test(folder, else_that_of_the_user)
{
	expect_runtime(closed, user_run, "/wireguard");
	expect_state(closed, user_run, "/wireguard");
}

Test(folder, and_where_there_is_none_that_of_the_system_all_the_same)
{
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	expect_runtime(closed, closed, "");
	expect_state(closed, closed, "");
	setenv("XDG_RUNTIME_DIR", "", 1);
	expect_runtime(closed, closed, "");
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	expect_runtime(closed, closed, "");
	setenv("XDG_RUNTIME_DIR", "/no/such/folder", 1);
	expect_runtime(closed, closed, "");
}

/* A cut path would be another one. */
Test(folder, a_path_that_is_too_long_is_none)
{
	char deep[MV_FOLDER_STATE_MAX + 2];

	memset(deep, '/', sizeof(deep) - 1);
	memcpy(deep, user_run, strlen(user_run));
	deep[sizeof(deep) - 1] = '\0';
	setenv("XDG_RUNTIME_DIR", deep, 1);
	setenv("XDG_STATE_HOME", deep, 1);
	expect_runtime(closed, closed, "");
	expect_state(closed, closed, "");

	/* It is the length alone that was wrong. */
	deep[MV_FOLDER_RUNTIME_MAX - sizeof("/wireguard")] = '\0';
	setenv("XDG_RUNTIME_DIR", deep, 1);
	expect_runtime(closed, deep, "/wireguard");
}

Test(folder, below_home_what_is_missing_is_made)
{
	char made[80];

	unsetenv("XDG_STATE_HOME");
	setenv("HOME", user_run, 1);
	expect_state(closed, user_run, "/.local/state/wireguard");
	snprintf(made, sizeof(made), "%s/.local/state", user_run);
	cr_expect_eq(access(made, W_OK), 0);
}
