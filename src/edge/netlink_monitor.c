#include "edge/netlink.h"

#include "edge/netlink_request.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* One notification about a link with all its attributes stays far below. */
#define NEWS_MAX 32768

struct reader {
	struct mv_netlink *monitor;
	struct mv_link_place *place;
	int nsid; /* of the namespace that the messages at hand come from */
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

static const struct nlattr *find(const struct nlmsghdr *message, uint16_t type)
{
	return mv_netlink_find(message, sizeof(struct ifinfomsg), type);
}

/* Where it went is told in the numbers of the namespace that it left: only ours mean something to
 * us. */
static void follow(const struct reader *reader, const struct nlmsghdr *message)
{
	const struct nlattr *ifindex = find(message, IFLA_NEW_IFINDEX);
	struct mv_link_place *place = reader->place;

	place->nsid = place->nsid == MV_NSID_OWN
			      ? (int)mnl_attr_get_u32(find(message, IFLA_NEW_NETNSID))
			      : MV_NSID_UNKNOWN;
	if (ifindex) {
		place->ifindex = (int)mnl_attr_get_u32(ifindex);
	}
}

/*
 * A device that moves to another namespace is deleted from this one, and the message says where it
 * went: it lives on.
 */
static bool read_news(
	const struct reader *reader, const struct nlmsghdr *message, struct mv_link_event *event)
{
	if (message->nlmsg_type == RTM_NEWLINK) {
		*event = read_link(message);
		return true;
	}
	if (message->nlmsg_type != RTM_DELLINK) {
		return false;
	}
	if (find(message, IFLA_NEW_NETNSID)) {
		follow(reader, message);
		/* Of a place that nothing may be heard from it counts as up. */
		*event = (struct mv_link_event){.up = !reader->monitor->hears_all ||
						      reader->place->nsid == MV_NSID_UNKNOWN};
	} else {
		*event = (struct mv_link_event){.deleted = true};
	}
	return true;
}

/* A device that has moved on from a namespace whose numbers are not ours: it is where one of its
 * name and number comes up. */
static bool is_found_again(const struct reader *reader, const struct nlmsghdr *message)
{
	const struct nlattr *name = find(message, IFLA_IFNAME);

	return reader->place->nsid == MV_NSID_UNKNOWN && message->nlmsg_type == RTM_NEWLINK &&
	       name && strcmp(mnl_attr_get_str(name), reader->place->name) == 0;
}

/* A bridge tells of its ports by messages of its own family: they are no devices. */
static bool is_ours(const struct reader *reader, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);

	if (link->ifi_family != AF_UNSPEC || link->ifi_index != reader->place->ifindex) {
		return false;
	}
	if (is_found_again(reader, message)) {
		reader->place->nsid = reader->nsid;
	}
	return reader->nsid == reader->place->nsid;
}

static int on_news(const struct nlmsghdr *message, void *ctx)
{
	const struct reader *reader = ctx;
	struct mv_link_event event;

	if (is_ours(reader, message) && read_news(reader, message, &event)) {
		reader->on_event(reader->ctx, &event);
	}
	return MNL_CB_OK;
}

int mv_netlink_monitor_open(struct mv_netlink **monitor)
{
	int error = mv_netlink_bind(monitor, RTMGRP_LINK, SOCK_NONBLOCK);
	int on = 1;

	if (error == 0) {
		(*monitor)->hears_all = mnl_socket_setsockopt((*monitor)->socket,
						NETLINK_LISTEN_ALL_NSID, &on, sizeof(on)) == 0;
	}
	return error;
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

/* The kernel says beside the message which other namespace it comes from. */
static int read_nsid(struct msghdr *message)
{
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(message); cmsg;
		cmsg = CMSG_NXTHDR(message, cmsg)) {
		if (cmsg->cmsg_level == SOL_NETLINK && cmsg->cmsg_type == NETLINK_LISTEN_ALL_NSID) {
			int nsid;

			memcpy(&nsid, CMSG_DATA(cmsg), sizeof(nsid));
			return nsid;
		}
	}
	return MV_NSID_OWN;
}

static ssize_t receive(struct reader *reader, void *news, size_t room)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec piece = {.iov_base = news, .iov_len = room};
	struct msghdr message = {.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	ssize_t len;

	do {
		len = recvmsg(mv_netlink_fd(reader->monitor), &message, 0);
	} while (len < 0 && errno == EINTR);
	if (len >= 0) {
		reader->nsid = read_nsid(&message);
	}
	return len;
}

int mv_netlink_monitor_read(struct mv_netlink *monitor, struct mv_link_place *place,
	void (*on_event)(void *ctx, const struct mv_link_event *event), void *ctx)
{
	struct reader reader = {
		.monitor = monitor, .place = place, .on_event = on_event, .ctx = ctx};
	_Alignas(NLMSG_ALIGNTO) char news[NEWS_MAX];

	for (;;) {
		ssize_t len = receive(&reader, news, sizeof(news));

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
