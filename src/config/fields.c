#include "config/fields.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/dnsvalue.h"
#include "config/fields_interface.h"
#include "config/fields_peer.h"
#include "config/hooks.h"
#include "config/ini.h"
#include "config/nearest.h"
#include "config/tablevalue.h"

#define IFACE    MV_SECTION_INTERFACE
#define PEER     MV_SECTION_PEER
#define WG       MV_DIALECT_WG
#define WG_QUICK MV_DIALECT_WG_QUICK
#define OURS     MV_DIALECT_MINIVPN
#define ONE      MV_FORM_ONE
#define LIST     MV_FORM_LIST
#define LOOSE    MV_FORM_LOOSE_LIST
#define COMMAND  MV_FORM_COMMAND

static const struct mv_field fields[] = {
	{"PrivateKey", IFACE, WG, ONE, MV_SETTING_PRIVATE_KEY, mv_fields_parse_private_key},
	{"PrivateKeyFile", IFACE, OURS, ONE, MV_SETTING_PRIVATE_KEY,
		mv_fields_parse_private_key_file},
	{"Address", IFACE, WG_QUICK, LIST, MV_SETTING_ADDRESS, mv_fields_parse_address},
	{"ListenPort", IFACE, WG, ONE, MV_SETTING_LISTEN_PORT, mv_fields_parse_listen_port},
	{"FwMark", IFACE, WG, ONE, MV_SETTING_FWMARK, mv_fields_parse_fwmark},
	{"MTU", IFACE, WG_QUICK, ONE, MV_SETTING_MTU, mv_fields_parse_mtu},
	{"DNS", IFACE, WG_QUICK, LOOSE, MV_SETTING_DNS, mv_dnsvalue_parse},
	{"Table", IFACE, WG_QUICK, ONE, MV_SETTING_TABLE, mv_tablevalue_parse},
	{"PreUp", IFACE, WG_QUICK, COMMAND, MV_SETTING_PRE_UP, mv_hooks_parse_pre_up},
	{"PostUp", IFACE, WG_QUICK, COMMAND, MV_SETTING_POST_UP, mv_hooks_parse_post_up},
	{"PreDown", IFACE, WG_QUICK, COMMAND, MV_SETTING_PRE_DOWN, mv_hooks_parse_pre_down},
	{"PostDown", IFACE, WG_QUICK, COMMAND, MV_SETTING_POST_DOWN, mv_hooks_parse_post_down},
	{"SaveConfig", IFACE, WG_QUICK, ONE, MV_SETTING_SAVE_CONFIG, mv_fields_parse_save_config},
	{"Device", IFACE, OURS, ONE, MV_SETTING_DEVICE, mv_fields_parse_device},
	{"Lanes", IFACE, OURS, ONE, MV_SETTING_LANES, mv_fields_parse_lanes},
	{"Offload", IFACE, OURS, ONE, MV_SETTING_OFFLOAD, mv_fields_parse_offload},
	{"Namespace", IFACE, OURS, ONE, MV_SETTING_NAMESPACE, mv_fields_parse_namespace},
	{"SocketNamespace", IFACE, OURS, ONE, MV_SETTING_SOCKET_NAMESPACE,
		mv_fields_parse_socket_namespace},
	{"PublicKey", PEER, WG, ONE, MV_SETTING_PUBLIC_KEY, mv_fields_parse_public_key},
	{"PublicKeyFile", PEER, OURS, ONE, MV_SETTING_PUBLIC_KEY, mv_fields_parse_public_key_file},
	{"Name", PEER, OURS, ONE, MV_SETTING_NAME, mv_fields_parse_name},
	{"PresharedKey", PEER, WG, ONE, MV_SETTING_PRESHARED_KEY, mv_fields_parse_psk},
	{"PresharedKeyFile", PEER, OURS, ONE, MV_SETTING_PRESHARED_KEY, mv_fields_parse_psk_file},
	{"AllowedIPs", PEER, WG, LIST, MV_SETTING_ALLOWED_IPS, mv_fields_parse_allowed_ips},
	{"ExcludedIPs", PEER, OURS, LIST, MV_SETTING_EXCLUDED_IPS, mv_fields_parse_excluded_ips},
	{"Endpoint", PEER, WG, ONE, MV_SETTING_ENDPOINT, mv_fields_parse_endpoint},
	{"ResolveInterval", PEER, OURS, ONE, MV_SETTING_RESOLVE_INTERVAL,
		mv_fields_parse_resolve_interval},
	{"PersistentKeepalive", PEER, WG, ONE, MV_SETTING_KEEPALIVE, mv_fields_parse_keepalive},
};

static const struct mv_field *const fields_end = fields + sizeof(fields) / sizeof(fields[0]);

/* Compares as strcasecmp, without the spaces of `spaced`. */
static bool matches_without_spaces(const char *spaced, const char *name)
{
	char compact[MV_INI_NAME_MAX + 1];
	size_t length = 0;

	for (; *spaced; spaced++) {
		if (*spaced != ' ') {
			compact[length++] = *spaced;
		}
	}
	compact[length] = '\0';
	return strcasecmp(compact, name) == 0;
}

const struct mv_field *mv_fields_find(const char *name)
{
	for (const struct mv_field *field = fields; field < fields_end; field++) {
		if (strcasecmp(name, field->name) == 0) {
			return field;
		}
		if (field->dialect == WG && matches_without_spaces(name, field->name)) {
			return field;
		}
	}
	return NULL;
}

static const struct mv_field *nearest(const char *name, enum mv_section section)
{
	const struct mv_field *best = NULL;
	unsigned least = MV_NEAREST_FAR;

	for (const struct mv_field *field = fields; field < fields_end; field++) {
		unsigned distance = mv_nearest_distance(name, field->name);

		if (field->section == section && distance < least) {
			best = field;
			least = distance;
		}
	}
	return best;
}

const struct mv_field *mv_fields_nearest(const char *name, enum mv_section section)
{
	const struct mv_field *best = nearest(name, section);

	return best ? best : nearest(name, section == PEER ? IFACE : PEER);
}

const char *mv_fields_section_name(enum mv_section section)
{
	return section == PEER ? "Peer" : "Interface";
}

const char *mv_fields_names(char text[static MV_FIELDS_NAMES_MAX], enum mv_section section)
{
	int length = 0;

	text[0] = '\0';
	for (const struct mv_field *field = fields; field < fields_end; field++) {
		if (field->section == section) {
			length += snprintf(text + length, MV_FIELDS_NAMES_MAX - (size_t)length,
				"%s%s", length ? ", " : "", field->name);
		}
	}
	return text;
}
