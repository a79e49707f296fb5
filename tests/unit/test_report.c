#include "control/report.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW UINT64_C(1800000000)

/* The base64 of 32 bytes of 0x11 and so on. */
#define KEY_11 "ERERERERERERERERERERERERERERERERERERERERERE="
#define KEY_22 "IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI="
#define KEY_33 "MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM="

static struct mv_snapshot *snapshot;

static void setup(void)
{
	cr_assert_geq(sodium_init(), 0);
	cr_assert_eq(mv_snapshot_create(&snapshot, 3, 3), 0);
}

static void teardown(void)
{
	mv_snapshot_destroy(snapshot);
}

TestSuite(report, .init = setup, .fini = teardown);

static struct mv_peer_snapshot *add_peer(uint8_t byte)
{
	struct mv_peer_snapshot *peer = &snapshot->peers[snapshot->peer_count++];

	memset(peer->public_key, byte, MV_KEY_LEN);
	peer->first_prefix = snapshot->prefix_count;
	return peer;
}

static void add_prefix(struct mv_peer_snapshot *peer, struct mv_prefix prefix)
{
	snapshot->prefixes[snapshot->prefix_count++] = prefix;
	peer->prefix_count++;
}

static void fill_full_peer(void)
{
	struct mv_peer_snapshot *peer = add_peer(0x22);

	peer->preshared_key_hidden = true;
	peer->endpoint = (struct mv_endpoint){
		.ip = {MV_FAMILY_IPV6, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}}, .port = 51821};
	add_prefix(peer, (struct mv_prefix){{MV_FAMILY_IPV4, {10, 0, 0, 0}}, 24});
	add_prefix(peer, (struct mv_prefix){{MV_FAMILY_IPV6, {0xfd}}, 8});
	peer->last_handshake_s = NOW - 63;
	peer->rx_bytes = 1229;
	peer->tx_bytes = 540;
	peer->persistent_keepalive_s = 25;
	peer->drops = 12;
	peer->last_drop = MV_DROP_BAD_TAG;
	peer->last_drop_s = NOW - 3;
}

static void expect_report(bool color, const char *expected)
{
	char *text = mv_report_text("tun0", snapshot, NOW, color);

	cr_expect_str_eq(text, expected);
	free(text);
}

Test(report, an_empty_device_is_one_line)
{
	expect_report(false, "interface: tun0\n");
}

Test(report, everything_in_its_order)
{
	memset(snapshot->public_key, 0x11, MV_KEY_LEN);
	snapshot->listen_port = 51820;
	snapshot->mtu = 1420;
	snapshot->aead = "libsodium";
	snapshot->offloads[MV_OFFLOAD_TCP] = snapshot->offloads[MV_OFFLOAD_GRO] = true;
	snapshot->drops[MV_DROP_NO_ROUTE] = 1;
	snapshot->drops[MV_DROP_BAD_TAG] = 12;
	fill_full_peer();
	expect_report(false,
		"interface: tun0\n"
		"  public key: " KEY_11 "\n"
		"  private key: (hidden)\n"
		"  listening port: 51820\n"
		"  mtu: 1420\n"
		"  aead: libsodium\n"
		"  offload: tcp, gro\n"
		"  dropped: 1 packet, no-route: no peer has the destination in its allowed IPs\n"
		"  dropped: 12 packets, bad-tag: the authentication tag is wrong\n"
		"\n"
		"peer: " KEY_22 "\n"
		"  preshared key: (hidden)\n"
		"  endpoint: [2001:db8::1]:51821\n"
		"  allowed ips: 10.0.0.0/24, fd00::/8\n"
		"  latest handshake: 1 minute, 3 seconds ago\n"
		"  transfer: 1.20 KiB received, 540 B sent\n"
		"  persistent keepalive: every 25 seconds\n"
		"  dropped: 12 packets, last: the authentication tag is wrong, 3 seconds ago\n");
}

Test(report, colors_are_those_of_wg_show)
{
	memset(snapshot->public_key, 0x11, MV_KEY_LEN);
	fill_full_peer();
	expect_report(true,
		"\x1b[0m\x1b[32m\x1b[1minterface\x1b[0m: \x1b[32mtun0\x1b[0m\n"
		"  \x1b[1mpublic key\x1b[0m: " KEY_11 "\n"
		"  \x1b[1mprivate key\x1b[0m: (hidden)\n"
		"\n"
		"\x1b[33m\x1b[1mpeer\x1b[0m: \x1b[33m" KEY_22 "\x1b[0m\n"
		"  \x1b[1mpreshared key\x1b[0m: (hidden)\n"
		"  \x1b[1mendpoint\x1b[0m: [2001:db8::1]:51821\n"
		"  \x1b[1mallowed ips\x1b[0m: 10.0.0.0\x1b[36m/\x1b[0m24, fd00::\x1b[36m/\x1b[0m8\n"
		"  \x1b[1mlatest handshake\x1b[0m: 1 \x1b[36mminute\x1b[0m, "
		"3 \x1b[36mseconds\x1b[0m ago\n"
		"  \x1b[1mtransfer\x1b[0m: 1.20 \x1b[36mKiB\x1b[0m received, "
		"540 \x1b[36mB\x1b[0m sent\n"
		"  \x1b[1mpersistent keepalive\x1b[0m: every 25 \x1b[36mseconds\x1b[0m\n"
		"  \x1b[1mdropped\x1b[0m: 12 packets, last: the authentication tag is wrong, "
		"3 \x1b[36mseconds\x1b[0m ago\n");
}

