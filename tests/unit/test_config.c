/* Peer files that are right, and the change list they become. */
#include "config/config.h"

#include <errno.h>

#include "config_fixture.h"
#include "crypto/keytext.h"
#include "tunnel/change.h"

TestSuite(config, .init = enter_folder, .fini = leave_folder);

static void expect_key(const uint8_t key[static MV_KEY_LEN], const char *expected)
{
	char text[MV_KEY_BASE64_MAX];

	cr_expect_str_eq(mv_key_to_base64(text, key), expected);
}

static void expect_prefix(const struct mv_prefix *prefix, const char *expected)
{
	char text[MV_PREFIX_TEXT_MAX];

	cr_expect_str_eq(mv_prefix_print(text, prefix), expected);
}

/* The one that there is. */
static void expect_endpoint(const struct mv_config_peer *peer, const char *expected)
{
	char text[MV_ENDPOINT_TEXT_MAX];

	cr_assert_eq(peer->endpoint_list.count, 1);
	cr_expect_str_eq(mv_endpoint_print(text, &peer->endpoint_list.list[0].address), expected);
	cr_expect_null(peer->endpoint_list.list[0].host);
	cr_expect_str_eq(peer->endpoints, expected);
}

static void expect_host(const struct mv_config_peer *peer, const char *host, unsigned port)
{
	cr_assert_eq(peer->endpoint_list.count, 1);
	cr_expect_eq(peer->endpoint_list.list[0].address.ip.family, MV_FAMILY_NONE);
	cr_assert(peer->endpoint_list.list[0].host);
	cr_expect_str_eq(peer->endpoint_list.list[0].host, host);
	cr_expect_eq(peer->endpoint_list.list[0].port, port);
}

static const char everything[] = "# A peer\n"
				 "[Interface]\n"
				 "PrivateKey = " PRIVATE_A "\n"
				 "Address = 10.0.0.1/24, fd00::1/64\n"
				 "Address = 10.9.9.9\n"
				 "ListenPort = 51820\n"
				 "MTU = 1420\n"
				 "Device = vpn-0\n"
				 "Lanes = 4\n"
				 "Offload = OFF\n"
				 "\n"
				 "[Peer]\n"
				 "PublicKey = " PUBLIC_B "\n"
				 "PresharedKey = " PRESHARED "\n"
				 "AllowedIPs = 10.0.0.2/32, fd00::2\n"
				 "AllowedIPs = 192.168.7.0/24\n"
				 "Endpoint = 192.0.2.2:51821\n"
				 "PersistentKeepalive = 25\n"
				 "[Peer]\n"
				 "PublicKey = " PUBLIC_C "\n"
				 "AllowedIPs = 0.0.0.0/0, ::/0\n"
				 "Endpoint = vpn.example.com:443\n"
				 "PersistentKeepalive = off\n";

static void expect_everything(const struct mv_config *config)
{
	cr_assert(config->valid);
	cr_expect_str_eq(config->device, "vpn-0");
	cr_expect(config->device_is_named);
	expect_key(config->private_key, PRIVATE_A);
	cr_expect_eq(config->listen_port, 51820);
	cr_expect_eq(config->mtu, 1420);
	cr_expect_eq(config->lanes, 4);
	cr_expect(config->without_offload);
	cr_assert_eq(config->address_count, 3);
	expect_prefix(&config->addresses[0], "10.0.0.1/24");
	expect_prefix(&config->addresses[1], "fd00::1/64");
	expect_prefix(&config->addresses[2], "10.9.9.9/32");
	cr_assert_eq(config->peer_count, 2);

	const struct mv_config_peer *b = &config->peers[0], *c = &config->peers[1];
	expect_key(b->public_key, PUBLIC_B);
	expect_key(b->preshared_key, PRESHARED);
	cr_assert_eq(b->allowed_ip_count, 3);
	expect_prefix(&b->allowed_ips[0], "10.0.0.2/32");
	expect_prefix(&b->allowed_ips[1], "fd00::2/128");
	expect_prefix(&b->allowed_ips[2], "192.168.7.0/24");
	expect_endpoint(b, "192.0.2.2:51821");
	cr_expect_eq(b->persistent_keepalive_s, 25);
	expect_key(c->public_key, PUBLIC_C);
	cr_expect(sodium_is_zero(c->preshared_key, MV_KEY_LEN));
	cr_assert_eq(c->allowed_ip_count, 2);
	expect_prefix(&c->allowed_ips[0], "0.0.0.0/0");
	expect_prefix(&c->allowed_ips[1], "::/0");
	expect_host(c, "vpn.example.com", 443);
	cr_expect_eq(c->persistent_keepalive_s, 0);
}

