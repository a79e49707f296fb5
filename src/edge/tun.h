/*
 * The TUN device: open it by name or take a descriptor, read and write one frame at a time: an IP
 * packet (IFF_TUN | IFF_NO_PI), or many that are one, with the virtio header that says how to tell
 * them apart (IFF_VNET_HDR). The device lives as long as its descriptor. Any thread; reads belong
 * to one.
 */
#ifndef MV_EDGE_TUN_H
#define MV_EDGE_TUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "edge/vnet.h"

#define MV_TUN_NAME_MAX 16

/* The most packets that are written as one. */
#define MV_TUN_PIECES_MAX 64

struct mv_tun {
	int fd; /* -1: closed */
	char name[MV_TUN_NAME_MAX];
	int ifindex;
	bool has_header; /* each frame begins with a virtio header; else that is taken for empty */
	bool has_many_queues; /* may be opened again, a queue a lane */
	/* What is read may be many TCP segments in one, or UDP datagrams, and so may what is
	 * written, until the kernel refuses it. The second only where the first was. */
	atomic_bool merges_tcp, merges_udp;
};

/* How a device is opened. */
enum mv_tun_flags {
	MV_TUN_PLAIN = 0,
	MV_TUN_OFFLOAD = 1,     /* with the offloads that this kernel has */
	MV_TUN_MANY_QUEUES = 2, /* may be opened again, a queue a lane */
};

/*
 * Creates the device under exactly this name, non-blocking and close-on-exec. flags: of enum
 * mv_tun_flags. -EBUSY: a TUN device of this name is there already; -EEXIST:
 * an interface of another kind is; -ENAMETOOLONG or -EINVAL: no name for a device; -ENOENT or
 * -ENODEV: no /dev/net/tun; -EPERM, -EACCES: no permission. On failure tun->fd is -1.
 */
int mv_tun_open(struct mv_tun *tun, const char *name, int flags);

/*
 * Joins a device that somebody has prepared: a persistent one, whose owner needs no
 * privilege for it, and which stays when it is closed. It takes the framing that the flags ask for;
 * whether it may have many queues was decided when it was made, and is told in has_many_queues.
 * -ENXIO: there is none of this name; -ENOTTY: it is no TUN device; -EBUSY: another program has it,
 * unless it has many queues; -EPERM: it is somebody else's; other -errno as above. On failure
 * tun->fd is -1.
 */
int mv_tun_join(struct mv_tun *tun, const char *name, int flags);

/* One more queue of a device that has many. -errno; queue->fd is -1 then. */
int mv_tun_open_queue(struct mv_tun *queue, const struct mv_tun *first);

/*
 * Takes over an open TUN descriptor, makes it non-blocking and close-on-exec, and asks the kernel
 * for its name and framing. -EINVAL: it is no TUN; -ENODEV: the device is not in this network
 * namespace. The giver must have set IFF_NO_PI: that cannot be asked. On failure tun->fd is -1 and
 * the descriptor stays the caller's.
 */
int mv_tun_adopt(struct mv_tun *tun, int fd);

/* Closing the last descriptor of a device that is not persistent removes the device. */
void mv_tun_close(struct mv_tun *tun);

/*
 * One frame. The packet's length; -EAGAIN: nothing there; -EBADFD: the device was deleted; other
 * errors (-EIO while it is down, -EINVAL, -ENOBUFS) concern this frame alone.
 */
ssize_t mv_tun_read_frame(
	const struct mv_tun *tun, struct virtio_net_hdr *header, void *packet, size_t room);

/* One frame, of at most MV_TUN_PIECES_MAX pieces. 0 or -errno as above. */
int mv_tun_write_frame(const struct mv_tun *tun, const struct virtio_net_hdr *header,
	const struct iovec *pieces, size_t count);

/* One packet of a device without offloads: its length or -errno as above. */
ssize_t mv_tun_read(const struct mv_tun *tun, void *packet, size_t room);

/* One packet with nothing to be said about it, into any device: 0 or -errno as above. */
int mv_tun_write(const struct mv_tun *tun, const void *packet, size_t len);

#endif
