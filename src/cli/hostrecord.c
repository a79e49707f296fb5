#include "cli/hostrecord.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER   "/run/minivpn"
#define PATH_LEN 64

#define LOCK_TRIES   100
#define LOCK_WAIT_US 100000

static void print_path(char path[static PATH_LEN], const char *device, const char *ending)
{
	snprintf(path, PATH_LEN, FOLDER "/%s%s", device, ending);
}

static void free_hooks(struct mv_config_hooks *hooks)
{
	for (size_t i = 0; i < hooks->count; i++) {
		sodium_memzero(hooks->list[i].command, strlen(hooks->list[i].command));
		free(hooks->list[i].command);
	}
	free(hooks->list);
	*hooks = (struct mv_config_hooks){0};
}

static int add_hook(struct mv_config_hooks *hooks, unsigned line, const char *command)
{
	struct mv_config_hook *list =
		reallocarray(hooks->list, hooks->count + 1, sizeof(*hooks->list));

	if (!list) {
		return -ENOMEM;
	}
	hooks->list = list;
	list[hooks->count] = (struct mv_config_hook){.line = line, .command = strdup(command)};
	if (!list[hooks->count].command) {
		return -ENOMEM;
	}
	hooks->count++;
	return 0;
}

static int copy_hooks(struct mv_config_hooks *copy, const struct mv_config_hooks *hooks)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < hooks->count; i++) {
		error = add_hook(copy, hooks->list[i].line, hooks->list[i].command);
	}
	return error;
}

int mv_hostrecord_init(
	struct mv_hostrecord *record, const char *file, const struct mv_config *config)
{
	*record = (struct mv_hostrecord){
		.file = realpath(file, NULL), .saves_config = config->saves_config};
	if (!record->file) {
		return -errno;
	}
	int error = copy_hooks(&record->pre_down, &config->hooks[MV_HOOK_PRE_DOWN]);

	return error < 0 ? error
			 : copy_hooks(&record->post_down, &config->hooks[MV_HOOK_POST_DOWN]);
}

void mv_hostrecord_uninit(struct mv_hostrecord *record)
{
	free_hooks(&record->pre_down);
	free_hooks(&record->post_down);
	free(record->file);
	*record = (struct mv_hostrecord){0};
}

/* Reading */

static bool read_number(uint32_t *number, const char *value)
{
	uint64_t wide;

	if (!mv_decimal_parse(&wide, value, UINT32_MAX)) {
		return false;
	}
	*number = (uint32_t)wide;
	return true;
}

static int read_hook(struct mv_config_hooks *hooks, char *value)
{
	char *command = strchr(value, ' ');
	uint32_t line;

	if (!command) {
		return -EBADMSG;
	}
	*command++ = '\0';
	return read_number(&line, value) ? add_hook(hooks, line, command) : -EBADMSG;
}

static int read_file(struct mv_hostrecord *record, const char *value)
{
	free(record->file);
	record->file = strdup(value);
	return record->file ? 0 : -ENOMEM;
}

static int read_line(struct mv_hostrecord *record, const char *word, char *value)
{
	struct mv_hoststate *state = &record->state;

	if (strcmp(word, "file") == 0) {
		return read_file(record, value);
	}
	if (strcmp(word, mv_hook_name(MV_HOOK_PRE_DOWN)) == 0) {
		return read_hook(&record->pre_down, value);
	}
	if (strcmp(word, mv_hook_name(MV_HOOK_POST_DOWN)) == 0) {
		return read_hook(&record->post_down, value);
	}
	if (strcmp(word, "mark") == 0) {
		return read_number(&state->mark, value) ? 0 : -EBADMSG;
	}
	if (strcmp(word, "by_mark") == 0) {
		state->by_mark4 |= strcmp(value, "4") == 0;
		state->by_mark6 |= strcmp(value, "6") == 0;
	} else if (strcmp(word, "src_valid_mark") == 0) {
		state->sets_src_valid_mark = true;
	} else if (strcmp(word, "dns") == 0) {
		state->sets_dns = true;
		snprintf(record->dns_name, sizeof(record->dns_name), "%s", value);
	} else if (strcmp(word, "saves_config") == 0) {
		record->saves_config = true;
	} else {
		return -EBADMSG;
	}
	return 0;
}

