#include "cli/hostlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/run/minivpn"

#define PATH_LEN            (MV_FOLDER_RUNTIME_MAX + 32)
#define NAME_LEN            32
#define LOCK_TRIES_A_SECOND 20

const char *mv_hostlock_folder(char path[static MV_FOLDER_RUNTIME_MAX])
{
	return mv_folder_runtime(path, FOLDER);
}

int mv_hostlock_make_folder(void)
{
	char folder[MV_FOLDER_RUNTIME_MAX];

	return mkdir(mv_hostlock_folder(folder), 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

static int lock_file(const char *name, unsigned limit_s)
{
	char folder[MV_FOLDER_RUNTIME_MAX], path[PATH_LEN];
	int error = mv_hostlock_make_folder();

	if (error < 0) {
		return error;
	}
	snprintf(path, sizeof(path), "%s/%s", mv_hostlock_folder(folder), name);
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
	char name[NAME_LEN];

	snprintf(name, sizeof(name), "%s:lock", device);
	return lock_file(name, limit_s);
}

int mv_hostlock_marks(unsigned limit_s)
{
	return lock_file(":marks", limit_s);
}
