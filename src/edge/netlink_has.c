#include "edge/netlink_has.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "edge/netlink_ask.h"
#include "edge/netlink_request.h"

/* Who may change something is told that there is no such device, anybody else that he may not. */
bool mv_netlink_may_change(struct mv_netlink *netlink)
{
	struct ifinfomsg nowhere = {.ifi_family = AF_UNSPEC, .ifi_index = INT_MAX};
	struct mv_netlink_message buffer;
	struct nlmsghdr *message =
		mv_netlink_start(&buffer, RTM_SETLINK, 0, &nowhere, sizeof(nowhere));
	int err = mv_netlink_request(netlink, message, NULL, NULL);

	return err != -EPERM && err != -EACCES;
}

/* Link */

static int on_carrier(const struct nlmsghdr *message, void *ctx)
{
	const struct nlattr *carrier =
		mv_netlink_find(message, sizeof(struct ifinfomsg), IFLA_CARRIER);
	bool *has_it = ctx;

	*has_it = carrier && mnl_attr_get_u8(carrier) != 0;
	return MNL_CB_OK;
}

bool mv_netlink_is_in_use(struct mv_netlink *netlink, int ifindex)
{
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};
	struct mv_netlink_message buffer;
	struct nlmsghdr *message = mv_netlink_start(&buffer, RTM_GETLINK, 0, &link, sizeof(link));
	bool has_carrier = false;

	return mv_netlink_request(netlink, message, on_carrier, &has_carrier) == 0 && has_carrier;
}

static int on_mode(const struct nlattr *attribute, void *ctx)
{
	int *mode = ctx;

	if (mnl_attr_get_type(attribute) == IFLA_INET6_ADDR_GEN_MODE) {
		*mode = mnl_attr_get_u8(attribute);
	}
	return MNL_CB_OK;
}

static int on_family(const struct nlattr *attribute, void *ctx)
{
	return mnl_attr_get_type(attribute) == AF_INET6
		       ? mnl_attr_parse_nested(attribute, on_mode, ctx)
		       : MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *message, void *ctx)
{
	const struct nlattr *families =
		mv_netlink_find(message, sizeof(struct ifinfomsg), IFLA_AF_SPEC);

	return families ? mnl_attr_parse_nested(families, on_family, ctx) : MNL_CB_OK;
}

/* Where there is no IPv6 there is no mode either, and nothing to keep away. */
static bool has_no_link_local(struct mv_netlink *netlink, int ifindex)
{
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};
	struct mv_netlink_message buffer;
	struct nlmsghdr *message = mv_netlink_start(&buffer, RTM_GETLINK, 0, &link, sizeof(link));
	int mode = IN6_ADDR_GEN_MODE_NONE;

	return mv_netlink_request(netlink, message, on_link, &mode) == 0 &&
	       mode == IN6_ADDR_GEN_MODE_NONE;
}

static bool has_mtu(struct mv_netlink *netlink, int ifindex, uint32_t mtu)
{
	struct mv_link_event link;

	return mv_netlink_link_get(netlink, ifindex, &link) == 0 && link.mtu == mtu;
}

static bool is_up(struct mv_netlink *netlink, int ifindex)
{
	struct mv_link_event link;

	return mv_netlink_link_get(netlink, ifindex, &link) == 0 && link.up;
}

/* Addresses */

static bool has_address(struct mv_netlink *netlink, int ifindex, const struct mv_prefix *address)
{
	struct mv_prefix *list = NULL;
	size_t count = 0;
	bool found = false;

	if (mv_netlink_addresses(netlink, ifindex, &list, &count) < 0) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		found |= mv_prefix_equal(&list[i], address);
	}
	free(list);
	return found;
}

/* Routes */

struct route_search {
	const struct mv_prefix *prefix;
	uint32_t table;
	uint32_t ifindex;
	bool found;
};

static int compare_route(const struct nlmsghdr *message, void *ctx)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	const struct nlattr *device = mv_netlink_find(message, sizeof(*route), RTA_OIF);
	const struct nlattr *destination = mv_netlink_find(message, sizeof(*route), RTA_DST);
	struct route_search *search = ctx;
	struct mv_prefix prefix = {.ip.family = search->prefix->ip.family};

	if (mv_netlink_table_of(message) != search->table || !device ||
		mnl_attr_get_u32(device) != search->ifindex) {
		return MNL_CB_OK;
	}

	/* The default route has no destination. */
	prefix.bits = route->rtm_dst_len;
	if (destination) {
		memcpy(prefix.ip.bytes, mnl_attr_get_payload(destination),
			mv_ip_width(&prefix.ip) / 8);
	}
	search->found |= mv_prefix_equal(&prefix, search->prefix);
	return MNL_CB_OK;
}

static bool has_route(struct mv_netlink *netlink, int ifindex, const struct mv_host_step *step)
{
	struct route_search search = {
		.prefix = &step->prefix, .table = step->number, .ifindex = (uint32_t)ifindex};
	struct rtmsg family = {
		.rtm_family = step->prefix.ip.family == MV_FAMILY_IPV4 ? AF_INET : AF_INET6};
	struct mv_netlink_message buffer;
	int err;

	do {
		struct nlmsghdr *message = mv_netlink_start(
			&buffer, RTM_GETROUTE, NLM_F_DUMP, &family, sizeof(family));

		err = mv_netlink_request(netlink, message, compare_route, &search);
	} while (err == -EINTR && !search.found);
	return search.found;
}

bool mv_netlink_has(struct mv_netlink *netlink, int ifindex, const struct mv_host_step *step)
{
	if (step->kind == MV_HOST_NO_LINK_LOCAL) {
		return has_no_link_local(netlink, ifindex);
	}
	if (step->kind == MV_HOST_MTU) {
		return has_mtu(netlink, ifindex, step->number);
	}
	if (step->kind == MV_HOST_LINK_UP) {
		return is_up(netlink, ifindex);
	}
	if (step->kind == MV_HOST_ADDRESS_ADD) {
		return has_address(netlink, ifindex, &step->prefix);
	}
	return step->kind == MV_HOST_ROUTE_ADD && has_route(netlink, ifindex, step);
}