Test(report, a_peer_that_has_nothing)
{
	add_peer(0x22);
	expect_report(false, "interface: tun0\n"
			     "\n"
			     "peer: " KEY_22 "\n"
			     "  allowed ips: (none)\n");
}

Test(report, a_peer_with_a_name)
{
	struct mv_peer_snapshot *peer = add_peer(0x22);

	snprintf(peer->name, sizeof(peer->name), "alice");
	peer->preshared_key_file = strdup("/etc/minivpn/alice.psk");
	expect_report(false, "interface: tun0\n"
			     "\n"
			     "peer: alice\n"
			     "  public key: " KEY_22 "\n"
			     "  preshared key file: /etc/minivpn/alice.psk\n"
			     "  allowed ips: (none)\n");
}

Test(report, one_peer_alone)
{
	memset(snapshot->public_key, 0x11, MV_KEY_LEN);
	fill_full_peer();
	struct mv_peer_snapshot *peer = add_peer(0x33);
	snprintf(peer->name, sizeof(peer->name), "bob");
	add_prefix(peer, (struct mv_prefix){{MV_FAMILY_IPV4, {10, 2, 0, 0}}, 16});

	char *text = mv_report_peer_text(snapshot, peer, NOW, false);
	cr_expect_str_eq(text, "peer: bob\n"
			       "  public key: " KEY_33 "\n"
			       "  allowed ips: 10.2.0.0/16\n");
	free(text);
}

Test(report, lists_of_endpoints)
{
	struct mv_peer_snapshot *peer = add_peer(0x22);

	peer->endpoint = (struct mv_endpoint){{MV_FAMILY_IPV4, {192, 0, 2, 7}}, .port = 2};
	peer->endpoints = strdup("192.0.2.1:1, b.example:2 every 300");
	peer->endpoint_entry = 2;
	peer->endpoints_trouble = strdup("b.example:2: timed out");
	expect_report(false, "interface: tun0\n"
			     "\n"
			     "peer: " KEY_22 "\n"
			     "  endpoint: 192.0.2.7:2\n"
			     "  endpoints: 192.0.2.1:1, b.example:2 (in use); resolved again every "
			     "300 seconds\n"
			     "  not resolved: b.example:2: timed out\n"
			     "  allowed ips: (none)\n");
}

/* The endpoint says it all. */
Test(report, a_list_of_one_address)
{
	struct mv_peer_snapshot *peer = add_peer(0x22);

	peer->endpoints = strdup("192.0.2.1:1");
	expect_report(false, "interface: tun0\n"
			     "\n"
			     "peer: " KEY_22 "\n"
			     "  allowed ips: (none)\n");
}

Test(report, a_name_that_is_being_resolved)
{
	struct mv_peer_snapshot *peer = add_peer(0x22);

	peer->endpoint_pending = true;
	expect_report(false, "interface: tun0\n"
			     "\n"
			     "peer: " KEY_22 "\n"
			     "  endpoint: (name is being resolved)\n"
			     "  allowed ips: (none)\n");

	/* While it is resolved anew, the address in use is what counts. */
	peer->endpoint = (struct mv_endpoint){.ip = {MV_FAMILY_IPV4, {192, 0, 2, 1}}, .port = 7};
	expect_report(false, "interface: tun0\n"
			     "\n"
			     "peer: " KEY_22 "\n"
			     "  endpoint: 192.0.2.1:7\n"
			     "  allowed ips: (none)\n");
}

Test(report, newest_handshake_first_and_never_last)
{
	add_peer(0x11);
	add_peer(0x22)->last_handshake_s = NOW - 10;
	add_peer(0x33)->last_handshake_s = NOW - 10;
	snapshot->peers[2].last_handshake_ns = 1;
	expect_report(false, "interface: tun0\n"
			     "\n"
			     "peer: " KEY_33 "\n"
			     "  allowed ips: (none)\n"
			     "  latest handshake: 10 seconds ago\n"
			     "\n"
			     "peer: " KEY_22 "\n"
			     "  allowed ips: (none)\n"
			     "  latest handshake: 10 seconds ago\n"
			     "\n"
			     "peer: " KEY_11 "\n"
			     "  allowed ips: (none)\n");
}

