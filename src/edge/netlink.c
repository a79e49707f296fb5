#include "edge/netlink.h"

#include "edge/netlink_has.h"
#include "edge/netlink_request.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#define ADD_FLAGS (NLM_F_CREATE | NLM_F_EXCL)

static uint8_t kernel_family(const struct mv_ip *ip)
{
	return ip->family == MV_FAMILY_IPV4 ? AF_INET : AF_INET6;
}

static void put_ip(struct nlmsghdr *message, uint16_t type, const struct mv_ip *ip)
{
	mnl_attr_put(message, type, mv_ip_width(ip) / 8, ip->bytes);
}

static struct nlmsghdr *start_link(
	struct mv_netlink_message *buffer, int ifindex, unsigned flags, unsigned change)
{
	struct ifinfomsg link = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = ifindex,
		.ifi_flags = flags,
		.ifi_change = change,
	};

	return mv_netlink_start(buffer, RTM_NEWLINK, 0, &link, sizeof(link));
}

/* Else a primary IPv4 address that goes takes the secondary ones of its subnet with it. */
static int set_promote_secondaries(struct mv_netlink *netlink, int ifindex)
{
	struct mv_netlink_message buffer;
	struct nlmsghdr *message = start_link(&buffer, ifindex, 0, 0);
	struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
	struct nlattr *ipv4 = mnl_attr_nest_start(message, AF_INET);
	struct nlattr *settings = mnl_attr_nest_start(message, IFLA_INET_CONF);

	mnl_attr_put_u32(message, IPV4_DEVCONF_PROMOTE_SECONDARIES, 1);
	mnl_attr_nest_end(message, settings);
	mnl_attr_nest_end(message, ipv4);
	mnl_attr_nest_end(message, families);
	return mv_netlink_request(netlink, message, NULL, NULL);
}

/*
 * Else the kernel gives the device a link-local address and sends router solicitations from it,
 * which would wake every peer. Where IPv6 is switched off there is nothing to prevent.
 */
static int set_no_link_local(struct mv_netlink *netlink, int ifindex)
{
	struct mv_netlink_message buffer;
	struct nlmsghdr *message = start_link(&buffer, ifindex, 0, 0);
	struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
	struct nlattr *ipv6 = mnl_attr_nest_start(message, AF_INET6);
	int err;

	mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(message, ipv6);
	mnl_attr_nest_end(message, families);
	err = mv_netlink_request(netlink, message, NULL, NULL);
	return err == -EAFNOSUPPORT || err == -EOPNOTSUPP ? 0 : err;
}

static int set_mtu(struct mv_netlink *netlink, int ifindex, uint32_t mtu)
{
	struct mv_netlink_message buffer;
	struct nlmsghdr *message = start_link(&buffer, ifindex, 0, 0);

	mnl_attr_put_u32(message, IFLA_MTU, mtu);
	return mv_netlink_request(netlink, message, NULL, NULL);
}

static int set_link(struct mv_netlink *netlink, int ifindex, unsigned flags)
{
	struct mv_netlink_message buffer;

	return mv_netlink_request(netlink, start_link(&buffer, ifindex, flags, IFF_UP), NULL, NULL);
}

/*
 * As `ip address add` and `del`. NODAD makes an IPv6 address usable at once: there is nobody else
 * on the link to ask whether it is taken, and until the kernel has found that out by itself, a
 * program that binds to the address fails.
 */
static int change_address(struct mv_netlink *netlink, int ifindex, uint16_t type, uint16_t flags,
	const struct mv_prefix *prefix)
{
	struct ifaddrmsg address = {
		.ifa_family = kernel_family(&prefix->ip),
		.ifa_prefixlen = prefix->bits,
		.ifa_flags = prefix->ip.family == MV_FAMILY_IPV6 ? IFA_F_NODAD : 0,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = (uint32_t)ifindex,
	};
	struct mv_netlink_message buffer;
	struct nlmsghdr *message =
		mv_netlink_start(&buffer, type, flags, &address, sizeof(address));

	put_ip(message, IFA_LOCAL, &prefix->ip);
	put_ip(message, IFA_ADDRESS, &prefix->ip);
	return mv_netlink_request(netlink, message, NULL, NULL);
}

/* As `ip route add PREFIX dev DEVICE table TABLE` and `del`. */
static int change_route(struct mv_netlink *netlink, int ifindex, uint16_t type, uint16_t flags,
	const struct mv_host_step *step)
{
	const struct mv_prefix *prefix = &step->prefix;
	struct rtmsg route = {
		.rtm_family = kernel_family(&prefix->ip),
		.rtm_dst_len = prefix->bits,
		.rtm_table = RT_TABLE_UNSPEC, /* has room for 255 */
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
	};
	struct mv_netlink_message buffer;
	struct nlmsghdr *message = mv_netlink_start(&buffer, type, flags, &route, sizeof(route));

	put_ip(message, RTA_DST, &prefix->ip);
	mnl_attr_put_u32(message, RTA_OIF, (uint32_t)ifindex);
	mnl_attr_put_u32(message, RTA_TABLE, step->number);
	return mv_netlink_request(netlink, message, NULL, NULL);
}

