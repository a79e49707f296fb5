#include "control/uapi.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX_0  "0000000000000000000000000000000000000000000000000000000000000000"
#define HEX_22 "2222222222222222222222222222222222222222222222222222222222222222"
#define HEX_AB "abababababababababababababababababababababababababababababababAB"
#define PEER   "public_key=" HEX_22 "\n"

/* One more line, behind that of a peer. */
#define OF_PEER(line) (PEER line)

#define WITH_KEY(before, behind) (before HEX_22 behind)

static struct mv_changes changes;

static void setup(void)
{
	cr_assert_geq(sodium_init(), 0);
	mv_changes_init(&changes);
}

static void teardown(void)
{
	mv_changes_uninit(&changes);
}

TestSuite(uapi_set, .init = setup, .fini = teardown);

/* The lines of a set between its first and its empty one. */
static int parse(const char *lines)
{
	size_t len = strlen(lines) + strlen("set=1\n\n");
	char *text = malloc(len + 1);

	cr_assert_not_null(text);
	snprintf(text, len + 1, "set=1\n%s\n", lines);
	mv_changes_uninit(&changes);
	int error = mv_uapi_parse_set(&changes, text, len);
	free(text);
	return error;
}

static void expect_kinds(const enum mv_change_kind *kinds, size_t count)
{
	cr_assert_eq(changes.count, count, "%zu changes", changes.count);
	for (size_t i = 0; i < count; i++) {
		cr_expect_eq(changes.list[i].kind, kinds[i], "change %zu", i);
	}
}

Test(uapi_set, nothing_is_no_change)
{
	cr_expect_eq(parse(""), 0);
	cr_expect_eq(changes.count, 0);
}

Test(uapi_set, every_key_becomes_its_change)
{
	static const enum mv_change_kind kinds[] = {MV_CHANGE_PRIVATE_KEY, MV_CHANGE_LISTEN_PORT,
		MV_CHANGE_FWMARK, MV_CHANGE_REPLACE_PEERS, MV_CHANGE_PEER, MV_CHANGE_UPDATE_ONLY,
		MV_CHANGE_PRESHARED_KEY, MV_CHANGE_ENDPOINT, MV_CHANGE_PERSISTENT_KEEPALIVE,
		MV_CHANGE_REPLACE_ALLOWED_IPS, MV_CHANGE_ALLOWED_IP, MV_CHANGE_ALLOWED_IP_REMOVE,
		MV_CHANGE_PEER, MV_CHANGE_REMOVE};

	cr_assert_eq(parse("private_key=" HEX_AB "\n"
			   "listen_port=65535\n"
			   "fwmark=4294967295\n"
			   "replace_peers=true\n" PEER "update_only=true\n"
			   "preshared_key=" HEX_0 "\n"
			   "protocol_version=1\n"
			   "endpoint=[2001:db8::1]:51820\n"
			   "persistent_keepalive_interval=25\n"
			   "replace_allowed_ips=true\n"
			   "allowed_ip=10.1.2.3/8\n"
			   "allowed_ip=-fd00::/8\n"
			   "public_key=" HEX_AB "\n"
			   "remove=true\n"),
		0);
	expect_kinds(kinds, sizeof kinds / sizeof *kinds);
	cr_expect_eq(changes.list[0].key[31], 0xab);
	cr_expect_eq(changes.list[1].number, 65535);
	cr_expect_eq(changes.list[2].number, UINT32_MAX);
	cr_expect_eq(changes.list[7].endpoint.port, 51820);
	cr_expect_eq(changes.list[8].seconds, 25);
	cr_expect_eq(changes.list[10].prefix.bits, 8);
	cr_expect_eq(changes.list[10].prefix.ip.bytes[1], 0, "host bits are cleared");
}

Test(uapi_set, what_no_key_takes_is_invalid)
{
	static const char *const lines[] = {
		"private_key=22\n",
		"private_key=\n",
		WITH_KEY("private_key=g", "\n"),
		"listen_port=65536\n",
		"listen_port=-1\n",
		"listen_port=\n",
		"listen_port=5 \n",
		"fwmark=0x1\n",
		"fwmark=\n",
		"fwmark=4294967296\n",
		"replace_peers=false\n",
		"replace_peers=1\n",
		WITH_KEY("public_key=", "2\n"),
		OF_PEER("remove=false\n"),
		OF_PEER("update_only=\n"),
		OF_PEER("preshared_key=1\n"),
		OF_PEER("protocol_version=2\n"),
		OF_PEER("endpoint=example.org:51820\n"),
		OF_PEER("endpoint=192.0.2.1\n"),
		OF_PEER("endpoints=example.org\n"),
		OF_PEER("endpoints=a.example:1,b.example:1\n"),
		OF_PEER("endpoint=192.0.2.1:0\n"),
		OF_PEER("endpoint=2001:db8::1:51820\n"),
		OF_PEER("endpoint=[fe80::1%no-such-if]:51820\n"),
		OF_PEER("persistent_keepalive_interval=65536\n"),
		OF_PEER("persistent_keepalive_interval=off\n"),
		OF_PEER("replace_allowed_ips=TRUE\n"),
		OF_PEER("allowed_ip=10.0.0.9\n"),
		OF_PEER("allowed_ip=10.0.0.9/33\n"),
		OF_PEER("allowed_ip=--10.0.0.9/32\n"),
		OF_PEER("allowed_ip=+10.0.0.9/32\n"),
		OF_PEER("allowed_ip=\n"),
		"no_such_key=1\n",
		"get=1\n",
		"=1\n",
		"errno=0\n",
	};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		cr_expect_eq(parse(lines[i]), -EINVAL, "%s", lines[i]);
	}
}

