#include "config/keyvalue.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/shown.h"
#include "config/textfile.h"
#include "crypto/keytext.h"

#define KEY_FILE_MAX_BYTES 256

/* What makes a key of this kind, and whether nobody else may see it. */
static const struct {
	const char *command;
	bool is_secret;
} kinds[] = {
	[MV_KEYVALUE_PRIVATE] = {"minivpn genkey", true},
	[MV_KEYVALUE_PUBLIC] = {"minivpn pubkey", false},
	[MV_KEYVALUE_PRESHARED] = {"minivpn genpsk", true},
};

static const char *keytext_reason(enum mv_keytext_verdict verdict)
{
	switch (verdict) {
	case MV_KEYTEXT_BAD_LENGTH:
		return "wrong length: a key is 44 characters of base64, the last one '='";
	case MV_KEYTEXT_BAD_CHARACTER:
		return "not base64: a key is 43 of A-Z a-z 0-9 + / and a '=' at the end";
	case MV_KEYTEXT_NOT_CANONICAL:
		return "damaged: the last character before the '=' is none that a key ends in";
	case MV_KEYTEXT_OK:
		break;
	}
	return NULL;
}

bool mv_keyvalue_from_text(struct mv_draft *draft, uint8_t key[static MV_KEY_LEN], const char *text)
{
	const char *reason = keytext_reason(mv_key_from_base64(key, text));

	if (reason) {
		mv_draft_error(draft, "%s", reason);
	}
	return !reason;
}

/* The path as the system takes it; to be freed. */
static char *resolve(const char *peer_file, const char *value)
{
	const char *slash = strrchr(peer_file, '/');
	char *path;

	if (*value == '/' || !slash) {
		return strdup(value);
	}
	if (asprintf(&path, "%.*s/%s", (int)(slash - peer_file), peer_file, value) < 0) {
		return NULL;
	}
	return path;
}

/* The one word of the file, cut out in place; NULL if it holds none, or more. */
static const char *only_word(struct mv_textfile *file)
{
	char *word = file->text, *end = file->text + file->length;

	while (word < end && isspace((unsigned char)*word)) {
		word++;
	}
	while (end > word && isspace((unsigned char)end[-1])) {
		end--;
	}
	*end = '\0';
	for (const char *c = word; c < end; c++) {
		if (isspace((unsigned char)*c)) {
			return NULL;
		}
	}
	return word;
}

static const char *content_reason(struct mv_textfile *file, uint8_t key[static MV_KEY_LEN])
{
	const char *word;

	if (memchr(file->text, '\0', file->length)) {
		return "not base64: this is not a text file";
	}
	word = only_word(file);
	if (!word) {
		return "more than one word: a key file holds one key and nothing else";
	}
	if (!*word) {
		return "the file is empty";
	}
	return keytext_reason(mv_key_from_base64(key, word));
}

/* Paths have a '.' and no '=', or are short. This decides whether the value may be shown. */
static bool is_keylike(const char *value)
{
	return mv_shown_hides(value) && (strchr(value, '=') || !strchr(value, '.'));
}

static void report_unreadable(struct mv_draft *draft, enum mv_keyvalue_kind kind, const char *value,
	const char *path, int rc)
{
	if (is_keylike(value)) {
		mv_draft_error(draft, "no such file, and the value looks like a key: "
				      "this one takes a path, the key without 'File' takes a key");
	} else if (rc == -ENOENT) {
		mv_draft_error(
			draft, "%s: no such file: make it by '%s'", path, kinds[kind].command);
	} else {
		mv_draft_error(draft, "%s: %s", path, mv_textfile_reason(rc));
	}
}

static bool read_key_file(struct mv_draft *draft, enum mv_keyvalue_kind kind,
	uint8_t key[static MV_KEY_LEN], const char *value, const char *path)
{
	struct mv_textfile file;
	const char *reason;
	int rc = mv_textfile_read(&file, path, KEY_FILE_MAX_BYTES);

	if (rc == -ENOMEM) {
		draft->out_of_memory = true;
		return false;
	}
	if (rc < 0) {
		report_unreadable(draft, kind, value, path, rc);
		return false;
	}
	reason = content_reason(&file, key);
	if (reason) {
		mv_draft_error(draft, "%s: %s", path, reason);
	} else if (kinds[kind].is_secret && file.others_may_read) {
		mv_draft_warning(draft, "others may read %s: chmod 600 %s", path, path);
	}
	mv_textfile_free(&file);
	return !reason;
}

bool mv_keyvalue_from_file(struct mv_draft *draft, enum mv_keyvalue_kind kind,
	uint8_t key[static MV_KEY_LEN], const char *value)
{
	char *path = resolve(draft->path, value);
	bool good = false;

	sodium_memzero(key, MV_KEY_LEN);
	if (path) {
		good = read_key_file(draft, kind, key, value, path);
	} else {
		draft->out_of_memory = true;
	}
	free(path);
	return good;
}
