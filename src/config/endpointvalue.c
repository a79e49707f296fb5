#include "config/endpointvalue.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "config/shown.h"
#include "config/value.h"

/* What is in the list already would only be tried twice. */
static bool is_known(const struct mv_endpoints *list, const struct mv_endpoints_entry *entry)
{
	char one[MV_ENDPOINTS_ENTRY_TEXT_MAX], other[MV_ENDPOINTS_ENTRY_TEXT_MAX];
	size_t i = 0;

	mv_endpoints_print_entry(one, entry);
	while (i < list->count &&
		strcasecmp(one, mv_endpoints_print_entry(other, &list->list[i])) != 0) {
		i++;
	}
	return i < list->count;
}

static void keep(struct mv_draft *draft, const struct mv_endpoints_entry *entry)
{
	struct mv_endpoints *list = &mv_draft_peer(draft)->endpoint_list;
	char text[MV_ENDPOINTS_ENTRY_TEXT_MAX];

	if (is_known(list, entry)) {
		mv_draft_warning(draft, "%s is in the list already: given twice it is taken once",
			mv_endpoints_print_entry(text, entry));
		return;
	}
	int error = entry->host ? mv_endpoints_add_host(list, entry->host, entry->port)
				: mv_endpoints_add_address(list, &entry->address);
	if (error == -E2BIG) {
		mv_draft_error(draft, "a peer has at most %d endpoints", MV_ENDPOINTS_MAX);
	}
	draft->out_of_memory |= error == -ENOMEM;
}

static void keep_host(struct mv_draft *draft, char *host, uint16_t port)
{
	if (strlen(host) >= MV_HOST_NAME_MAX) {
		mv_draft_error(
			draft, "a host name has at most %d characters", MV_HOST_NAME_MAX - 1);
	} else {
		keep(draft, &(struct mv_endpoints_entry){.host = host, .port = port});
	}
}

static void keep_address(struct mv_draft *draft, const struct mv_ip *ip, uint16_t port)
{
	keep(draft, &(struct mv_endpoints_entry){.address = {.ip = *ip, .port = port}});
}

static bool is_ipv6(struct mv_ip *ip, const char *text)
{
	return mv_ip_parse(ip, text) && ip->family == MV_FAMILY_IPV6;
}

/* A device, or its number: what a list of endpoints can say. */
static bool is_scope(const char *text)
{
	const char *odd = text;

	while (*odd > ' ' && *odd < 0x7f && *odd != '[') {
		odd++;
	}
	return *text && !*odd;
}

/* "fe80::1%eth0", whose scope only the resolver can turn into a number. */
static bool is_scoped_ipv6(char *host)
{
	struct mv_ip ip;
	char *scope = strchr(host, '%');
	bool good;

	if (!scope || !is_scope(scope + 1)) {
		return false;
	}
	*scope = '\0';
	good = is_ipv6(&ip, host);
	*scope = '%';
	return good;
}

/* Between the brackets. */
static void take_bracketed(struct mv_draft *draft, char *host, uint16_t port)
{
	char shown[MV_SHOWN_MAX];
	struct mv_ip ip;

	if (is_scoped_ipv6(host)) {
		keep_host(draft, host, port);
	} else if (!is_ipv6(&ip, host)) {
		mv_draft_error(draft, "%s is no IPv6 address: only these stand in brackets",
			mv_shown(shown, host));
	} else {
		if (mv_ip_is_link_local(&ip)) {
			mv_draft_warning(draft,
				"a link-local address needs its device, as in [%s%%eth0]:%u", host,
				(unsigned)port);
		}
		keep_address(draft, &ip, port);
	}
}

