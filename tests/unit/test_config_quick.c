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

/* "NAMESERVERS | DOMAINS"; to be freed. */
static char *dns_of(const struct mv_config *config)
{
	char *text, ip[MV_IP_TEXT_MAX];
	size_t length;
	FILE *out = open_memstream(&text, &length);

	cr_assert(out);
	for (size_t i = 0; i < config->nameserver_count; i++) {
		fprintf(out, "%s ", mv_ip_print(ip, &config->nameservers[i]));
	}
	fputc('|', out);
	for (size_t i = 0; i < config->search_domain_count; i++) {
		fprintf(out, " %s", config->search_domains[i]);
	}
	fclose(out);
	return text;
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

static void expect_dns(const char *value, const char *expected)
{
	struct mv_config *config = load_good("DNS", value);
	char *text = dns_of(config);

	cr_expect_str_eq(text, expected, "%s: %s", value, text);
	free(text);
	mv_config_destroy(config);
}

Test(config_quick, nameservers_and_search_domains)
{
	expect_dns("10.0.0.1", "10.0.0.1 |");
	expect_dns("fd00::1", "fd00::1 |");
	expect_dns("10.0.0.1, 10.0.0.2,fd00::1 ::1", "10.0.0.1 10.0.0.2 fd00::1 ::1 |");
	expect_dns("example.com", "| example.com");
	expect_dns("10.0.0.1, corp, a-b_c.example.com., 10.0.0.2, 4you",
		"10.0.0.1 10.0.0.2 | corp a-b_c.example.com. 4you");
	expect_dns(", 10.0.0.1 ,\t, corp ,", "10.0.0.1 | corp");
	expect_dns("10.0.0.1 # the router", "10.0.0.1 |");
	expect_dns("", "|");
	expect_dns(", ,", "|");
	expect_dns("10.0.0.2 corp 10.0.0.1, fd00::1, 10.0.0.2 fd00:0::1 CORP,lab,corp",
		"10.0.0.2 10.0.0.1 fd00::1 | corp lab");
	expect_dns("dead", "| dead");
	/* Equal bytes of two families. */
	expect_dns("1.2.3.4 102:304::", "1.2.3.4 102:304:: |");
}

Test(config_quick, dns_adds_up)
{
	struct mv_config *config =
		load(INTERFACE "DNS = 10.0.0.1, corp\nDNS =\ndns = lab, 10.0.0.2\n"
			       "DNS = 10.0.0.1\n");
	char *text = dns_of(config);

	expect_messages(config, "");
	cr_expect_str_eq(text, "10.0.0.1 10.0.0.2 | corp lab", "%s", text);
	free(text);
	mv_config_destroy(config);
}

Test(config_quick, what_is_no_dns)
{
#define NO_NAMESERVER " is no address: write a nameserver as in 10.0.0.1 or fd00::1"
#define NO_DOMAIN     " is neither an address nor a search domain, which has only A-Z a-z 0-9 - _ and ."
	expect_error("DNS", "10.0.0.256", "'10.0.0.256'" NO_NAMESERVER);
	expect_error("DNS", "10.0.0", "'10.0.0'" NO_NAMESERVER);
	expect_error("DNS", "010.0.0.1", "'010.0.0.1'" NO_NAMESERVER);
	expect_error("DNS", ".", "'.'" NO_NAMESERVER);
	expect_error("DNS", "53", "'53'" NO_NAMESERVER);
	expect_error("DNS", "fd00::g", "'fd00::g'" NO_NAMESERVER);
	expect_error("DNS", "fe80::1%eth0", "'fe80::1%eth0'" NO_NAMESERVER);
	expect_error("DNS", "[fd00::1]:53", "'[fd00::1]:53'" NO_NAMESERVER);
	expect_error("DNS", "10.0.0.1:53", "'10.0.0.1:53'" NO_NAMESERVER);
	expect_error("DNS", "10.0.0.1/24", "'10.0.0.1/24'" NO_DOMAIN);
	expect_error("DNS", "~corp", "'~corp'" NO_DOMAIN);
	expect_error("DNS", "corp;lab", "'corp;lab'" NO_DOMAIN);
	expect_error("DNS",
		"b\xc3\xbc"
		"cher.example",
		"'b\xc3\xbc"
		"cher.example'" NO_DOMAIN);
	expect_error("DNS", PRIVATE_A, "(hidden: it could be a key)" NO_DOMAIN);
}

Test(config_quick, a_search_domain_has_a_greatest_length)
{
	char value[255] = {0};

	memset(value, 'n', 253);
	mv_config_destroy(load_good("DNS", value));
	value[253] = 'n';
	expect_error("DNS", value, "a search domain has at most 253 characters");
}

/* What is there twice is found without a look at each pair. */
Test(config_quick, a_long_list_of_dns, .timeout = 20)
{
	enum { COUNT = 100000 };
	FILE *file = fopen("test.ini", "w");
	struct mv_config *config;

	cr_assert(file);
	fprintf(file, INTERFACE);
	for (unsigned i = 0; i < COUNT; i++) {
		fprintf(file, "DNS = 10.%u.%u.%u, d%u\n", i >> 16 & 1, i >> 8 & 0xff, i & 0xff,
			i / 2);
	}
	fclose(file);
	cr_assert_eq(chmod("test.ini", 0600), 0);
	config = load_path("test.ini");
	expect_messages(config, "");
	cr_expect_eq(config->nameserver_count, COUNT);
	cr_expect_eq(config->search_domain_count, COUNT / 2);
	mv_config_destroy(config);
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

/* Of those that every system has (RFC 4301's key exchange, and names). */
Test(config_quick, a_port_may_be_a_service)
{
	struct mv_config *config =
		load(INTERFACE "ListenPort = isakmp\n" PEER_B "Endpoint = 192.0.2.1:domain\n");

	expect_messages(config, "");
	cr_expect_eq(config->listen_port, 500);
	cr_expect_eq(config->peers[0].endpoint_list.list[0].address.port, 53);
	mv_config_destroy(config);
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
	cr_expect_eq(config->nameserver_count, 0);
	cr_expect_eq(config->search_domain_count, 0);
	for (unsigned i = 0; i < MV_HOOK_COUNT; i++) {
		cr_expect_eq(config->hooks[i].count, 0);
	}
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
	static const char *const keys[] = {
		"FwMark", "DNS", "Table", "PreUp", "PostUp", "PreDown", "PostDown", "SaveConfig"};

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
