#include "edge/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define SRC_VALID_MARK "/proc/sys/net/ipv4/conf/all/src_valid_mark"

int mv_sysctl_get_src_valid_mark(bool *is_set)
{
	int fd = open(SRC_VALID_MARK, O_RDONLY | O_CLOEXEC);
	char value;

	if (fd < 0) {
		return -errno;
	}
	int error = read(fd, &value, 1) == 1 ? 0 : -EIO;
	close(fd);
	*is_set = error == 0 && value != '0';
	return error;
}

int mv_sysctl_set_src_valid_mark(bool is_set)
{
	int fd = open(SRC_VALID_MARK, O_WRONLY | O_CLOEXEC);

	if (fd < 0) {
		return -errno;
	}
	int error = write(fd, is_set ? "1" : "0", 1) == 1 ? 0 : -errno;
	close(fd);
	return error;
}
