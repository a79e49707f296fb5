#include "cli/steptext.h"

#include <stdio.h>
#include <string.h>

static const char *family_words(enum mv_family family)
{
	return family == MV_FAMILY_IPV4 ? "IPv4" : "IPv6";
}

const char *mv_steptext(char text[static MV_STEPTEXT_MAX], const struct mv_host_step *step)
{
	static const char *const words[] = {
		[MV_HOST_NO_LINK_LOCAL] = "keep the link-local address away",
		[MV_HOST_MTU] = "set the MTU to",
		[MV_HOST_ADDRESS_ADD] = "add the address",
		[MV_HOST_LINK_UP] = "set the link up",
		[MV_HOST_DNS_SET] = "set the DNS servers",
		[MV_HOST_SRC_VALID_MARK_SET] = "set net.ipv4.conf.all.src_valid_mark",
		[MV_HOST_FIREWALL_ADD] = "add the firewall's table for",
		[MV_HOST_RULE_MARK_ADD] = "add the rule of the mark for",
		[MV_HOST_RULE_MAIN_ADD] = "add the rule of the main table for",
		[MV_HOST_ROUTE_ADD] = "add the route to",
		[MV_HOST_ROUTE_REMOVE] = "remove the route to",
		[MV_HOST_RULE_MAIN_REMOVE] = "remove the rule of the main table for",
		[MV_HOST_RULE_MARK_REMOVE] = "remove the rule of the mark for",
		[MV_HOST_FIREWALL_REMOVE] = "remove the firewall's table for",
		[MV_HOST_SRC_VALID_MARK_RESTORE] = "restore net.ipv4.conf.all.src_valid_mark",
		[MV_HOST_DNS_REMOVE] = "remove the DNS servers",
		[MV_HOST_LINK_DOWN] = "set the link down",
		[MV_HOST_ADDRESS_REMOVE] = "remove the address",
	};
	char prefix[MV_PREFIX_TEXT_MAX];

	if (step->kind == MV_HOST_MTU) {
		snprintf(text, MV_STEPTEXT_MAX, "%s %u", words[step->kind], (unsigned)step->number);
	} else if (step->prefix.ip.family != MV_FAMILY_NONE) {
		snprintf(text, MV_STEPTEXT_MAX, "%s %s", words[step->kind],
			mv_prefix_print(prefix, &step->prefix));
	} else if (step->family != MV_FAMILY_NONE) {
		snprintf(text, MV_STEPTEXT_MAX, "%s %s", words[step->kind],
			family_words(step->family));
	} else {
		snprintf(text, MV_STEPTEXT_MAX, "%s", words[step->kind]);
	}
	return text;
}

/* "nameserver 10.0.0.53" and the like, without their first words. */
static void print_names(const char *dns)
{
	for (const char *end; (end = strchr(dns, '\n')); dns = end + 1) {
		const char *value = dns + strcspn(dns, " ");

		printf("%.*s", (int)(end - value), value);
	}
}

void mv_steptext_print(
	const char *device, const struct mv_host_step *step, const struct mv_hoststate *state)
{
	char text[MV_STEPTEXT_MAX];

	printf("%s: %s", device, mv_steptext(text, step));
	if ((step->kind == MV_HOST_ROUTE_ADD || step->kind == MV_HOST_ROUTE_REMOVE) &&
		step->number != MV_ROUTE_TABLE_MAIN) {
		printf(" in table %u", (unsigned)step->number);
	} else if (step->kind == MV_HOST_DNS_SET) {
		print_names(state->dns);
	} else if (step->kind == MV_HOST_RULE_MARK_ADD || step->kind == MV_HOST_RULE_MARK_REMOVE) {
		printf(": not fwmark 0x%x lookup %u", (unsigned)step->number,
			(unsigned)step->number);
	} else if (step->kind == MV_HOST_RULE_MAIN_ADD || step->kind == MV_HOST_RULE_MAIN_REMOVE) {
		fputs(": lookup main suppress_prefixlength 0", stdout);
	}
	putchar('\n');
}
