/*
 * In a mount namespace with an /etc of its own.
 */
#include "cli/netnsdns.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "own_mount.h"

#define FOLDER MV_NETNSDNS_FOLDER "/blue"
#define FILE_  FOLDER "/resolv.conf"

static void enter_namespace(void)
{
	own_mount("/etc");
}

TestSuite(netnsdns, .init = enter_namespace);

static void write_text(const char *text)
{
	FILE *out = fopen(FILE_, "w");

	cr_assert_not_null(out);
	cr_assert_geq(fputs(text, out), 0);
	cr_assert_eq(fclose(out), 0);
}

static void expect_text(const char *expected)
{
	char text[256] = "";
	FILE *in = fopen(FILE_, "r");

	cr_assert_not_null(in);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	cr_expect_str_eq(text, expected);
}

Test(netnsdns, a_file_for_a_name_alone)
{
	cr_expect(mv_netnsdns_is_possible("blue"));
	cr_expect_not(mv_netnsdns_is_possible("/proc/1/ns/net"));
}

Test(netnsdns, is_made_for_everybody_and_removed)
{
	struct stat found;

	umask(077);
	cr_assert_eq(mv_netnsdns_set("blue", "tun0", "nameserver 9.9.9.9\n"), 0);
	expect_text("# Made by minivpn for tun0, and removed with it.\nnameserver 9.9.9.9\n");
	cr_assert_eq(stat(FILE_, &found), 0);
	cr_expect_eq(found.st_mode & 0777, 0644);
	cr_assert_eq(stat(FOLDER, &found), 0);
	cr_expect_eq(found.st_mode & 0777, 0755);
	cr_expect_eq(umask(022), 077);
	cr_assert_eq(mv_netnsdns_remove("blue", "tun0"), 0);
	cr_expect_eq(access(MV_NETNSDNS_FOLDER, F_OK), -1);
	cr_expect_eq(mv_netnsdns_remove("blue", "tun0"), 0);
}

Test(netnsdns, is_changed_in_its_place)
{
	struct stat before, after;

	cr_assert_eq(mv_netnsdns_set("blue", "tun0", "nameserver 9.9.9.9\nsearch a\n"), 0);
	cr_assert_eq(stat(FILE_, &before), 0);
	cr_assert_eq(mv_netnsdns_set("blue", "tun0", "nameserver 1.1.1.1\n"), 0);
	expect_text("# Made by minivpn for tun0, and removed with it.\nnameserver 1.1.1.1\n");
	cr_assert_eq(stat(FILE_, &after), 0);
	cr_expect_eq(after.st_ino, before.st_ino);
	cr_expect_eq(mv_netnsdns_remove("blue", "tun0"), 0);
}

Test(netnsdns, that_of_somebody_else_stays)
{
	cr_assert_eq(mkdir(MV_NETNSDNS_FOLDER, 0755), 0);
	cr_assert_eq(mkdir(FOLDER, 0755), 0);
	write_text("nameserver 10.1.1.1\n");
	cr_expect_eq(mv_netnsdns_set("blue", "tun0", "nameserver 9.9.9.9\n"), -EEXIST);
	cr_expect_eq(mv_netnsdns_remove("blue", "tun0"), 0);
	expect_text("nameserver 10.1.1.1\n");
}

Test(netnsdns, that_of_another_device_stays)
{
	cr_assert_eq(mv_netnsdns_set("blue", "tun0", "nameserver 9.9.9.9\n"), 0);
	cr_expect_eq(mv_netnsdns_set("blue", "tun1", "nameserver 8.8.8.8\n"), -EEXIST);
	cr_expect_eq(mv_netnsdns_remove("blue", "tun1"), 0);
	cr_expect_eq(access(FILE_, F_OK), 0);
}

/* A folder with something else in it is not ours alone. */
Test(netnsdns, a_folder_that_is_used_stays)
{
	cr_assert_eq(mv_netnsdns_set("blue", "tun0", "nameserver 9.9.9.9\n"), 0);
	cr_assert_eq(mkdir(FOLDER "/other", 0755), 0);
	cr_expect_eq(mv_netnsdns_remove("blue", "tun0"), 0);
	cr_expect_eq(access(FILE_, F_OK), -1);
	cr_expect_eq(access(FOLDER "/other", F_OK), 0);
}