/* As `ip rule add not fwmark MARK table MARK`, and `table main suppress_prefixlength 0`; and `del`.
 * A priority makes it just this one, among those of other tunnels that look the same. */
static int change_rule(struct mv_netlink *netlink, uint16_t type, uint16_t flags,
	const struct mv_host_step *step, bool by_mark)
{
	struct fib_rule_hdr rule = {
		.family = step->family == MV_FAMILY_IPV4 ? AF_INET : AF_INET6,
		.table = by_mark ? RT_TABLE_UNSPEC : RT_TABLE_MAIN,
		.action = FR_ACT_TO_TBL,
		.flags = by_mark ? FIB_RULE_INVERT : 0,
	};
	struct mv_netlink_message buffer;
	struct nlmsghdr *message = mv_netlink_start(&buffer, type, flags, &rule, sizeof(rule));

	if (step->priority > 0) {
		mnl_attr_put_u32(message, FRA_PRIORITY, step->priority);
	}
	if (by_mark) {
		mnl_attr_put_u32(message, FRA_FWMARK, step->number);
		mnl_attr_put_u32(message, FRA_TABLE, step->number);
	} else {
		/* What main knows better than by a default route. */
		mnl_attr_put_u32(message, FRA_SUPPRESS_PREFIXLEN, 0);
	}
	return mv_netlink_request(netlink, message, NULL, NULL);
}

static int add_address(struct mv_netlink *netlink, int ifindex, const struct mv_prefix *prefix)
{
	int err = change_address(netlink, ifindex, RTM_NEWADDR, ADD_FLAGS, prefix);

	/* Addresses are looked for on the device alone, so it is this one that has it. */
	return err == -EEXIST ? 0 : err;
}

static int add_route(struct mv_netlink *netlink, int ifindex, const struct mv_host_step *step)
{
	int err = change_route(netlink, ifindex, RTM_NEWROUTE, ADD_FLAGS, step);

	/* Whether the route that stands in the way of ours does what ours would do. */
	return err == -EEXIST && mv_netlink_has(netlink, ifindex, step) ? 0 : err;
}

/* Not exclusive: another tunnel may have one that looks the same, and takes its own away. */
static int add_rule(struct mv_netlink *netlink, const struct mv_host_step *step, bool by_mark)
{
	return change_rule(netlink, RTM_NEWRULE, NLM_F_CREATE, step, by_mark);
}

/* The address, the route or the whole device is not there any more. */
static int unless_gone(int err)
{
	bool gone = err == -EADDRNOTAVAIL || err == -ESRCH || err == -ENODEV || err == -ENXIO ||
		    err == -ENOENT;

	return gone ? 0 : err;
}

int mv_netlink_step(struct mv_netlink *netlink, int ifindex, const struct mv_host_step *step)
{
	switch (step->kind) {
	case MV_HOST_NO_LINK_LOCAL:
		/* What an old kernel cannot do is only a matter of a moment at a reload. */
		(void)set_promote_secondaries(netlink, ifindex);
		return set_no_link_local(netlink, ifindex);
	case MV_HOST_MTU:
		return set_mtu(netlink, ifindex, step->number);
	case MV_HOST_ADDRESS_ADD:
		return add_address(netlink, ifindex, &step->prefix);
	case MV_HOST_LINK_UP:
		return set_link(netlink, ifindex, IFF_UP);
	case MV_HOST_ROUTE_ADD:
		return add_route(netlink, ifindex, step);
	case MV_HOST_ROUTE_REMOVE:
		return unless_gone(change_route(netlink, ifindex, RTM_DELROUTE, 0, step));
	case MV_HOST_RULE_MARK_ADD:
		return add_rule(netlink, step, true);
	case MV_HOST_RULE_MAIN_ADD:
		return add_rule(netlink, step, false);
	case MV_HOST_RULE_MARK_REMOVE:
		return unless_gone(change_rule(netlink, RTM_DELRULE, 0, step, true));
	case MV_HOST_RULE_MAIN_REMOVE:
		return unless_gone(change_rule(netlink, RTM_DELRULE, 0, step, false));
	case MV_HOST_LINK_DOWN:
		return unless_gone(set_link(netlink, ifindex, 0));
	case MV_HOST_ADDRESS_REMOVE:
		return unless_gone(change_address(netlink, ifindex, RTM_DELADDR, 0, &step->prefix));
	case MV_HOST_DNS_SET:
	case MV_HOST_DNS_REMOVE:
	case MV_HOST_FIREWALL_ADD:
	case MV_HOST_FIREWALL_REMOVE:
	case MV_HOST_SRC_VALID_MARK_SET:
	case MV_HOST_SRC_VALID_MARK_RESTORE:
		break; /* These are not of rtnetlink. */
	}
	return -EINVAL;
}

int mv_netlink_apply(struct mv_netlink *netlink, int ifindex, const struct mv_host_steps *steps,
	const struct mv_host_step **failed)
{
	for (size_t i = 0; i < steps->count; i++) {
		int err = mv_netlink_step(netlink, ifindex, &steps->list[i]);

		if (err) {
			*failed = &steps->list[i];
			return err;
		}
	}
	return 0;
}
