/*
 * The TUN device: open it by name or take a descriptor, read and write one IP packet at a time
 * (IFF_TUN | IFF_NO_PI). The device lives as long as its descriptor. Any thread; reads belong to
 * one, writes to one.
 */
#ifndef MV_EDGE_TUN_H
#define MV_EDGE_TUN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MV_TUN_NAME_MAX 16

struct mv_tun {
	int fd; /* -1: closed */
	char name[MV_TUN_NAME_MAX];
	int ifindex;
};

/*
 * Creates the device under exactly this name, non-blocking and close-on-exec. -EBUSY: a TUN device
 * of this name is there already; -EEXIST: an interface of another kind is; -ENAMETOOLONG or
 * -EINVAL: no name for a device; -ENOENT or -ENODEV: no /dev/net/tun; -EPERM, -EACCES: no
 * permission. On failure tun->fd is -1.
 */
int mv_tun_open(struct mv_tun *tun, const char *name);

/*
 * Takes over an open TUN descriptor, makes it non-blocking and close-on-exec, and asks the kernel
 * for its name. -EINVAL: it is no TUN, or has the virtio header; -ENODEV: the device is not in this
 * network namespace. The giver must have set IFF_NO_PI: that cannot be asked. On failure tun->fd is
 * -1 and the descriptor stays the caller's.
 */
int mv_tun_adopt(struct mv_tun *tun, int fd);

/* Closing the last descriptor of a device that is not persistent removes the device. */
void mv_tun_close(struct mv_tun *tun);

/*
 * One packet. Its length; -EAGAIN: nothing there; -EBADFD: the device was deleted; other errors
 * (-EIO while it is down, -EINVAL, -ENOBUFS) concern this packet alone.
 */
ssize_t mv_tun_read(const struct mv_tun *tun, void *packet, size_t room);
ssize_t mv_tun_write(const struct mv_tun *tun, const void *packet, size_t len);

#endif
