#include "edge/record.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "config_fixture.h"
#include "crypto/keytext.h"
#include "hex.h"

#define FOLDER "var"
#define BASE   "8ccMNzbRIHdo4ZZKVeEBIgwOd2Or74OljyWw9zw8_Vg.timestamps" /* of PUBLIC_A */
#define PATH   FOLDER "/" BASE
#define LABEL  "4000000069659c0a00000000"

TestSuite(record, .init = enter_folder, .fini = leave_folder);

static const uint8_t *own(void)
{
	static uint8_t key[MV_KEY_LEN];

	cr_assert_eq(mv_key_from_base64(key, PUBLIC_A), MV_KEYTEXT_OK);
	return key;
}

static struct mv_timestamps make(struct mv_sent_timestamp *list, size_t count)
{
	struct mv_timestamps timestamps = {.list = list, .count = count};

	memcpy(timestamps.public_key, own(), MV_KEY_LEN);
	for (size_t i = 0; i < count; i++) {
		randombytes_buf(list[i].public_key, MV_KEY_LEN);
		cr_assert_eq(unhex(list[i].timestamp, MV_TIMESTAMP_LEN, LABEL), MV_TIMESTAMP_LEN);
		list[i].timestamp[9] = (uint8_t)i;
	}
	return timestamps;
}

static void expect_kept(size_t count)
{
	struct mv_sent_timestamp list[100];
	struct mv_timestamps written = make(list, count), read;
	size_t line;

	cr_assert_leq(count, 100);
	cr_assert_eq(mv_record_write(&written, FOLDER), 0);
	cr_assert_eq(mv_record_read(&read, FOLDER, own(), &line), 0);
	cr_expect_eq(read.count, count);
	cr_expect_arr_eq(read.public_key, written.public_key, MV_KEY_LEN);
	if (count > 0) {
		cr_expect_arr_eq(read.list, written.list, count * sizeof(*list));
	}
	mv_timestamps_uninit(&read);
	cr_expect_null(read.list);
}

Test(record, what_was_written_is_read)
{
	expect_kept(1);
	expect_kept(100);
	expect_kept(0);
	expect_kept(17);
}

static size_t read_back(char *text, size_t size)
{
	FILE *file = fopen(PATH, "r");

	cr_assert(file);
	size_t len = fread(text, 1, size - 1, file);
	fclose(file);
	text[len] = '\0';
	return len;
}

/* Byte for byte what the header says, since people may look at it; the sum is by another library.
 */
Test(record, its_text)
{
	struct mv_sent_timestamp list[1];
	struct mv_timestamps timestamps = make(list, 1);
	char text[512];

	cr_assert_eq(mv_key_from_base64(list[0].public_key, PUBLIC_B), MV_KEYTEXT_OK);
	cr_assert_eq(mv_record_write(&timestamps, FOLDER), 0);
	read_back(text, sizeof(text));
	cr_expect_str_eq(text,
		"# Times of the last handshakes, see minivpn(8).\n" PUBLIC_A "\n" PUBLIC_B
		" @" LABEL "\n"
		"sum a5f536094a2b096797028966d1ebee59269cffb448431554498ff48b2ee01a20\n");
}