/* Looks for one whole line of the report. */
static void expect_line(const char *line)
{
	char *text = mv_report_text("tun0", snapshot, NOW, false);
	const char *found;

	cr_assert_not_null(text);
	found = strstr(text, line);
	cr_expect(found != NULL && found[-1] == '\n' && found[strlen(line)] == '\n', "%s\nin\n%s",
		line, text);
	free(text);
}

Test(report, times_leave_out_what_is_zero)
{
	static const struct {
		uint64_t ago_s;
		const char *text;
	} cases[] = {
		{0, "Now"},
		{1, "1 second ago"},
		{59, "59 seconds ago"},
		{60, "1 minute ago"},
		{121, "2 minutes, 1 second ago"},
		{3600, "1 hour ago"},
		{7202, "2 hours, 2 seconds ago"},
		{86400, "1 day ago"},
		{UINT64_C(183845), "2 days, 3 hours, 4 minutes, 5 seconds ago"},
		{UINT64_C(364) * 86400, "364 days ago"},
		{UINT64_C(365) * 86400, "1 year ago"},
		{UINT64_C(730) * 86400 + 1, "2 years, 1 second ago"},
		{(uint64_t)-1, "(System clock wound backward; connection problems may ensue.)"},
	};
	struct mv_peer_snapshot *peer = add_peer(0x22);
	char line[128];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		peer->last_handshake_s = NOW - cases[i].ago_s;
		snprintf(line, sizeof line, "  latest handshake: %s", cases[i].text);
		expect_line(line);
	}
}

Test(report, sizes_in_powers_of_1024)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0 B"},
		{1023, "1023 B"},
		{1024, "1.00 KiB"},
		{1536, "1.50 KiB"},
		{1048575, "1024.00 KiB"},
		{1048576, "1.00 MiB"},
		{UINT64_C(1) << 30, "1.00 GiB"},
		{UINT64_C(5) << 39, "2.50 TiB"},
		{UINT64_C(1) << 52, "4096.00 TiB"},
	};
	struct mv_peer_snapshot *peer = add_peer(0x22);
	char line[128];

	peer->rx_bytes = 1;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		peer->tx_bytes = cases[i].bytes;
		snprintf(line, sizeof line, "  transfer: 1 B received, %s sent", cases[i].text);
		expect_line(line);
	}
}

Test(report, keepalive_is_a_duration)
{
	struct mv_peer_snapshot *peer = add_peer(0x22);

	peer->persistent_keepalive_s = 1;
	expect_line("  persistent keepalive: every 1 second");
	peer->persistent_keepalive_s = 65535;
	expect_line("  persistent keepalive: every 18 hours, 12 minutes, 15 seconds");
}

Test(report, a_drop_of_unknown_reason_is_still_counted)
{
	add_peer(0x22)->drops = 1;
	expect_line("  dropped: 1 packet");
}

Test(report, handshakes_without_an_answer_or_a_confirmation)
{
	struct mv_peer_snapshot *peer = add_peer(0x22);

	peer->unanswered = 1;
	peer->unconfirmed = 1;
	expect_report(false, "interface: tun0\n\npeer: " KEY_22 "\n  allowed ips: (none)\n");

	peer->unanswered = 19;
	peer->unanswered_since_s = NOW - 99;
	peer->unconfirmed = 2;
	expect_report(false,
		"interface: tun0\n\npeer: " KEY_22 "\n  allowed ips: (none)\n"
		"  no answer: to 19 handshakes since 1 minute, 39 seconds ago: is the peer up, its "
		"UDP port open, this its public key, and does it know ours?\n"
		"  not confirmed: 2 handshakes of the peer were answered, and it used none: is "
		"PresharedKey the same on both sides, and do our answers reach it?\n");
}

/* What a clock of 1970 has to do with it, people do not find by themselves. */
Test(report, no_answer_and_a_clock_that_cannot_be_right)
{
	struct mv_peer_snapshot *peer = add_peer(0x22);

	peer->unanswered = 3;
	peer->unanswered_since_s = 60;
	char *text = mv_report_text("tun0", snapshot, 100, false);
	cr_assert(text);
	cr_expect(strstr(text, "clock: this machine's clock is behind"), "%s", text);
	free(text);

	peer->unanswered = 0;
	text = mv_report_text("tun0", snapshot, 100, false);
	cr_assert(text);
	cr_expect_not(strstr(text, "clock"), "there is no trouble yet: %s", text);
	free(text);
}
