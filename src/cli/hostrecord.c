#include "cli/hostrecord.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/now.h"
#include "cli/hostlock.h"
#include "cli/hostrecord_text.h"
#include "control/uapi_socket.h"
#include "edge/netns.h"

#define PATH_LEN (MV_FOLDER_RUNTIME_MAX + 32)

static void print_path(char path[static PATH_LEN], const char *device, const char *ending)
{
	char folder[MV_FOLDER_RUNTIME_MAX];

	snprintf(path, PATH_LEN, "%s/%s%s", mv_hostlock_folder(folder), device, ending);
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

static int copy_hooks(struct mv_config_hooks *copy, const struct mv_config_hooks *hooks)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < hooks->count; i++) {
		error = mv_hostrecord_add_hook(copy, hooks->list[i].line, hooks->list[i].command);
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

static uint64_t number_of_own_namespace(void)
{
	int fd = mv_netns_open(NULL);
	uint64_t number = mv_netns_number(fd);

	if (fd >= 0) {
		close(fd);
	}
	return number;
}

static int copy_state(struct mv_hoststate *copy, const struct mv_hoststate *state)
{
	copy->mtu = state->mtu;
	if (state->address_count > 0) {
		copy->addresses = calloc(state->address_count, sizeof(*copy->addresses));
		if (!copy->addresses) {
			return -ENOMEM;
		}
		memcpy(copy->addresses, state->addresses,
			state->address_count * sizeof(*copy->addresses));
		copy->address_count = state->address_count;
	}
	if (state->route_count > 0) {
		copy->routes = calloc(state->route_count, sizeof(*copy->routes));
		if (!copy->routes) {
			return -ENOMEM;
		}
		memcpy(copy->routes, state->routes, state->route_count * sizeof(*copy->routes));
		copy->route_count = state->route_count;
	}
	copy->dns = state->dns ? strdup(state->dns) : NULL;
	return state->dns && !copy->dns ? -ENOMEM : 0;
}

static bool copy_text(char **copy, const char *text)
{
	*copy = text ? strdup(text) : NULL;
	return *copy || !text;
}

static int copy_place(struct mv_hostrecord *record, const struct mv_config *config)
{
	record->namespace_number = number_of_own_namespace();
	return copy_text(&record->namespace, config->device_namespace) &&
			       copy_text(&record->socket_namespace, config->socket_namespace)
		       ? 0
		       : -ENOMEM;
}

int mv_hostrecord_init(struct mv_hostrecord *record, const char *file,
	const struct mv_config *config, const struct mv_hoststate *state)
{
	*record = (struct mv_hostrecord){.file = realpath(file, NULL),
		.saves_config = config->saves_config,
		.mark = state->mark,
		.mark_is_given = config->fwmark > 0,
		.lanes = config->lanes > 0 ? config->lanes : 1,
		.without_offload = config->without_offload};
	if (!record->file) {
		return -errno;
	}
	if (has_control_byte(record->file)) {
		return -EINVAL;
	}
	int error = copy_place(record, config);
	if (error == 0) {
		error = copy_state(&record->state, state);
	}
	if (error == 0) {
		error = copy_hooks(&record->pre_down, &config->hooks[MV_HOOK_PRE_DOWN]);
	}
	return error < 0 ? error
			 : copy_hooks(&record->post_down, &config->hooks[MV_HOOK_POST_DOWN]);
}

int mv_hostrecord_set_state(struct mv_hostrecord *record, const struct mv_hoststate *state)
{
	struct mv_hoststate copy = {0};
	int error = copy_state(&copy, state);

	if (error < 0) {
		mv_hoststate_clear(&copy);
		return error;
	}
	mv_hoststate_clear(&record->state);
	record->state = copy;
	return 0;
}

int mv_hostrecord_add_state(struct mv_hostrecord *record, const struct mv_hoststate *state)
{
	struct mv_hoststate *all = &record->state;
	struct mv_prefix *addresses = reallocarray(
		all->addresses, all->address_count + state->address_count + 1, sizeof(*addresses));

	if (!addresses) {
		return -ENOMEM;
	}
	all->addresses = addresses;
	for (size_t i = 0; i < state->address_count; i++) {
		addresses[all->address_count++] = state->addresses[i];
	}
	struct mv_route *routes = reallocarray(
		all->routes, all->route_count + state->route_count + 1, sizeof(*routes));
	if (!routes) {
		return -ENOMEM;
	}
	all->routes = routes;
	for (size_t i = 0; i < state->route_count; i++) {
		routes[all->route_count++] = state->routes[i];
	}
	return 0;
}

void mv_hostrecord_uninit(struct mv_hostrecord *record)
{
	free_hooks(&record->pre_down);
	free_hooks(&record->post_down);
	mv_hoststate_clear(&record->state);
	free(record->file);
	free(record->namespace);
	free(record->socket_namespace);
	*record = (struct mv_hostrecord){0};
}

struct mv_host_step *mv_hostrecord_find_done(struct mv_hostrecord *record,
	enum mv_host_step_kind kind, enum mv_family family, uint32_t mark)
{
	bool is_by_mark = kind == MV_HOST_RULE_MARK_ADD || kind == MV_HOST_RULE_MAIN_ADD;

	for (size_t i = 0; i < record->done_count; i++) {
		struct mv_host_step *done = &record->done[i];

		if (done->kind == kind && done->family == family &&
			(!is_by_mark || done->number == mark)) {
			return done;
		}
	}
	return NULL;
}

bool mv_hostrecord_socket_of(struct mv_hostrecord_socket *socket, const char *device)
{
	char path[MV_UAPI_PATH_MAX];
	struct statx found;

	mv_uapi_path(path, device);
	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &found) <
		0) {
		return false;
	}
	/* Its birth, where the file system knows it: an owner or a mode may be given to it later.
	 */
	const struct statx_timestamp *made =
		found.stx_mask & STATX_BTIME ? &found.stx_btime : &found.stx_ctime;
	*socket = (struct mv_hostrecord_socket){.inode = found.stx_ino,
		.made_ns = (uint64_t)made->tv_sec * MV_NS_PER_S + made->tv_nsec};
	return true;
}

