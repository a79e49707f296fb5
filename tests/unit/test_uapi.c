#include "control/uapi.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define HEX_11 "1111111111111111111111111111111111111111111111111111111111111111"
#define HEX_22 "2222222222222222222222222222222222222222222222222222222222222222"
#define HEX_33 "3333333333333333333333333333333333333333333333333333333333333333"
#define HEX_44 "4444444444444444444444444444444444444444444444444444444444444444"
#define HEX_0  "0000000000000000000000000000000000000000000000000000000000000000"

static void setup(void)
{
	cr_assert_geq(sodium_init(), 0);
}

TestSuite(uapi, .init = setup);

/* Requests. */

static enum mv_uapi_request classify(const char *text, size_t *used)
{
	size_t seen = 0;

	*used = 0;
	return mv_uapi_classify(text, strlen(text), &seen, used);
}

Test(uapi, requests_are_told_apart)
{
	size_t used;

	cr_assert_eq(classify("get=1\n\n", &used), MV_UAPI_GET);
	cr_assert_eq(used, 7);
	cr_assert_eq(classify("status=1\n\n", &used), MV_UAPI_STATUS);
	cr_assert_eq(used, 10);
	cr_assert_eq(classify("set=1\n\n", &used), MV_UAPI_SET);
	cr_assert_eq(used, 7);
	cr_assert_eq(classify("set=1\nlisten_port=1\nreplace_peers=true\n\n", &used), MV_UAPI_SET);
	cr_assert_eq(used, 40);
}

Test(uapi, a_request_ends_at_its_own_empty_line)
{
	size_t used;

	cr_assert_eq(classify("get=1\n\nset=1\nlisten_port=1\n\n", &used), MV_UAPI_GET);
	cr_assert_eq(used, 7);
	cr_assert_eq(classify("set=1\nfwmark=0\n\nget=1\n\n", &used), MV_UAPI_SET);
	cr_assert_eq(used, 16);
}

Test(uapi, every_beginning_of_a_request_is_incomplete)
{
	static const char *const requests[] = {"get=1\n\n", "status=1\n\n", "set=1\na=b\n\n"};
	size_t used;

	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		size_t seen = 0;

		for (size_t len = 0; len < strlen(requests[i]); len++) {
			cr_assert_eq(mv_uapi_classify(requests[i], len, &seen, &used),
				MV_UAPI_INCOMPLETE, "%.*s", (int)len, requests[i]);
		}
	}
}

Test(uapi, the_end_is_found_where_the_pieces_meet)
{
	static const char text[] = "set=1\nfwmark=0\n\nget=1\n\n";
	size_t end = strlen("set=1\nfwmark=0\n\n");

	for (size_t first = 1; first < end; first++) {
		size_t seen = 0, used = 0;

		cr_assert_eq(mv_uapi_classify(text, first, &seen, &used), MV_UAPI_INCOMPLETE);
		cr_assert_eq(mv_uapi_classify(text, strlen(text), &seen, &used), MV_UAPI_SET);
		cr_expect_eq(used, end);
		cr_expect_eq(seen, 0);
	}
}

Test(uapi, what_can_become_no_request_is_unknown_at_once)
{
	static const char *const texts[] = {"x", "\n", "gex", "get=2", "get=1 ", "get=1\r\n",
		"status=0", "sets", "GET=1\n\n", "\n\n", "errno=0\n\n"};
	size_t used;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		cr_assert_eq(classify(texts[i], &used), MV_UAPI_UNKNOWN, "%s", texts[i]);
	}
}

Test(uapi, a_get_with_more_lines_is_bad)
{
	size_t used;

	cr_assert_eq(classify("get=1\nlisten_port=1\n\n", &used), MV_UAPI_BAD_REQUEST);
	cr_assert_eq(used, 21);
	cr_assert_eq(classify("status=1\nget=1\n\nget=1\n\n", &used), MV_UAPI_BAD_REQUEST);
	cr_assert_eq(used, 16);
}

/* Replies. */

static void fill_key(uint8_t key[static MV_KEY_LEN], uint8_t byte)
{
	memset(key, byte, MV_KEY_LEN);
}

/* Two peers: one that has everything, one that has nothing. */
static struct mv_snapshot *make_example(void)
{
	struct mv_snapshot *snapshot = NULL;
	struct mv_peer_snapshot *peer;

