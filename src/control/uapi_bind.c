/*
 * The control socket's file: where it is, and how it is made without taking it from a process that
 * lives.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/folder.h"
#include "control/uapi_socket.h"

static void print_path(char path[static MV_UAPI_PATH_MAX], const char *folder, const char *device)
{
	snprintf(path, MV_UAPI_PATH_MAX, "%s/%s.sock", folder, device);
}

void mv_uapi_path(char path[static MV_UAPI_PATH_MAX], const char *device)
{
	char folder[MV_FOLDER_RUNTIME_MAX];

	print_path(path, mv_folder_runtime(folder, MV_UAPI_DIRECTORY), device);
	if (access(path, F_OK) < 0) {
		print_path(path, MV_UAPI_DIRECTORY, device);
	}
}

/* 0 if nobody listens, -EADDRINUSE if somebody does. Without blocking: a server whose backlog is
 * full lives, too. */
static int check_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool refused;

	if (fd < 0) {
		return -errno;
	}
	refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
		  errno == ECONNREFUSED;
	close(fd);
	return refused ? 0 : -EADDRINUSE;
}

/* A connection to a plain file is refused as well, hence the look at its type. */
static int remove_stale(const struct sockaddr_un *address)
{
	struct stat found;
	int error;

	if (lstat(address->sun_path, &found) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (!S_ISSOCK(found.st_mode)) {
		return -ENOTSOCK;
	}
	error = check_stale(address);
	if (error < 0) {
		return error;
	}
	return unlink(address->sun_path) == 0 || errno == ENOENT ? 0 : -errno;
}

static int bind_path(int fd, const struct sockaddr_un *address)
{
	const struct sockaddr *generic = (const struct sockaddr *)address;
	int error;

	if (bind(fd, generic, sizeof(*address)) == 0) {
		return 0;
	}
	if (errno != EADDRINUSE) {
		return -errno;
	}
	error = remove_stale(address);
	if (error < 0) {
		return error;
	}
	return bind(fd, generic, sizeof(*address)) == 0 ? 0 : -errno;
}

static int listen_at(int *fd, const struct sockaddr_un *address)
{
	int error, made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (made < 0) {
		return -errno;
	}
	error = bind_path(made, address);
	if (error < 0) {
		goto close_socket;
	}
	if (listen(made, MV_UAPI_BACKLOG) < 0) {
		error = -errno;
		goto remove_file;
	}
	*fd = made;
	return 0;

remove_file:
	unlink(address->sun_path);
close_socket:
	close(made);
	return error;
}

/*
 * The lock makes those who start at once take turns: between bind and listen a socket looks stale.
 * It is a file of its own, since whoever may read the directory could lock that for ever.
 */
static int lock_directory(const char *folder)
{
	char path[MV_UAPI_PATH_MAX];
	int error, fd;

	if (mkdir(folder, 0755) < 0 && errno != EEXIST) {
		return -errno;
	}
	snprintf(path, sizeof(path), "%s/.lock", folder);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -errno;
	}
	if (flock(fd, LOCK_EX) == 0) {
		return fd;
	}
	error = -errno;
	close(fd);
	return error;
}

static bool is_device_name(const char *device)
{
	size_t len = strlen(device);

	return len > 0 && len < IF_NAMESIZE && strchr(device, '/') == NULL;
}

int mv_uapi_socket_bind(int *fd, const char *device)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char folder[MV_FOLDER_RUNTIME_MAX];
	int directory, error;
	mode_t mask;

	if (!is_device_name(device)) {
		return -EINVAL;
	}
	mv_folder_runtime(folder, MV_UAPI_DIRECTORY);
	print_path(address.sun_path, folder, device);
	mask = umask(022);
	directory = error = lock_directory(folder);
	if (directory >= 0) {
		umask(077);
		error = listen_at(fd, &address);
		close(directory);
	}
	umask(mask);
	return error;
}
