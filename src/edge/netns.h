/*
 * Network namespaces by their names, as `ip netns` has them, or by a path. What is opened after a
 * thread has entered one is of that one: TUN devices, sockets, netlink, /proc/sys/net. Before any
 * other thread; entering needs CAP_SYS_ADMIN.
 */
#ifndef MV_EDGE_NETNS_H
#define MV_EDGE_NETNS_H

#include <stdbool.h>
#include <stdint.h>

#define MV_NETNS_FOLDER "/run/netns"

/* Of a name below MV_NETNS_FOLDER, or an absolute path; NULL: that of this thread. A descriptor,
 * close-on-exec. -ENOENT: there is none; -EINVAL: it is none; other -errno. */
int mv_netns_open(const char *place);

/* Of that number, if it has a name, or a program is in it that may be looked at. -ENOENT: none. */
int mv_netns_find(uint64_t number);

/* The number that tells it from all others that are there at the time; 0: it cannot be had. */
uint64_t mv_netns_number(int fd);

/* -EPERM: no privilege. */
int mv_netns_enter(int fd);

#endif
