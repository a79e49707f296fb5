/* The keys of [Interface] that tell about the system around the tunnel: right and wrong values. */
#include "config/config.h"

#include "config_fixture.h"

TestSuite(config_quick, .init = enter_folder, .fini = leave_folder);

static struct mv_config *load_line(const char *key, const char *value)
{
	char text[1024];

	cr_assert_lt(
		snprintf(text, sizeof(text), INTERFACE "%s = %s\n", key, value), (int)sizeof(text));
	return load(text);
}

static struct mv_config *load_good(const char *key, const char *value)
{
	struct mv_config *config = load_line(key, value);

	expect_messages(config, "");
	return config;
}

/* The message is that of line 3, without its key. */
static void expect_error(const char *key, const char *value, const char *message)
{
	struct mv_config *config = load_line(key, value);
	char expected[512];

	snprintf(expected, sizeof(expected), "3: error: %s: %s\n", key, message);
	expect_messages(config, expected);
	mv_config_destroy(config);
}

static void expect_mark(const char *value, uint32_t expected)
{
	struct mv_config *config = load_good("FwMark", value);

	cr_expect_eq(config->fwmark, expected, "%s: %u", value, (unsigned)config->fwmark);
	cr_expect(config->fwmark_is_given);
	mv_config_destroy(config);
}

Test(config_quick, marks)
{
	expect_mark("off", 0);
	expect_mark("OFF", 0);
	expect_mark("0", 0);
	expect_mark("0x0", 0);
	expect_mark("51820", 51820);
	expect_mark("010", 10);
	expect_mark("0xca6c", 51820);
	expect_mark("0xCA6c", 51820);
	expect_mark("0x00000000ca6c", 51820);
	expect_mark("4294967295", UINT32_MAX);
	expect_mark("0xffffffff", UINT32_MAX);
	expect_mark("5 18 20 # spaces mean nothing in a key of wg", 51820);
	expect_mark("0x ca 6c", 51820);
}

Test(config_quick, what_is_no_mark)
{
	static const char *const values[] = {"on", "4294967296", "0x100000000",
		"0xfffffffffffffffff", "0x", "0X10", "0x0x1", "0x+1", "0x-1", "-1", "+1", "ca6c",
		"1.0", "0xg", "99999999999999999999999", "none", "51820,", "off1"};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char message[128];

		snprintf(message, sizeof(message),
			"'%s' is no mark: write off, a number, or 0x and hex digits, at most "
			"0xffffffff",
			values[i]);
		expect_error("FwMark", values[i], message);
	}
	expect_error("FwMark", "", "no value after the '='");
}

static void expect_table(const char *value, enum mv_table_kind kind, uint32_t number)
{
	struct mv_config *config = load_good("Table", value);

	cr_expect_eq(config->table_kind, kind, "%s: %d", value, (int)config->table_kind);
	cr_expect_eq(config->table, number, "%s: %u", value, (unsigned)config->table);
	mv_config_destroy(config);
}

Test(config_quick, tables)
{
	expect_table("auto", MV_TABLE_AUTO, 0);
	expect_table("off", MV_TABLE_OFF, 0);
	expect_table("1", MV_TABLE_NUMBER, 1);
	expect_table("1234 # ours", MV_TABLE_NUMBER, 1234);
	expect_table("4294967295", MV_TABLE_NUMBER, UINT32_MAX);
	expect_table("main", MV_TABLE_NUMBER, 254);
	expect_table("default", MV_TABLE_NUMBER, 253);
	expect_table("local", MV_TABLE_NUMBER, 255);
}

Test(config_quick, what_is_no_table)
{
#define NO_TABLE                                                                                   \
	" is no routing table: write auto, off, a number from 1 to 4294967295, main, or another "  \
	"name of /etc/iproute2/rt_tables"
	expect_error("Table", "Off", "'Off': write it in lower case, as off");
	expect_error("Table", "AUTO", "'AUTO': write it in lower case, as auto");
	expect_error("Table", "0", "'0' is not a table's number from 1 to 4294967295");
	expect_error(
		"Table", "4294967296", "'4294967296' is not a table's number from 1 to 4294967295");
	expect_error("Table", "0100", "'0100': write the number without a 0 before it");
	expect_error("Table", "0x10", "'0x10'" NO_TABLE);
	expect_error("Table", "-1", "'-1'" NO_TABLE);
	expect_error("Table", "no-such-table", "'no-such-table'" NO_TABLE);
	expect_error("Table", "main table", "'main table'" NO_TABLE);
	expect_error("Table", "5 6", "'5 6'" NO_TABLE);
	expect_error("Table", "Main", "'Main'" NO_TABLE);
	expect_error("Table", PRIVATE_A, "(hidden: it could be a key)" NO_TABLE);
	expect_error("Table", "", "no value after the '='");
}

Test(config_quick, whether_the_file_is_saved)
{
	static const struct {
		const char *value;
		bool saves;
	} rows[] = {{"true", true}, {"TRUE", true}, {"True # yes", true}, {"false", false},
		{"False", false}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mv_config *config = load_good("SaveConfig", rows[i].value);

		cr_expect_eq(config->saves_config, rows[i].saves, "%s", rows[i].value);
		mv_config_destroy(config);
	}
	expect_error("SaveConfig", "yes", "'yes': write true or false");
	expect_error("SaveConfig", "1", "'1': write true or false");
	expect_error("SaveConfig", "true false", "'true false': write true or false");
	expect_error("SaveConfig", "tr ue", "'tr ue': write true or false");
	expect_error("SaveConfig", "", "no value after the '='");
}

Test(config_quick, what_is_not_given)
{
	struct mv_config *config = load(INTERFACE);

	expect_messages(config, "");
	cr_expect_not(config->fwmark_is_given);
	cr_expect_eq(config->fwmark, 0);
	cr_expect_eq(config->table_kind, MV_TABLE_AUTO);
	cr_expect_eq(config->table, 0);
	cr_expect_not(config->saves_config);
	mv_config_destroy(config);
}

Test(config_quick, of_single_values_the_last_counts)
{
	struct mv_config *config = load(INTERFACE "FwMark = 1\nFwMark = off\nTable = 7\n"
						  "Table = auto\nSaveConfig = true\n"
						  "SaveConfig = false\n");

	expect_messages(config,
		"4: warning: FwMark: given on line 3 too: this one, the last, counts\n"
		"6: warning: Table: given on line 5 too: this one, the last, counts\n"
		"8: warning: SaveConfig: given on line 7 too: this one, the last, counts\n");
	cr_expect(config->fwmark_is_given);
	cr_expect_eq(config->fwmark, 0);
	cr_expect_eq(config->table_kind, MV_TABLE_AUTO);
	cr_expect_eq(config->table, 0);
	cr_expect_not(config->saves_config);
	mv_config_destroy(config);
}

Test(config_quick, they_belong_to_the_interface)
{
	static const char *const keys[] = {"FwMark", "Table", "SaveConfig"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char text[512], expected[128];
		struct mv_config *config;

		snprintf(text, sizeof(text), INTERFACE PEER_B "%s = 1\n", keys[i]);
		snprintf(expected, sizeof(expected),
			"5: error: %s: belongs in [Interface], not in [Peer]\n", keys[i]);
		config = load(text);
		expect_messages(config, expected);
		mv_config_destroy(config);
	}
}
