#include "config/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "config/shown.h"

bool mv_value_parse_number(struct mv_draft *draft, uint32_t *number, const char *value,
	uint32_t min, uint32_t max, const char *words)
{
	char shown[MV_SHOWN_MAX];
	uint64_t parsed;

	if (!mv_decimal_parse(&parsed, value, max) || parsed < min) {
		mv_draft_error(draft, "%s is not %s from %u to %u", mv_shown(shown, value), words,
			min, max);
		return false;
	}
	*number = (uint32_t)parsed;
	return true;
}

/* 0: there is none of that name. */
static uint32_t find_service(const char *name)
{
	struct servent service, *found = NULL;
	char text[1024];

	if (getservbyname_r(name, "udp", &service, text, sizeof(text), &found) != 0 || !found) {
		return 0;
	}
	return ntohs((uint16_t)found->s_port);
}

bool mv_value_parse_port(struct mv_draft *draft, uint16_t *port, const char *value, uint32_t min)
{
	char shown[MV_SHOWN_MAX];
	uint32_t number = 0;

	if (!isalpha((unsigned char)*value)) {
		if (!mv_value_parse_number(
			    draft, &number, value, min, UINT16_MAX, "a port number")) {
			return false;
		}
	} else if ((number = find_service(value)) == 0) {
		mv_draft_error(draft,
			"%s is neither a port number from %u to %u nor the name of a UDP service",
			mv_shown(shown, value), min, UINT16_MAX);
		return false;
	}
	*port = (uint16_t)number;
	return true;
}

static bool read_hex(uint32_t *number, const char *digits)
{
	unsigned long long parsed;

	/* What strtoull would take besides: white space, a sign, one more 0x. */
	if (!*digits || digits[strspn(digits, "0123456789abcdefABCDEF")]) {
		return false;
	}
	errno = 0;
	parsed = strtoull(digits, NULL, 16);
	if (errno != 0 || parsed > UINT32_MAX) {
		return false;
	}
	*number = (uint32_t)parsed;
	return true;
}

bool mv_value_read_number(uint32_t *number, const char *text)
{
	uint64_t parsed;

	if (strncmp(text, "0x", 2) == 0) {
		return read_hex(number, text + 2);
	}
	if (!mv_decimal_parse(&parsed, text, UINT32_MAX)) {
		return false;
	}
	*number = (uint32_t)parsed;
	return true;
}

bool mv_value_parse_prefix(struct mv_draft *draft, struct mv_prefix *prefix, const char *value)
{
	char shown[MV_SHOWN_MAX];
	bool is_ipv6 = strchr(value, ':');

	switch (mv_prefix_parse(prefix, value)) {
	case MV_PREFIX_OK:
		return true;
	case MV_PREFIX_BAD_ADDRESS:
		mv_draft_error(draft, "%s is no address: write it as in 10.0.0.1/24 or fd00::1/64",
			mv_shown(shown, value));
		break;
	case MV_PREFIX_BAD_LENGTH:
		mv_draft_error(draft, "%s: the prefix length of an %s address is 0 to %u",
			mv_shown(shown, value), is_ipv6 ? "IPv6" : "IPv4", is_ipv6 ? 128 : 32);
		break;
	}
	return false;
}
