#include "edge/netlink.h"

#include "edge/netlink_request.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stddef.h>
#include <sys/socket.h>

/* One notification about a link with all its attributes stays far below. */
#define NEWS_MAX 32768

struct reader {
	int ifindex;
	void (*on_event)(void *ctx, const struct mv_link_event *event);
	void *ctx;
};

static struct mv_link_event read_link(const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	const struct nlattr *mtu = mv_netlink_find(message, sizeof(*link), IFLA_MTU);

	return (struct mv_link_event){
		.up = (link->ifi_flags & IFF_UP) != 0,
		.mtu = mtu ? mnl_attr_get_u32(mtu) : 0,
	};
}

/*
 * A device that moves to another namespace is deleted from this one, and the message says where it
 * went: it lives on.
 */
static bool is_deletion(const struct nlmsghdr *message)
{
	return message->nlmsg_type == RTM_DELLINK &&
	       !mv_netlink_find(message, sizeof(struct ifinfomsg), IFLA_NEW_NETNSID);
}

static int on_news(const struct nlmsghdr *message, void *ctx)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	const struct reader *reader = ctx;
	struct mv_link_event event;

	/* A bridge tells of its ports by messages of its own family: they are no devices. */
	if (link->ifi_family != AF_UNSPEC || link->ifi_index != reader->ifindex) {
		return MNL_CB_OK;
	}

	if (message->nlmsg_type == RTM_NEWLINK) {
		event = read_link(message);
	} else if (is_deletion(message)) {
		event = (struct mv_link_event){.deleted = true};
	} else {
		return MNL_CB_OK;
	}
	reader->on_event(reader->ctx, &event);
	return MNL_CB_OK;
}

int mv_netlink_monitor_open(struct mv_netlink **monitor)
{
	return mv_netlink_bind(monitor, RTMGRP_LINK, SOCK_NONBLOCK);
}

int mv_netlink_paths_open(struct mv_netlink **paths)
{
	return mv_netlink_bind(paths,
		RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
		SOCK_NONBLOCK);
}

void mv_netlink_paths_drain(struct mv_netlink *paths)
{
	_Alignas(NLMSG_ALIGNTO) char news[NEWS_MAX];
	ssize_t len;

	/* An overrun is a change, too. */
	do {
		len = mnl_socket_recvfrom(paths->socket, news, sizeof(news));
	} while (len >= 0 || errno == EINTR || errno == ENOBUFS || errno == ENOSPC);
}

int mv_netlink_fd(const struct mv_netlink *netlink)
{
	return mnl_socket_get_fd(netlink->socket);
}

int mv_netlink_monitor_read(struct mv_netlink *monitor, int ifindex,
	void (*on_event)(void *ctx, const struct mv_link_event *event), void *ctx)
{
	struct reader reader = {.ifindex = ifindex, .on_event = on_event, .ctx = ctx};
	_Alignas(NLMSG_ALIGNTO) char news[NEWS_MAX];

	for (;;) {
		ssize_t len = mnl_socket_recvfrom(monitor->socket, news, sizeof(news));

		if (len < 0 && errno == EINTR) {
			continue;
		}
		if (len < 0) {
			return errno == EAGAIN ? 0 : -errno;
		}
		/* Sequence and port are 0: the kernel speaks unasked. */
		if (mnl_cb_run(news, (size_t)len, 0, 0, on_news, &reader) < 0) {
			return -errno;
		}
	}
}

static int on_link(const struct nlmsghdr *message, void *ctx)
{
	struct mv_link_event *event = ctx;

	*event = read_link(message);
	return MNL_CB_OK;
}

int mv_netlink_link_get(struct mv_netlink *netlink, int ifindex, struct mv_link_event *event)
{
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};
	struct mv_netlink_message buffer;
	struct nlmsghdr *message = mv_netlink_start(&buffer, RTM_GETLINK, 0, &link, sizeof(link));
	int err;

	err = mv_netlink_request(netlink, message, on_link, event);
	if (err == -ENODEV) {
		*event = (struct mv_link_event){.deleted = true};
		return 0;
	}
	return err;
}
