/*
 * A folder of the system as an empty one of the test's own, in a mount namespace: what is written
 * there goes with the test.
 */
#ifndef OWN_MOUNT_H
#define OWN_MOUNT_H

#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static inline void own_mount(const char *path)
{
	if (geteuid() != 0) {
		cr_skip_test("needs root, for a mount namespace");
	}
	cr_assert_eq(unshare(CLONE_NEWNS), 0, "%s", strerror(errno));
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0, "%s", strerror(errno));
	cr_assert_eq(mount("test", path, "tmpfs", 0, NULL), 0, "%s", strerror(errno));
}

#endif