Test(config, every_key)
{
	struct mv_config *config = load(everything);

	expect_messages(config, "");
	expect_everything(config);
	cr_expect_eq(config->peers[0].line, 12);
	cr_expect_eq(config->peers[1].line, 19);
	mv_config_destroy(config);
}

static void expect_same(const char *text)
{
	struct mv_config *config = load(text);

	expect_messages(config, "");
	expect_everything(config);
	mv_config_destroy(config);
}

/* Replaces each `from` by `to`; to be freed. */
static char *rewritten(const char *text, char from, const char *to)
{
	char *copy;
	size_t length;
	FILE *out = open_memstream(&copy, &length);

	cr_assert(out);
	for (; *text; text++) {
		if (*text == from) {
			fputs(to, out);
		} else {
			fputc(*text, out);
		}
	}
	fclose(out);
	return copy;
}

Test(config, every_style_of_writing_means_the_same)
{
	static const struct {
		char from;
		const char *to;
	} styles[] = {
		{'\n', "\r\n"},
		{'\n', " # comment\n"},
		{'\n', "\n\n; comment\n"},
		{'\n', "\n\t"},
		{'=', " =\t"},
		{' ', ""},
		{' ', "\t \t"},
		{'\n', "\v\r\n \f"},
	};

	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
		char *text = rewritten(everything, styles[i].from, styles[i].to);

		expect_same(text);
		free(text);
	}
}

Test(config, a_byte_order_mark_and_a_missing_newline)
{
	char *text;

	cr_assert(asprintf(&text, "\xef\xbb\xbf%s", everything) > 0);
	text[strlen(text) - 1] = '\0';
	expect_same(text);
	free(text);
}

Test(config, case_spaces_within_and_sections_in_any_order)
{
	expect_same("[ p e e r ]\n"
		    "public KEY = " PUBLIC_B "\n"
		    "ENDPOINT = 192.0.2.2 : 518 21\n"
		    "Pre Shared Key=" PRESHARED "\n"
		    "allowed ips = 10.0.0.2 /32,fd00:: 2 , 192.168.7.0/24\n"
		    "Persistent Keepalive = 2 5\n"
		    "[INTERFACE]\n"
		    "mtu = 1420\n"
		    "ADDRESS = 10.0.0.1/24 fd00::1/64,\n"
		    "device=vpn-0\n"
		    "offload=Off\n"
		    "lanes=4\n"
		    "[Peer]\n"
		    "AllowedIPs = 0.0.0.0/0\n"
		    "PUBLICKEY = " PUBLIC_C "\n"
		    "AllowedIPs = 0.0.0.0/0, ::/0, 0.0.0.0/0\n"
		    "Endpoint = vpn.example.com:443\n"
		    "PersistentKeepalive = OFF\n"
		    "[interface]\n"
		    "listenport = 51820\n"
		    "private key = " PRIVATE_A "\n"
		    "address = , 10.9.9.9 ,\n");
}

Test(config, defaults)
{
	struct mv_config *config = load(INTERFACE);

	expect_messages(config, "");
	cr_assert_not_null(config);
	cr_expect_str_eq(config->device, "tun0");
	cr_expect_not(config->device_is_named);
	cr_expect_eq(config->listen_port, 0);
	cr_expect_eq(config->mtu, 0);
	cr_expect_eq(config->lanes, 0);
	cr_expect_not(config->without_offload);
	cr_expect_null(config->device_namespace);
	cr_expect_null(config->socket_namespace);
	cr_expect_eq(config->address_count, 0);
	cr_expect_eq(config->peer_count, 0);
	mv_config_destroy(config);
}

