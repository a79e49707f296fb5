#include "edge/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN "/proc/thread-self/ns/net"

/* Not blocking: it may be anything, a FIFO too. */
static int open_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		return -errno;
	}
	/* A name whose namespace could not be made is an empty file. */
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

int mv_netns_open(const char *place)
{
	char path[PATH_MAX];

	if (!place || place[0] == '/') {
		return open_path(place ? place : OWN);
	}
	int length = snprintf(path, sizeof(path), MV_NETNS_FOLDER "/%s", place);
	return length < (int)sizeof(path) ? open_path(path) : -ENAMETOOLONG;
}

int mv_netns_find(uint64_t number)
{
	glob_t paths;
	int fd = -ENOENT;

	glob(MV_NETNS_FOLDER "/*", GLOB_NOSORT, NULL, &paths);
	glob("/proc/[0-9]*/ns/net", GLOB_NOSORT | GLOB_APPEND, NULL, &paths);
	for (size_t i = 0; fd < 0 && i < paths.gl_pathc; i++) {
		fd = open_path(paths.gl_pathv[i]);
		if (fd >= 0 && mv_netns_number(fd) != number) {
			close(fd);
			fd = -ENOENT;
		}
	}
	globfree(&paths);
	return fd < 0 ? -ENOENT : fd;
}

uint64_t mv_netns_number(int fd)
{
	struct stat found;

	return fd >= 0 && fstat(fd, &found) == 0 ? found.st_ino : 0;
}

int mv_netns_enter(int fd)
{
	return setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
}
