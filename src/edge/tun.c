#include "edge/tun.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(MV_TUN_NAME_MAX == IFNAMSIZ, "a device name is as long as the kernel's");

/* IP packets, without the packet information that TUN puts in front by default. */
#define FRAMING (IFF_TUN | IFF_NO_PI)

/* What TUNGETIFF tells of the framing. Not IFF_NO_PI: its bit is also IFF_NOFILTER there, and so is
 * set nearly always. */
#define KIND_TOLD (IFF_TUN | IFF_TAP)

/* A kernel has both of USO or none; TUN_F_TSO_ECN is not asked for, so that CWR needs no care. */
#define OFFLOADS_TCP (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)
#define OFFLOADS_UDP (TUN_F_USO4 | TUN_F_USO6)

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
	if ((request.ifr_flags & KIND_TOLD) != IFF_TUN) {
		return -EINVAL;
	}
	ifindex = if_nametoindex(request.ifr_name);
	if (ifindex == 0) {
		return -errno;
	}

	*tun = (struct mv_tun){.fd = fd,
		.ifindex = (int)ifindex,
		.has_header = request.ifr_flags & IFF_VNET_HDR,
		.has_many_queues = request.ifr_flags & IFF_MULTI_QUEUE};
	memcpy(tun->name, request.ifr_name, IFNAMSIZ);
	return 0;
}

/*
 * Where the kernel refuses, packets come and go one by one. What an earlier program asked for lives
 * on in a device that outlived it: without a header it would be packets that nobody can tell apart.
 */
static void ask_for_offloads(struct mv_tun *tun)
{
	int header_size = sizeof(struct virtio_net_hdr);

	if (tun->has_header) {
		(void)ioctl(tun->fd, TUNSETVNETHDRSZ, &header_size);
	} else {
		(void)ioctl(tun->fd, TUNSETOFFLOAD, 0);
	}
	tun->merges_tcp = tun->has_header && ioctl(tun->fd, TUNSETOFFLOAD, OFFLOADS_TCP) == 0;
	tun->merges_udp =
		tun->merges_tcp && ioctl(tun->fd, TUNSETOFFLOAD, OFFLOADS_TCP | OFFLOADS_UDP) == 0;
}

/* A descriptor attached to the device of this name, or -errno. */
static int attach(const char *name, int flags)
{
	struct ifreq request = {.ifr_flags = (short)flags};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		return -errno;
	}
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, TUNSETIFF, &request) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static int begin(struct mv_tun *tun, int fd)
{
	int err = identify(tun, fd);

	if (err) {
		close(fd);
		tun->fd = -1;
		return err;
	}
	ask_for_offloads(tun);
	return 0;
}

int mv_tun_open(struct mv_tun *tun, const char *name, int flags)
{
	/* EXCL: never join a device that somebody else made, and that would outlive us. */
	int framing = FRAMING | IFF_TUN_EXCL | (flags & MV_TUN_OFFLOAD ? IFF_VNET_HDR : 0) |
		      (flags & MV_TUN_MANY_QUEUES ? IFF_MULTI_QUEUE : 0);

	tun->fd = -1;
	int err = check_name(name);
	if (err) {
		return err;
	}
	int fd = attach(name, framing);
	if (fd < 0) {
		return fd == -EBUSY && !is_tun(name) ? -EEXIST : fd;
	}
	return begin(tun, fd);
}

/* A device has one queue, or may have many, and refuses who takes it for the other kind. */
static int attach_prepared(const char *name, int framing)
{
	int fd = attach(name, framing);

	return fd == -EINVAL ? attach(name, framing | IFF_MULTI_QUEUE) : fd;
}

int mv_tun_join(struct mv_tun *tun, const char *name, int flags)
{
	int framing = FRAMING | (flags & MV_TUN_OFFLOAD ? IFF_VNET_HDR : 0);

	tun->fd = -1;
	int err = check_name(name);
	if (err) {
		return err;
	}
	if (if_nametoindex(name) == 0) {
		return -ENXIO;
	}
	if (!is_tun(name)) {
		return -ENOTTY;
	}
	int fd = attach_prepared(name, framing);
	if (fd < 0) {
		/* It is made by the driver of TUN, and so is a TAP device. */
		return fd == -EINVAL ? -ENOTTY : fd;
	}
	return begin(tun, fd);
}

int mv_tun_open_queue(struct mv_tun *queue, const struct mv_tun *first)
{
	/* A queue with another framing would change that of the whole device. */
	int framing = FRAMING | IFF_MULTI_QUEUE | (first->has_header ? IFF_VNET_HDR : 0);
	int fd = attach(first->name, framing);

	queue->fd = -1;
	return fd < 0 ? fd : begin(queue, fd);
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
	ask_for_offloads(tun);
	return 0;
}

void mv_tun_close(struct mv_tun *tun)
{
	if (tun->fd >= 0) {
		close(tun->fd);
	}
	tun->fd = -1;
}

ssize_t mv_tun_read_frame(
	const struct mv_tun *tun, struct virtio_net_hdr *header, void *packet, size_t room)
{
	struct iovec iov[] = {{.iov_base = header, .iov_len = sizeof(*header)},
		{.iov_base = packet, .iov_len = room}};

	if (!tun->has_header) {
		*header = (struct virtio_net_hdr){0};
		return mv_tun_read(tun, packet, room);
	}
	ssize_t len = readv(tun->fd, iov, 2);
	if (len < 0) {
		return -errno;
	}
	return (size_t)len < sizeof(*header) ? -EINVAL : len - (ssize_t)sizeof(*header);
}

int mv_tun_write_frame(const struct mv_tun *tun, const struct virtio_net_hdr *header,
	const struct iovec *pieces, size_t count)
{
	struct iovec iov[1 + MV_TUN_PIECES_MAX] = {
		{.iov_base = (void *)header, .iov_len = tun->has_header ? sizeof(*header) : 0}};

	assert(count <= MV_TUN_PIECES_MAX);
	memcpy(iov + 1, pieces, count * sizeof(*pieces));
	return writev(tun->fd, iov, (int)count + 1) < 0 ? -errno : 0;
}

ssize_t mv_tun_read(const struct mv_tun *tun, void *packet, size_t room)
{
	assert(!tun->has_header);

	ssize_t len = read(tun->fd, packet, room);
	return len < 0 ? -errno : len;
}

int mv_tun_write(const struct mv_tun *tun, const void *packet, size_t len)
{
	struct virtio_net_hdr none = {0};
	struct iovec piece = {.iov_base = (void *)packet, .iov_len = len};

	return mv_tun_write_frame(tun, &none, &piece, 1);
}
