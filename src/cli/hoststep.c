#include "cli/hoststep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/dns.h"
#include "cli/netnsdns.h"
#include "cli/steptext.h"
#include "edge/firewall.h"
#include "edge/sysctl.h"

static void warn_of_firewall(
	const struct mv_host *host, const struct mv_host_step *step, int error, const char *why)
{
	char text[MV_STEPTEXT_MAX];

	if (error == -ELIBACC) {
		why = "there is no libnftables.so.1 on this machine";
	} else if (error != -EPROTO) {
		why = strerror(-error);
	}
	fprintf(stderr,
		"minivpn: %s: warning: cannot %s: %s. The tunnel works without it, but others on "
		"your network can send to its addresses, and a strict rp_filter drops answers to "
		"it\n",
		host->device, mv_steptext(text, step), why);
}

static int add_firewall(
	struct mv_host *host, const struct mv_host_step *step, const struct mv_hoststate *state)
{
	char why[MV_FIREWALL_WHY_MAX];
	int error = mv_firewall_add(host->device, step->family, step->number, state->addresses,
		state->address_count, why);

	if (error < 0) {
		warn_of_firewall(host, step, error, why);
		return MV_HOSTSTEP_DONE_WITHOUT;
	}
	return 0;
}

static int remove_firewall(struct mv_host *host, const struct mv_host_step *step)
{
	char why[MV_FIREWALL_WHY_MAX];
	int error = mv_firewall_remove(host->device, step->family, why);

	if (error == -EPROTO) {
		fprintf(stderr, "minivpn: %s: %s\n", host->device, why);
	}
	return error;
}

static int set_src_valid_mark(struct mv_host *host, bool is_set)
{
	int error = mv_sysctl_set_src_valid_mark(is_set);

	if (error < 0) {
		fprintf(stderr,
			"minivpn: %s: warning: cannot set net.ipv4.conf.all.src_valid_mark to %d: "
			"%s. With a strict rp_filter no answer gets through\n",
			host->device, is_set, strerror(-error));
	}
	return error < 0 ? MV_HOSTSTEP_DONE_WITHOUT : 0;
}

static int restore_src_valid_mark(struct mv_host *host)
{
	return mv_hostrecord_others_set_src_valid_mark(host->device)
		       ? 0
		       : set_src_valid_mark(host, false);
}

static void warn_of_dns(const struct mv_host *host, const char *what, int status)
{
	char reason[MV_DNS_NAME_MAX];

	if (status != 0 && status != -EINTR) {
		fprintf(stderr,
			"minivpn: %s: warning: cannot %s the DNS servers: %s; the tunnel goes on\n",
			host->device, what, mv_dns_reason(reason, status));
	}
}

/* The resolver of the machine is not that of the namespace. */
static int set_dns_of_namespace(struct mv_host *host, const char *text)
{
	const char *place = host->record.namespace;
	int error = mv_netnsdns_is_possible(place) ? mv_netnsdns_set(place, host->device, text)
						   : -EINVAL;

	if (error == -EINVAL) {
		fprintf(stderr,
			"minivpn: %s: warning: cannot set the DNS servers: only a network "
			"namespace with a name has some of its own\n",
			host->device);
	} else if (error < 0) {
		fprintf(stderr,
			"minivpn: %s: warning: cannot set the DNS servers: " MV_NETNSDNS_FOLDER
			"/%s/resolv.conf: %s; the tunnel goes on\n",
			host->device, place,
			error == -EEXIST ? "it is there already" : strerror(-error));
	}
	return error < 0 ? MV_HOSTSTEP_DONE_WITHOUT : 0;
}

/* A resolvconf that fails may have done a part of it, which is undone later. */
static int set_dns(struct mv_host *host, const char *text)
{
	if (host->record.namespace) {
		return set_dns_of_namespace(host, text);
	}
	int status = mv_dns_set(&host->runner, host->record.dns_name, text);

	warn_of_dns(host, "set", status);
	if (status == -ENOENT) {
		return MV_HOSTSTEP_DONE_WITHOUT;
	}
	return status == -EINTR ? -EINTR : 0;
}

static int remove_dns(struct mv_host *host)
{
	if (host->record.namespace) {
		return mv_netnsdns_remove(host->record.namespace, host->device);
	}
	warn_of_dns(host, "remove", mv_dns_remove(&host->runner, host->record.dns_name));
	return 0;
}

int mv_hoststep_do(struct mv_host *host, int ifindex, const struct mv_host_step *step,
	const struct mv_hoststate *state)
{
	if (step->kind == MV_HOST_FIREWALL_ADD) {
		return add_firewall(host, step, state);
	}
	if (step->kind == MV_HOST_SRC_VALID_MARK_SET) {
		return set_src_valid_mark(host, true);
	}
	if (step->kind == MV_HOST_DNS_SET) {
		return set_dns(host, state->dns);
	}
	return mv_netlink_step(host->netlink, ifindex, step);
}

int mv_hoststep_undo(struct mv_host *host, const struct mv_host_step *step)
{
	if (step->kind == MV_HOST_FIREWALL_REMOVE) {
		return remove_firewall(host, step);
	}
	if (step->kind == MV_HOST_SRC_VALID_MARK_RESTORE) {
		return restore_src_valid_mark(host);
	}
	if (step->kind == MV_HOST_DNS_REMOVE) {
		return remove_dns(host);
	}
	return mv_netlink_step(host->netlink, 0, step);
}
