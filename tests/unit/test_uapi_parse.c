#include <criterion/criterion.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/uapi.h"

#define HEX_11 "1111111111111111111111111111111111111111111111111111111111111111"
#define HEX_0  "0000000000000000000000000000000000000000000000000000000000000000"

static void setup(void)
{
	cr_assert_geq(sodium_init(), 0);
}

TestSuite(uapi_parse, .init = setup);

/* Random snapshots, the same ones in every run. */

static void fill_random(void *bytes, size_t len)
{
	static uint8_t seed[randombytes_SEEDBYTES];

	sodium_increment(seed, sizeof seed);
	randombytes_buf_deterministic(bytes, len, seed);
}

static uint32_t draw(void)
{
	uint32_t number;

	fill_random(&number, sizeof number);
	return number;
}

static bool toss(void)
{
	return draw() % 2 == 0;
}

static struct mv_ip random_ip(void)
{
	struct mv_ip ip = {.family = toss() ? MV_FAMILY_IPV4 : MV_FAMILY_IPV6};

	fill_random(ip.bytes, mv_ip_width(&ip) / 8);
	return ip;
}

static struct mv_prefix random_prefix(void)
{
	struct mv_prefix prefix = {.ip = random_ip()};

	prefix.bits = (uint8_t)(draw() % (mv_ip_width(&prefix.ip) + 1));
	mv_prefix_mask(&prefix);
	return prefix;
}

static struct mv_endpoint random_endpoint(void)
{
	struct mv_endpoint endpoint = {.ip = random_ip(), .port = (uint16_t)(draw() | 1)};

	if (endpoint.ip.family == MV_FAMILY_IPV6 && toss()) {
		endpoint.ip.bytes[0] = 0xfe;
		endpoint.ip.bytes[1] = 0x80;
		endpoint.scope_id = draw();
	}
	return endpoint;
}

static void fill_peer(struct mv_peer_snapshot *peer)
{
	fill_random(peer->public_key, MV_KEY_LEN);
	if (toss()) {
		fill_random(peer->preshared_key, MV_KEY_LEN);
	}
	if (toss()) {
		snprintf(peer->name, sizeof(peer->name), "peer %u", draw());
		peer->preshared_key_file = strdup("/etc/minivpn/my psk=1");
	}
	if (toss()) {
		peer->endpoint = random_endpoint();
	} else {
		peer->endpoint_pending = toss();
	}
	if (toss()) {
		fill_random(&peer->last_handshake_s, sizeof peer->last_handshake_s);
		peer->last_handshake_ns = draw() % 1000000000;
	}
	fill_random(&peer->tx_bytes, sizeof peer->tx_bytes);
	fill_random(&peer->rx_bytes, sizeof peer->rx_bytes);
	peer->persistent_keepalive_s = (uint16_t)draw();
	if (toss()) {
		peer->drops = draw() + 1;
		peer->last_drop = (enum mv_drop)(1 + draw() % (MV_DROP_COUNT - 1));
		peer->last_drop_s = draw();
	}
}

static struct mv_snapshot *make_random(size_t peers, size_t prefixes)
{
	struct mv_snapshot *snapshot = NULL;

	if (mv_snapshot_create(&snapshot, peers, prefixes) < 0) {
		abort();
	}
	if (toss()) {
		fill_random(snapshot->private_key, MV_KEY_LEN);
		mv_x25519_public(snapshot->public_key, snapshot->private_key);
	}
	snapshot->listen_port = (uint16_t)draw();
	snapshot->mtu = (uint16_t)draw();
	for (size_t i = 0; i < MV_OFFLOAD_COUNT; i++) {
		snapshot->offloads[i] = draw() % 2;
	}
	snapshot->aead = draw() % 2 ? "libsodium" : NULL;
	for (unsigned drop = 1; drop < MV_DROP_COUNT; drop++) {
		snapshot->drops[drop] = toss() ? draw() : 0;
	}
	for (; snapshot->peer_count < peers; snapshot->peer_count++) {
		struct mv_peer_snapshot *peer = &snapshot->peers[snapshot->peer_count];

		fill_peer(peer);
		peer->first_prefix = snapshot->prefix_count;
		while (snapshot->prefix_count < prefixes && draw() % 4 != 0) {
			snapshot->prefixes[snapshot->prefix_count++] = random_prefix();
			peer->prefix_count++;
		}
	}
	return snapshot;
}

static void expect_same_peer(const struct mv_peer_snapshot *a, const struct mv_peer_snapshot *b)
{
	cr_expect_arr_eq(a->public_key, b->public_key, MV_KEY_LEN);
	cr_expect(mv_endpoint_equal(&a->endpoint, &b->endpoint));
	cr_expect_eq(a->last_handshake_s, b->last_handshake_s);
	cr_expect_eq(a->last_handshake_ns, b->last_handshake_ns);
	cr_expect_eq(a->tx_bytes, b->tx_bytes);
	cr_expect_eq(a->rx_bytes, b->rx_bytes);
	cr_expect_eq(a->persistent_keepalive_s, b->persistent_keepalive_s);
	cr_expect_eq(a->first_prefix, b->first_prefix);
	cr_expect_eq(a->prefix_count, b->prefix_count);
	cr_expect_eq(mv_peer_snapshot_has_preshared_key(a), mv_peer_snapshot_has_preshared_key(b));
}

