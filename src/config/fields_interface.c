#include "config/fields_interface.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/ifname.h"
#include "config/keyvalue.h"
#include "config/shown.h"
#include "config/value.h"

/* The key is in its place already. All zero is how WireGuard's tools write "no key". */
static void accept_private_key(struct mv_draft *draft)
{
	uint8_t *key = draft->config->private_key;

	draft->has_private_key = !sodium_is_zero(key, MV_KEY_LEN);
	if (draft->has_private_key) {
		mv_x25519_clamp(key);
	} else {
		mv_draft_error(draft, "all zero, which means no key: make one by 'minivpn genkey'");
	}
}

void mv_fields_parse_private_key(struct mv_draft *draft, char *value)
{
	draft->has_inline_secret = true;
	draft->has_private_key = false;
	if (mv_keyvalue_from_text(draft, draft->config->private_key, value)) {
		accept_private_key(draft);
	}
}

void mv_fields_parse_private_key_file(struct mv_draft *draft, char *value)
{
	draft->has_private_key = false;
	if (mv_keyvalue_from_file(draft, MV_KEYVALUE_PRIVATE, draft->config->private_key, value,
		    &draft->config->private_key_file)) {
		accept_private_key(draft);
	}
}

/* As wg-quick: commas and spaces separate, any number of them. */
void mv_fields_parse_address(struct mv_draft *draft, char *value)
{
	static const char separators[] = ", ";
	char *rest;
	char *element = strtok_r(value, separators, &rest);

	if (!element) {
		mv_draft_error(draft, "no address in this list");
	}
	for (; element; element = strtok_r(NULL, separators, &rest)) {
		struct mv_prefix prefix;

		mv_draft_point(draft, element);
		if (mv_value_parse_prefix(draft, &prefix, element)) {
			mv_draft_add_prefix(draft, &draft->addresses, &prefix);
		}
	}
}

void mv_fields_parse_listen_port(struct mv_draft *draft, char *value)
{
	mv_value_parse_port(draft, &draft->config->listen_port, value, 0);
}

void mv_fields_parse_fwmark(struct mv_draft *draft, char *value)
{
	char shown[MV_SHOWN_MAX];
	uint32_t mark = 0;

	if (strcasecmp(value, "off") != 0 && !mv_value_read_number(&mark, value)) {
		mv_draft_error(draft,
			"%s is no mark: write off, a number, or 0x and hex digits, at most "
			"0xffffffff",
			mv_shown(shown, value));
		return;
	}
	draft->config->fwmark = mark;
	draft->config->fwmark_is_given = true;
}

void mv_fields_parse_mtu(struct mv_draft *draft, char *value)
{
	/* Every IPv4 host takes in a packet of 576 bytes (RFC 791 section 3.1). */
	mv_value_parse_number(draft, &draft->config->mtu, value, 576, UINT16_MAX, "a number");
}

void mv_fields_parse_save_config(struct mv_draft *draft, char *value)
{
	char shown[MV_SHOWN_MAX];
	bool is_true = strcasecmp(value, "true") == 0;

	if (!is_true && strcasecmp(value, "false") != 0) {
		mv_draft_error(draft, "%s: write true or false", mv_shown(shown, value));
		return;
	}
	draft->config->saves_config = is_true;
}

void mv_fields_parse_device(struct mv_draft *draft, char *value)
{
	char shown[MV_SHOWN_MAX];

	if (!mv_ifname_is_valid(value)) {
		mv_draft_error(draft, "%s: " MV_IFNAME_RULE, mv_shown(shown, value));
		return;
	}
	snprintf(draft->config->device, sizeof(draft->config->device), "%s", value);
	draft->config->device_is_named = true;
}

void mv_fields_parse_lanes(struct mv_draft *draft, char *value)
{
	mv_value_parse_number(
		draft, &draft->config->lanes, value, 1, MV_CONFIG_LANES_MAX, "a number of lanes");
}

void mv_fields_parse_offload(struct mv_draft *draft, char *value)
{
	char shown[MV_SHOWN_MAX];
	bool is_off = strcasecmp(value, "off") == 0;

	if (!is_off && strcasecmp(value, "on") != 0) {
		mv_draft_error(draft, "%s: write on, which is the default, or off",
			mv_shown(shown, value));
		return;
	}
	draft->config->without_offload = is_off;
}

/* A name is that of a file, as `ip netns` makes it. */
static bool is_namespace(const char *value)
{
	size_t length = strlen(value);

	if (value[0] == '/') {
		return length < PATH_MAX;
	}
	return !strchr(value, '/') && strcmp(value, ".") != 0 && strcmp(value, "..") != 0 &&
	       length <= NAME_MAX;
}

static void take_namespace(struct mv_draft *draft, char **place, const char *value)
{
	char shown[MV_SHOWN_MAX];

	if (!is_namespace(value)) {
		mv_draft_error(draft,
			"%s: write the name of a network namespace, as 'ip netns' lists it, or its "
			"absolute path",
			mv_shown(shown, value));
		return;
	}
	free(*place);
	*place = strdup(value);
	draft->out_of_memory |= !*place;
}

void mv_fields_parse_namespace(struct mv_draft *draft, char *value)
{
	take_namespace(draft, &draft->config->device_namespace, value);
}

void mv_fields_parse_socket_namespace(struct mv_draft *draft, char *value)
{
	take_namespace(draft, &draft->config->socket_namespace, value);
}