/* Without brackets: an IPv4 address or a name. Names beyond ASCII are the resolver's to judge. */
static void take_plain(struct mv_draft *draft, char *host, uint16_t port)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	char shown[MV_SHOWN_MAX];
	struct mv_ip ip;
	const char *odd = host;

	while (*odd && (strchr(letters, *odd) || (unsigned char)*odd >= 0x80)) {
		odd++;
	}
	if (mv_ip_parse(&ip, host)) {
		keep_address(draft, &ip, port);
	} else if (!host[strspn(host, "0123456789.")]) {
		mv_draft_error(draft, "%s is no IPv4 address", mv_shown(shown, host));
	} else if (*odd) {
		mv_draft_error(
			draft, "%s: '%c' is not part of a host name", mv_shown(shown, host), *odd);
	} else {
		keep_host(draft, host, port);
	}
}

/* An IPv6 address without brackets leaves open where it ends; the likely port is the last part. */
static bool lacks_brackets(struct mv_draft *draft, const char *value)
{
	char host[MV_IP_TEXT_MAX];
	char shown[MV_SHOWN_MAX];
	const char *colon = strrchr(value, ':');
	struct mv_ip ip;
	uint64_t port;

	if (*value == '[' || !colon || colon == strchr(value, ':')) {
		return false;
	}
	if ((size_t)(colon - value) < sizeof(host)) {
		memcpy(host, value, (size_t)(colon - value));
		host[colon - value] = '\0';
		if (is_ipv6(&ip, host) && mv_decimal_parse(&port, colon + 1, UINT16_MAX)) {
			mv_draft_error(draft, "an IPv6 address stands in brackets: write [%s]:%u",
				host, (unsigned)port);
			return true;
		}
	}
	if (is_ipv6(&ip, value)) {
		mv_draft_error(draft, "an IPv6 address stands in brackets: write [%s]:PORT", value);
	} else {
		mv_draft_error(draft, "%s is neither host:port nor [IPv6 address]:port",
			mv_shown(shown, value));
	}
	return true;
}

/* Ends the host in place and gives the port behind it; NULL with a message. */
static const char *split(struct mv_draft *draft, char *value)
{
	char shown[MV_SHOWN_MAX];
	bool has_bracket = *value == '[';
	char *end = has_bracket ? strchr(value, ']') : strrchr(value, ':');

	if (has_bracket && !end) {
		mv_draft_error(draft, "%s: a '[' without its ']'", mv_shown(shown, value));
		return NULL;
	}
	if (has_bracket) {
		*end++ = '\0';
	}
	if (!end || *end != ':') {
		mv_draft_error(draft, "no port: write it behind a ':', as in %s:51820",
			has_bracket ? "[fd00::1]" : "vpn.example.com");
		return NULL;
	}
	*end = '\0';
	return end + 1;
}

static void take_one(struct mv_draft *draft, char *value)
{
	const char *port_text;
	uint16_t port;

	if (lacks_brackets(draft, value)) {
		return;
	}
	port_text = split(draft, value);
	if (!port_text || !mv_value_parse_port(draft, &port, port_text, 1)) {
		return;
	}
	if (*value == '[') {
		take_bracketed(draft, value + 1, port);
	} else if (!*value) {
		mv_draft_error(draft, "no host before the port");
	} else {
		take_plain(draft, value, port);
	}
}

/* The interval is of another key. */
static void forget(struct mv_endpoints *list)
{
	uint32_t interval_s = list->interval_s;

	mv_endpoints_clear(list);
	list->interval_s = interval_s;
}

void mv_endpointvalue_parse(struct mv_draft *draft, char *value)
{
	char *element;

	forget(&mv_draft_peer(draft)->endpoint_list);
	while ((element = strsep(&value, ","))) {
		element += strspn(element, " ");
		mv_draft_point(draft, element);
		if (*element) {
			take_one(draft, element);
		} else {
			mv_draft_error(draft, "a comma with nothing before or behind it");
		}
	}
}

void mv_endpointvalue_settle(struct mv_draft *draft, struct mv_config_peer *peer)
{
	struct mv_endpoints *list = &peer->endpoint_list;

	if (!mv_endpoints_have_name(list)) {
		list->interval_s = 0;
	}
	if (list->count > 0) {
		peer->endpoints = mv_endpoints_print(list);
		draft->out_of_memory |= !peer->endpoints;
	}
}
