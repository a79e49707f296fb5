#include "edge/netlink_ask.h"

#include "edge/netlink_request.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The rule that asks the main table, where nobody has removed it. */
#define PRIORITY_MAIN 32766

/* A dump that changes meanwhile is not whole. */
#define DUMP_TRIES 8

static const uint8_t families[] = {AF_INET, AF_INET6};

static int dump(
	struct mv_netlink *netlink, uint16_t type, uint8_t family, mnl_cb_t on_message, void *ctx)
{
	struct rtmsg header = {.rtm_family = family};
	struct mv_netlink_message buffer;
	int err = -EINTR;

	for (int i = 0; err == -EINTR && i < DUMP_TRIES; i++) {
		struct nlmsghdr *message =
			mv_netlink_start(&buffer, type, NLM_F_DUMP, &header, sizeof(header));

		err = mv_netlink_request(netlink, message, on_message, ctx);
	}
	return err;
}

struct table_search {
	uint32_t table;
	bool is_used;
};

static int on_table_route(const struct nlmsghdr *message, void *ctx)
{
	struct table_search *search = ctx;

	search->is_used |= mv_netlink_table_of(message) == search->table;
	return MNL_CB_OK;
}

int mv_netlink_table_is_used(struct mv_netlink *netlink, uint32_t table, bool *is_used)
{
	struct table_search search = {.table = table};
	int err = 0;

	for (size_t i = 0; err == 0 && i < sizeof(families); i++) {
		err = dump(netlink, RTM_GETROUTE, families[i], on_table_route, &search);
		err = err == -EAFNOSUPPORT || err == -EOPNOTSUPP ? 0 : err;
	}
	*is_used = search.is_used;
	return err;
}

/* Where a route leads, and how wide it says it is. */
struct way {
	uint32_t ifindex; /* 0: nowhere */
	uint32_t mtu;     /* 0: it does not say */
	uint32_t priority;
};

static uint32_t read_u32(const struct nlattr *attribute)
{
	return attribute ? mnl_attr_get_u32(attribute) : 0;
}

static int on_metric(const struct nlattr *attribute, void *ctx)
{
	uint32_t *mtu = ctx;

	if (mnl_attr_get_type(attribute) == RTAX_MTU) {
		*mtu = mnl_attr_get_u32(attribute);
	}
	return MNL_CB_OK;
}

static struct way read_way(const struct nlmsghdr *message)
{
	size_t header = sizeof(struct rtmsg);
	const struct nlattr *metrics = mv_netlink_find(message, header, RTA_METRICS);
	struct way way = {
		.ifindex = read_u32(mv_netlink_find(message, header, RTA_OIF)),
		.priority = read_u32(mv_netlink_find(message, header, RTA_PRIORITY)),
	};

	if (metrics) {
		mnl_attr_parse_nested(metrics, on_metric, &way.mtu);
	}
	return way;
}

static int on_way(const struct nlmsghdr *message, void *ctx)
{
	struct way *way = ctx;

	*way = read_way(message);
	return MNL_CB_OK;
}

static int mtu_of_way(struct mv_netlink *netlink, const struct way *way, uint32_t *mtu)
{
	struct mv_link_event link;
	int err;

	if (way->mtu > 0) {
		*mtu = way->mtu;
		return 0;
	}
	if (way->ifindex == 0) {
		return -ENETUNREACH;
	}
	err = mv_netlink_link_get(netlink, (int)way->ifindex, &link);
	if (err < 0 || link.deleted || link.mtu == 0) {
		return err < 0 ? err : -ENETUNREACH;
	}
	*mtu = link.mtu;
	return 0;
}

int mv_netlink_path_mtu(
	struct mv_netlink *netlink, const struct mv_ip *to, uint32_t mark, uint32_t *mtu)
{
	struct rtmsg route = {
		.rtm_family = to->family == MV_FAMILY_IPV4 ? AF_INET : AF_INET6,
		.rtm_dst_len = (uint8_t)mv_ip_width(to),
	};
	struct mv_netlink_message buffer;
	struct nlmsghdr *message =
		mv_netlink_start(&buffer, RTM_GETROUTE, 0, &route, sizeof(route));
	struct way way = {0};
	int err;

	mnl_attr_put(message, RTA_DST, mv_ip_width(to) / 8, to->bytes);
	if (mark > 0) {
		mnl_attr_put_u32(message, RTA_MARK, mark);
	}
	err = mv_netlink_request(netlink, message, on_way, &way);
	return err < 0 ? err : mtu_of_way(netlink, &way, mtu);
}

/* Of several default routes the one with the lowest number is taken. */
static int on_default_route(const struct nlmsghdr *message, void *ctx)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	struct way way = read_way(message);
	struct way *best = ctx;

	if (route->rtm_dst_len == 0 && mv_netlink_table_of(message) == RT_TABLE_MAIN &&
		way.ifindex > 0 && (best->ifindex == 0 || way.priority < best->priority)) {
		*best = way;
	}
	return MNL_CB_OK;
}

