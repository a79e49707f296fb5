#include "control/uapi_client.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/folder.h"
#include "control/text.h"
#include "control/uapi_socket.h"

#define TIME_LIMIT_S 5
#define READ_ROOM    4096
#define REPLY_MAX    ((size_t)256 << 20)
#define SUFFIX       ".sock"

static int set_time_limits(int fd)
{
	const struct timeval limit = {.tv_sec = TIME_LIMIT_S};

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0) {
		return -errno;
	}
	return 0;
}

/* The system reports a time limit that has passed as EAGAIN. */
static int last_error(void)
{
	return errno == EAGAIN ? -ETIMEDOUT : -errno;
}

int mv_uapi_client_connect(const char *device)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int error, fd;

	if (strchr(device, '/') != NULL) {
		return -ENOENT;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	error = set_time_limits(fd);
	if (error < 0) {
		goto close_socket;
	}
	mv_uapi_path(address.sun_path, device);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
		return fd;
	}
	error = last_error();

close_socket:
	close(fd);
	return error;
}

static int send_all(int fd, const char *request)
{
	size_t left = strlen(request);

	while (left > 0) {
		ssize_t sent = send(fd, request, left, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR) {
			continue;
		}
		if (sent < 0) {
			return last_error();
		}
		request += sent;
		left -= (size_t)sent;
	}
	return 0;
}

/* The empty line may have come in two pieces: the look begins one byte before the new ones. */
static bool has_empty_line(const struct mv_text *text, size_t new_bytes)
{
	size_t from = text->len - new_bytes;

	if (from > 0) {
		from--;
	}
	return memmem(text->bytes + from, text->len - from, "\n\n", 2) != NULL;
}

static int receive_reply(int fd, struct mv_text *text)
{
	while (text->len < REPLY_MAX) {
		ssize_t received;

		if (mv_text_reserve(text, READ_ROOM) < 0) {
			return -ENOMEM;
		}
		received = recv(fd, text->bytes + text->len, text->capacity - text->len, 0);
		if (received < 0 && errno == EINTR) {
			continue;
		}
		if (received < 0) {
			return last_error();
		}
		if (received == 0) {
			return -EPROTO;
		}
		text->len += (size_t)received;
		if (has_empty_line(text, (size_t)received)) {
			return 0;
		}
	}
	return -EMSGSIZE;
}

int mv_uapi_client_ask(int fd, const char *request, char **reply, size_t *len)
{
	struct mv_text text = {0};
	int error = send_all(fd, request);

	if (error == 0) {
		error = receive_reply(fd, &text);
	}
	if (error < 0) {
		mv_text_uninit(&text);
		return error;
	}
	*reply = mv_text_take(&text, len);
	return *reply != NULL ? 0 : -ENOMEM;
}

static int is_socket_name(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name), suffix_len = strlen(SUFFIX);

	return (entry->d_type == DT_SOCK || entry->d_type == DT_UNKNOWN) && len > suffix_len &&
	       strcmp(entry->d_name + len - suffix_len, SUFFIX) == 0;
}

static bool copy_names(char **names, struct dirent **entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		names[i] = strndup(entries[i]->d_name, strlen(entries[i]->d_name) - strlen(SUFFIX));
		if (names[i] == NULL) {
			return false;
		}
	}
	return true;
}

/* Adds those of a folder, which may be missing, or closed where it is not ours. */
static int add_folder(char ***names, size_t *count, const char *folder, bool may_be_closed)
{
	struct dirent **entries = NULL;
	int found = scandir(folder, &entries, is_socket_name, alphasort);
	size_t more = found > 0 ? (size_t)found : 0;
	int error = 0;

	if (found < 0) {
		return errno == ENOENT || (errno == EACCES && may_be_closed) ? 0 : -errno;
	}
	char **list = reallocarray(*names, *count + more + 1, sizeof(*list));
	if (list != NULL) {
		memset(list + *count, 0, (more + 1) * sizeof(*list));
		*names = list;
	}
	if (list == NULL || !copy_names(list + *count, entries, more)) {
		error = -ENOMEM;
	}
	*count += more;
	for (size_t i = 0; i < more; i++) {
		free(entries[i]);
	}
	free(entries);
	return error;
}

int mv_uapi_client_list(char ***names)
{
	char folder[MV_FOLDER_RUNTIME_MAX];
	char **list = NULL;
	size_t count = 0;
	int error = 0;

	mv_folder_runtime(folder, MV_UAPI_DIRECTORY);
	bool has_own = strcmp(folder, MV_UAPI_DIRECTORY) != 0;
	error = add_folder(&list, &count, MV_UAPI_DIRECTORY, has_own);
	if (error == 0 && has_own) {
		error = add_folder(&list, &count, folder, false);
	}
	if (error == 0 && list == NULL) {
		list = calloc(1, sizeof(*list));
		error = list == NULL ? -ENOMEM : 0;
	}
	if (error < 0) {
		mv_uapi_client_list_free(list);
		return error;
	}
	*names = list;
	return 0;
}

void mv_uapi_client_list_free(char **names)
{
	if (names == NULL) {
		return;
	}
	for (char **name = names; *name != NULL; name++) {
		free(*name);
	}
	free(names);
}
