#include "config/fields_peer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/endpointvalue.h"
#include "config/keyvalue.h"
#include "config/shown.h"
#include "config/value.h"

/*
 * X25519 of a point of low order is zero for every clamped scalar (RFC 7748 section 6.1), so any
 * scalar finds it out.
 */
static bool has_low_order(const uint8_t public_key[static MV_KEY_LEN])
{
	uint8_t scalar[MV_KEY_LEN] = {0}, shared[MV_KEY_LEN];

	mv_x25519_clamp(scalar);
	return !mv_x25519(shared, scalar, public_key);
}

static void take_public_key(struct mv_draft *draft, bool good)
{
	draft->peers[draft->config->peer_count - 1].has_public_key = good;
	if (good && has_low_order(mv_draft_peer(draft)->public_key)) {
		mv_draft_warning(draft, "no handshake can succeed with this key (a point of low "
					"order): take what 'minivpn pubkey' prints at the peer");
	}
}

void mv_fields_parse_public_key(struct mv_draft *draft, char *value)
{
	uint8_t *key = mv_draft_peer(draft)->public_key;

	take_public_key(draft, mv_keyvalue_from_text(draft, key, value));
}

void mv_fields_parse_public_key_file(struct mv_draft *draft, char *value)
{
	uint8_t *key = mv_draft_peer(draft)->public_key;

	take_public_key(draft, mv_keyvalue_from_file(draft, MV_KEYVALUE_PUBLIC, key, value, NULL));
}

void mv_fields_parse_name(struct mv_draft *draft, char *value)
{
	struct mv_config_peer *peer = mv_draft_peer(draft);

	peer->name[0] = '\0';
	if (mv_shown_hides(value)) {
		mv_draft_error(draft,
			"this looks like a key, which belongs into PublicKey: a name is "
			"what people call the peer");
	} else if (!mv_peer_name_is_valid(value)) {
		mv_draft_error(draft, "not a name: " MV_PEER_NAME_RULE);
	} else {
		snprintf(peer->name, sizeof(peer->name), "%s", value);
	}
}

void mv_fields_parse_psk(struct mv_draft *draft, char *value)
{
	draft->has_inline_secret = true;
	mv_keyvalue_from_text(draft, mv_draft_peer(draft)->preshared_key, value);
}

void mv_fields_parse_psk_file(struct mv_draft *draft, char *value)
{
	struct mv_config_peer *peer = mv_draft_peer(draft);

	mv_keyvalue_from_file(draft, MV_KEYVALUE_PRESHARED, peer->preshared_key, value,
		&peer->preshared_key_file);
}

static void add_network(
	struct mv_draft *draft, struct mv_draft_prefixes *networks, const struct mv_prefix *given)
{
	char given_text[MV_PREFIX_TEXT_MAX], text[MV_PREFIX_TEXT_MAX];
	struct mv_prefix prefix = *given;

	mv_prefix_mask(&prefix);
	if (!mv_prefix_equal(&prefix, given)) {
		mv_draft_warning(draft, "'%s' has bits behind its prefix length: taken as %s",
			mv_prefix_print(given_text, given), mv_prefix_print(text, &prefix));
	}
	mv_draft_add_prefix(draft, networks, &prefix);
}

/* Without the spaces around it. */
static char *trim(char *element)
{
	element += strspn(element, " ");
	for (size_t length = strlen(element); length > 0 && element[length - 1] == ' '; length--) {
		element[length - 1] = '\0';
	}
	return element;
}

static void parse_networks(struct mv_draft *draft, struct mv_draft_prefixes *networks, char *value)
{
	char *element;

	while ((element = strsep(&value, ","))) {
		struct mv_prefix prefix;

		element = trim(element);
		mv_draft_point(draft, element);
		if (!*element) {
			mv_draft_error(draft, "a comma with nothing before or behind it");
		} else if (mv_value_parse_prefix(draft, &prefix, element)) {
			add_network(draft, networks, &prefix);
		}
	}
}

void mv_fields_parse_allowed_ips(struct mv_draft *draft, char *value)
{
	parse_networks(draft, &draft->allowed_ips, value);
}

void mv_fields_parse_excluded_ips(struct mv_draft *draft, char *value)
{
	parse_networks(draft, &draft->excluded_ips, value);
}

void mv_fields_parse_endpoint(struct mv_draft *draft, char *value)
{
	mv_endpointvalue_parse(draft, value);
}

/* Without a name it has no meaning: config/check says so. */
void mv_fields_parse_resolve_interval(struct mv_draft *draft, char *value)
{
	uint32_t interval_s = 0;

	if (strcasecmp(value, "off") == 0 ||
		mv_value_parse_number(draft, &interval_s, value, MV_RESOLVE_INTERVAL_MIN_S,
			MV_RESOLVE_INTERVAL_MAX_S, "'off' or a number of seconds")) {
		mv_draft_peer(draft)->endpoint_list.interval_s = interval_s;
	}
}

void mv_fields_parse_keepalive(struct mv_draft *draft, char *value)
{
	uint32_t interval_s = 0;

	if (strcasecmp(value, "off") == 0 || mv_value_parse_number(draft, &interval_s, value, 0,
						     UINT16_MAX, "'off' or a number of seconds")) {
		mv_draft_peer(draft)->persistent_keepalive_s = (uint16_t)interval_s;
	}
}
