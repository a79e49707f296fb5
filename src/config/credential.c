#include "config/credential.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGINNING      "credential:"
#define NAME_MAX_BYTES 255

const char *mv_credential_of_value(const char *value)
{
	size_t length = strlen(BEGINNING);

	return strncmp(value, BEGINNING, length) == 0 ? value + length : NULL;
}

/* systemd starts no service whose LoadCredential= has another. */
static bool is_valid(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++) {
		if (name[i] < ' ' || name[i] > '~' || name[i] == '/' || name[i] == ':') {
			return false;
		}
	}
	return length > 0 && length <= NAME_MAX_BYTES && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

/* NULL: there is none. */
static const char *folder(void)
{
	const char *value = getenv("CREDENTIALS_DIRECTORY");

	return value && *value == '/' ? value : NULL;
}

enum mv_credential_verdict mv_credential_path(char **path, const char *name)
{
	*path = NULL;
	if (!is_valid(name)) {
		return MV_CREDENTIAL_BAD_NAME;
	}
	if (!folder()) {
		return MV_CREDENTIAL_NO_FOLDER;
	}
	if (asprintf(path, "%s/%s", folder(), name) < 0) {
		*path = NULL;
		return MV_CREDENTIAL_NO_MEMORY;
	}
	return MV_CREDENTIAL_OK;
}

char *mv_credential_value(const char *path)
{
	size_t length = folder() ? strlen(folder()) : 0;
	char *value;

	if (length == 0 || strncmp(path, folder(), length) != 0 || path[length] != '/' ||
		!is_valid(path + length + 1)) {
		return strdup(path);
	}
	return asprintf(&value, BEGINNING "%s", path + length + 1) < 0 ? NULL : value;
}
