/* To which place of a line each message points. */
#include "config/config.h"

#include "config_fixture.h"

TestSuite(config_columns, .init = enter_folder, .fini = leave_folder);

/* Writes "LINE:COLUMN KEY" for each message, where it has a key; to be freed. */
static char *places_of(const struct mv_config *config)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	cr_assert(out);
	for (size_t i = 0; i < config->message_count; i++) {
		const struct mv_config_message *message = &config->messages[i];
		size_t key = strspn(message->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						   "abcdefghijklmnopqrstuvwxyz");

		fprintf(out, "%u:%u", message->line, message->column);
		if (message->text[key] == ':') {
			fprintf(out, " %.*s", (int)key, message->text);
		}
		fputs("\n", out);
	}
	fclose(out);
	return text;
}

static void expect_places(const char *file, const char *expected)
{
	struct mv_config *config = load(file);
	char *places = places_of(config);

	cr_expect_str_eq(
		places, expected, "of:\n%s\nexpected:\n%sgot:\n%s", file, expected, places);
	free(places);
	mv_config_destroy(config);
}

Test(config_columns, of_headers)
{
	expect_places(INTERFACE " [Peeer]\n", "3:2\n");
	expect_places(INTERFACE "\t[Peer\r\n", "3:2\n");
	expect_places(INTERFACE "  [Peer] [Peer]\n", "3:3\n");
}

Test(config_columns, of_keys)
{
	expect_places(INTERFACE "  colour = red\n", "3:3\n");
	expect_places(INTERFACE "\tEndpoint = a:1\r\n", "3:2 Endpoint\n");
	expect_places(" MTU = 1400\n" INTERFACE, "1:2 MTU\n");
	expect_places("  foo = 1\n" INTERFACE, "1:3\n");
	expect_places(INTERFACE " MTU 1400\n\t = 1400\n M: 1\n", "3:2\n4:3\n5:2\n");
	expect_places("[ Interface ]\nPrivateKey = " PRIVATE_A "\n  Address = 10.0.0.1\n",
		"3:3 Address\n");
	/* Given twice is said of the key; what else is wrong, of the value. */
	expect_places(INTERFACE "MTU = 1400\n MTU = 1\n", "4:2 MTU\n4:8 MTU\n");
	expect_places(INTERFACE "[Peer]\nPublicKeyFile = x\n PublicKey = " PUBLIC_B "\n",
		"4:17 PublicKeyFile\n5:2 PublicKey\n");
}

Test(config_columns, of_values)
{
	expect_places(INTERFACE "ListenPort = 70000\n", "3:14 ListenPort\n");
	expect_places(INTERFACE "\tListenPort\t=\t \t70000\r\n", "3:17 ListenPort\n");
	expect_places(INTERFACE "PreUp = true # \x01\n  PostUp true\n", "3:16\n4:3\n");
	expect_places(INTERFACE PEER_B "  PostUp = true\n", "5:3 PostUp\n");
	expect_places(INTERFACE " Fw Mark =  0 X1\nTable = Off\r\nSaveConfig =\tyes\n",
		"3:13 FwMark\n4:9 Table\n5:14 SaveConfig\n");
	expect_places(INTERFACE "ListenPort=7 000 0 # 1\n", "3:12 ListenPort\n");
	expect_places(INTERFACE "MTU = 1420 bytes\n", "3:7 MTU\n");
	expect_places(INTERFACE "  MTU =\nDevice = # x\r\n", "3:8 MTU\n4:9 Device\n");
	expect_places("[Interface]\n Private Key = short\n", "2:16 PrivateKey\n");
	expect_places("[Interface]\nPrivateKeyFile = no.key\n", "2:18 PrivateKeyFile\n");
	expect_places(INTERFACE "MTU = \x01\nMTU = 1\xef\xbb\xbf\n", "3:7\n4:8\n");
	expect_places(INTERFACE PEER_B "Endpoint =  a:b\n", "5:13 Endpoint\n");
	expect_places(INTERFACE PEER_B " Persistent Keepalive = x\n", "5:25 PersistentKeepalive\n");
}

Test(config_columns, of_a_file_that_begins_with_a_byte_order_mark)
{
	expect_places("\xef\xbb\xbf colour = red\n" INTERFACE, "1:2\n");
	expect_places("\xef\xbb\xbf[Interface]\n", "1:1 PrivateKey\n");
}

