#include "config/dnsvalue.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/shown.h"
#include "config/twins.h"

#define DOMAIN_MAX_BYTES 253 /* RFC 1035 section 3.1, as text */

/* Room for one more: there is room for the next power of two. NULL without memory. */
static void *with_room(void *list, size_t count, size_t size)
{
	if (list && (count & (count - 1)) != 0) {
		return list;
	}
	return reallocarray(list, count ? 2 * count : 1, size);
}

static void add_nameserver(struct mv_draft *draft, const struct mv_ip *ip)
{
	struct mv_config *config = draft->config;
	struct mv_ip *list =
		with_room(config->nameservers, config->nameserver_count, sizeof(*list));

	if (!list) {
		draft->out_of_memory = true;
		return;
	}
	config->nameservers = list;
	list[config->nameserver_count++] = *ip;
}

static void add_search_domain(struct mv_draft *draft, const char *domain)
{
	struct mv_config *config = draft->config;
	char *copy = strdup(domain);
	char **list = with_room(config->search_domains, config->search_domain_count, sizeof(*list));

	if (list) {
		config->search_domains = list;
	}
	if (!list || !copy) {
		draft->out_of_memory = true;
		free(copy);
		return;
	}
	list[config->search_domain_count++] = copy;
}

static bool is_meant_as_address(const char *element)
{
	return strchr(element, ':') || !element[strspn(element, "0123456789.")];
}

static void take_nameserver(struct mv_draft *draft, const char *element)
{
	char shown[MV_SHOWN_MAX];
	struct mv_ip ip;

	if (mv_ip_parse(&ip, element)) {
		add_nameserver(draft, &ip);
	} else {
		mv_draft_error(draft,
			"%s is no address: write a nameserver as in 10.0.0.1 or fd00::1",
			mv_shown(shown, element));
	}
}

static void take_search_domain(struct mv_draft *draft, const char *element)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	char shown[MV_SHOWN_MAX];

	if (element[strspn(element, letters)]) {
		mv_draft_error(draft,
			"%s is neither an address nor a search domain, which has only A-Z a-z 0-9 "
			"- _ and .",
			mv_shown(shown, element));
	} else if (strlen(element) > DOMAIN_MAX_BYTES) {
		mv_draft_error(
			draft, "a search domain has at most %d characters", DOMAIN_MAX_BYTES);
	} else {
		add_search_domain(draft, element);
	}
}

/* As wg-quick: commas and spaces separate, any number of them. */
void mv_dnsvalue_parse(struct mv_draft *draft, char *value)
{
	static const char separators[] = ", ";
	char *rest;
	char *element = strtok_r(value, separators, &rest);

	for (; element; element = strtok_r(NULL, separators, &rest)) {
		mv_draft_point(draft, element);
		if (is_meant_as_address(element)) {
			take_nameserver(draft, element);
		} else {
			take_search_domain(draft, element);
		}
	}
}

static int compare_nameservers(const void *things, size_t a, size_t b)
{
	const struct mv_ip *list = things;

	if (list[a].family != list[b].family) {
		return list[a].family - list[b].family;
	}
	return memcmp(list[a].bytes, list[b].bytes, sizeof(list[a].bytes));
}

/* Names of the DNS are the same in any case (RFC 4343). */
static int compare_search_domains(const void *things, size_t a, size_t b)
{
	char *const *list = things;

	return strcasecmp(list[a], list[b]);
}

static void settle_nameservers(struct mv_config *config, const size_t *first)
{
	size_t kept = 0;

	for (size_t i = 0; i < config->nameserver_count; i++) {
		if (first[i] == i) {
			config->nameservers[kept++] = config->nameservers[i];
		}
	}
	config->nameserver_count = kept;
}

static void settle_search_domains(struct mv_config *config, const size_t *first)
{
	size_t kept = 0;

	for (size_t i = 0; i < config->search_domain_count; i++) {
		if (first[i] == i) {
			config->search_domains[kept++] = config->search_domains[i];
		} else {
			free(config->search_domains[i]);
		}
	}
	config->search_domain_count = kept;
}

/* Does one of the above. */
static void settle(struct mv_draft *draft, const void *list, size_t count,
	mv_twins_compare *compare, void (*keep)(struct mv_config *config, const size_t *first))
{
	size_t *first;

	if (count == 0) {
		return;
	}
	first = mv_twins_find(list, count, compare);
	if (first) {
		keep(draft->config, first);
	} else {
		draft->out_of_memory = true;
	}
	free(first);
}

void mv_dnsvalue_settle(struct mv_draft *draft)
{
	const struct mv_config *config = draft->config;

	settle(draft, config->nameservers, config->nameserver_count, compare_nameservers,
		settle_nameservers);
	settle(draft, config->search_domains, config->search_domain_count, compare_search_domains,
		settle_search_domains);
}
