/*
 * A change list as the lines of a set, for a client: what mv_uapi_parse_set reads back.
 */
#include <inttypes.h>
#include <sodium.h>

#include "control/text.h"
#include "control/uapi.h"
#include "crypto/keytext.h"

static void print_key(struct mv_text *out, const char *name, const uint8_t key[static MV_KEY_LEN])
{
	char hex[MV_KEY_HEX_MAX];

	mv_text_printf(out, "%s=%s\n", name, mv_key_to_hex(hex, key));
	sodium_memzero(hex, sizeof(hex));
}

static void print_prefix(struct mv_text *out, const char *sign, const struct mv_prefix *prefix)
{
	char text[MV_PREFIX_TEXT_MAX];

	mv_text_printf(out, "allowed_ip=%s%s\n", sign, mv_prefix_print(text, prefix));
}

static void print_endpoint(struct mv_text *out, const struct mv_endpoint *endpoint)
{
	char text[MV_ENDPOINT_TEXT_MAX];

	mv_text_printf(out, "endpoint=%s\n", mv_endpoint_print(text, endpoint));
}

static void print_change(struct mv_text *out, const struct mv_change *change)
{
	switch (change->kind) {
	case MV_CHANGE_PRIVATE_KEY:
		print_key(out, "private_key", change->key);
		break;
	case MV_CHANGE_LISTEN_PORT:
		mv_text_printf(out, "listen_port=%" PRIu32 "\n", change->number);
		break;
	case MV_CHANGE_FWMARK:
		mv_text_printf(out, "fwmark=%" PRIu32 "\n", change->number);
		break;
	case MV_CHANGE_REPLACE_PEERS:
		mv_text_printf(out, "replace_peers=true\n");
		break;
	case MV_CHANGE_PEER:
		print_key(out, "public_key", change->key);
		break;
	case MV_CHANGE_UPDATE_ONLY:
		mv_text_printf(out, "update_only=true\n");
		break;
	case MV_CHANGE_REMOVE:
		mv_text_printf(out, "remove=true\n");
		break;
	case MV_CHANGE_PRESHARED_KEY:
		print_key(out, "preshared_key", change->key);
		break;
	case MV_CHANGE_PRESHARED_KEY_FILE:
		mv_text_printf(out, "preshared_key_file=%s\n", change->text);
		break;
	case MV_CHANGE_NAME:
		mv_text_printf(out, "name=%s\n", change->text);
		break;
	case MV_CHANGE_ENDPOINTS:
		mv_text_printf(out, "endpoints=%s\n", change->text);
		break;
	case MV_CHANGE_ENDPOINT:
		print_endpoint(out, &change->endpoint);
		break;
	case MV_CHANGE_PERSISTENT_KEEPALIVE:
		mv_text_printf(out, "persistent_keepalive_interval=%u\n", change->seconds);
		break;
	case MV_CHANGE_REPLACE_ALLOWED_IPS:
		mv_text_printf(out, "replace_allowed_ips=true\n");
		break;
	case MV_CHANGE_ALLOWED_IP:
		print_prefix(out, "", &change->prefix);
		break;
	case MV_CHANGE_ALLOWED_IP_REMOVE:
		print_prefix(out, "-", &change->prefix);
		break;
	}
}

char *mv_uapi_print_set(const struct mv_changes *changes, size_t *len)
{
	struct mv_text out = {0};

	mv_text_printf(&out, "set=1\n");
	for (size_t i = 0; i < changes->count; i++) {
		print_change(&out, &changes->list[i]);
	}
	mv_text_printf(&out, "\n");
	return mv_text_take(&out, len);
}
