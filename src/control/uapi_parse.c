/*
 * Replies of the control socket, read back by the client: a table of keys, and one function a key.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/uapi.h"
#include "crypto/aead_choose.h"
#include "crypto/keytext.h"

#define ERRNO_MAX 4095 /* the kernel's bound for error numbers */

struct reader {
	struct mv_snapshot *snapshot;
	struct mv_peer_snapshot *peer; /* NULL before the first public_key */
	bool answered;                 /* errno= was there */
	int error;                     /* the number in it, without its sign */
};

typedef bool read_value(struct reader *reader, const char *value);

static bool read_number(uint64_t *number, const char *value)
{
	return mv_decimal_parse(number, value, UINT64_MAX);
}

static bool read_u32(uint32_t *number, const char *value)
{
	uint64_t wide;

	if (!mv_decimal_parse(&wide, value, UINT32_MAX)) {
		return false;
	}
	*number = (uint32_t)wide;
	return true;
}

static bool read_u16(uint16_t *number, const char *value)
{
	uint64_t wide;

	if (!mv_decimal_parse(&wide, value, UINT16_MAX)) {
		return false;
	}
	*number = (uint16_t)wide;
	return true;
}

/* A get tells the private key only, a status the public one only. */
static bool read_private_key(struct reader *reader, const char *value)
{
	struct mv_snapshot *snapshot = reader->snapshot;

	if (mv_key_from_hex(snapshot->private_key, value) != MV_KEYTEXT_OK) {
		return false;
	}
	if (!sodium_is_zero(snapshot->private_key, MV_KEY_LEN)) {
		mv_x25519_public(snapshot->public_key, snapshot->private_key);
	}
	return true;
}

static bool read_own_public_key(struct reader *reader, const char *value)
{
	return mv_key_from_hex(reader->snapshot->public_key, value) == MV_KEYTEXT_OK;
}

static bool read_listen_port(struct reader *reader, const char *value)
{
	return read_u16(&reader->snapshot->listen_port, value);
}

static bool read_fwmark(struct reader *reader, const char *value)
{
	return read_u32(&reader->snapshot->fwmark, value);
}

static bool read_mtu(struct reader *reader, const char *value)
{
	return read_u16(&reader->snapshot->mtu, value);
}

static bool read_memory_bytes(struct reader *reader, const char *value)
{
	return read_number(&reader->snapshot->memory_bytes, value);
}

/* A name that this program does not know is left out. */
static bool read_aead(struct reader *reader, const char *value)
{
	const struct mv_aead_provider *provider = mv_aead_find(value);

	reader->snapshot->aead = provider ? provider->name : NULL;
	return true;
}

/* One that this program does not know is left out. */
static bool read_offload(struct reader *reader, const char *value)
{
	for (unsigned i = 0; i < MV_OFFLOAD_COUNT; i++) {
		if (strcmp(value, mv_offload_word((enum mv_offload)i)) == 0) {
			reader->snapshot->offloads[i] = true;
		}
	}
	return true;
}

static bool read_public_key(struct reader *reader, const char *value)
{
	struct mv_snapshot *snapshot = reader->snapshot;

	reader->peer = &snapshot->peers[snapshot->peer_count++];
	reader->peer->first_prefix = snapshot->prefix_count;
	return mv_key_from_hex(reader->peer->public_key, value) == MV_KEYTEXT_OK;
}

static bool read_preshared_key(struct reader *reader, const char *value)
{
	return mv_key_from_hex(reader->peer->preshared_key, value) == MV_KEYTEXT_OK;
}

static bool read_has_preshared_key(struct reader *reader, const char *value)
{
	reader->peer->preshared_key_hidden = strcmp(value, "1") == 0;
	return true;
}

/* Who asks may not trust who answers. */
static bool read_name(struct reader *reader, const char *value)
{
	if (!mv_peer_name_is_valid(value)) {
		return false;
	}
	snprintf(reader->peer->name, sizeof(reader->peer->name), "%s", value);
	return true;
}

/* Without what would act on a terminal. */
static bool copy_text(char **copy, const char *value)
{
	const char *odd = value;

	while ((unsigned char)*odd >= ' ' && *odd != 0x7f) {
		odd++;
	}
	free(*copy);
	*copy = *odd ? NULL : strdup(value);
	return *copy != NULL;
}

static bool read_endpoints(struct reader *reader, const char *value)
{
	return copy_text(&reader->peer->endpoints, value);
}

static bool read_preshared_key_file(struct reader *reader, const char *value)
{
	return copy_text(&reader->peer->preshared_key_file, value);
}

static bool read_endpoints_trouble(struct reader *reader, const char *value)
{
	return copy_text(&reader->peer->endpoints_trouble, value);
}

static bool read_endpoint_entry(struct reader *reader, const char *value)
{
	return read_u32(&reader->peer->endpoint_entry, value);
}

static bool read_endpoint(struct reader *reader, const char *value)
{
	return mv_endpoint_parse(&reader->peer->endpoint, value);
}

static bool read_endpoint_pending(struct reader *reader, const char *value)
{
	reader->peer->endpoint_pending = strcmp(value, "1") == 0;
	return true;
}

static bool read_handshake_s(struct reader *reader, const char *value)
{
	return read_number(&reader->peer->last_handshake_s, value);
}

static bool read_handshake_ns(struct reader *reader, const char *value)
{
	return read_u32(&reader->peer->last_handshake_ns, value);
}

static bool read_tx_bytes(struct reader *reader, const char *value)
{
	return read_number(&reader->peer->tx_bytes, value);
}

static bool read_rx_bytes(struct reader *reader, const char *value)
{
	return read_number(&reader->peer->rx_bytes, value);
}

