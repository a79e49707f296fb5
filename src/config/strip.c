#include "config/strip.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/fields.h"
#include "config/ini.h"
#include "config/textfile.h"
#include "crypto/keytext.h"

/* "PresharedKey = " and the key. */
#define KEY_LINE_MAX (MV_INI_NAME_MAX + MV_KEY_BASE64_MAX)

#define LIST_BEGINNING  "AllowedIPs = "
#define LIST_SEPARATOR  ", "
#define LIST_PREFIX_MAX (sizeof(LIST_BEGINNING) + MV_PREFIX_TEXT_MAX)

enum fate {
	STAYS,
	GOES,
	BECOMES_KEY,
	BECOMES_LIST,     /* what ExcludedIPs leave of AllowedIPs */
	BECOMES_ENDPOINT, /* the first of a list, which wg does not know */
};

struct line {
	enum fate fate;
	enum mv_setting setting; /* which it becomes */
	size_t peer;
};

struct strip {
	const struct mv_config *config;
	struct line *lines; /* by number */
	size_t peers;       /* that were seen */
	size_t listed;      /* of these: the last whose list has its line */
	bool differs;       /* from the configuration */
};

static bool is_key(enum mv_setting setting)
{
	return setting == MV_SETTING_PRIVATE_KEY || setting == MV_SETTING_PUBLIC_KEY ||
	       setting == MV_SETTING_PRESHARED_KEY;
}

static bool is_verbatim(void *ctx, const char *key)
{
	const struct mv_field *field = mv_fields_find(key);

	(void)ctx;
	return field && field->form == MV_FORM_COMMAND;
}

static void on_section(void *ctx, unsigned line, unsigned column, const char *name)
{
	struct strip *strip = ctx;

	(void)line, (void)column;
	name += strspn(name, " ");
	strip->peers += *name == 'P' || *name == 'p'; /* There are only two. */
	strip->differs |= strip->peers > strip->config->peer_count;
}

static bool is_computed(const struct strip *strip, enum mv_setting setting)
{
	return setting == MV_SETTING_ALLOWED_IPS && strip->peers > 0 && !strip->differs &&
	       strip->config->peers[strip->peers - 1].excluded_ip_count > 0;
}

/* Of the lines that hold a computed list the first becomes all of it. */
static enum fate fate_of(struct strip *strip, const struct mv_field *field)
{
	if (!field) {
		return STAYS;
	}
	if (is_computed(strip, field->setting)) {
		bool is_first = strip->listed != strip->peers;

		strip->listed = strip->peers;
		return is_first ? BECOMES_LIST : GOES;
	}
	if (field->dialect == MV_DIALECT_WG) {
		return STAYS;
	}
	return is_key(field->setting) ? BECOMES_KEY : GOES;
}

static void on_entry(void *ctx, const struct mv_ini_entry *entry)
{
	const struct mv_field *field = mv_fields_find(entry->key);
	struct strip *strip = ctx;
	enum fate fate = fate_of(strip, field);

	if (field && field->setting == MV_SETTING_ENDPOINT && strchr(entry->value, ',')) {
		fate = BECOMES_ENDPOINT;
	}
	if (fate != STAYS) {
		strip->lines[entry->line] = (struct line){
			.fate = fate, .setting = field->setting, .peer = strip->peers - 1};
	}
}

static void on_error(void *ctx, unsigned line, unsigned column, bool in_header, const char *text)
{
	struct strip *strip = ctx;

	(void)line, (void)column, (void)in_header, (void)text;
	strip->differs = true;
}

/* `out` has room for KEY_LINE_MAX. */
static char *put_key(char *out, const struct strip *strip, const struct line *line)
{
	const struct mv_config *config = strip->config;
	char base64[MV_KEY_BASE64_MAX];
	const uint8_t *key = config->private_key;
	const char *name = "PrivateKey";

	if (line->setting == MV_SETTING_PUBLIC_KEY) {
		key = config->peers[line->peer].public_key;
		name = "PublicKey";
	} else if (line->setting == MV_SETTING_PRESHARED_KEY) {
		key = config->peers[line->peer].preshared_key;
		name = "PresharedKey";
	}
	out += snprintf(out, KEY_LINE_MAX, "%s = %s\n", name, mv_key_to_base64(base64, key));
	sodium_memzero(base64, sizeof(base64));
	return out;
}