Test(config_columns, of_the_elements_of_a_list)
{
	expect_places(INTERFACE "Address = 10.0.0.1,  x, y 10.0.0.2\tz\n",
		"3:22 Address\n3:25 Address\n3:36 Address\n");
	expect_places(INTERFACE "DNS = 10.0.0.1, x/y\tcorp,1.2\n", "3:17 DNS\n3:26 DNS\n");
	expect_places(INTERFACE "Address = , ,\n", "3:11 Address\n");
	expect_places(INTERFACE PEER_B "AllowedIPs = x,10.0.0.0/8,y\n",
		"5:14 AllowedIPs\n5:27 AllowedIPs\n");
}

/* What wg removes before it reads a value counts for the column. */
Test(config_columns, of_elements_with_spaces_inside)
{
	expect_places(INTERFACE PEER_B "AllowedIPs =  x , 1 0.0.0.0/8\t,\t y\r\n",
		"5:15 AllowedIPs\n5:34 AllowedIPs\n");
	expect_places(INTERFACE PEER_B "AllowedIPs = 10.0.0.0 / 8 , , 11.0.0.0/ 8 ,\n",
		"5:29 AllowedIPs\n5:44 AllowedIPs\n");
	expect_places(
		INTERFACE PEER_B "AllowedIPs = 10.0.0.0/8, 1 1.0.0.0/4\n", "5:26 AllowedIPs\n");
	/* A shorter value after a longer one. */
	expect_places(INTERFACE PEER_B "AllowedIPs = 10.0.0.0/8 , 11.0.0.0/8 , x\n"
				       "AllowedIPs = 1 , z\n",
		"5:40 AllowedIPs\n6:14 AllowedIPs\n6:18 AllowedIPs\n");
}

Test(config_columns, of_what_only_the_whole_file_shows)
{
	expect_places("", "0:0 PrivateKey\n");
	expect_places("\n  [Interface]\n", "2:3 PrivateKey\n");
	expect_places(INTERFACE " [Peer]\n", "3:2 PublicKey\n");
	expect_places(
		INTERFACE PEER_B " [Peer]\n PublicKey  =  " PUBLIC_B "\n", "6:16 PublicKey\n");
	expect_places(INTERFACE "MTU =  1279\nAddress = fd00::1\n", "3:8 MTU\n");
	expect_places(
		INTERFACE "Address = 10.0.0.1\nAddress = 10.0.0.2, 10.0.0.1/8\n", "4:21 Address\n");
	expect_places(INTERFACE PEER_B "AllowedIPs = 10.0.0.0/8\n" PEER_C
				       "AllowedIPs = 11.0.0.0/8, 10.0. 0.0/8\n",
		"8:26 AllowedIPs\n");
	expect_places(INTERFACE "Table = main\n" PEER_B
				"Endpoint = 10.0.0.1:7\nAllowedIPs = ::/0, 10.0.0.0/8\n",
		"7:20 AllowedIPs\n");
	expect_places(INTERFACE "Address = 10.0.0.1\n" PEER_B "AllowedIPs = ::/0 , 10.0.0.1\n",
		"6:21 AllowedIPs\n");
}

Test(config_columns, of_a_file_as_a_whole)
{
	struct mv_config *config = load_path(".");
	char *places = places_of(config);

	cr_expect_str_eq(places, "0:0\n");
	free(places);
	mv_config_destroy(config);
}

/* Each element of a long list asks for its column: that must not take a walk from the beginning. */
Test(config_columns, of_a_long_list_with_spaces, .timeout = 20)
{
	enum { COUNT = 100000 };
	FILE *file = fopen("test.ini", "w");
	struct mv_config *config;

	cr_assert(file);
	fprintf(file, INTERFACE PEER_B "AllowedIPs = ");
	for (unsigned i = 0; i < COUNT; i++) {
		fputs("::/0 , ", file);
	}
	fputs("x\n", file);
	fclose(file);
	cr_assert_eq(chmod("test.ini", 0600), 0);
	config = load_path("test.ini");
	cr_assert_eq(config->message_count, 1);
	cr_expect_eq(config->messages[0].column, 14 + 7 * COUNT);
	mv_config_destroy(config);
}