Test(record, is_for_nobody_else)
{
	struct mv_timestamps timestamps = make(NULL, 0);
	struct stat st;

	umask(0);
	cr_assert_eq(mv_record_write(&timestamps, FOLDER), 0);
	cr_assert_eq(stat(PATH, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(stat("var", &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0700);
}

/* So a device that gets another key, or a key that gets another device, loses nothing. */
Test(record, has_the_name_of_its_key)
{
	struct mv_timestamps timestamps = make(NULL, 0);
	char path[MV_RECORD_PATH_MAX];
	size_t line;

	cr_expect_str_eq(mv_record_path(path, FOLDER, own()), PATH);
	cr_expect_str_eq(mv_record_path(path, MV_RECORD_FOLDER, own()), "/var/lib/minivpn/" BASE);
	cr_assert_eq(mv_record_write(&timestamps, FOLDER), 0);
	cr_assert_eq(access(PATH, R_OK), 0);

	/* By another name it is nobody's. */
	memset(timestamps.public_key, 7, MV_KEY_LEN);
	cr_assert_eq(rename(PATH, mv_record_path(path, FOLDER, timestamps.public_key)), 0);
	cr_expect_eq(mv_record_read(&timestamps, FOLDER, timestamps.public_key, &line), -EBADMSG);
	cr_expect_eq(line, 2);
}

Test(record, that_is_missing)
{
	struct mv_timestamps timestamps;
	size_t line;

	cr_expect_eq(mv_record_read(&timestamps, FOLDER, own(), &line), -ENOENT);
	cr_expect_eq(timestamps.count, 0);
	mkdir("var", 0700);
	cr_expect_eq(mv_record_read(&timestamps, FOLDER, own(), &line), -ENOENT);
}

static bool is_refused(const char *text, size_t len, size_t *line)
{
	struct mv_timestamps timestamps;

	write_bytes(PATH, text, len, 0600);
	int error = mv_record_read(&timestamps, FOLDER, own(), line);
	cr_expect(error == 0 || timestamps.list == NULL);
	mv_timestamps_uninit(&timestamps);
	return error == -EBADMSG;
}

/* Half of a record could be worse than none: nothing of a damaged one is used, whatever is wrong.
 */
Test(record, that_is_damaged)
{
	struct mv_sent_timestamp list[2];
	struct mv_timestamps timestamps = make(list, 2);
	char text[1024], damaged[1024];
	size_t line;

	cr_assert_eq(mv_record_write(&timestamps, FOLDER), 0);
	size_t len = read_back(text, sizeof(text));
	cr_expect_not(is_refused(text, len, &line), "it was whole");

	for (size_t i = 0; i < len; i++) {
		cr_expect(is_refused(text, i, &line), "cut off at %zu", i);
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(damaged, text, len);
			damaged[i] = (char)(damaged[i] ^ 1 << bit);
			/* In hex, capital letters say the same. */
			cr_expect(is_refused(damaged, len, &line) ||
					  (bit == 5 && strchr("abcdef", text[i])),
				"bit %u at %zu", bit, i);
		}
	}
	text[len] = 'x';
	cr_expect(is_refused(text, len + 1, &line), "something behind it");
	cr_expect_eq(line, 5);
	cr_expect(is_refused("", 0, &line), "empty");
	cr_expect_eq(line, 1);
}

/* Behind such a timestamp there would soon be no later one. */
Test(record, that_comes_from_no_clock)
{
	struct mv_sent_timestamp list[2];
	struct mv_timestamps timestamps = make(list, 2), read;
	size_t line;

	memset(list[1].timestamp, 0x7f, MV_TIMESTAMP_LEN);
	cr_assert_eq(mv_record_write(&timestamps, FOLDER), 0);
	cr_expect_eq(mv_record_read(&read, FOLDER, own(), &line), -EBADMSG);
	cr_expect_eq(line, 4);
}

/* Who could put a link there would have us write over a file of his choice. */
Test(record, links_are_not_followed)
{
	struct mv_timestamps timestamps = make(NULL, 0);
	struct stat st;
	size_t line;

	cr_assert_eq(mkdir("var", 0700), 0);
	write_bytes("other", "precious", 8, 0600);
	cr_assert_eq(symlink("../other", PATH ".new"), 0);
	cr_expect_eq(mv_record_write(&timestamps, FOLDER), -ELOOP);
	cr_expect_eq(mv_record_write(&timestamps, FOLDER), 0, "the link was taken away");
	cr_assert_eq(unlink(PATH), 0);
	cr_assert_eq(symlink("../other", PATH), 0);
	cr_expect_eq(mv_record_read(&timestamps, FOLDER, own(), &line), -ELOOP);
	cr_expect_eq(mv_record_write(&timestamps, FOLDER), 0);
	cr_assert_eq(stat("other", &st), 0);
	cr_expect_eq(st.st_size, 8);
}

Test(record, where_there_is_no_place_for_it)
{
	struct mv_timestamps timestamps = make(NULL, 0);
	size_t line;

	cr_expect_eq(mv_record_prepare("missing/var"), -ENOENT);
	cr_expect_eq(mv_record_write(&timestamps, "missing/var"), -ENOENT);
	write_bytes(FOLDER, "", 0, 0600);
	cr_expect_eq(mv_record_prepare(FOLDER), -EACCES, "a file is no folder");
	cr_expect_eq(mv_record_write(&timestamps, FOLDER), -ENOTDIR);
	cr_assert_eq(unlink(FOLDER), 0);

	cr_expect_eq(mv_record_prepare(FOLDER), 0, "it is made");
	cr_expect_eq(mv_record_prepare(FOLDER), 0, "it is there");
	cr_assert_eq(mkdir(PATH, 0700), 0);
	cr_expect_eq(mv_record_write(&timestamps, FOLDER), -EISDIR);
	cr_expect_eq(mv_record_read(&timestamps, FOLDER, own(), &line), -EISDIR);
}
