#include "cli/hostlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LEN            64
#define LOCK_TRIES_A_SECOND 20

int mv_hostlock_make_folder(void)
{
	return mkdir(MV_HOSTLOCK_FOLDER, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

static int lock_file(const char *path, unsigned limit_s)
{
	int error = mv_hostlock_make_folder();

	if (error < 0) {
		return error;
	}
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -errno;
	}
	for (unsigned i = 0; i <= limit_s * LOCK_TRIES_A_SECOND; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			return fd;
		}
		usleep(1000000 / LOCK_TRIES_A_SECOND);
	}
	close(fd);
	return -EAGAIN;
}

/* No device has a colon in its name. */
int mv_hostlock_device(const char *device, unsigned limit_s)
{
	char path[PATH_LEN];

	snprintf(path, sizeof(path), MV_HOSTLOCK_FOLDER "/%s:lock", device);
	return lock_file(path, limit_s);
}

int mv_hostlock_marks(unsigned limit_s)
{
	return lock_file(MV_HOSTLOCK_FOLDER "/:marks", limit_s);
}