Test(uapi_set, a_key_has_its_place)
{
	static const char *const of_peer[] = {"remove=true\n", "update_only=true\n",
		WITH_KEY("preshared_key=", "\n"), "protocol_version=1\n", "endpoint=192.0.2.1:1\n",
		"persistent_keepalive_interval=1\n", "replace_allowed_ips=true\n",
		"allowed_ip=10.0.0.0/8\n"};
	static const char *const of_device[] = {WITH_KEY(PEER "private_key=", "\n"),
		OF_PEER("listen_port=1\n"), OF_PEER("fwmark=1\n"), OF_PEER("replace_peers=true\n")};

	for (size_t i = 0; i < sizeof of_peer / sizeof *of_peer; i++) {
		cr_expect_eq(parse(of_peer[i]), -EINVAL, "%s", of_peer[i]);
	}
	for (size_t i = 0; i < sizeof of_device / sizeof *of_device; i++) {
		cr_expect_eq(parse(of_device[i]), -EINVAL, "%s", of_device[i]);
	}
}

Test(uapi_set, a_line_without_a_value_is_no_line)
{
	cr_expect_eq(parse("listen_port\n"), -EPROTO);
	cr_expect_eq(parse(PEER "remove\n"), -EPROTO);
}

Test(uapi_set, the_first_error_is_told)
{
	cr_expect_eq(parse("fwmark=x\nlisten_port\n"), -EINVAL);
	cr_expect_eq(parse("listen_port\nfwmark=x\n"), -EPROTO);
}

Test(uapi_set, a_zero_byte_is_in_no_value)
{
	char text[] = "set=1\nfwmark=1\0\n\n";

	cr_expect_eq(mv_uapi_parse_set(&changes, text, sizeof text - 1), -EINVAL);
}

/* As wg sends it: the loopback has the number 1. */
Test(uapi_set, a_scope_may_be_a_name)
{
	cr_assert_eq(parse(PEER "endpoint=[fe80::1%lo]:51820\n"), 0);
	cr_expect_eq(changes.list[1].endpoint.scope_id, 1);
	cr_expect_eq(changes.list[1].endpoint.port, 51820);
	cr_assert_eq(parse(PEER "endpoint=[fe80::1%1]:51820\n"), 0);
	cr_expect_eq(changes.list[1].endpoint.scope_id, 1);
}

/* As reload sends it. */
Test(uapi_set, what_is_printed_is_what_was_read)
{
	static const char lines[] = "private_key=" HEX_22 "\n"
				    "listen_port=65535\n"
				    "fwmark=4294967295\n"
				    "replace_peers=true\n" PEER "update_only=true\n"
				    "preshared_key=" HEX_0 "\n"
				    "preshared_key_file=/etc/minivpn/a.psk\n"
				    "name=Alice's router\n"
				    "endpoints=a.example:1, [2001:db8::1]:2\n"
				    "endpoint=[2001:db8::1]:51820\n"
				    "persistent_keepalive_interval=25\n"
				    "replace_allowed_ips=true\n"
				    "allowed_ip=10.0.0.0/8\n"
				    "allowed_ip=-fd00::/64\n"
				    "public_key=" HEX_0 "\n"
				    "remove=true\n";
	char expected[sizeof("set=1\n") + sizeof(lines) + 1];
	size_t len;

	cr_assert_eq(parse(lines), 0);
	char *text = mv_uapi_print_set(&changes, &len);
	snprintf(expected, sizeof(expected), "set=1\n%s\n", lines);
	cr_expect_str_eq(text, expected);
	cr_expect_eq(len, strlen(expected));
	mv_uapi_free(text);
}

Test(uapi_set, what_minivpn_alone_sends)
{
	static const enum mv_change_kind kinds[] = {
		MV_CHANGE_PEER, MV_CHANGE_NAME, MV_CHANGE_PRESHARED_KEY_FILE};

	cr_assert_eq(parse(OF_PEER("name=alice\npreshared_key_file=/etc/my psk\n")), 0);
	expect_kinds(kinds, 3);
	cr_expect_str_eq(changes.list[1].text, "alice");
	cr_expect_str_eq(changes.list[2].text, "/etc/my psk");
	cr_assert_eq(parse(OF_PEER("name=\npreshared_key_file=\n")), 0);
	expect_kinds(kinds, 3);
	cr_expect_str_eq(changes.list[1].text, "");
	cr_expect_str_eq(changes.list[2].text, "");

	cr_expect_eq(parse(OF_PEER("name= alice\n")), -EINVAL);
	cr_expect_eq(parse(OF_PEER("name=" HEX_22 "\n")), -EINVAL);
	cr_expect_eq(parse(OF_PEER("name=al\xffice\n")), -EINVAL);
	cr_expect_eq(parse(OF_PEER("preshared_key_file=psk\n")), -EINVAL);
	cr_expect_eq(parse("name=alice\n"), -EINVAL);
}
