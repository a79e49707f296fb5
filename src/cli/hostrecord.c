#include "cli/hostrecord.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/now.h"
#include "control/uapi_socket.h"

#define FOLDER   "/run/minivpn"
#define PATH_LEN 64

#define LOCK_TRIES_A_SECOND 20

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

/* One would begin another line of the record. */
static bool has_control_byte(const char *path)
{
	for (; *path; path++) {
		if (iscntrl((unsigned char)*path)) {
			return true;
		}
	}
	return false;
}

int mv_hostrecord_init(
	struct mv_hostrecord *record, const char *file, const struct mv_config *config)
{
	*record = (struct mv_hostrecord){
		.file = realpath(file, NULL), .saves_config = config->saves_config};
	if (!record->file) {
		return -errno;
	}
	if (has_control_byte(record->file)) {
		return -EINVAL;
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

bool mv_hostrecord_socket_of(struct mv_hostrecord_socket *socket, const char *device)
{
	char path[MV_UAPI_PATH_MAX];
	struct stat found;

	mv_uapi_path(path, device);
	if (lstat(path, &found) < 0) {
		return false;
	}
	*socket = (struct mv_hostrecord_socket){.inode = found.st_ino,
		.changed_ns = (uint64_t)found.st_ctim.tv_sec * MV_NS_PER_S +
			      (uint64_t)found.st_ctim.tv_nsec};
	return true;
}

bool mv_hostrecord_is_of(
	const struct mv_hostrecord *record, const struct mv_hostrecord_socket *socket)
{
	return record->socket.inode == socket->inode &&
	       record->socket.changed_ns == socket->changed_ns;
}

/* Steps as words */

static const struct word {
	enum mv_host_step_kind kind;
	const char *word;
} words[] = {
	{MV_HOST_DNS_SET, "dns"},
	{MV_HOST_SRC_VALID_MARK_SET, "src_valid_mark"},
	{MV_HOST_FIREWALL_ADD, "firewall"},
	{MV_HOST_RULE_MARK_ADD, "rule_mark"},
	{MV_HOST_RULE_MAIN_ADD, "rule_main"},
};

static const struct word *const words_end = words + sizeof(words) / sizeof(words[0]);

/* Reading */

/* The next word of a line is such a number. */
static bool read_number(uint64_t *number, char **rest, uint64_t max)
{
	const char *word = strsep(rest, " ");

	return word && mv_decimal_parse(number, word, max);
}

static bool read_rule(struct mv_host_step *step, char **rest)
{
	uint64_t family, number, priority;

	if (!read_number(&family, rest, MV_FAMILY_IPV6) ||
		!read_number(&number, rest, UINT32_MAX) ||
		!read_number(&priority, rest, UINT32_MAX) || *rest ||
		(family != MV_FAMILY_IPV4 && family != MV_FAMILY_IPV6)) {
		return false;
	}
	step->family = (enum mv_family)family;
	step->number = (uint32_t)number;
	step->priority = (uint32_t)priority;
	return true;
}

/* "firewall 4 51820 0", "dns NAME" */
static bool read_done(struct mv_hostrecord *record, struct mv_host_step *step, char *rest)
{
	const char *word = strsep(&rest, " ");

	for (const struct word *known = words; known < words_end; known++) {
		if (strcmp(word, known->word) == 0) {
			step->kind = known->kind;
		}
	}
	if (step->kind == MV_HOST_SRC_VALID_MARK_SET) {
		return !rest;
	}
	if (step->kind == MV_HOST_DNS_SET) {
		snprintf(record->dns_name, sizeof(record->dns_name), "%s", rest ? rest : "");
		return rest != NULL;
	}
	return mv_host_step_lies_beside(step->kind) && read_rule(step, &rest);
}

static int read_step(struct mv_hostrecord *record, char *text)
{
	struct mv_host_step step = {0};

	if (record->done_count == MV_HOSTRECORD_DONE_MAX || !read_done(record, &step, text)) {
		return -EBADMSG;
	}
	record->done[record->done_count++] = step;
	return 0;
}

static int read_hook(struct mv_config_hooks *hooks, char *value)
{
	uint64_t line;

	if (!read_number(&line, &value, UINT_MAX) || !value) {
		return -EBADMSG;
	}
	return add_hook(hooks, (unsigned)line, value);
}

static int read_file(struct mv_hostrecord *record, const char *value)
{
	free(record->file);
	record->file = strdup(value);
	return record->file ? 0 : -ENOMEM;
}

static int read_socket(struct mv_hostrecord_socket *socket, char *value)
{
	return read_number(&socket->inode, &value, UINT64_MAX) &&
			       read_number(&socket->changed_ns, &value, UINT64_MAX)
		       ? 0
		       : -EBADMSG;
}

static int read_mark(uint32_t *mark, char *value)
{
	uint64_t number;

	if (!read_number(&number, &value, UINT32_MAX)) {
		return -EBADMSG;
	}
	*mark = (uint32_t)number;
	return 0;
}

static int read_line(struct mv_hostrecord *record, const char *word, char *value)
{
	if (strcmp(word, "file") == 0) {
		return read_file(record, value);
	}
	if (strcmp(word, "socket") == 0) {
		return read_socket(&record->socket, value);
	}
	if (strcmp(word, "mark") == 0) {
		return read_mark(&record->mark, value);
	}
	if (strcmp(word, "did") == 0) {
		return read_step(record, value);
	}
	if (strcmp(word, "saves_config") == 0) {
		record->saves_config = true;
		return 0;
	}
	if (strcmp(word, mv_hook_name(MV_HOOK_PRE_DOWN)) == 0) {
		return read_hook(&record->pre_down, value);
	}
	if (strcmp(word, mv_hook_name(MV_HOOK_POST_DOWN)) == 0) {
		return read_hook(&record->post_down, value);
	}
	return -EBADMSG;
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

static bool sets_src_valid_mark(const struct mv_hostrecord *record, uint32_t unused)
{
	(void)unused;
	for (size_t i = 0; i < record->done_count; i++) {
		if (record->done[i].kind == MV_HOST_SRC_VALID_MARK_SET) {
			return true;
		}
	}
	return false;
}

static bool has_mark(const struct mv_hostrecord *record, uint32_t mark)
{
	return record->mark == mark;
}

typedef bool is_so(const struct mv_hostrecord *record, uint32_t number);

static bool is_so_of(const char *device, is_so *check, uint32_t number)
{
	struct mv_hostrecord record;

	if (mv_hostrecord_read(&record, device) < 0) {
		return false;
	}
	bool answer = check(&record, number);
	mv_hostrecord_uninit(&record);
	return answer;
}

static bool is_so_of_others(const char *device, is_so *check, uint32_t number)
{
	DIR *folder = opendir(FOLDER);
	const struct dirent *entry;
	bool found = false;

	while (folder && !found && (entry = readdir(folder))) {
		/* Locks and fresh files have a colon in their names, which no device has. */
		found = !strchr(entry->d_name, ':') && strcmp(entry->d_name, device) != 0 &&
			is_so_of(entry->d_name, check, number);
	}
	if (folder) {
		closedir(folder);
	}
	return found;
}

bool mv_hostrecord_others_set_src_valid_mark(const char *device)
{
	return is_so_of_others(device, sets_src_valid_mark, 0);
}

bool mv_hostrecord_others_have_mark(const char *device, uint32_t mark)
{
	return is_so_of_others(device, has_mark, mark);
}

/* Writing */

static void print_hooks(FILE *out, enum mv_hook kind, const struct mv_config_hooks *hooks)
{
	for (size_t i = 0; i < hooks->count; i++) {
		fprintf(out, "%s %u %s\n", mv_hook_name(kind), hooks->list[i].line,
			hooks->list[i].command);
	}
}

static void print_step(
	FILE *out, const struct mv_hostrecord *record, const struct mv_host_step *step)
{
	for (const struct word *known = words; known < words_end; known++) {
		if (step->kind == known->kind) {
			fprintf(out, "did %s", known->word);
		}
	}
	if (step->kind == MV_HOST_DNS_SET) {
		fprintf(out, " %s\n", record->dns_name);
	} else if (step->kind == MV_HOST_SRC_VALID_MARK_SET) {
		fputc('\n', out);
	} else {
		fprintf(out, " %d %" PRIu32 " %" PRIu32 "\n", (int)step->family, step->number,
			step->priority);
	}
}

static void print_record(FILE *out, const struct mv_hostrecord *record)
{
	fprintf(out, "file %s\n", record->file);
	fprintf(out, "socket %" PRIu64 " %" PRIu64 "\n", record->socket.inode,
		record->socket.changed_ns);
	if (record->saves_config) {
		fputs("saves_config 1\n", out);
	}
	if (record->mark != 0) {
		fprintf(out, "mark %" PRIu32 "\n", record->mark);
	}
	for (size_t i = 0; i < record->done_count; i++) {
		print_step(out, record, &record->done[i]);
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

static int lock_file(const char *path, unsigned limit_s)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0) {
		return -errno;
	}
	for (unsigned i = 0; i <= limit_s * LOCK_TRIES_A_SECOND; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			return fd;
		}
		usleep(1000000 / LOCK_TRIES_A_SECOND);
	}
	close(fd);
	return -EAGAIN;
}

int mv_hostrecord_lock(const char *device, unsigned limit_s)
{
	char path[PATH_LEN];
	int error = make_folder();

	if (error < 0) {
		return error;
	}
	print_path(path, device, ":lock");
	return lock_file(path, limit_s);
}

int mv_hostrecord_lock_marks(unsigned limit_s)
{
	return lock_file(FOLDER "/:marks", limit_s);
}
