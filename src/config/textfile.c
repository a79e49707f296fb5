#include "config/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check(struct mv_textfile *file, int fd, size_t max_bytes)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (S_ISDIR(st.st_mode)) {
		return -EISDIR;
	}
	if (!S_ISREG(st.st_mode)) {
		return -ENODEV;
	}
	if ((size_t)st.st_size > max_bytes) {
		return -EFBIG;
	}
	file->length = (size_t)st.st_size;
	file->others_may_read = st.st_mode & (S_IRGRP | S_IROTH);
	return 0;
}

/* A file that grows meanwhile is taken as long as it was at first; one that shrinks, as it is. */
static int fill(struct mv_textfile *file, int fd)
{
	size_t have = 0;

	while (have < file->length) {
		ssize_t n = read(fd, file->text + have, file->length - have);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return -errno;
		}
		if (n == 0) {
			break;
		}
		have += (size_t)n;
	}
	file->length = have;
	file->text[have] = '\0';
	return 0;
}

static int read_descriptor(struct mv_textfile *file, int fd, size_t max_bytes)
{
	int rc = check(file, fd, max_bytes);

	if (rc < 0) {
		return rc;
	}
	file->text = sodium_malloc(file->length + 1);
	if (!file->text) {
		return -ENOMEM;
	}
	rc = fill(file, fd);
	if (rc < 0) {
		mv_textfile_free(file);
	}
	return rc;
}

int mv_textfile_read(struct mv_textfile *file, const char *path, size_t max_bytes)
{
	/* Without O_NONBLOCK the open of a pipe would wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc;

	*file = (struct mv_textfile){0};
	if (fd < 0) {
		return -errno;
	}
	rc = read_descriptor(file, fd, max_bytes);
	close(fd);
	return rc;
}

void mv_textfile_hash(uint8_t hash[static MV_TEXTFILE_HASH_LEN], const struct mv_textfile *file)
{
	crypto_generichash(
		hash, MV_TEXTFILE_HASH_LEN, (const uint8_t *)file->text, file->length, NULL, 0);
}

void mv_textfile_free(struct mv_textfile *file)
{
	sodium_free(file->text);
	*file = (struct mv_textfile){0};
}

const char *mv_textfile_reason(int error)
{
	switch (-error) {
	case EISDIR:
		return "this is a directory, not a file";
	case ENODEV:
		return "this is not a regular file";
	case EFBIG:
		return "the file is too long";
	default:
		return strerror(-error);
	}
}
