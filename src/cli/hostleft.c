#include "cli/hostleft.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "cli/steptext.h"
#include "edge/netlink_has.h"

void mv_hostleft_narrow(
	const struct mv_host *host, struct mv_hostplan *plan, const struct mv_config *config)
{
	struct mv_hoststate *state = &plan->state;

	if (config->fwmark != 0) {
		fprintf(stderr,
			"minivpn: %s: warning: sealed packets do not bear the FwMark 0x%x: that "
			"needs CAP_NET_ADMIN\n",
			host->device, (unsigned)config->fwmark);
	}
	plan->fwmark = 0;
	state->by_mark4 = state->by_mark6 = state->sets_src_valid_mark = false;
}

/* The command of an administrator. False: there is none. */
static bool print_command(
	char command[static MV_STEPTEXT_MAX], const char *device, const struct mv_host_step *step)
{
	char prefix[MV_PREFIX_TEXT_MAX];
	const char *family = step->prefix.ip.family == MV_FAMILY_IPV6 ? " -6" : "";

	if (step->kind == MV_HOST_NO_LINK_LOCAL) {
		snprintf(command, MV_STEPTEXT_MAX, "ip link set dev %s addrgenmode none", device);
	} else if (step->kind == MV_HOST_MTU) {
		snprintf(command, MV_STEPTEXT_MAX, "ip link set dev %s mtu %u", device,
			(unsigned)step->number);
	} else if (step->kind == MV_HOST_LINK_UP) {
		snprintf(command, MV_STEPTEXT_MAX, "ip link set dev %s up", device);
	} else if (step->kind == MV_HOST_ADDRESS_ADD) {
		snprintf(command, MV_STEPTEXT_MAX, "ip address add %s dev %s",
			mv_prefix_print(prefix, &step->prefix), device);
	} else if (step->kind == MV_HOST_ROUTE_ADD && step->number == MV_ROUTE_TABLE_MAIN) {
		snprintf(command, MV_STEPTEXT_MAX, "ip%s route add %s dev %s", family,
			mv_prefix_print(prefix, &step->prefix), device);
	} else if (step->kind == MV_HOST_ROUTE_ADD) {
		snprintf(command, MV_STEPTEXT_MAX, "ip%s route add %s dev %s table %u", family,
			mv_prefix_print(prefix, &step->prefix), device, (unsigned)step->number);
	} else {
		return false;
	}
	return true;
}

static void tell(const struct mv_host *host, const struct mv_host_step *step)
{
	char text[MV_STEPTEXT_MAX], command[MV_STEPTEXT_MAX];

	fprintf(stderr, "minivpn: %s: warning: no privilege to %s", host->device,
		mv_steptext(text, step));
	if (print_command(command, host->device, step)) {
		fprintf(stderr, "; an administrator does it by '%s'", command);
	}
	fputc('\n', stderr);
}

/* Of a route that is to go by the mark nobody can be told a command: it is rules and a firewall,
 * too, and without a mark it would lead sealed packets into the tunnel. */
static void tell_of_mark(const struct mv_host *host, const struct mv_host_step *step)
{
	char prefix[MV_PREFIX_TEXT_MAX];

	fprintf(stderr,
		"minivpn: %s: warning: no route to %s: with it sealed packets need a mark, which "
		"needs CAP_NET_ADMIN; run 'minivpn up' as root for that\n",
		host->device, mv_prefix_print(prefix, &step->prefix));
}

/* In whatever table an administrator who knows another way has put it. */
static bool has_route_by_mark(struct mv_host *host, int ifindex, const struct mv_host_step *step)
{
	struct mv_host_step in_main = *step;

	in_main.number = MV_ROUTE_TABLE_MAIN;
	return mv_netlink_has(host->netlink, ifindex, step) ||
	       mv_netlink_has(host->netlink, ifindex, &in_main);
}

enum mv_exit mv_hostleft_tell(
	struct mv_host *host, const struct mv_config *config, const struct mv_hoststate *state)
{
	int ifindex = (int)if_nametoindex(host->device);
	struct mv_host_steps steps;

	if (mv_hoststate_diff(&steps, NULL, state) < 0) {
		return mv_command_failed("no memory");
	}
	for (size_t i = 0; i < steps.count; i++) {
		const struct mv_host_step *step = &steps.list[i];
		bool is_by_mark = step->kind == MV_HOST_ROUTE_ADD &&
				  config->table_kind == MV_TABLE_AUTO &&
				  step->number != MV_ROUTE_TABLE_MAIN;

		if (is_by_mark && !has_route_by_mark(host, ifindex, step)) {
			tell_of_mark(host, step);
		} else if (!is_by_mark && !mv_netlink_has(host->netlink, ifindex, step)) {
			tell(host, step);
		}
	}
	mv_host_steps_uninit(&steps);
	return MV_EXIT_DONE;
}