static void expect_same(const struct mv_snapshot *a, const struct mv_snapshot *b)
{
	cr_expect_arr_eq(a->public_key, b->public_key, MV_KEY_LEN);
	cr_expect_eq(a->listen_port, b->listen_port);
	cr_assert_eq(a->peer_count, b->peer_count);
	cr_assert_eq(a->prefix_count, b->prefix_count);
	for (size_t i = 0; i < a->peer_count; i++) {
		expect_same_peer(&a->peers[i], &b->peers[i]);
	}
	for (size_t i = 0; i < a->prefix_count; i++) {
		cr_expect(mv_prefix_equal(&a->prefixes[i], &b->prefixes[i]));
	}
}

typedef char *print_fn(const struct mv_snapshot *snapshot, size_t *len);

static struct mv_snapshot *print_and_parse(print_fn *print, const struct mv_snapshot *snapshot)
{
	struct mv_snapshot *read = NULL;
	size_t len = 0;
	char *text = print(snapshot, &len);
	int error = mv_uapi_parse(&read, text, len);

	cr_assert_eq(error, 0, "%d\n%s", error, text);
	mv_uapi_free(text);
	return read;
}

Test(uapi_parse, get_is_read_back_as_it_was)
{
	for (size_t round = 0; round < 300; round++) {
		struct mv_snapshot *snapshot = make_random(round % 5, round % 20);
		struct mv_snapshot *read = print_and_parse(mv_uapi_print_get, snapshot);

		expect_same(snapshot, read);
		cr_expect_arr_eq(snapshot->private_key, read->private_key, MV_KEY_LEN);
		for (size_t i = 0; i < read->peer_count; i++) {
			cr_expect_arr_eq(snapshot->peers[i].preshared_key,
				read->peers[i].preshared_key, MV_KEY_LEN);
		}
		mv_snapshot_destroy(read);
		mv_snapshot_destroy(snapshot);
	}
}

static void expect_status_of_peer(
	const struct mv_peer_snapshot *peer, const struct mv_peer_snapshot *read)
{
	cr_expect(sodium_is_zero(read->preshared_key, MV_KEY_LEN));
	cr_expect_str_eq(peer->name, read->name);
	cr_assert_eq(peer->preshared_key_file != NULL, read->preshared_key_file != NULL);
	if (peer->preshared_key_file) {
		cr_expect_str_eq(peer->preshared_key_file, read->preshared_key_file);
	}
	cr_expect_eq(peer->endpoint_pending, read->endpoint_pending);
	cr_expect_eq(peer->drops, read->drops);
	cr_expect_eq(peer->last_drop, read->last_drop);
	cr_expect_eq(peer->last_drop_s, read->last_drop_s);
}

Test(uapi_parse, status_is_read_back_without_the_secrets)
{
	for (size_t round = 0; round < 300; round++) {
		struct mv_snapshot *snapshot = make_random(round % 5, round % 20);
		struct mv_snapshot *read = print_and_parse(mv_uapi_print_status, snapshot);

		expect_same(snapshot, read);
		cr_expect(sodium_is_zero(read->private_key, MV_KEY_LEN));
		cr_expect_eq(snapshot->mtu, read->mtu);
		cr_expect_eq(snapshot->aead != NULL, read->aead != NULL);
		cr_expect_arr_eq(snapshot->offloads, read->offloads, sizeof(read->offloads));
		cr_expect_arr_eq(snapshot->drops, read->drops, sizeof read->drops);
		for (size_t i = 0; i < read->peer_count; i++) {
			expect_status_of_peer(&snapshot->peers[i], &read->peers[i]);
		}
		mv_snapshot_destroy(read);
		mv_snapshot_destroy(snapshot);
	}
}

Test(uapi_parse, many_prefixes_make_a_long_reply)
{
	const size_t count = 130560;
	struct mv_snapshot *snapshot = NULL, *read;

	cr_assert_eq(mv_snapshot_create(&snapshot, 1, count), 0);
	for (size_t i = 0; i < count; i++) {
		snapshot->prefixes[i] = (struct mv_prefix){
			{MV_FAMILY_IPV4, {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}},
			32};
	}
	snapshot->prefix_count = snapshot->peers[0].prefix_count = count;
	snapshot->peer_count = 1;
	read = print_and_parse(mv_uapi_print_get, snapshot);
	cr_assert_eq(read->prefix_count, count);
	cr_assert_arr_eq(read->prefixes, snapshot->prefixes, count * sizeof *read->prefixes);
	mv_snapshot_destroy(read);
	mv_snapshot_destroy(snapshot);
}