/* Of several the last one counts. */
Test(config, namespaces)
{
	struct mv_config *config = load(INTERFACE "Namespace = red\n"
						  "namespace = blue-1.x\n"
						  "SocketNamespace = /proc/1/ns/net\n");

	cr_assert(config->valid);
	cr_expect_str_eq(config->device_namespace, "blue-1.x");
	cr_expect_str_eq(config->socket_namespace, "/proc/1/ns/net");
	mv_config_destroy(config);
}

Test(config, a_conf_file_names_the_device)
{
	struct mv_config *config;

	write_file("home.conf", INTERFACE);
	config = load_path("home.conf");
	expect_messages(config, "");
	cr_assert_not_null(config);
	cr_expect_str_eq(config->device, "home");
	cr_expect(config->device_is_named);
	mv_config_destroy(config);

	write_file("a name too long.conf", INTERFACE "Device = wg7\n");
	config = load_path("a name too long.conf");
	expect_messages(config, "");
	cr_expect_str_eq(config->device, "wg7");
	mv_config_destroy(config);
}

Test(config, five_thousand_allowed_ips_on_one_line)
{
	enum { COUNT = 5000 };
	struct mv_config *config;
	FILE *file = fopen("test.ini", "w");

	cr_assert(file);
	fprintf(file, INTERFACE PEER_B "AllowedIPs = ");
	for (unsigned i = 0; i < COUNT; i++) {
		fprintf(file, "%s10.%u.%u.0/24", i ? ", " : "", i / 250, i % 250);
	}
	fclose(file);
	cr_assert_eq(chmod("test.ini", 0600), 0);

	config = load_path("test.ini");
	expect_messages(config, "");
	cr_assert_eq(config->peers[0].allowed_ip_count, COUNT);
	expect_prefix(&config->peers[0].allowed_ips[0], "10.0.0.0/24");
	expect_prefix(&config->peers[0].allowed_ips[COUNT - 1], "10.19.249.0/24");
	mv_config_destroy(config);
}

Test(config, private_keys_are_clamped)
{
	uint8_t expected[MV_KEY_LEN], key[MV_KEY_LEN];
	char text[MV_KEY_BASE64_MAX], file[256];
	struct mv_config *config;

	memset(key, 0xff, sizeof(key));
	memcpy(expected, key, sizeof(key));
	mv_x25519_clamp(expected);
	cr_assert_arr_neq(key, expected, sizeof(key));
	snprintf(file, sizeof(file), "[Interface]\nPrivateKey = %s\n", mv_key_to_base64(text, key));
	config = load(file);
	cr_expect_arr_eq(config->private_key, expected, sizeof(expected));
	mv_config_destroy(config);
}

Test(config, endpoints)
{
	static const struct {
		const char *value, *endpoint, *host;
		unsigned port;
	} rows[] = {
		{"192.0.2.1:1", "192.0.2.1:1", NULL, 0},
		{"[2001:db8::1]:65535", "[2001:db8::1]:65535", NULL, 0},
		{"[ 2001:db8::1 ] : 7", "[2001:db8::1]:7", NULL, 0},
		{"[fe80::1%eth0]:7", NULL, "fe80::1%eth0", 7},
		{"localhost:7", NULL, "localhost", 7},
		{"1.example.com.:7", NULL, "1.example.com.", 7},
		{"a_b-c.example:7", NULL, "a_b-c.example", 7},
		{"b\xc3\xbc"
		 "cher.example:7",
			NULL,
			"b\xc3\xbc"
			"cher.example",
			7},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		struct mv_config *config;

		snprintf(text, sizeof(text), INTERFACE PEER_B "Endpoint = %s\n", rows[i].value);
		config = load(text);
		expect_messages(config, "");
		if (rows[i].host) {
			expect_host(&config->peers[0], rows[i].host, rows[i].port);
		} else {
			expect_endpoint(&config->peers[0], rows[i].endpoint);
		}
		mv_config_destroy(config);
	}
}

