#include "edge/record.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/keytext.h"
#include "proto/tai64n.h"

#define COMMENT                                                                                    \
	"# What minivpn(8) sent last in handshakes; without it a clock that is behind locks it "   \
	"out.\n"

/* The terminators of keys are counted where a line has a space or its end. */
#define LABEL_HEX_LEN  ((size_t)2 * MV_TIMESTAMP_LEN)
#define PEER_LINE_LEN  (MV_KEY_BASE64_MAX + strlen("@") + LABEL_HEX_LEN + strlen("\n"))
#define HEAD_LEN       (strlen(COMMENT) + MV_KEY_BASE64_MAX)
#define LINE_MAX_BYTES 128 /* longer is none of ours */

const char *mv_record_path(char path[static MV_RECORD_PATH_MAX], const char *device)
{
	snprintf(path, MV_RECORD_PATH_MAX, MV_RECORD_DIRECTORY "/%s.timestamps", device);
	return path;
}

/* Read */

static bool parse_label(uint8_t timestamp[static MV_TIMESTAMP_LEN], const char *text)
{
	size_t len;

	return text[0] == '@' && strlen(text + 1) == LABEL_HEX_LEN &&
	       sodium_hex2bin(timestamp, MV_TIMESTAMP_LEN, text + 1, LABEL_HEX_LEN, NULL, &len,
		       NULL) == 0 &&
	       len == MV_TIMESTAMP_LEN && mv_tai64n_is_plausible(timestamp);
}

static bool parse_peer(struct mv_sent_timestamp *entry, char *line)
{
	char *space = strchr(line, ' ');

	if (!space) {
		return false;
	}
	*space = '\0';
	return mv_key_from_base64(entry->public_key, line) == MV_KEYTEXT_OK &&
	       parse_label(entry->timestamp, space + 1);
}

static struct mv_sent_timestamp *append(struct mv_timestamps *timestamps, size_t *capacity)
{
	if (timestamps->count == *capacity) {
		size_t more = *capacity == 0 ? 16 : 2 * *capacity;
		void *list = realloc(timestamps->list, more * sizeof(*timestamps->list));

		if (!list) {
			return NULL;
		}
		timestamps->list = list;
		*capacity = more;
	}
	return &timestamps->list[timestamps->count++];
}

/* The next line without its end; false at the end of the file. A line that has no end was cut off,
 * which is not how it was written. */
static bool next_line(FILE *file, char line[static LINE_MAX_BYTES], size_t *number, int *error)
{
	*error = 0;
	if (!fgets(line, LINE_MAX_BYTES, file)) {
		*error = ferror(file) ? -EIO : 0;
		return false;
	}
	++*number;
	size_t len = strlen(line);
	if (len == 0 || line[len - 1] != '\n') {
		*error = -EBADMSG;
		return false;
	}
	line[len - 1] = '\0';
	return true;
}

static int read_peers(struct mv_timestamps *timestamps, FILE *file, size_t *number)
{
	char line[LINE_MAX_BYTES];
	size_t capacity = 0;
	int error;

	while (next_line(file, line, number, &error)) {
		struct mv_sent_timestamp *entry = append(timestamps, &capacity);

		if (!entry) {
			return -ENOMEM;
		}
		if (!parse_peer(entry, line)) {
			return -EBADMSG;
		}
	}
	return error;
}

static int read_lines(struct mv_timestamps *timestamps, FILE *file, size_t *number)
{
	char line[LINE_MAX_BYTES] = "#";
	int error;

	*number = 0;
	while (line[0] == '#') {
		if (!next_line(file, line, number, &error)) {
			return error < 0 ? error : -EBADMSG;
		}
	}
	if (mv_key_from_base64(timestamps->public_key, line) != MV_KEYTEXT_OK) {
		return -EBADMSG;
	}
	return read_peers(timestamps, file, number);
}

int mv_record_read(struct mv_timestamps *timestamps, const char *path, size_t *line)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	*timestamps = (struct mv_timestamps){0};
	if (fd < 0) {
		return -errno;
	}
	FILE *file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	int error = read_lines(timestamps, file, line);
	fclose(file);
	if (error < 0) {
		mv_timestamps_uninit(timestamps);
	}
	return error;
}

/* Write */

static char *print(const struct mv_timestamps *timestamps, size_t *len)
{
	size_t size = HEAD_LEN + timestamps->count * PEER_LINE_LEN + 1;
	char key[MV_KEY_BASE64_MAX], label[LABEL_HEX_LEN + 1];
	char *text = malloc(size);

	if (!text) {
		return NULL;
	}
	*len = (size_t)snprintf(
		text, size, COMMENT "%s\n", mv_key_to_base64(key, timestamps->public_key));
	for (size_t i = 0; i < timestamps->count; i++) {
		const struct mv_sent_timestamp *entry = &timestamps->list[i];

		*len += (size_t)snprintf(text + *len, size - *len, "%s @%s\n",
			mv_key_to_base64(key, entry->public_key),
			sodium_bin2hex(label, sizeof(label), entry->timestamp, MV_TIMESTAMP_LEN));
	}
	return text;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t written = write(fd, text, len);

		if (written < 0 && errno == EINTR) {
			continue;
		}
		if (written < 0) {
			return -errno;
		}
		text += written;
		len -= (size_t)written;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int write_file(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		return -errno;
	}
	int error = write_all(fd, text, len);
	if (close(fd) < 0 && error == 0) {
		error = -errno;
	}
	return error;
}

/* A new name is on the disk when its folder is. */
static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		return -errno;
	}
	int error = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return error;
}

static int replace(const char *path, const char *text, size_t len)
{
	char folder[MV_RECORD_PATH_MAX], fresh[MV_RECORD_PATH_MAX + sizeof(".new")];

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';

	if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
		return -errno;
	}
	int error = write_file(fresh, text, len);
	if (error == 0 && rename(fresh, path) < 0) {
		error = -errno;
	}
	if (error < 0) {
		unlink(fresh);
		return error;
	}
	return sync_folder(folder);
}

int mv_record_write(const struct mv_timestamps *timestamps, const char *path)
{
	size_t len;

	assert(strchr(path, '/') && strlen(path) < MV_RECORD_PATH_MAX);
	char *text = print(timestamps, &len);

	if (!text) {
		return -ENOMEM;
	}
	int error = replace(path, text, len);
	free(text);
	return error;
}
