#include "config/keyvalue.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/credential.h"
#include "config/keyfile.h"
#include "config/shown.h"
#include "config/textfile.h"
#include "crypto/keytext.h"

/* What makes a key of this kind, and whether nobody else may see it. */
static const struct {
	const char *command;
	bool is_secret;
} kinds[] = {
	[MV_KEYVALUE_PRIVATE] = {"minivpn genkey", true},
	[MV_KEYVALUE_PUBLIC] = {"minivpn pubkey", false},
	[MV_KEYVALUE_PRESHARED] = {"minivpn genpsk", true},
};

bool mv_keyvalue_from_text(struct mv_draft *draft, uint8_t key[static MV_KEY_LEN], const char *text)
{
	const char *reason = mv_keyfile_text_reason(mv_key_from_base64(key, text));

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

/* Paths have a '.' and no '=', or are short. This decides whether the value may be shown. */
static bool is_keylike(const char *value)
{
	return mv_shown_hides(value) && (strchr(value, '=') || !strchr(value, '.'));
}

static void report_unreadable(struct mv_draft *draft, enum mv_keyvalue_kind kind, const char *value,
	const char *path, int rc)
{
	const char *credential = mv_credential_of_value(value);

	if (is_keylike(value)) {
		mv_draft_error(draft, "no such file, and the value looks like a key: "
				      "this one takes a path, the key without 'File' takes a key");
	} else if (rc == -ENOENT && credential) {
		mv_draft_error(draft,
			"%s: there is no such credential: the unit needs 'LoadCredential=%s:PATH'",
			path, credential);
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
	struct mv_keyfile file;
	int rc = mv_keyfile_read(&file, key, path);

	if (rc == -ENOMEM) {
		draft->out_of_memory = true;
	} else if (rc == -EBADMSG) {
		mv_draft_error(draft, "%s: %s", path, file.reason);
	} else if (rc < 0) {
		report_unreadable(draft, kind, value, path, rc);
	} else if (kinds[kind].is_secret && file.others_may_read &&
		   !mv_credential_of_value(value)) {
		mv_draft_warning(draft, "others may read %s: chmod 600 %s", path, path);
	}
	return rc == 0;
}

/* The path of a credential, or of a file; NULL with a message. To be freed. */
static char *find_file(struct mv_draft *draft, const char *value)
{
	const char *credential = mv_credential_of_value(value);
	char *path = NULL;

	if (!credential) {
		path = resolve(draft->path, value);
		draft->out_of_memory |= !path;
		return path;
	}
	switch (mv_credential_path(&path, credential)) {
	case MV_CREDENTIAL_OK:
		break;
	case MV_CREDENTIAL_NO_MEMORY:
		draft->out_of_memory = true;
		break;
	case MV_CREDENTIAL_BAD_NAME:
		mv_draft_error(draft,
			"not the name of a credential: up to 255 printable characters "
			"of ASCII without '/' and ':', as in LoadCredential=NAME:PATH");
		break;
	case MV_CREDENTIAL_NO_FOLDER:
		mv_draft_error(draft,
			"there are no credentials, CREDENTIALS_DIRECTORY is not set: systemd sets "
			"it for a unit with 'LoadCredential=%s:PATH'",
			mv_shown_hides(credential) ? "NAME" : credential);
		break;
	}
	return path;
}

/*
 * The path from the root on, for who goes elsewhere. NULL with nothing said where the folder at
 * hand has none, and for what has a line's end in it, which no line of the control socket could
 * hold.
 */
static char *make_absolute(struct mv_draft *draft, const char *path)
{
	char folder[PATH_MAX] = "", *absolute;

	if (*path != '/' && !getcwd(folder, sizeof(folder))) {
		return NULL;
	}
	if (strchr(folder, '\n') || strchr(path, '\n')) {
		return NULL;
	}
	if (asprintf(&absolute, "%s%s%s", folder, *folder ? "/" : "", path) < 0) {
		draft->out_of_memory = true;
		return NULL;
	}
	return absolute;
}

bool mv_keyvalue_from_file(struct mv_draft *draft, enum mv_keyvalue_kind kind,
	uint8_t key[static MV_KEY_LEN], const char *value, char **path)
{
	char *found = find_file(draft, value);
	bool good = false;

	sodium_memzero(key, MV_KEY_LEN);
	if (found) {
		good = read_key_file(draft, kind, key, value, found);
	}
	if (path) {
		free(*path);
		*path = found ? make_absolute(draft, found) : NULL;
	}
	free(found);
	return good;
}
