/* The names of routing tables. What Table takes is tested with the other keys of a peer file. */
#include "config/tablevalue.h"

#include "config_fixture.h"

TestSuite(tablevalue, .init = enter_folder, .fini = leave_folder);

static void expect_number(const char *name, uint32_t expected)
{
	uint32_t number = 0;

	cr_expect(mv_tablevalue_find(&number, name, "rt_tables"), "%s", name);
	cr_expect_eq(number, expected, "%s: %u", name, (unsigned)number);
}

static void expect_none(const char *name)
{
	uint32_t number = 77;

	cr_expect_not(mv_tablevalue_find(&number, name, "rt_tables"), "%s", name);
	cr_expect_eq(number, 77);
}

static void expect_known(void)
{
	expect_number("main", 254);
	expect_number("default", 253);
	expect_number("local", 255);
}

Test(tablevalue, known_names_need_no_file)
{
	expect_known();
	expect_none("vpn");
	expect_none("Main");
	expect_none("");
	cr_assert_eq(mkdir("rt_tables", 0700), 0);
	expect_known();
	expect_none("vpn");
}

Test(tablevalue, names_of_the_file)
{
	write_file("rt_tables", "#\n# 1 commented\n100\tvpn\n  0x1F4 \t hexadecimal # five\n"
				"7 seven\r\n0 unspec\n4294967295 last\n4294967296 beyond\n"
				"nine 9\n10\n\n8 eight#comment\n9 main\n100 second\n12 end");
	expect_known();
	expect_number("vpn", 100);
	expect_number("hexadecimal", 500);
	expect_number("seven", 7);
	expect_number("unspec", 0);
	expect_number("last", 4294967295);
	expect_number("eight", 8);
	expect_number("second", 100);
	expect_number("end", 12);
	expect_none("commented");
	expect_none("1");
	expect_none("beyond");
	expect_none("9");
	expect_none("10");
	expect_none("#");
	expect_none("comment");
	expect_none("Vpn");
	expect_none("VPN");
	expect_none("");
}

Test(tablevalue, a_file_that_is_no_text)
{
	write_bytes("rt_tables", "1 one\n2 \xff\n3 \0\n4 four\n", 21, 0600);
	expect_number("one", 1);
	expect_number("\xff", 2);
	expect_none("four"); /* the text ends before it */
}