	if (mv_snapshot_create(&snapshot, 2, 2) < 0) {
		abort();
	}
	fill_key(snapshot->private_key, 0x11);
	fill_key(snapshot->public_key, 0x44);
	snapshot->listen_port = 51820;
	snapshot->fwmark = 0xca6c;
	snapshot->memory_bytes = 8000000;
	snapshot->mtu = 1420;
	snapshot->aead = "libsodium";
	snapshot->offloads[MV_OFFLOAD_UDP] = snapshot->offloads[MV_OFFLOAD_SEGMENT] = true;
	snapshot->drops[MV_DROP_NO_ROUTE] = 7;
	snapshot->drops[MV_DROP_BAD_TAG] = UINT64_MAX;
	snapshot->prefixes[0] = (struct mv_prefix){{MV_FAMILY_IPV4, {10, 0, 0, 0}}, 24};
	snapshot->prefixes[1] = (struct mv_prefix){{MV_FAMILY_IPV6, {0xfd}}, 8};
	snapshot->prefix_count = 2;
	peer = &snapshot->peers[0];
	fill_key(peer->public_key, 0x22);
	fill_key(peer->preshared_key, 0x33);
	peer->endpoint = (struct mv_endpoint){
		.ip = {MV_FAMILY_IPV6, {0xfe, 0x80, [15] = 1}}, .port = 1234, .scope_id = 9};
	peer->last_handshake_s = 1700000000;
	peer->last_handshake_ns = 999999999;
	peer->tx_bytes = 5;
	peer->rx_bytes = UINT64_MAX;
	peer->persistent_keepalive_s = 65535;
	peer->drops = 3;
	peer->last_drop = MV_DROP_REPLAYED;
	peer->last_drop_s = 1700000001;
	peer->prefix_count = 2;
	peer = &snapshot->peers[1];
	fill_key(peer->public_key, 0x44);
	peer->endpoint_pending = true;
	peer->first_prefix = 2;
	snapshot->peer_count = 2;
	return snapshot;
}

typedef char *print_fn(const struct mv_snapshot *snapshot, size_t *len);

static void expect_text(print_fn *print, const struct mv_snapshot *snapshot, const char *expected)
{
	size_t len = 0;
	char *text = print(snapshot, &len);

	cr_expect_str_eq(text, expected);
	cr_expect_eq(len, strlen(expected));
	mv_uapi_free(text);
}

Test(uapi, get_has_every_key_in_order)
{
	struct mv_snapshot *snapshot = make_example();

	expect_text(mv_uapi_print_get, snapshot,
		"private_key=" HEX_11 "\n"
		"listen_port=51820\n"
		"fwmark=51820\n"
		"public_key=" HEX_22 "\n"
		"preshared_key=" HEX_33 "\n"
		"protocol_version=1\n"
		"endpoint=[fe80::1%9]:1234\n"
		"last_handshake_time_sec=1700000000\n"
		"last_handshake_time_nsec=999999999\n"
		"tx_bytes=5\n"
		"rx_bytes=18446744073709551615\n"
		"persistent_keepalive_interval=65535\n"
		"allowed_ip=10.0.0.0/24\n"
		"allowed_ip=fd00::/8\n"
		"public_key=" HEX_44 "\n"
		"preshared_key=" HEX_0 "\n"
		"protocol_version=1\n"
		"last_handshake_time_sec=0\n"
		"last_handshake_time_nsec=0\n"
		"tx_bytes=0\n"
		"rx_bytes=0\n"
		"persistent_keepalive_interval=0\n"
		"errno=0\n"
		"\n");
	mv_snapshot_destroy(snapshot);
}

Test(uapi, status_tells_more_and_no_secret)
{
	struct mv_snapshot *snapshot = make_example();

	expect_text(mv_uapi_print_status, snapshot,
		"own_public_key=" HEX_44 "\n"
		"listen_port=51820\n"
		"fwmark=51820\n"
		"mtu=1420\n"
		"aead=libsodium\n"
		"memory_bytes=8000000\n"
		"offload=udp\n"
		"offload=segment\n"
		"drop.no-route=7\n"
		"drop.bad-tag=18446744073709551615\n"
		"public_key=" HEX_22 "\n"
		"has_preshared_key=1\n"
		"protocol_version=1\n"
		"endpoint=[fe80::1%9]:1234\n"
		"last_handshake_time_sec=1700000000\n"
		"last_handshake_time_nsec=999999999\n"
		"tx_bytes=5\n"
		"rx_bytes=18446744073709551615\n"
		"persistent_keepalive_interval=65535\n"
		"drops=3\n"
		"last_drop=replayed\n"
		"last_drop_sec=1700000001\n"
		"allowed_ip=10.0.0.0/24\n"
		"allowed_ip=fd00::/8\n"
		"public_key=" HEX_44 "\n"
		"protocol_version=1\n"
		"last_handshake_time_sec=0\n"
		"last_handshake_time_nsec=0\n"
		"tx_bytes=0\n"
		"rx_bytes=0\n"
		"persistent_keepalive_interval=0\n"
		"endpoint_pending=1\n"
		"errno=0\n"
		"\n");
	mv_snapshot_destroy(snapshot);
}

Test(uapi, an_empty_device_is_only_errno)
{
	struct mv_snapshot *snapshot = NULL;

	cr_assert_eq(mv_snapshot_create(&snapshot, 0, 0), 0);
	expect_text(mv_uapi_print_get, snapshot, "errno=0\n\n");
	expect_text(mv_uapi_print_status, snapshot, "errno=0\n\n");
	mv_snapshot_destroy(snapshot);
}

Test(uapi, errno_keeps_its_sign)
{
	size_t len = 0;
	char *text = mv_uapi_print_errno(-EOPNOTSUPP, &len);

	cr_expect_str_eq(text, "errno=-95\n\n");
	cr_expect_eq(len, 11);
	mv_uapi_free(text);
	text = mv_uapi_print_errno(EINVAL, &len);
	cr_expect_str_eq(text, "errno=22\n\n");
	mv_uapi_free(text);
	mv_uapi_free(NULL);
}