static bool read_keepalive(struct reader *reader, const char *value)
{
	return read_u16(&reader->peer->persistent_keepalive_s, value);
}

static bool read_unanswered(struct reader *reader, const char *value)
{
	return read_u32(&reader->peer->unanswered, value);
}

static bool read_unanswered_since_s(struct reader *reader, const char *value)
{
	return read_number(&reader->peer->unanswered_since_s, value);
}

static bool read_unconfirmed(struct reader *reader, const char *value)
{
	return read_u32(&reader->peer->unconfirmed, value);
}

static bool read_drops(struct reader *reader, const char *value)
{
	return read_number(&reader->peer->drops, value);
}

/* A newer server may know reasons that we do not. */
static bool read_last_drop(struct reader *reader, const char *value)
{
	enum mv_drop drop = mv_drop_from_word(value);

	reader->peer->last_drop = drop != MV_DROP_COUNT ? drop : MV_DROP_NONE;
	return true;
}

static bool read_last_drop_s(struct reader *reader, const char *value)
{
	return read_number(&reader->peer->last_drop_s, value);
}

static bool read_allowed_ip(struct reader *reader, const char *value)
{
	struct mv_snapshot *snapshot = reader->snapshot;

	reader->peer->prefix_count++;
	return mv_prefix_parse(&snapshot->prefixes[snapshot->prefix_count++], value) ==
	       MV_PREFIX_OK;
}

/* Some servers print the error negative. */
static bool read_errno(struct reader *reader, const char *value)
{
	uint64_t error;

	if (!mv_decimal_parse(&error, value[0] == '-' ? value + 1 : value, ERRNO_MAX)) {
		return false;
	}
	reader->answered = true;
	reader->error = (int)error;
	return true;
}

static const struct field {
	const char *key;
	bool of_peer;
	read_value *read;
} fields[] = {
	{"allowed_ip", true, read_allowed_ip},
	{"public_key", false, read_public_key},
	{"preshared_key", true, read_preshared_key},
	{"has_preshared_key", true, read_has_preshared_key},
	{"preshared_key_file", true, read_preshared_key_file},
	{"name", true, read_name},
	{"endpoint", true, read_endpoint},
	{"endpoints", true, read_endpoints},
	{"endpoint_entry", true, read_endpoint_entry},
	{"endpoints_trouble", true, read_endpoints_trouble},
	{"endpoint_pending", true, read_endpoint_pending},
	{"last_handshake_time_sec", true, read_handshake_s},
	{"last_handshake_time_nsec", true, read_handshake_ns},
	{"tx_bytes", true, read_tx_bytes},
	{"rx_bytes", true, read_rx_bytes},
	{"persistent_keepalive_interval", true, read_keepalive},
	{"unanswered", true, read_unanswered},
	{"unanswered_since_sec", true, read_unanswered_since_s},
	{"unconfirmed", true, read_unconfirmed},
	{"drops", true, read_drops},
	{"last_drop", true, read_last_drop},
	{"last_drop_sec", true, read_last_drop_s},
	{"private_key", false, read_private_key},
	{"own_public_key", false, read_own_public_key},
	{"listen_port", false, read_listen_port},
	{"fwmark", false, read_fwmark},
	{"mtu", false, read_mtu},
	{"aead", false, read_aead},
	{"memory_bytes", false, read_memory_bytes},
	{"offload", false, read_offload},
	{"errno", false, read_errno},
};

/* drop.WORD=N of the device. */
static bool read_drop_counter(struct reader *reader, const char *word, const char *value)
{
	enum mv_drop drop = mv_drop_from_word(word);

	return drop == MV_DROP_COUNT || read_number(&reader->snapshot->drops[drop], value);
}

static bool read_line(struct reader *reader, char *line)
{
	char *value = strchr(line, '=');

	if (value == NULL) {
		return false;
	}
	*value++ = '\0';
	if (strncmp(line, "drop.", 5) == 0) {
		return read_drop_counter(reader, line + 5, value);
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (strcmp(line, fields[i].key) == 0) {
			return (reader->peer != NULL || !fields[i].of_peer) &&
			       fields[i].read(reader, value);
		}
	}
	return true;
}

/* Line by line up to the empty one, which must be the end of the text. */
static bool read_reply(struct reader *reader, char *text)
{
	char *end;

	while ((end = strchr(text, '\n')) != NULL) {
		*end = '\0';
		if (end == text) {
			return reader->answered && end[1] == '\0';
		}
		if (!read_line(reader, text)) {
			return false;
		}
		text = end + 1;
	}
	return false;
}

static size_t count_lines(const char *text, const char *beginning)
{
	size_t count = 0, len = strlen(beginning);

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		count += strncmp(line, beginning, len) == 0;
	}
	return count;
}

/* The text is taken apart in place. */
static int parse_copy(struct mv_snapshot **snapshot, char *text)
{
	struct reader reader = {0};
	int error = mv_snapshot_create(&reader.snapshot, count_lines(text, "public_key="),
		count_lines(text, "allowed_ip="));

	if (error < 0) {
		return error;
	}
	error = read_reply(&reader, text) ? -reader.error : -EPROTO;
	if (error == 0) {
		*snapshot = reader.snapshot;
	} else {
		mv_snapshot_destroy(reader.snapshot);
	}
	return error;
}

int mv_uapi_parse(struct mv_snapshot **snapshot, const char *text, size_t len)
{
	char *copy;
	int error;

	if (memchr(text, '\0', len) != NULL) {
		return -EPROTO;
	}
	copy = sodium_malloc(len + 1);
	if (copy == NULL) {
		return -ENOMEM;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	error = parse_copy(snapshot, copy);
	sodium_free(copy);
	return error;
}
