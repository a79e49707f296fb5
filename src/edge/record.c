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

#include "crypto/blake2s.h"
#include "crypto/keytext.h"
#include "proto/tai64n.h"

#define COMMENT "# Times of the last handshakes, see minivpn(8)."
#define SUFFIX  ".timestamps"
#define SUM     "sum "

#define LABEL_HEX_LEN ((size_t)2 * MV_TIMESTAMP_LEN)
#define SUM_HEX_LEN   ((size_t)2 * MV_HASH_LEN)
#define TEXT_LINE_MAX 128 /* longer is none of ours */

const char *mv_record_path(char path[static MV_RECORD_PATH_MAX], const char *folder,
	const uint8_t public_key[static MV_KEY_LEN])
{
	char name[MV_KEY_BASE64_MAX];

	sodium_bin2base64(name, sizeof(name), public_key, MV_KEY_LEN,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	assert(strlen(folder) + sizeof(name) + strlen(SUFFIX) < MV_RECORD_PATH_MAX);
	snprintf(path, MV_RECORD_PATH_MAX, "%s/%s" SUFFIX, folder, name);
	return path;
}

static int make_folder(const char *folder)
{
	return mkdir(folder, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int mv_record_prepare(const char *folder)
{
	int error = make_folder(folder);

	if (error < 0) {
		return error;
	}
	return access(folder, W_OK | X_OK) < 0 ? -errno : 0;
}

/* Of all lines until here, so that what a bad disk has made of them is noticed. */
static void add_to_sum(uint8_t sum[static MV_HASH_LEN], const char *line)
{
	mv_hash(sum, sum, MV_HASH_LEN, line, strlen(line));
}

/* Read */

static bool parse_hex(uint8_t *bytes, size_t size, const char *text)
{
	size_t len;

	return strlen(text) == 2 * size &&
	       sodium_hex2bin(bytes, size, text, 2 * size, NULL, &len, NULL) == 0 && len == size;
}

static bool parse_peer(struct mv_sent_timestamp *entry, char *line)
{
	char *label = strstr(line, " @");

	if (!label) {
		return false;
	}
	*label = '\0';
	return mv_key_from_base64(entry->public_key, line) == MV_KEYTEXT_OK &&
	       parse_hex(entry->timestamp, MV_TIMESTAMP_LEN, label + strlen(" @")) &&
	       mv_tai64n_is_plausible(entry->timestamp);
}

static bool is_sum(const char *line, const uint8_t sum[static MV_HASH_LEN])
{
	uint8_t expected[MV_HASH_LEN];

	return parse_hex(expected, MV_HASH_LEN, line + strlen(SUM)) &&
	       memcmp(expected, sum, MV_HASH_LEN) == 0;
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

/* The next line without its end. The last line is not there: a file that ends before it was cut
 * off. */
static int next_line(FILE *file, char line[static TEXT_LINE_MAX], size_t *number)
{
	++*number;
	if (!fgets(line, TEXT_LINE_MAX, file)) {
		return ferror(file) ? -errno : -EBADMSG;
	}
	size_t len = strlen(line);
	if (len == 0 || line[len - 1] != '\n') {
		return -EBADMSG;
	}
	line[len - 1] = '\0';
	return 0;
}

static int read_head(struct mv_timestamps *timestamps, FILE *file, uint8_t sum[static MV_HASH_LEN],
	size_t *number)
{
	char line[TEXT_LINE_MAX], own[MV_KEY_BASE64_MAX];

	int error = next_line(file, line, number);
	if (error == 0 && strcmp(line, COMMENT) != 0) {
		error = -EBADMSG;
	}
	if (error < 0 || (error = next_line(file, line, number)) < 0) {
		return error;
	}
	add_to_sum(sum, line);
	return strcmp(line, mv_key_to_base64(own, timestamps->public_key)) == 0 ? 0 : -EBADMSG;
}

static int read_lines(struct mv_timestamps *timestamps, FILE *file, size_t *number)
{
	uint8_t sum[MV_HASH_LEN] = {0};
	char line[TEXT_LINE_MAX];
	size_t capacity = 0;

	*number = 0;
	int error = read_head(timestamps, file, sum, number);
	while (error == 0 && (error = next_line(file, line, number)) == 0) {
		if (strncmp(line, SUM, strlen(SUM)) == 0) {
			return is_sum(line, sum) && fgetc(file) == EOF ? 0 : -EBADMSG;
		}
		struct mv_sent_timestamp *entry = append(timestamps, &capacity);

		if (!entry) {
			return -ENOMEM;
		}
		add_to_sum(sum, line);
		if (timestamps->count > MV_PEERS_MAX || !parse_peer(entry, line)) {
			error = -EBADMSG;
		}
	}
	return error;
}

int mv_record_read(struct mv_timestamps *timestamps, const char *folder,
	const uint8_t public_key[static MV_KEY_LEN], size_t *line)
{
	char path[MV_RECORD_PATH_MAX];
	int fd = open(mv_record_path(path, folder, public_key),
		O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	*timestamps = (struct mv_timestamps){0};
	memcpy(timestamps->public_key, public_key, MV_KEY_LEN);
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

static void print_line(FILE *out, uint8_t sum[static MV_HASH_LEN], const char *line)
{
	add_to_sum(sum, line);
	fprintf(out, "%s\n", line);
}

static void print(FILE *out, const struct mv_timestamps *timestamps)
{
	char key[MV_KEY_BASE64_MAX], label[LABEL_HEX_LEN + 1], hex[SUM_HEX_LEN + 1];
	uint8_t sum[MV_HASH_LEN] = {0};

	fputs(COMMENT "\n", out);
	print_line(out, sum, mv_key_to_base64(key, timestamps->public_key));
	for (size_t i = 0; i < timestamps->count; i++) {
		const struct mv_sent_timestamp *entry = &timestamps->list[i];
		char line[TEXT_LINE_MAX];

		snprintf(line, sizeof(line), "%s @%s", mv_key_to_base64(key, entry->public_key),
			sodium_bin2hex(label, sizeof(label), entry->timestamp, MV_TIMESTAMP_LEN));
		print_line(out, sum, line);
	}
	fprintf(out, SUM "%s\n", sodium_bin2hex(hex, sizeof(hex), sum, sizeof(sum)));
}

/* NULL without memory. */
static char *to_text(const struct mv_timestamps *timestamps, size_t *len)
{
	size_t size = (timestamps->count + 3) * TEXT_LINE_MAX;
	char *text = malloc(size);
	FILE *out = text ? fmemopen(text, size, "w") : NULL;

	if (!out) {
		free(text);
		return NULL;
	}
	print(out, timestamps);
	*len = (size_t)ftell(out);
	fclose(out);
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
	int fd = open(
		path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

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

static int replace(const char *folder, const char *path, const char *text, size_t len)
{
	char fresh[MV_RECORD_PATH_MAX + sizeof(".new")];

	snprintf(fresh, sizeof(fresh), "%s.new", path);
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

int mv_record_write(const struct mv_timestamps *timestamps, const char *folder)
{
	char path[MV_RECORD_PATH_MAX];
	size_t len;

	int error = make_folder(folder);
	if (error < 0) {
		return error;
	}
	char *text = to_text(timestamps, &len);
	if (!text) {
		return -ENOMEM;
	}
	mv_record_path(path, folder, timestamps->public_key);
	error = replace(folder, path, text, len);
	free(text);
	return error;
}