int mv_netlink_default_mtu(struct mv_netlink *netlink, uint32_t *mtu)
{
	struct way way = {0};
	int err = 0;

	for (size_t i = 0; err == 0 && way.ifindex == 0 && i < sizeof(families); i++) {
		err = dump(netlink, RTM_GETROUTE, families[i], on_default_route, &way);
	}
	return err < 0 ? err : mtu_of_way(netlink, &way, mtu);
}

static int on_rule(const struct nlmsghdr *message, void *ctx)
{
	uint32_t priority =
		read_u32(mv_netlink_find(message, sizeof(struct fib_rule_hdr), FRA_PRIORITY));
	uint32_t *least = ctx;

	if (priority > 0 && priority < *least) {
		*least = priority;
	}
	return MNL_CB_OK;
}

/* As the kernel chooses it where nobody says. */
int mv_netlink_first_priority(struct mv_netlink *netlink, enum mv_family family, uint32_t *priority)
{
	uint32_t least = PRIORITY_MAIN;
	int err = dump(netlink, RTM_GETRULE, family == MV_FAMILY_IPV4 ? AF_INET : AF_INET6, on_rule,
		&least);

	*priority = least > 1 ? least - 1 : 1;
	return err;
}

/* What a dump has of a device. */
struct list {
	uint32_t ifindex;
	size_t item_size;
	char *items;
	size_t count;
	bool out_of_memory;
};

static int append(struct list *list, const void *item)
{
	char *items = reallocarray(list->items, list->count + 1, list->item_size);

	if (!items) {
		list->out_of_memory = true;
		return MNL_CB_STOP;
	}
	list->items = items;
	memcpy(items + list->count++ * list->item_size, item, list->item_size);
	return MNL_CB_OK;
}

/* Of all families. A kernel may lack one, or its routes. */
static int collect(struct list *list, struct mv_netlink *netlink, uint16_t type, mnl_cb_t on_item)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < sizeof(families); i++) {
		err = dump(netlink, type, families[i], on_item, list);
		err = err == -EAFNOSUPPORT || err == -EOPNOTSUPP ? 0 : err;
	}
	if (err == 0 && list->out_of_memory) {
		err = -ENOMEM;
	}
	if (err < 0) {
		free(list->items);
	}
	return err;
}

static bool read_address(struct mv_prefix *prefix, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *local = mv_netlink_find(message, sizeof(*header), IFA_LOCAL);
	const struct nlattr *address = mv_netlink_find(message, sizeof(*header), IFA_ADDRESS);

	/* An address of a device with a remote end has both; only IPv4 always has the first. */
	local = local ? local : address;
	*prefix = (struct mv_prefix){
		.ip.family = header->ifa_family == AF_INET ? MV_FAMILY_IPV4 : MV_FAMILY_IPV6,
		.bits = header->ifa_prefixlen};
	if (!local) {
		return false;
	}
	memcpy(prefix->ip.bytes, mnl_attr_get_payload(local), mv_ip_width(&prefix->ip) / 8);
	return true;
}

static int on_address(const struct nlmsghdr *message, void *ctx)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	struct list *list = ctx;
	struct mv_prefix prefix;

	return header->ifa_index == list->ifindex && read_address(&prefix, message)
		       ? append(list, &prefix)
		       : MNL_CB_OK;
}

int mv_netlink_addresses(
	struct mv_netlink *netlink, int ifindex, struct mv_prefix **addresses, size_t *count)
{
	struct list list = {.ifindex = (uint32_t)ifindex, .item_size = sizeof(**addresses)};
	int err = collect(&list, netlink, RTM_GETADDR, on_address);

	if (err == 0) {
		*addresses = (void *)list.items;
		*count = list.count;
	}
	return err;
}

static bool read_route(struct mv_route *route, const struct nlmsghdr *message, uint32_t ifindex)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *to = mv_netlink_find(message, sizeof(*header), RTA_DST);

	*route = (struct mv_route){.table = mv_netlink_table_of(message),
		.prefix = {.bits = header->rtm_dst_len,
			.ip.family =
				header->rtm_family == AF_INET ? MV_FAMILY_IPV4 : MV_FAMILY_IPV6}};
	if (to) {
		memcpy(route->prefix.ip.bytes, mnl_attr_get_payload(to),
			mv_ip_width(&route->prefix.ip) / 8);
	}
	return read_way(message).ifindex == ifindex && header->rtm_type == RTN_UNICAST &&
	       header->rtm_protocol != RTPROT_KERNEL;
}

static int on_route(const struct nlmsghdr *message, void *ctx)
{
	struct list *list = ctx;
	struct mv_route route;

	return read_route(&route, message, list->ifindex) ? append(list, &route) : MNL_CB_OK;
}

int mv_netlink_routes(
	struct mv_netlink *netlink, int ifindex, struct mv_route **routes, size_t *count)
{
	struct list list = {.ifindex = (uint32_t)ifindex, .item_size = sizeof(**routes)};
	int err = collect(&list, netlink, RTM_GETROUTE, on_route);

	if (err == 0) {
		*routes = (void *)list.items;
		*count = list.count;
	}
	return err;
}
