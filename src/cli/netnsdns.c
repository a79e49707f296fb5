#include "cli/netnsdns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LEN  (NAME_MAX + 64)
#define OWNER_LEN (IF_NAMESIZE + 64)

bool mv_netnsdns_is_possible(const char *place)
{
	return !strchr(place, '/');
}

static void print_paths(char folder[static PATH_LEN], char file[static PATH_LEN], const char *name)
{
	snprintf(folder, PATH_LEN, MV_NETNSDNS_FOLDER "/%s", name);
	snprintf(file, PATH_LEN, MV_NETNSDNS_FOLDER "/%s/resolv.conf", name);
}

/* The first line, by which the file is known again. */
static void print_owner(char owner[static OWNER_LEN], const char *device)
{
	snprintf(owner, OWNER_LEN, "# Made by minivpn for %s, and removed with it.\n", device);
}

static bool is_ours(const char *file, const char *device)
{
	char owner[OWNER_LEN], line[OWNER_LEN];
	FILE *in = fopen(file, "re");

	if (!in) {
		return false;
	}
	print_owner(owner, device);
	bool is_same = fgets(line, sizeof(line), in) && strcmp(line, owner) == 0;
	fclose(in);
	return is_same;
}

static void remove_empty(const char *folder)
{
	(void)rmdir(folder);
	(void)rmdir(MV_NETNSDNS_FOLDER);
}

static int make_folders(const char *folder)
{
	if (mkdir(MV_NETNSDNS_FOLDER, 0755) < 0 && errno != EEXIST) {
		return -errno;
	}
	return mkdir(folder, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* Everybody's programs are to read it. One of ours is written anew in its place: programs that run
 * in the namespace have this very file before them. */
static int write_file(const char *file, const char *device, const char *text)
{
	char owner[OWNER_LEN];
	int how = is_ours(file, device) ? O_TRUNC : O_CREAT | O_EXCL;
	int fd = open(file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | how, 0644);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (!out) {
		return -errno;
	}
	print_owner(owner, device);
	int error = fchmod(fd, 0644) < 0 ? -errno : 0;
	fprintf(out, "%s%s", owner, text);
	if (fclose(out) != 0 && error == 0) {
		error = -errno;
	}
	if (error < 0) {
		unlink(file);
	}
	return error;
}

int mv_netnsdns_set(const char *name, const char *device, const char *text)
{
	char folder[PATH_LEN], file[PATH_LEN];
	mode_t mask = umask(022);

	print_paths(folder, file, name);
	int error = make_folders(folder);
	if (error == 0) {
		error = write_file(file, device, text);
	}
	umask(mask);
	if (error < 0) {
		remove_empty(folder);
	}
	return error;
}

int mv_netnsdns_remove(const char *name, const char *device)
{
	char folder[PATH_LEN], file[PATH_LEN];

	print_paths(folder, file, name);
	if (is_ours(file, device) && unlink(file) < 0 && errno != ENOENT) {
		return -errno;
	}
	remove_empty(folder);
	return 0;
}