/* The text is the same however the list is written. */
Test(config, lists_of_endpoints)
{
	static const struct {
		const char *value, *more, *endpoints, *messages;
	} rows[] = {
		{"192.0.2.1:1, [2001:DB8:0::1]:2,b.example:3", "",
			"192.0.2.1:1, [2001:db8::1]:2, b.example:3", ""},
		{"b.example:domain ,[fe80::1%eth0]:7", "ResolveInterval = 300\n",
			"b.example:53, [fe80::1%eth0]:7 every 300", ""},
		{"b.example:1", "ResolveInterval = off\n", "b.example:1", ""},
		{"b.example:1", "ResolveInterval = 10\nEndpoint = c.example:2\n",
			"c.example:2 every 10",
			"7: warning: Endpoint: given on line 5 too: this one, the last, counts\n"},
		{"192.0.2.1:1,192.0.2.1:2,192.0.2.1:1", "", "192.0.2.1:1, 192.0.2.1:2",
			"5: warning: Endpoint: 192.0.2.1:1 is in the list already: given twice it "
			"is taken once\n"},
		{"192.0.2.1:1", "ResolveInterval = 300\n", "192.0.2.1:1",
			"6: warning: ResolveInterval: no Endpoint of this peer is a name\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		struct mv_config *config;

		snprintf(text, sizeof(text), INTERFACE PEER_B "Endpoint = %s\n%s", rows[i].value,
			rows[i].more);
		config = load(text);
		expect_messages(config, rows[i].messages);
		cr_expect_str_eq(config->peers[0].endpoints, rows[i].endpoints);
		mv_config_destroy(config);
	}
}

Test(config, key_files_are_relative_to_the_peer_file)
{
	struct mv_config *config;
	char *text;

	cr_assert_eq(mkdir("keys", 0700), 0);
	cr_assert_eq(mkdir("peers", 0700), 0);
	write_file("keys/a.key", PRIVATE_A "\n");
	write_file("keys/my psk", "\n " PRESHARED "\t\r\n\n");
	write_bytes("keys/b.pub", PUBLIC_B, strlen(PUBLIC_B), 0644);
	write_file("peers/test.ini", "[Interface]\nPrivateKeyFile = ../keys/a.key\n"
				     "[Peer]\nPublicKeyFile = ../keys/b.pub\n"
				     "PresharedKeyFile = ../keys/my psk\n");
	config = load_path("peers/test.ini");
	expect_messages(config, "");
	expect_key(config->private_key, PRIVATE_A);
	expect_key(config->peers[0].public_key, PUBLIC_B);
	expect_key(config->peers[0].preshared_key, PRESHARED);
	/* Who carries the tunnel is elsewhere. */
	cr_assert(asprintf(&text, "%s/peers/../keys/my psk", folder) > 0);
	cr_expect_str_eq(config->peers[0].preshared_key_file, text);
	free(text);
	mv_config_destroy(config);

	cr_assert(asprintf(&text, "[Interface]\nPrivateKeyFile = %s/keys/a.key\n", folder) > 0);
	config = load(text);
	expect_messages(config, "");
	expect_key(config->private_key, PRIVATE_A);
	mv_config_destroy(config);
	free(text);
}

Test(config, a_file_that_cannot_be_opened)
{
	struct mv_config *config = (struct mv_config *)folder;

	cr_expect_eq(mv_config_load(&config, "missing.ini"), -ENOENT);
	cr_expect_null(config);
	mv_config_destroy(NULL);
}

static const struct mv_change *expect_change(
	const struct mv_changes *changes, size_t *at, enum mv_change_kind kind)
{
	cr_assert(*at < changes->count);
	cr_assert_eq(
		changes->list[*at].kind, kind, "change %zu is %d", *at, changes->list[*at].kind);
	return &changes->list[(*at)++];
}

Test(config, the_change_list)
{
	struct mv_config *config = load(everything);
	struct mv_changes changes;
	size_t at = 0;

	mv_changes_init(&changes);
	cr_assert_eq(mv_config_changes(config, &changes), 0);
	expect_key(expect_change(&changes, &at, MV_CHANGE_PRIVATE_KEY)->key, PRIVATE_A);
	expect_key(expect_change(&changes, &at, MV_CHANGE_PEER)->key, PUBLIC_B);
	expect_key(expect_change(&changes, &at, MV_CHANGE_PRESHARED_KEY)->key, PRESHARED);
	cr_expect_str_eq(
		expect_change(&changes, &at, MV_CHANGE_ENDPOINTS)->text, "192.0.2.2:51821");
	cr_expect_eq(expect_change(&changes, &at, MV_CHANGE_PERSISTENT_KEEPALIVE)->seconds, 25);
	expect_change(&changes, &at, MV_CHANGE_REPLACE_ALLOWED_IPS);
	expect_prefix(&expect_change(&changes, &at, MV_CHANGE_ALLOWED_IP)->prefix, "10.0.0.2/32");
	expect_prefix(&expect_change(&changes, &at, MV_CHANGE_ALLOWED_IP)->prefix, "fd00::2/128");
	expect_prefix(
		&expect_change(&changes, &at, MV_CHANGE_ALLOWED_IP)->prefix, "192.168.7.0/24");
	expect_key(expect_change(&changes, &at, MV_CHANGE_PEER)->key, PUBLIC_C);
	cr_expect_str_eq(
		expect_change(&changes, &at, MV_CHANGE_ENDPOINTS)->text, "vpn.example.com:443");
	cr_expect_eq(expect_change(&changes, &at, MV_CHANGE_PERSISTENT_KEEPALIVE)->seconds, 0);
	expect_change(&changes, &at, MV_CHANGE_REPLACE_ALLOWED_IPS);
	expect_prefix(&expect_change(&changes, &at, MV_CHANGE_ALLOWED_IP)->prefix, "0.0.0.0/0");
	expect_prefix(&expect_change(&changes, &at, MV_CHANGE_ALLOWED_IP)->prefix, "::/0");
	cr_expect_eq(at, changes.count);
	mv_changes_uninit(&changes);
	mv_config_destroy(config);
}

Test(config, names_and_watched_files_are_changes)
{
	write_file("psk", PRESHARED "\n");
	struct mv_config *config =
		load(INTERFACE PEER_B "Name = bob\nPresharedKeyFile = psk\n" PEER_C);
	struct mv_changes changes;
	char path[128];
	size_t at = 0;

	snprintf(path, sizeof(path), "%s/psk", folder);
	mv_changes_init(&changes);
	cr_assert_eq(mv_config_changes(config, &changes), 0);
	expect_change(&changes, &at, MV_CHANGE_PRIVATE_KEY);
	expect_key(expect_change(&changes, &at, MV_CHANGE_PEER)->key, PUBLIC_B);
	cr_expect_str_eq(expect_change(&changes, &at, MV_CHANGE_NAME)->text, "bob");
	expect_key(expect_change(&changes, &at, MV_CHANGE_PRESHARED_KEY)->key, PRESHARED);
	cr_expect_str_eq(expect_change(&changes, &at, MV_CHANGE_PRESHARED_KEY_FILE)->text, path);
	expect_change(&changes, &at, MV_CHANGE_PERSISTENT_KEEPALIVE);
	expect_change(&changes, &at, MV_CHANGE_REPLACE_ALLOWED_IPS);
	expect_key(expect_change(&changes, &at, MV_CHANGE_PEER)->key, PUBLIC_C);
	expect_change(&changes, &at, MV_CHANGE_PERSISTENT_KEEPALIVE);
	mv_changes_uninit(&changes);
	mv_config_destroy(config);
}
