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

enum fate {
	STAYS,
	GOES,
	BECOMES_KEY,
};

struct line {
	enum fate fate;
	enum mv_setting setting; /* which key it becomes */
	size_t peer;
};

struct strip {
	const struct mv_config *config;
	struct line *lines; /* by number */
	size_t peers;       /* that were seen */
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

static void on_entry(void *ctx, const struct mv_ini_entry *entry)
{
	const struct mv_field *field = mv_fields_find(entry->key);
	struct strip *strip = ctx;
	struct line *line = &strip->lines[entry->line];

	if (!field || field->dialect == MV_DIALECT_WG) {
		return;
	}
	*line = (struct line){.fate = is_key(field->setting) ? BECOMES_KEY : GOES,
		.setting = field->setting,
		.peer = strip->peers - 1};
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

static int strip_text(char **text, struct strip *strip, const struct mv_textfile *file)
{
	static const struct mv_ini_handler handler = {.is_verbatim = is_verbatim,
		.section = on_section,
		.entry = on_entry,
		.error = on_error};
	size_t lines = count_lines(file->text);

	strip->lines = calloc(lines + 1, sizeof(*strip->lines));
	*text = sodium_malloc(file->length + lines * KEY_LINE_MAX + 1);
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
	struct mv_textfile file;
	int error = mv_textfile_read(&file, path, MV_TEXTFILE_PEER_FILE_MAX);

	if (error < 0) {
		return error;
	}
	*text = NULL;
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