bool mv_hostrecord_is_of(
	const struct mv_hostrecord *record, const struct mv_hostrecord_socket *socket)
{
	return record->socket.inode == socket->inode && record->socket.made_ns == socket->made_ns;
}

/* The file */

int mv_hostrecord_read(struct mv_hostrecord *record, const char *device)
{
	char path[PATH_LEN];

	*record = (struct mv_hostrecord){0};
	print_path(path, device, "");
	FILE *in = fopen(path, "re");
	if (!in) {
		return -errno;
	}
	int error = mv_hostrecord_scan(record, in);
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

/* The setting is one of each namespace. */
static bool is_elsewhere(const struct mv_hostrecord *record)
{
	uint64_t own = number_of_own_namespace();

	return own != 0 && record->namespace_number != 0 && record->namespace_number != own;
}

static bool sets_src_valid_mark(struct mv_hostrecord *record, uint32_t unused)
{
	(void)unused;
	return !is_elsewhere(record) &&
	       mv_hostrecord_find_done(record, MV_HOST_SRC_VALID_MARK_SET, MV_FAMILY_NONE, 0);
}

static bool has_mark(struct mv_hostrecord *record, uint32_t mark)
{
	return record->mark == mark;
}

typedef bool is_so(struct mv_hostrecord *record, uint32_t number);

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
	char path[MV_FOLDER_RUNTIME_MAX];
	DIR *folder = opendir(mv_hostlock_folder(path));
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

/* It need not survive a reboot, as nothing of what it tells does. */
int mv_hostrecord_write(const struct mv_hostrecord *record, const char *device)
{
	char path[PATH_LEN], fresh[PATH_LEN];
	int error = mv_hostlock_make_folder();

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
	mv_hostrecord_print(out, record);
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