static int read_all(struct mv_hostrecord *record, FILE *in)
{
	size_t room = 0;
	char *line = NULL;
	ssize_t len;
	int error = 0;

	while (error == 0 && (len = getline(&line, &room, in)) > 0) {
		char *value = strchr(line, ' ');

		if (line[len - 1] != '\n' || !value) {
			error = -EBADMSG;
			break;
		}
		line[len - 1] = '\0';
		*value++ = '\0';
		error = read_line(record, line, value);
	}
	free(line);
	return error == 0 && !record->file ? -EBADMSG : error;
}

int mv_hostrecord_read(struct mv_hostrecord *record, const char *device)
{
	char path[PATH_LEN];

	*record = (struct mv_hostrecord){0};
	print_path(path, device, "");
	FILE *in = fopen(path, "re");
	if (!in) {
		return -errno;
	}
	int error = read_all(record, in);
	fclose(in);
	if (error < 0) {
		mv_hostrecord_uninit(record);
	}
	return error;
}

bool mv_hostrecord_exists(const char *device)
{
	char path[PATH_LEN];

	print_path(path, device, "");
	return access(path, F_OK) == 0;
}

static bool sets_src_valid_mark(const char *device)
{
	struct mv_hostrecord record;

	if (mv_hostrecord_read(&record, device) < 0) {
		return false;
	}
	bool sets = record.state.sets_src_valid_mark;
	mv_hostrecord_uninit(&record);
	return sets;
}

bool mv_hostrecord_others_set_src_valid_mark(const char *device)
{
	DIR *folder = opendir(FOLDER);
	const struct dirent *entry;
	bool found = false;

	while (folder && !found && (entry = readdir(folder))) {
		/* Locks and fresh files have a colon in their names, which no device has. */
		found = !strchr(entry->d_name, ':') &&
			strcmp(entry->d_name, device) != 0 && sets_src_valid_mark(entry->d_name);
	}
	if (folder) {
		closedir(folder);
	}
	return found;
}

/* Writing */

static void print_hooks(FILE *out, enum mv_hook kind, const struct mv_config_hooks *hooks)
{
	for (size_t i = 0; i < hooks->count; i++) {
		fprintf(out, "%s %u %s\n", mv_hook_name(kind), hooks->list[i].line,
			hooks->list[i].command);
	}
}

static void print_record(FILE *out, const struct mv_hostrecord *record)
{
	const struct mv_hoststate *state = &record->state;

	fprintf(out, "file %s\n", record->file);
	if (record->saves_config) {
		fputs("saves_config 1\n", out);
	}
	if (state->mark != 0) {
		fprintf(out, "mark %u\n", (unsigned)state->mark);
	}
	if (state->by_mark4) {
		fputs("by_mark 4\n", out);
	}
	if (state->by_mark6) {
		fputs("by_mark 6\n", out);
	}
	if (state->sets_src_valid_mark) {
		fputs("src_valid_mark 0\n", out);
	}
	if (state->sets_dns) {
		fprintf(out, "dns %s\n", record->dns_name);
	}
	print_hooks(out, MV_HOOK_PRE_DOWN, &record->pre_down);
	print_hooks(out, MV_HOOK_POST_DOWN, &record->post_down);
}

static int make_folder(void)
{
	return mkdir(FOLDER, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

/* It need not survive a reboot, as nothing of what it tells does. */
int mv_hostrecord_write(const struct mv_hostrecord *record, const char *device)
{
	char path[PATH_LEN], fresh[PATH_LEN];
	int error = make_folder();

	if (error < 0) {
		return error;
	}
	print_path(path, device, "");
	print_path(fresh, device, ":new");
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!out) {
		return -errno;
	}
	print_record(out, record);
	if (fclose(out) != 0 || rename(fresh, path) < 0) {
		error = -errno;
		unlink(fresh);
	}
	return error;
}

void mv_hostrecord_remove(const char *device)
{
	char path[PATH_LEN];

	print_path(path, device, "");
	unlink(path);
}

int mv_hostrecord_lock(const char *device)
{
	char path[PATH_LEN];
	int error = make_folder();

	if (error < 0) {
		return error;
	}
	print_path(path, device, ":lock");
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -errno;
	}
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			return fd;
		}
		usleep(LOCK_WAIT_US);
	}
	close(fd);
	return -EAGAIN;
}
