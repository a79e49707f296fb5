/*
 * In a mount namespace with a /run of its own.
 */
#include "edge/netns.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "own_mount.h"

static void enter_namespace(void)
{
	own_mount("/run");
	cr_assert_eq(mkdir(MV_NETNS_FOLDER, 0755), 0);
}

TestSuite(netns, .init = enter_namespace);

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0444);

	cr_assert_geq(fd, 0);
	close(fd);
}

/* As `ip netns add` does it; the thread stays where it was. */
static void make_namespace(const char *path)
{
	int own = mv_netns_open(NULL);

	cr_assert_geq(own, 0);
	make_file(path);
	cr_assert_eq(unshare(CLONE_NEWNET), 0);
	cr_assert_eq(mount("/proc/thread-self/ns/net", path, "none", MS_BIND, NULL), 0);
	cr_assert_eq(mv_netns_enter(own), 0);
	close(own);
}

Test(netns, a_name_and_a_path_are_one)
{
	make_namespace(MV_NETNS_FOLDER "/blue");
	make_namespace(MV_NETNS_FOLDER "/green");
	int by_name = mv_netns_open("blue");
	int by_path = mv_netns_open(MV_NETNS_FOLDER "/blue");
	int other = mv_netns_open("green");
	int own = mv_netns_open(NULL);

	cr_assert_geq(by_name, 0);
	cr_expect_neq(mv_netns_number(by_name), 0);
	cr_expect_eq(mv_netns_number(by_name), mv_netns_number(by_path));
	cr_expect_neq(mv_netns_number(by_name), mv_netns_number(other));
	cr_expect_neq(mv_netns_number(by_name), mv_netns_number(own));
	cr_expect_eq(fcntl(by_name, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);

	cr_assert_eq(mv_netns_enter(by_name), 0);
	int there = mv_netns_open(NULL);
	cr_expect_eq(mv_netns_number(there), mv_netns_number(by_name));
	cr_expect_eq(mv_netns_number(-1), 0);
}

Test(netns, what_is_none_is_refused)
{
	make_file(MV_NETNS_FOLDER "/half");
	cr_assert_eq(mkfifo(MV_NETNS_FOLDER "/fifo", 0600), 0);
	cr_expect_eq(mv_netns_open("half"), -EINVAL);
	cr_expect_eq(mv_netns_open("fifo"), -EINVAL);
	cr_expect_eq(mv_netns_open("/proc/self/ns/mnt"), -EINVAL);
	cr_expect_eq(mv_netns_open("none"), -ENOENT);
	cr_expect_eq(mv_netns_open("/none"), -ENOENT);
}