/* Nothing, where nothing is left. `out` has room for KEY_LINE_MAX and LIST_PREFIX_MAX a prefix. */
static char *put_list(char *out, const struct mv_config_peer *peer)
{
	char text[MV_PREFIX_TEXT_MAX];

	for (size_t i = 0; i < peer->allowed_ip_count; i++) {
		out += snprintf(out, LIST_PREFIX_MAX, "%s%s",
			i == 0 ? LIST_BEGINNING : LIST_SEPARATOR,
			mv_prefix_print(text, &peer->allowed_ips[i]));
	}
	if (peer->allowed_ip_count > 0) {
		*out++ = '\n';
	}
	return out;
}

/* `out` has room for KEY_LINE_MAX more than the line that it takes the place of. */
static char *put_endpoint(char *out, const struct strip *strip, const struct line *line, size_t len)
{
	const struct mv_endpoints *list = &strip->config->peers[line->peer].endpoint_list;
	char text[MV_ENDPOINTS_ENTRY_TEXT_MAX];

	if (list->count > 0) {
		out += snprintf(out, len + KEY_LINE_MAX, "Endpoint = %s\n",
			mv_endpoints_print_entry(text, &list->list[0]));
	}
	return out;
}

/* A comment that begins with ';', which wg does not know. */
static bool is_lenient_comment(const char *line, size_t len)
{
	size_t blank = strspn(line, " \t");

	return blank < len && line[blank] == ';';
}

static void put_lines(char *out, const struct strip *strip, const char *text)
{
	for (size_t number = 1; *text; number++) {
		const struct line *line = &strip->lines[number];
		const char *newline = strchr(text, '\n');
		size_t len = newline ? (size_t)(newline - text) + 1 : strlen(text);

		if (line->fate == BECOMES_KEY) {
			out = put_key(out, strip, line);
		} else if (line->fate == BECOMES_LIST) {
			out = put_list(out, &strip->config->peers[line->peer]);
		} else if (line->fate == BECOMES_ENDPOINT) {
			out = put_endpoint(out, strip, line, len);
		} else if (line->fate == STAYS && !is_lenient_comment(text, len)) {
			out = mempcpy(out, text, len);
		}
		text += len;
	}
	*out = '\0';
}

static const char *skip_byte_order_mark(const char *text)
{
	static const char mark[] = "\xef\xbb\xbf";

	return strncmp(text, mark, strlen(mark)) == 0 ? text + strlen(mark) : text;
}

static size_t count_lines(const char *text)
{
	size_t count = 1;

	while ((text = strchr(text, '\n'))) {
		count++;
		text++;
	}
	return count;
}

static size_t count_listed(const struct mv_config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->peer_count; i++) {
		if (config->peers[i].excluded_ip_count > 0) {
			count += config->peers[i].allowed_ip_count;
		}
	}
	return count;
}

static int strip_text(char **text, struct strip *strip, const struct mv_textfile *file)
{
	static const struct mv_ini_handler handler = {.is_verbatim = is_verbatim,
		.section = on_section,
		.entry = on_entry,
		.error = on_error};
	size_t lines = count_lines(file->text);

	strip->lines = calloc(lines + 1, sizeof(*strip->lines));
	*text = sodium_malloc(file->length + lines * KEY_LINE_MAX +
			      count_listed(strip->config) * LIST_PREFIX_MAX + 1);
	if (!strip->lines || !*text) {
		return -ENOMEM;
	}
	int error = mv_ini_parse(file->text, file->length, &handler, strip);
	if (error == 0 && strip->differs) {
		error = -ESTALE;
	}
	if (error == 0) {
		put_lines(*text, strip, skip_byte_order_mark(file->text));
	}
	return error;
}

int mv_strip(char **text, const char *path, const struct mv_config *config)
{
	struct strip strip = {.config = config};
	uint8_t hash[MV_TEXTFILE_HASH_LEN];
	struct mv_textfile file;
	int error = mv_textfile_read(&file, path, MV_TEXTFILE_PEER_FILE_MAX);

	if (error < 0) {
		return error;
	}
	*text = NULL;
	mv_textfile_hash(hash, &file);
	if (sodium_memcmp(hash, config->text_hash, sizeof(hash)) != 0) {
		mv_textfile_free(&file);
		return -ESTALE; /* What is known of its lines was of others. */
	}
	error = strip_text(text, &strip, &file);
	free(strip.lines);
	mv_textfile_free(&file);
	if (error < 0) {
		sodium_free(*text);
		*text = NULL;
	}
	return error;
}

void mv_strip_free(char *text)
{
	sodium_free(text);
}
