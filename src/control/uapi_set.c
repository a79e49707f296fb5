/*
 * The lines of a set, read into a change list: a table of keys, and one function a key. What they
 * do, one after another, is the list's business.
 */
#include <errno.h>
#include <net/if.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "control/uapi.h"
#include "crypto/keytext.h"
#include "tunnel/endpoints.h"

/* -EINVAL: not a value of this key; -ENOMEM. */
typedef int add_change(struct mv_changes *changes, const char *value);

static int add_key(struct mv_changes *changes, enum mv_change_kind kind, const char *value)
{
	uint8_t key[MV_KEY_LEN];
	int error = -EINVAL;

	if (mv_key_from_hex(key, value) == MV_KEYTEXT_OK) {
		error = mv_changes_add_key(changes, kind, key);
	}
	sodium_memzero(key, sizeof(key));
	return error;
}

static int add_number(
	struct mv_changes *changes, enum mv_change_kind kind, const char *value, uint32_t max)
{
	uint64_t number;

	if (!mv_decimal_parse(&number, value, max)) {
		return -EINVAL;
	}
	return mv_changes_add_number(changes, kind, (uint32_t)number);
}

/* For keys that do something by being there. */
static int add_true(struct mv_changes *changes, enum mv_change_kind kind, const char *value)
{
	return strcmp(value, "true") == 0 ? mv_changes_add(changes, kind) : -EINVAL;
}

static int add_private_key(struct mv_changes *changes, const char *value)
{
	return add_key(changes, MV_CHANGE_PRIVATE_KEY, value);
}

static int add_listen_port(struct mv_changes *changes, const char *value)
{
	return add_number(changes, MV_CHANGE_LISTEN_PORT, value, UINT16_MAX);
}

static int add_fwmark(struct mv_changes *changes, const char *value)
{
	return add_number(changes, MV_CHANGE_FWMARK, value, UINT32_MAX);
}

static int add_replace_peers(struct mv_changes *changes, const char *value)
{
	return add_true(changes, MV_CHANGE_REPLACE_PEERS, value);
}

static int add_peer(struct mv_changes *changes, const char *value)
{
	return add_key(changes, MV_CHANGE_PEER, value);
}

static int add_remove(struct mv_changes *changes, const char *value)
{
	return add_true(changes, MV_CHANGE_REMOVE, value);
}

static int add_update_only(struct mv_changes *changes, const char *value)
{
	return add_true(changes, MV_CHANGE_UPDATE_ONLY, value);
}

static int add_preshared_key(struct mv_changes *changes, const char *value)
{
	return add_key(changes, MV_CHANGE_PRESHARED_KEY, value);
}

/* There is only the one. */
static int check_protocol_version(struct mv_changes *changes, const char *value)
{
	(void)changes;
	return strcmp(value, "1") == 0 ? 0 : -EINVAL;
}

/* "[fe80::1%eth0]:51820": wg sends the name of the scope, where the parser wants its number. */
static bool number_scope(char text[static MV_ENDPOINT_TEXT_MAX], const char *value)
{
	char name[IF_NAMESIZE];
	int address_end, scope_end;

	if (sscanf(value, "%*[^%%]%n%%%15[^]]%n", &address_end, name, &scope_end) != 1) {
		return false;
	}
	unsigned index = if_nametoindex(name);
	int length = snprintf(text, MV_ENDPOINT_TEXT_MAX, "%.*s%%%u%s", address_end, value, index,
		value + scope_end);
	return index > 0 && length < MV_ENDPOINT_TEXT_MAX;
}

static int add_endpoint(struct mv_changes *changes, const char *value)
{
	char text[MV_ENDPOINT_TEXT_MAX];
	struct mv_endpoint endpoint;

	if (!mv_endpoint_parse(&endpoint, value) &&
		(!number_scope(text, value) || !mv_endpoint_parse(&endpoint, text))) {
		return -EINVAL;
	}
	return mv_changes_add_endpoint(changes, MV_CHANGE_ENDPOINT, &endpoint);
}

