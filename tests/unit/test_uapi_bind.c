#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "uapi_server.h"

TestSuite(uapi_bind, .init = enter_namespace, .timeout = 60);

Test(uapi_bind, file_and_directory_have_the_right_modes)
{
	struct stat found;
	int fd = -1;

	umask(0);
	cr_assert_eq(mv_uapi_socket_bind(&fd, DEVICE), 0);
	cr_expect_eq(umask(0), 0, "the umask is as before");
	cr_assert_eq(lstat(PATH, &found), 0);
	cr_expect(S_ISSOCK(found.st_mode));
	cr_expect_eq(found.st_mode & 0777, 0700);
	cr_assert_eq(stat(MV_UAPI_DIRECTORY, &found), 0);
	cr_expect_eq(found.st_mode & 0777, 0755);
	cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

Test(uapi_bind, strange_names_are_refused)
{
	int fd = -1;

	cr_expect_eq(mv_uapi_socket_bind(&fd, ""), -EINVAL);
	cr_expect_eq(mv_uapi_socket_bind(&fd, "../tun0"), -EINVAL);
	cr_expect_eq(mv_uapi_socket_bind(&fd, "sixteen-letters-"), -EINVAL);
	cr_expect_eq(mv_uapi_client_connect("../tun0"), -ENOENT);
	cr_expect_eq(fd, -1);
}

Test(uapi_bind, a_stale_file_is_replaced)
{
	int fd = -1;

	cr_assert_eq(mv_uapi_socket_bind(&fd, DEVICE), 0);
	close(fd);
	cr_assert(path_exists());
	cr_assert_eq(mv_uapi_client_connect(DEVICE), -ECONNREFUSED);

	start_server();
	ask(connect_client(), "get=1\n\n", GET_REPLY);
	stop_server();
}

Test(uapi_bind, a_live_one_is_refused_and_untouched)
{
	struct stat before, after;
	int fd = -1;

	start_server();
	cr_assert_eq(lstat(PATH, &before), 0);
	cr_assert_eq(mv_uapi_socket_bind(&fd, DEVICE), -EADDRINUSE);
	cr_assert_eq(lstat(PATH, &after), 0);
	cr_expect_eq(before.st_ino, after.st_ino);
	ask(connect_client(), "get=1\n\n", GET_REPLY);
	cr_expect_eq(atomic_load(&server.removals), 0);
	stop_server();
}

/* Nobody accepts, and the backlog is full: still a process that lives. */
Test(uapi_bind, a_busy_one_is_refused_as_well)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int live = socket(AF_UNIX, SOCK_STREAM, 0), client, fd = -1;

	mkdir(MV_UAPI_DIRECTORY, 0755);
	mv_uapi_path(address.sun_path, DEVICE);
	cr_assert_eq(bind(live, (struct sockaddr *)&address, sizeof address), 0);
	cr_assert_eq(listen(live, 0), 0);
	do {
		client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		cr_assert_geq(client, 0);
	} while (connect(client, (struct sockaddr *)&address, sizeof address) == 0);
	cr_assert_eq(mv_uapi_socket_bind(&fd, DEVICE), -EADDRINUSE);
	cr_expect(path_exists());
}

Test(uapi_bind, what_is_no_socket_is_left_alone)
{
	struct stat found;
	int fd = -1;

	cr_assert_eq(mkdir(MV_UAPI_DIRECTORY, 0755), 0);
	close(open(PATH, O_CREAT | O_WRONLY, 0600));
	cr_expect_eq(mv_uapi_socket_bind(&fd, DEVICE), -ENOTSOCK);
	cr_assert_eq(lstat(PATH, &found), 0);
	cr_expect(S_ISREG(found.st_mode));

	cr_assert_eq(unlink(PATH), 0);
	cr_assert_eq(symlink("nowhere", PATH), 0);
	cr_expect_eq(mv_uapi_socket_bind(&fd, DEVICE), -ENOTSOCK);
	cr_assert_eq(lstat(PATH, &found), 0);
	cr_expect(S_ISLNK(found.st_mode));
}
