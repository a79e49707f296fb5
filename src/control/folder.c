#include "control/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool may_write(const char *folder)
{
	return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0;
}

/* Files can be made there, or the folder itself. */
static bool is_usable(const char *folder)
{
	char parent[MV_FOLDER_STATE_MAX];
	const char *slash = strrchr(folder, '/');

	if (may_write(folder)) {
		return true;
	}
	if (errno != ENOENT || !slash || slash == folder) {
		return false;
	}
	int length = snprintf(parent, sizeof(parent), "%.*s", (int)(slash - folder), folder);
	return length < (int)sizeof(parent) && may_write(parent);
}

/* It is a question of permission. What lies in the way is not, and nobody should overlook it. */
static bool is_closed(const char *folder)
{
	struct stat found;

	return !is_usable(folder) && (stat(folder, &found) < 0 || S_ISDIR(found.st_mode));
}

/* "/run/NAME" below `base`, if that can be. */
static bool use(char *path, size_t room, const char *base, const char *system)
{
	if (!base || base[0] != '/') {
		return false; /* By the specification it is to be taken for none. */
	}
	int length = snprintf(path, room, "%s%s", base, strrchr(system, '/'));
	return length < (int)room && is_usable(path);
}

const char *mv_folder_runtime(char path[static MV_FOLDER_RUNTIME_MAX], const char *system)
{
	if (!is_closed(system) ||
		!use(path, MV_FOLDER_RUNTIME_MAX, getenv("XDG_RUNTIME_DIR"), system)) {
		snprintf(path, MV_FOLDER_RUNTIME_MAX, "%s", system);
	}
	return path;
}

/* False: its name is too long. What cannot be made will not be usable. */
static bool make_below_home(char base[static MV_FOLDER_STATE_MAX], const char *home)
{
	static const char *const names[] = {"/.local", "/.local/state"};
	int length = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		length = snprintf(base, MV_FOLDER_STATE_MAX, "%s%s", home, names[i]);
		if (length < MV_FOLDER_STATE_MAX) {
			(void)mkdir(base, 0700);
		}
	}
	return length < MV_FOLDER_STATE_MAX;
}

static bool use_state_of_user(char path[static MV_FOLDER_STATE_MAX], const char *system)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	char base[MV_FOLDER_STATE_MAX];

	if (state && state[0] == '/') {
		return use(path, MV_FOLDER_STATE_MAX, state, system);
	}
	return home && home[0] == '/' && make_below_home(base, home) &&
	       use(path, MV_FOLDER_STATE_MAX, base, system);
}

const char *mv_folder_state(char path[static MV_FOLDER_STATE_MAX], const char *system)
{
	if (!is_closed(system) || !use_state_of_user(path, system)) {
		snprintf(path, MV_FOLDER_STATE_MAX, "%s", system);
	}
	return path;
}
