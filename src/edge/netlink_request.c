#include "edge/netlink_request.h"

#include "edge/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The kernel makes no part of a dump longer than this. */
#define ANSWER_MAX 32768

int mv_netlink_bind(struct mv_netlink **netlink, unsigned groups, int flags)
{
	struct mv_netlink *made = calloc(1, sizeof(*made));
	int err;

	if (!made) {
		return -ENOMEM;
	}
	made->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags);
	if (!made->socket) {
		err = -errno;
		goto fail_free;
	}
	if (mnl_socket_bind(made->socket, groups, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		goto fail_close;
	}
	*netlink = made;
	return 0;

fail_close:
	mnl_socket_close(made->socket);
fail_free:
	free(made);
	return err;
}

int mv_netlink_open(struct mv_netlink **netlink)
{
	return mv_netlink_bind(netlink, 0, 0);
}

void mv_netlink_close(struct mv_netlink *netlink)
{
	if (!netlink) {
		return;
	}
	mnl_socket_close(netlink->socket);
	free(netlink);
}

struct nlmsghdr *mv_netlink_start(struct mv_netlink_message *buffer, uint16_t type, uint16_t flags,
	const void *header, size_t header_len)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer->bytes);

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	memcpy(mnl_nlmsg_put_extra_header(message, header_len), header, header_len);
	return message;
}

struct attribute_search {
	uint16_t type;
	const struct nlattr *found;
};

static int compare_type(const struct nlattr *attribute, void *ctx)
{
	struct attribute_search *search = ctx;

	if (mnl_attr_get_type(attribute) != search->type) {
		return MNL_CB_OK;
	}
	search->found = attribute;
	return MNL_CB_STOP;
}

const struct nlattr *mv_netlink_find(
	const struct nlmsghdr *message, size_t header_len, uint16_t type)
{
	struct attribute_search search = {.type = type};

	mnl_attr_parse(message, (unsigned)header_len, compare_type, &search);
	return search.found;
}

uint32_t mv_netlink_table_of(const struct nlmsghdr *message)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	const struct nlattr *table = mv_netlink_find(message, sizeof(*route), RTA_TABLE);

	return table ? mnl_attr_get_u32(table) : route->rtm_table;
}

static ssize_t receive(const struct mv_netlink *netlink, void *answer, size_t room)
{
	ssize_t len;

	do {
		len = mnl_socket_recvfrom(netlink->socket, answer, room);
	} while (len < 0 && errno == EINTR);
	return len;
}

int mv_netlink_request(
	struct mv_netlink *netlink, struct nlmsghdr *message, mnl_cb_t on_message, void *ctx)
{
	_Alignas(NLMSG_ALIGNTO) char answer[ANSWER_MAX];
	unsigned port = mnl_socket_get_portid(netlink->socket);
	int more;

	message->nlmsg_seq = ++netlink->sequence;
	if (mnl_socket_sendto(netlink->socket, message, message->nlmsg_len) < 0) {
		return -errno;
	}

	do {
		ssize_t len = receive(netlink, answer, sizeof(answer));

		if (len < 0) {
			return -errno;
		}
		more = mnl_cb_run(answer, (size_t)len, message->nlmsg_seq, port, on_message, ctx);
		/* The rest of an answer that was given up: not for this request. */
		if (more < 0 && errno == EPROTO) {
			more = MNL_CB_OK;
		}
	} while (more > MNL_CB_STOP);
	return more < 0 ? -errno : 0;
}
