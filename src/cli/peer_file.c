#include "cli/peer_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/ifname.h"

/* As compilers do, so that editors find the place: FILE:LINE:COLUMN, as far as it is known. */
static void print_place(const struct mv_config_message *message, const char *file)
{
	fprintf(stderr, "%s:", file);
	if (message->line > 0) {
		fprintf(stderr, "%u:", message->line);
	}
	if (message->line > 0 && message->column > 0) {
		fprintf(stderr, "%u:", message->column);
	}
}

static void print_messages(const struct mv_config *config, const char *file)
{
	for (size_t i = 0; i < config->message_count; i++) {
		const struct mv_config_message *message = &config->messages[i];

		print_place(message, file);
		fprintf(stderr, " %s: %s\n", message->is_error ? "error" : "warning",
			message->text);
	}
}

static const char *const folders[] = {"/etc/minivpn", "/etc/wireguard"};

/* True if there is one. */
static bool find_in_folders(char path[static MV_PEER_FILE_PATH_MAX], const char *name)
{
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, MV_PEER_FILE_PATH_MAX, "%s/%s.conf", folders[i], name);
		if (access(path, F_OK) == 0) {
			return true;
		}
	}
	return false;
}

const char *mv_peer_file_find(char path[static MV_PEER_FILE_PATH_MAX], const char *argument)
{
	if (!mv_ifname_is_valid(argument) || access(argument, F_OK) == 0) {
		return argument;
	}
	return find_in_folders(path, argument) ? path : argument;
}

/* One that another folder before this has, too, is that one's. */
static void list_folder(
	const char *folder, void (*found)(void *ctx, const char *name, const char *path), void *ctx)
{
	DIR *entries = opendir(folder);
	char path[MV_PEER_FILE_PATH_MAX];
	const struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		char *name = mv_ifname_of_file(entry->d_name);

		if (name && mv_ifname_is_valid(name) && find_in_folders(path, name) &&
			strncmp(path, folder, strlen(folder)) == 0) {
			found(ctx, name, path);
		}
		free(name);
	}
	if (entries) {
		closedir(entries);
	}
}

void mv_peer_file_list(void (*found)(void *ctx, const char *name, const char *path), void *ctx)
{
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		list_folder(folders[i], found, ctx);
	}
}

enum mv_exit mv_peer_file_load(struct mv_config **config, const char *file)
{
	int error = mv_config_load(config, file);

	if (error == -ENOENT && !strchr(file, '/')) {
		return mv_command_failed("there is no file '%s' here, nor %s.conf in /etc/minivpn "
					 "or /etc/wireguard",
			file, file);
	}
	if (error < 0) {
		return mv_command_failed("cannot read '%s': %s", file, strerror(-error));
	}
	print_messages(*config, file);
	if (!(*config)->valid) {
		mv_config_destroy(*config);
		*config = NULL;
		return MV_EXIT_CONFIG;
	}
	return MV_EXIT_DONE;
}