/* The text stands in memory of just its length, so that a sanitizer sees every look behind it. */
static int parse_bytes(const char *text, size_t len)
{
	struct mv_snapshot *snapshot = NULL;
	char *copy = malloc(len > 0 ? len : 1);
	int error;

	if (copy == NULL) {
		abort();
	}
	memcpy(copy, text, len);
	error = mv_uapi_parse(&snapshot, copy, len);
	free(copy);
	cr_expect_eq(error == 0, snapshot != NULL);
	mv_snapshot_destroy(snapshot);
	return error;
}

static int parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

Test(uapi_parse, unknown_keys_are_skipped)
{
	cr_expect_eq(parse("colour=blue\nfwmark=1\ndrop.new-reason=4\nx==\nerrno=0\n\n"), 0);
	cr_expect_eq(
		parse("public_key=" HEX_11 "\nshoe_size=x\nlast_drop=new-reason\nerrno=0\n\n"), 0);
}

Test(uapi_parse, a_device_without_private_key_has_no_public_one)
{
	static const char text[] = "private_key=" HEX_0 "\nerrno=0\n\n";
	struct mv_snapshot *snapshot = NULL;

	cr_assert_eq(mv_uapi_parse(&snapshot, text, sizeof text - 1), 0);
	cr_expect(sodium_is_zero(snapshot->public_key, MV_KEY_LEN));
	mv_snapshot_destroy(snapshot);
}

Test(uapi_parse, the_error_of_a_reply_is_handed_on)
{
	cr_expect_eq(parse("errno=22\n\n"), -EINVAL);
	cr_expect_eq(parse("errno=-95\n\n"), -EOPNOTSUPP);
	cr_expect_eq(parse("listen_port=5\nerrno=12\n\n"), -ENOMEM);
}

Test(uapi_parse, what_is_no_reply_is_a_protocol_error)
{
	static const char *const texts[] = {
		"",
		"\n",
		"\n\n",
		"errno=0",
		"errno=0\n",
		"errno=\n\n",
		"errno=x\n\n",
		"errno=--1\n\n",
		"errno=99999999999999999999\n\n",
		"listen_port=5\n\n",
		"listen_port=5\n\nerrno=0\n\n",
		"errno=0\n\nlisten_port=5\n",
		"listen_port\nerrno=0\n\n",
		"listen_port=65536\nerrno=0\n\n",
		"listen_port= 5\nerrno=0\n\n",
		"listen_port=5\r\nerrno=0\n\n",
		"mtu=-1\nerrno=0\n\n",
		"drop.no-route=many\nerrno=0\n\n",
		"private_key=11\nerrno=0\n\n",
		"private_key=g" HEX_11 "\nerrno=0\n\n",
		"public_key=\nerrno=0\n\n",
		"tx_bytes=5\nerrno=0\n\n",
		"allowed_ip=10.0.0.0/8\nerrno=0\n\n",
		"public_key=" HEX_11 "\nallowed_ip=10.0.0.0/33\nerrno=0\n\n",
		"public_key=" HEX_11 "\nallowed_ip=ten/8\nerrno=0\n\n",
		"public_key=" HEX_11 "\nendpoint=example.org:5\nerrno=0\n\n",
		"public_key=" HEX_11 "\nrx_bytes=18446744073709551616\nerrno=0\n\n",
		"public_key=" HEX_11 "\npreshared_key=" HEX_11 "1\nerrno=0\n\n",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		cr_expect_eq(parse(texts[i]), -EPROTO, "%s", texts[i]);
	}
	cr_expect_eq(parse("errno=0\n\n"), 0);
}

Test(uapi_parse, a_nul_is_a_protocol_error)
{
	static const char text[] = "listen_port=5\0\nerrno=0\n\n";

	cr_expect_eq(parse_bytes(text, sizeof text - 1), -EPROTO);
}

Test(uapi_parse, every_truncation_is_a_protocol_error)
{
	struct mv_snapshot *snapshot;
	size_t len = 0;
	char *text;

	snapshot = make_random(3, 10);
	text = mv_uapi_print_status(snapshot, &len);
	for (size_t cut = 0; cut < len; cut++) {
		cr_expect_eq(parse_bytes(text, cut), -EPROTO, "%zu", cut);
	}
	cr_expect_eq(parse_bytes(text, len), 0);
	mv_uapi_free(text);
	mv_snapshot_destroy(snapshot);
}

/* One to eight bytes of each reply are replaced, half of them by what has a meaning. */
Test(uapi_parse, garbage_does_no_harm)
{
	struct mv_snapshot *snapshot;
	unsigned refused = 0;

	snapshot = make_random(3, 10);
	for (unsigned round = 0; round < 5000; round++) {
		size_t len = 0;
		char *text = mv_uapi_print_get(snapshot, &len);

		for (unsigned strikes = 1 + draw() % 8; strikes > 0; strikes--) {
			char *place = &text[draw() % len];

			if (toss()) {
				*place = "\n=%/.0f"[draw() % 7];
			} else {
				fill_random(place, 1);
			}
		}
		refused += parse_bytes(text, len) == -EPROTO;
		mv_uapi_free(text);
	}
	cr_expect_gt(refused, 1000);
	cr_expect_lt(refused, 5000);
	mv_snapshot_destroy(snapshot);
}
