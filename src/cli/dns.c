#include "cli/dns.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORDER      "/etc/resolvconf/interface-order"
#define LIMIT_S    20
#define PREFIX_MAX 39 /* leaves room for a '.' and the name of a device */

/* A line of nothing but a pattern of letters, digits and '-' before a '*', as in "tun*". */
static bool is_simple_pattern(const char *line, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (!isalnum((unsigned char)line[i]) && line[i] != '-') {
			return false;
		}
	}
	return len > 1 && len - 1 <= PREFIX_MAX && line[len - 1] == '*';
}

const char *mv_dns_name(char name[static MV_DNS_NAME_MAX], const char *device)
{
	FILE *order = fopen(ORDER, "re");
	size_t room = 0;
	char *line = NULL;
	int prefix = 0;

	while (order && prefix == 0 && getline(&line, &room, order) > 0) {
		size_t len = strcspn(line, "\n");

		prefix = is_simple_pattern(line, len) ? (int)len - 1 : 0;
	}
	if (order) {
		fclose(order);
	}
	snprintf(name, MV_DNS_NAME_MAX, "%.*s%s%s", prefix, prefix > 0 ? line : "",
		prefix > 0 ? "." : "", device);
	free(line);
	return name;
}

char *mv_dns_text(const struct mv_config *config)
{
	char address[MV_IP_TEXT_MAX];
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out) {
		return NULL;
	}
	for (size_t i = 0; i < config->nameserver_count; i++) {
		fprintf(out, "nameserver %s\n", mv_ip_print(address, &config->nameservers[i]));
	}
	for (size_t i = 0; i < config->search_domain_count; i++) {
		fprintf(out, "%s%s", i == 0 ? "search " : " ", config->search_domains[i]);
	}
	if (config->search_domain_count > 0) {
		fputc('\n', out);
	}
	return fclose(out) == 0 ? text : NULL;
}

/* -m 0 -x: before the servers of other devices, and only these, where it can be had. */
int mv_dns_set(struct mv_runner *runner, const char *name, const char *text)
{
	const char *const argv[] = {"resolvconf", "-a", name, "-m", "0", "-x", NULL};

	return mv_runner_run(runner, argv, text, LIMIT_S);
}

int mv_dns_remove(struct mv_runner *runner, const char *name)
{
	const char *const argv[] = {"resolvconf", "-d", name, "-f", NULL};

	return mv_runner_run(runner, argv, NULL, LIMIT_S);
}

const char *mv_dns_reason(char reason[static MV_DNS_NAME_MAX], int status)
{
	if (status == -ENOENT) {
		return "there is no program resolvconf (packages openresolv, resolvconf or "
		       "systemd-resolved have one)";
	}
	if (status < 0) {
		return strerror(-status);
	}
	snprintf(reason, MV_DNS_NAME_MAX, "resolvconf ended with %d", status);
	return reason;
}
