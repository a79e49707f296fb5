#include "config/ifname.h"

#include <string.h>

bool mv_ifname_is_valid(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-";
	size_t length = strlen(name);

	if (length == 0 || length >= MV_DEVICE_NAME_MAX || strspn(name, letters) != length) {
		return false;
	}
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

char *mv_ifname_of_file(const char *path)
{
	static const char ending[] = ".conf";
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t length = strlen(name);

	if (length <= strlen(ending) || strcmp(name + length - strlen(ending), ending) != 0) {
		return NULL;
	}
	return strndup(name, length - strlen(ending));
}
