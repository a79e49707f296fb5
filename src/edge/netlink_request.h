/*
 * One request to rtnetlink and its answer: what edge/netlink and edge/netlink_monitor share, and
 * nobody else includes. A socket belongs to one thread.
 */
#ifndef MV_EDGE_NETLINK_REQUEST_H
#define MV_EDGE_NETLINK_REQUEST_H

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mv_netlink {
	struct mnl_socket *socket;
	uint32_t sequence;
	bool hears_all; /* a monitor: what happens in other namespaces, too */
};

/* Room for any request that we make: a header and a few attributes. */
struct mv_netlink_message {
	_Alignas(NLMSG_ALIGNTO) char bytes[256];
};

/* groups: RTMGRP_ bits to listen to; flags: SOCK_NONBLOCK or 0. -errno. */
int mv_netlink_bind(struct mv_netlink **netlink, unsigned groups, int flags);

/* Starts a message in the buffer: its header, and behind it the header of its family. */
struct nlmsghdr *mv_netlink_start(struct mv_netlink_message *buffer, uint16_t type, uint16_t flags,
	const void *header, size_t header_len);

/* The attribute of this type behind the message's header of its family; NULL if there is none. */
const struct nlattr *mv_netlink_find(
	const struct nlmsghdr *message, size_t header_len, uint16_t type);

/* The table of a route's message. */
uint32_t mv_netlink_table_of(const struct nlmsghdr *message);

/*
 * Sends the message and waits for the kernel's answer. on_message (may be NULL) sees each message
 * of the answer and returns MNL_CB_OK. 0 or the kernel's -errno; -EINTR: a dump was interrupted by
 * a change, and may be incomplete.
 */
int mv_netlink_request(
	struct mv_netlink *netlink, struct nlmsghdr *message, mnl_cb_t on_message, void *ctx);

#endif