/* The next three are ours: what `minivpn reload` sends. What is empty is none. */
static int add_preshared_key_file(struct mv_changes *changes, const char *value)
{
	if (*value && *value != '/') {
		return -EINVAL;
	}
	return mv_changes_add_text(changes, MV_CHANGE_PRESHARED_KEY_FILE, value);
}

static int add_name(struct mv_changes *changes, const char *value)
{
	if (*value && !mv_peer_name_is_valid(value)) {
		return -EINVAL;
	}
	return mv_changes_add_text(changes, MV_CHANGE_NAME, value);
}

static int add_endpoints(struct mv_changes *changes, const char *value)
{
	struct mv_endpoints endpoints;
	int error = mv_endpoints_parse(&endpoints, value);

	mv_endpoints_clear(&endpoints);
	return error < 0 ? error : mv_changes_add_text(changes, MV_CHANGE_ENDPOINTS, value);
}

static int add_keepalive(struct mv_changes *changes, const char *value)
{
	uint64_t interval_s;

	if (!mv_decimal_parse(&interval_s, value, UINT16_MAX)) {
		return -EINVAL;
	}
	return mv_changes_add_keepalive(changes, (uint16_t)interval_s);
}

static int add_replace_allowed_ips(struct mv_changes *changes, const char *value)
{
	return add_true(changes, MV_CHANGE_REPLACE_ALLOWED_IPS, value);
}

/* The length must be there; a '-' before it takes the prefix away. */
static int add_allowed_ip(struct mv_changes *changes, const char *value)
{
	bool goes = *value == '-';
	struct mv_prefix prefix;

	value += goes;
	if (!strchr(value, '/') || mv_prefix_parse(&prefix, value) != MV_PREFIX_OK) {
		return -EINVAL;
	}
	mv_prefix_mask(&prefix);
	return mv_changes_add_prefix(
		changes, goes ? MV_CHANGE_ALLOWED_IP_REMOVE : MV_CHANGE_ALLOWED_IP, &prefix);
}

static const struct field {
	const char *key;
	bool of_peer; /* stands behind a public_key; the others before the first one */
	add_change *add;
} fields[] = {
	{"allowed_ip", true, add_allowed_ip},
	{"preshared_key", true, add_preshared_key},
	{"preshared_key_file", true, add_preshared_key_file},
	{"name", true, add_name},
	{"endpoint", true, add_endpoint},
	{"endpoints", true, add_endpoints},
	{"persistent_keepalive_interval", true, add_keepalive},
	{"replace_allowed_ips", true, add_replace_allowed_ips},
	{"remove", true, add_remove},
	{"update_only", true, add_update_only},
	{"protocol_version", true, check_protocol_version},
	{"private_key", false, add_private_key},
	{"listen_port", false, add_listen_port},
	{"fwmark", false, add_fwmark},
	{"replace_peers", false, add_replace_peers},
};

static int read_line(struct mv_changes *changes, bool *in_peer, char *line)
{
	char *value = strchr(line, '=');

	if (!value) {
		return -EPROTO;
	}
	*value++ = '\0';
	if (strcmp(line, "public_key") == 0) {
		*in_peer = true;
		return add_peer(changes, value);
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(line, fields[i].key) == 0) {
			return fields[i].of_peer == *in_peer ? fields[i].add(changes, value)
							     : -EINVAL;
		}
	}
	return -EINVAL;
}

int mv_uapi_parse_set(struct mv_changes *changes, char *text, size_t len)
{
	char *end = text + len;
	char *newline = memchr(text, '\n', len); /* of the set=1 */
	bool in_peer = false;
	int error = 0;

	for (char *line = newline + 1; error == 0 && *line != '\n'; line = newline + 1) {
		newline = memchr(line, '\n', (size_t)(end - line));
		*newline = '\0';
		/* No value has a zero byte. */
		error = strlen(line) == (size_t)(newline - line)
				? read_line(changes, &in_peer, line)
				: -EINVAL;
	}
	return error;
}
