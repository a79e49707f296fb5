#include "config/textfile.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>

#include "config_fixture.h"

TestSuite(textfile, .init = enter_folder, .fini = leave_folder);

Test(textfile, the_whole_file_and_its_mode)
{
	struct mv_textfile file;

	write_bytes("f", "a\0b\n", 4, 0600);
	cr_assert_eq(mv_textfile_read(&file, "f", 4), 0);
	cr_expect_eq(file.length, 4);
	cr_expect_arr_eq(file.text, "a\0b\n", 5);
	cr_expect_not(file.others_may_read);
	mv_textfile_free(&file);
	cr_expect_null(file.text);
}

Test(textfile, modes_that_let_others_in)
{
	static const struct {
		mode_t mode;
		bool others_may_read;
	} rows[] = {{0600, false}, {0700, false}, {0622, false}, {0640, true}, {0604, true}};
	struct mv_textfile file;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_bytes("f", "", 0, rows[i].mode);
		cr_assert_eq(mv_textfile_read(&file, "f", 4), 0);
		cr_expect_eq(file.others_may_read, rows[i].others_may_read, "%o", rows[i].mode);
		cr_expect_eq(file.length, 0);
		mv_textfile_free(&file);
	}
}

/* None of these may hang: the test's time limit would tell. */
Test(textfile, what_is_no_small_regular_file, .timeout = 10)
{
	struct mv_textfile file;

	write_file("f", "12345");
	cr_assert_eq(mkfifo("fifo", 0600), 0);
	cr_expect_eq(mv_textfile_read(&file, "f", 4), -EFBIG);
	cr_expect_eq(mv_textfile_read(&file, ".", 4), -EISDIR);
	cr_expect_eq(mv_textfile_read(&file, "fifo", 4), -ENODEV);
	cr_expect_eq(mv_textfile_read(&file, "/dev/zero", 4), -ENODEV);
	cr_expect_eq(mv_textfile_read(&file, "missing", 4), -ENOENT);
	cr_expect_eq(mv_textfile_read(&file, "f/f", 4), -ENOTDIR);
	cr_expect_str_eq(mv_textfile_reason(-EISDIR), "this is a directory, not a file");
	cr_expect_str_eq(mv_textfile_reason(-ENOENT), "No such file or directory");
}

Test(textfile, no_descriptor_is_left_open)
{
	struct mv_textfile file;
	int before, after;

	write_file("f", "x");
	before = open("f", O_RDONLY);
	close(before);
	cr_assert_eq(mv_textfile_read(&file, "f", 4), 0);
	mv_textfile_free(&file);
	mv_textfile_read(&file, ".", 4);
	mv_textfile_read(&file, "f", 0);
	after = open("f", O_RDONLY);
	close(after);
	cr_expect_eq(before, after);
}
