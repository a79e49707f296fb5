#include "control/showconf.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "control/uapi.h"

#define KEY_11 "ERERERERERERERERERERERERERERERERERERERERERE="
#define KEY_22 "IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI="
#define KEY_33 "MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM="
#define KEY_44 "REREREREREREREREREREREREREREREREREREREREREQ="

static void setup(void)
{
	cr_assert_geq(sodium_init(), 0);
}

TestSuite(showconf, .init = setup);

static void expect(const struct mv_snapshot *snapshot, const struct mv_showconf_extra *extra,
	const char *expected)
{
	char *text = mv_showconf_print(snapshot, extra);

	cr_assert_not_null(text);
	cr_expect_str_eq(text, expected, "is:\n%s\nwanted:\n%s", text, expected);
	mv_uapi_free(text);
}

/* One that has everything, and one that has nothing. */
static struct mv_snapshot *make_example(void)
{
	struct mv_snapshot *snapshot;
	struct mv_peer_snapshot *peer;

	cr_assert_eq(mv_snapshot_create(&snapshot, 2, 2), 0);
	memset(snapshot->private_key, 0x11, MV_KEY_LEN);
	snapshot->listen_port = 51820;
	snapshot->fwmark = 0xca6c;
	snapshot->prefixes[0] = (struct mv_prefix){{MV_FAMILY_IPV4, {10, 0, 0, 0}}, 8};
	snapshot->prefixes[1] = (struct mv_prefix){{MV_FAMILY_IPV6, {0xfd}}, 8};
	snapshot->prefix_count = snapshot->peer_count = 2;
	peer = &snapshot->peers[0];
	memset(peer->public_key, 0x22, MV_KEY_LEN);
	memset(peer->preshared_key, 0x33, MV_KEY_LEN);
	peer->endpoint = (struct mv_endpoint){
		.ip = {MV_FAMILY_IPV6, {0x20, 1, 0xd, 0xb8, [15] = 1}}, .port = 7};
	peer->persistent_keepalive_s = 25;
	peer->prefix_count = 2;
	memset(snapshot->peers[1].public_key, 0x44, MV_KEY_LEN);
	return snapshot;
}

Test(showconf, nothing)
{
	struct mv_snapshot *snapshot;

	cr_assert_eq(mv_snapshot_create(&snapshot, 0, 0), 0);
	expect(snapshot, NULL, "[Interface]\n");
	mv_snapshot_destroy(snapshot);
}

Test(showconf, everything)
{
	struct mv_snapshot *snapshot = make_example();

	expect(snapshot, NULL,
		"[Interface]\n"
		"ListenPort = 51820\n"
		"FwMark = 0xca6c\n"
		"PrivateKey = " KEY_11 "\n"
		"\n[Peer]\n"
		"PublicKey = " KEY_22 "\n"
		"PresharedKey = " KEY_33 "\n"
		"AllowedIPs = 10.0.0.0/8, fd00::/8\n"
		"Endpoint = [2001:db8::1]:7\n"
		"PersistentKeepalive = 25\n"
		"\n[Peer]\n"
		"PublicKey = " KEY_44 "\n");
	mv_snapshot_destroy(snapshot);
}

Test(showconf, what_only_minivpn_reads)
{
	struct mv_snapshot *snapshot = make_example();
	const struct mv_showconf_extra extra = {
		.private_key_file = "credential:own", .is_peer_file = true};

	snprintf(snapshot->peers[1].name, MV_PEER_NAME_MAX, "bob");
	snapshot->peers[0].preshared_key_file = strdup("/etc/psk");
	snapshot->fwmark = snapshot->listen_port = 0;
	snapshot->peers[0].prefix_count = 0;
	expect(snapshot, &extra,
		"[Interface]\n"
		"PrivateKeyFile = credential:own\n"
		"\n[Peer]\n"
		"PublicKey = " KEY_22 "\n"
		"PresharedKeyFile = /etc/psk\n"
		"Endpoint = [2001:db8::1]:7\n"
		"PersistentKeepalive = 25\n"
		"\n[Peer]\n"
		"Name = bob\n"
		"PublicKey = " KEY_44 "\n");
	/* To wg it is as if there were none of it. */
	expect(snapshot, NULL,
		"[Interface]\n"
		"PrivateKey = " KEY_11 "\n"
		"\n[Peer]\n"
		"PublicKey = " KEY_22 "\n"
		"PresharedKey = " KEY_33 "\n"
		"Endpoint = [2001:db8::1]:7\n"
		"PersistentKeepalive = 25\n"
		"\n[Peer]\n"
		"PublicKey = " KEY_44 "\n");
	mv_snapshot_destroy(snapshot);
}

