#include "config/endpointvalue.h"

#include <stdlib.h>
#include <string.h>

#include "config/shown.h"
#include "config/value.h"

#define HOST_NAME_MAX_BYTES 253 /* RFC 1035 section 3.1, as text */

static void keep_host(
	struct mv_draft *draft, struct mv_config_peer *peer, const char *host, uint16_t port)
{
	peer->endpoint_host = strdup(host);
	peer->endpoint_port = port;
	if (!peer->endpoint_host) {
		draft->out_of_memory = true;
	}
}

static void keep_address(struct mv_config_peer *peer, const struct mv_ip *ip, uint16_t port)
{
	peer->endpoint = (struct mv_endpoint){.ip = *ip, .port = port};
}

static bool is_ipv6(struct mv_ip *ip, const char *text)
{
	return mv_ip_parse(ip, text) && ip->family == MV_FAMILY_IPV6;
}

/* "fe80::1%eth0", whose scope only the resolver can turn into a number. */
static bool is_scoped_ipv6(char *host)
{
	struct mv_ip ip;
	char *scope = strchr(host, '%');
	bool good;

	if (!scope || !scope[1]) {
		return false;
	}
	*scope = '\0';
	good = is_ipv6(&ip, host);
	*scope = '%';
	return good;
}

/* Between the brackets. */
static void take_bracketed(
	struct mv_draft *draft, struct mv_config_peer *peer, char *host, uint16_t port)
{
	char shown[MV_SHOWN_MAX];
	struct mv_ip ip;

	if (is_scoped_ipv6(host)) {
		keep_host(draft, peer, host, port);
	} else if (!is_ipv6(&ip, host)) {
		mv_draft_error(draft, "%s is no IPv6 address: only these stand in brackets",
			mv_shown(shown, host));
	} else {
		if (mv_ip_is_link_local(&ip)) {
			mv_draft_warning(draft,
				"a link-local address needs its device, as in [%s%%eth0]:%u", host,
				(unsigned)port);
		}
		keep_address(peer, &ip, port);
	}
}

/* Without brackets: an IPv4 address or a name. Names beyond ASCII are the resolver's to judge. */
static void take_plain(
	struct mv_draft *draft, struct mv_config_peer *peer, const char *host, uint16_t port)
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
		keep_address(peer, &ip, port);
	} else if (!host[strspn(host, "0123456789.")]) {
		mv_draft_error(draft, "%s is no IPv4 address", mv_shown(shown, host));
	} else if (*odd) {
		mv_draft_error(
			draft, "%s: '%c' is not part of a host name", mv_shown(shown, host), *odd);
	} else if (strlen(host) > HOST_NAME_MAX_BYTES) {
		mv_draft_error(draft, "a host name has at most %d characters", HOST_NAME_MAX_BYTES);
	} else {
		keep_host(draft, peer, host, port);
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

static void forget(struct mv_config_peer *peer)
{
	free(peer->endpoint_host);
	peer->endpoint_host = NULL;
	peer->endpoint_port = 0;
	peer->endpoint = (struct mv_endpoint){0};
}

void mv_endpointvalue_parse(struct mv_draft *draft, struct mv_config_peer *peer, char *value)
{
	const char *port_text;
	uint16_t port;

	forget(peer);
	if (lacks_brackets(draft, value)) {
		return;
	}
	port_text = split(draft, value);
	if (!port_text || !mv_value_parse_port(draft, &port, port_text, 1)) {
		return;
	}
	if (*value == '[') {
		take_bracketed(draft, peer, value + 1, port);
	} else if (!*value) {
		mv_draft_error(draft, "no host before the port");
	} else {
		take_plain(draft, peer, value, port);
	}
}
