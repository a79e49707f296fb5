#include "edge/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(MV_TUN_NAME_MAX == IFNAMSIZ, "a device name is as long as the kernel's");

/* IP packets, and nothing in front of them. */
#define FRAMING (IFF_TUN | IFF_NO_PI)

/* What TUNGETIFF tells of the framing. Not IFF_NO_PI: its bit is also IFF_NOFILTER there, and so is
 * set nearly always. */
#define FRAMING_TOLD (IFF_TUN | IFF_TAP | IFF_VNET_HDR)

/* The kernel would take "" and "tun%d" for patterns, and choose a name itself. */
static int check_name(const char *name)
{
	size_t len = strnlen(name, IFNAMSIZ);

	if (len == IFNAMSIZ) {
		return -ENAMETOOLONG;
	}
	return len == 0 || strchr(name, '%') ? -EINVAL : 0;
}

/* Whether the interface of this name is made by the tun driver. */
static bool is_tun(const char *name)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_data = (char *)&info};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0) {
		return false;
	}
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	rc = ioctl(fd, SIOCETHTOOL, &request);
	close(fd);
	return rc == 0 && strcmp(info.driver, "tun") == 0;
}

/* Fills in what the kernel says of an attached descriptor. */
static int identify(struct mv_tun *tun, int fd)
{
	struct ifreq request = {0};
	unsigned ifindex;

	/* Fails only where there is no device behind the descriptor. */
	if (ioctl(fd, TUNGETIFF, &request) < 0) {
		return -EINVAL;
	}
	if ((request.ifr_flags & FRAMING_TOLD) != IFF_TUN) {
		return -EINVAL;
	}
	ifindex = if_nametoindex(request.ifr_name);
	if (ifindex == 0) {
		return -errno;
	}

	*tun = (struct mv_tun){.fd = fd, .ifindex = (int)ifindex};
	memcpy(tun->name, request.ifr_name, IFNAMSIZ);
	return 0;
}

int mv_tun_open(struct mv_tun *tun, const char *name)
{
	/* EXCL: never join a device that somebody else made, and that would outlive us. */
	struct ifreq request = {.ifr_flags = (short)(FRAMING | IFF_TUN_EXCL)};
	int err;
	int fd;

	tun->fd = -1;
	err = check_name(name);
	if (err) {
		return err;
	}
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		return -errno;
	}

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, TUNSETIFF, &request) < 0) {
		err = -errno;
		if (err == -EBUSY && !is_tun(name)) {
			err = -EEXIST;
		}
		goto fail;
	}
	err = identify(tun, fd);
	if (err) {
		goto fail;
	}
	return 0;

fail:
	close(fd);
	return err;
}

int mv_tun_adopt(struct mv_tun *tun, int fd)
{
	struct mv_tun found;
	int flags;
	int err;

	tun->fd = -1;
	err = identify(&found, fd);
	if (err) {
		return err;
	}
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		return -errno;
	}
	*tun = found;
	return 0;
}

void mv_tun_close(struct mv_tun *tun)
{
	if (tun->fd >= 0) {
		close(tun->fd);
	}
	tun->fd = -1;
}

ssize_t mv_tun_read(const struct mv_tun *tun, void *packet, size_t room)
{
	ssize_t len = read(tun->fd, packet, room);

	return len < 0 ? -errno : len;
}

ssize_t mv_tun_write(const struct mv_tun *tun, const void *packet, size_t len)
{
	ssize_t written = write(tun->fd, packet, len);

	return written < 0 ? -errno : written;
}