Test(showconf, what_only_a_file_knows)
{
	struct mv_snapshot *snapshot = make_example();
	const struct mv_showconf_extra extra = {.interface_lines = "Address = 10.0.0.1/8\n"};

	expect(snapshot, &extra,
		"[Interface]\n"
		"Address = 10.0.0.1/8\n"
		"ListenPort = 51820\n"
		"FwMark = 0xca6c\n"
		"PrivateKey = " KEY_11 "\n"
		"\n[Peer]\n"
		"PublicKey = " KEY_22 "\n"
		"PresharedKey = " KEY_33 "\n"
		"AllowedIPs = 10.0.0.0/8, fd00::/8\n"
		"Endpoint = [2001:db8::1]:7\n"
		"PersistentKeepalive = 25\n"
		"\n[Peer]\n"
		"PublicKey = " KEY_44 "\n");
	mv_snapshot_destroy(snapshot);
}

static void expect_saved(
	struct mv_snapshot *snapshot, const char *endpoints, bool is_peer_file, const char *lines)
{
	const struct mv_showconf_extra extra = {.is_peer_file = is_peer_file};
	char expected[1024];

	snapshot->peers[0].endpoints = strdup(endpoints);
	snprintf(expected, sizeof(expected),
		"[Interface]\nPrivateKey = " KEY_11 "\n\n[Peer]\nPublicKey = " KEY_22
		"\nPresharedKey = " KEY_33
		"\n%sPersistentKeepalive = 25\n\n[Peer]\nPublicKey = " KEY_44 "\n",
		lines);
	expect(snapshot, &extra, expected);
	free(snapshot->peers[0].endpoints);
	snapshot->peers[0].endpoints = NULL;
}

/* A peer file keeps what the device was told; wg gets the address where the peer is. */
Test(showconf, lists_of_endpoints)
{
	struct mv_snapshot *snapshot = make_example();

	snapshot->fwmark = snapshot->listen_port = 0;
	snapshot->peers[0].prefix_count = 0;
	expect_saved(snapshot, "192.0.2.1:1, b.example:2 every 60", true,
		"Endpoint = 192.0.2.1:1, b.example:2\nResolveInterval = 60\n");
	expect_saved(snapshot, "b.example:2", true, "Endpoint = b.example:2\n");
	expect_saved(snapshot, "192.0.2.1:1", true, "Endpoint = [2001:db8::1]:7\n");
	expect_saved(snapshot, "192.0.2.1:1, b.example:2", false, "Endpoint = [2001:db8::1]:7\n");
	mv_snapshot_destroy(snapshot);
}

/* Of the peer of 0x22 alone. */
static bool find_networks(void *ctx, const struct mv_snapshot *snapshot,
	const struct mv_peer_snapshot *peer, struct mv_showconf_networks *networks)
{
	static const struct mv_prefix all = {{MV_FAMILY_IPV4, {0}}, 0};
	const struct mv_prefix *written = ctx;

	cr_expect_eq(snapshot->peer_count, 2);
	*networks = (struct mv_showconf_networks){
		.allowed = written, .allowed_count = 4, .excluded = &all, .excluded_count = 1};
	return peer->public_key[0] == 0x22;
}

Test(showconf, networks_as_a_file_has_them)
{
	struct mv_snapshot *snapshot = make_example();
	struct mv_prefix written[] = {{{MV_FAMILY_IPV4, {9}}, 8}, {{MV_FAMILY_IPV4, {9}}, 8},
		{{MV_FAMILY_IPV6, {0xfe}}, 8}, {{MV_FAMILY_IPV6, {0xfe}}, 8}};
	const struct mv_showconf_extra extra = {.networks = find_networks, .ctx = written};

	snapshot->peers[1].prefix_count = 1;
	expect(snapshot, &extra,
		"[Interface]\n"
		"ListenPort = 51820\n"
		"FwMark = 0xca6c\n"
		"PrivateKey = " KEY_11 "\n"
		"\n[Peer]\n"
		"PublicKey = " KEY_22 "\n"
		"PresharedKey = " KEY_33 "\n"
		"AllowedIPs = 9.0.0.0/8, fe00::/8\n"
		"ExcludedIPs = 0.0.0.0/0\n"
		"Endpoint = [2001:db8::1]:7\n"
		"PersistentKeepalive = 25\n"
		"\n[Peer]\n"
		"PublicKey = " KEY_44 "\n"
		"AllowedIPs = 10.0.0.0/8\n");
	mv_snapshot_destroy(snapshot);
}
