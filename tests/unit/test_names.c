/*
 * edge/names and edge/where with a device that has a peer: what the lists of a change list come to.
 */
#include "edge/names.h"

#include <sodium.h>

#include "edge/clock.h"
#include "system_resolver.h"

static const uint8_t key[MV_KEY_LEN] = {9}, other_key[MV_KEY_LEN] = {5};
static uv_loop_t loop;
static struct mv_device *device;
static struct mv_names *names;

static void fill_random(void *ctx, void *out, size_t len)
{
	(void)ctx;
	randombytes_buf(out, len);
}

static void create(void)
{
	const struct mv_environment environment = {.random = fill_random};
	const struct mv_log log = {0};

	cr_assert(sodium_init() >= 0);
	cr_assert_eq(uv_loop_init(&loop), 0);
	cr_assert_eq(mv_device_create(&device, &environment), 0);
	cr_assert_eq(mv_names_create(&names, &loop, device, &log), 0);
	mv_names_start(names);
}

static void destroy(void)
{
	mv_names_close(names);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect_eq(uv_loop_close(&loop), 0);
	mv_device_destroy(device);
}

TestSuite(names, .init = create, .fini = destroy, .timeout = 20);

static struct mv_changes changes;

static void begin_peer(const uint8_t *public_key)
{
	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PEER, public_key), 0);
}

static void add_list(const char *text)
{
	cr_assert_eq(mv_changes_add_text(&changes, MV_CHANGE_ENDPOINTS, text), 0);
}

static void add(enum mv_change_kind kind)
{
	cr_assert_eq(mv_changes_add(&changes, kind), 0);
}

static void add_endpoint(const char *text)
{
	struct mv_endpoint endpoint;

	cr_assert(mv_endpoint_parse(&endpoint, text));
	cr_assert_eq(mv_changes_add_endpoint(&changes, MV_CHANGE_ENDPOINT, &endpoint), 0);
}

static void apply(void)
{
	cr_assert_eq(mv_names_apply(names, &changes), 0);
	mv_changes_uninit(&changes);
	run_loop_for(&loop, 50);
}

static void give(const char *text)
{
	begin_peer(key);
	add_list(text);
	apply();
}

/* The endpoint and the list of the first peer; NULL: none. */
static void expect(const char *endpoint, const char *list)
{
	char text[MV_ENDPOINT_TEXT_MAX];
	struct mv_snapshot *snapshot;

	cr_assert_eq(mv_device_snapshot(device, &snapshot), 0);
	mv_names_complete(names, snapshot);
	cr_assert_geq(snapshot->peer_count, 1);
	const struct mv_peer_snapshot *peer = &snapshot->peers[0];
	if (endpoint) {
		cr_expect_str_eq(mv_endpoint_print(text, &peer->endpoint), endpoint);
	} else {
		cr_expect_eq(peer->endpoint.ip.family, MV_FAMILY_NONE);
	}
	cr_expect_eq(peer->endpoints == NULL, list == NULL);
	if (peer->endpoints && list) {
		cr_expect_str_eq(peer->endpoints, list);
	}
	mv_snapshot_destroy(snapshot);
}

Test(names, an_address)
{
	give("192.0.2.1:7");
	expect("192.0.2.1:7", "192.0.2.1:7");
	give("192.0.2.2:7");
	expect("192.0.2.2:7", "192.0.2.2:7");
	cr_expect_eq(atomic_load(&asked), 0);
}

Test(names, the_first_of_a_list)
{
	give("192.0.2.1:7, 192.0.2.2:7");
	expect("192.0.2.1:7", "192.0.2.1:7, 192.0.2.2:7");
	/* In the new list it is the second, and stays. */
	give("192.0.2.3:7, 192.0.2.1:7");
	expect("192.0.2.1:7", "192.0.2.3:7, 192.0.2.1:7");
}

Test(names, a_name)
{
	atomic_store(&of_any, "192.0.2.8 192.0.2.9");
	give("b.test:7 every 60");
	expect("192.0.2.8:7", "b.test:7 every 60");
}

Test(names, a_name_behind_an_address_need_not_be_waited_for)
{
	atomic_store(&of_any, NULL);
	give("b.test:7, 192.0.2.1:7");
	expect("192.0.2.1:7", "b.test:7, 192.0.2.1:7");
}

Test(names, what_is_known_of_a_name_goes_into_the_next_list)
{
	atomic_store(&of_any, "192.0.2.8");
	give("b.test:7");
	expect("192.0.2.8:7", "b.test:7");
	atomic_store(&of_any, NULL);
	give("192.0.2.1:7, b.test:7");
	expect("192.0.2.8:7", "192.0.2.1:7, b.test:7");
	cr_expect_eq(atomic_load(&asked), 1);
}

/* Until all of it is known the old endpoint may be one of them. */
Test(names, a_new_list_is_moved_into_when_it_is_known)
{
	give("192.0.2.1:7");
	atomic_store(&of_any, "192.0.2.8");
	begin_peer(key);
	add_list("b.test:7");
	cr_assert_eq(mv_names_apply(names, &changes), 0);
	mv_changes_uninit(&changes);
	expect("192.0.2.1:7", "b.test:7");
	run_loop_for(&loop, 50);
	expect("192.0.2.8:7", "b.test:7");
}

/* A first answer that fails is none. */
Test(names, a_new_list_is_moved_into_when_there_is_something_in_it)
{
	give("192.0.2.1:7");
	atomic_store(&of_any, NULL);
	give("b.test:7");
	expect("192.0.2.1:7", "b.test:7");
	atomic_store(&of_any, "192.0.2.8");
	run_loop_for(&loop, 1500);
	expect("192.0.2.8:7", "b.test:7");
}

Test(names, trouble_is_told)
{
	struct mv_snapshot *snapshot;

	give("a.test:7, 192.0.2.1:7, b.test:8");
	cr_assert_eq(mv_device_snapshot(device, &snapshot), 0);
	mv_names_complete(names, snapshot);
	cr_expect_str_eq(snapshot->peers[0].endpoints_trouble,
		"a.test:7: unknown node or service; b.test:8: unknown node or service");
	cr_expect_eq(snapshot->peers[0].endpoint_entry, 2);
	mv_snapshot_destroy(snapshot);
}

Test(names, an_endpoint_takes_the_place_of_a_list)
{
	give("192.0.2.1:7, b.test:7");
	begin_peer(key);
	add_endpoint("192.0.2.9:9");
	apply();
	expect("192.0.2.9:9", NULL);
	atomic_store(&of_any, "192.0.2.8");
	run_loop_for(&loop, 1500);
	expect("192.0.2.9:9", NULL);
}

Test(names, the_last_word_counts)
{
	begin_peer(key);
	add_list("192.0.2.1:7");
	add_endpoint("192.0.2.9:9");
	apply();
	expect("192.0.2.9:9", NULL);
	begin_peer(key);
	add_endpoint("192.0.2.9:9");
	add_list("192.0.2.1:7");
	apply();
	expect("192.0.2.1:7", "192.0.2.1:7");
}

Test(names, no_list_any_more)
{
	give("192.0.2.1:7, 192.0.2.2:7");
	give("");
	expect(NULL, NULL);
}

Test(names, of_peers_that_go)
{
	give("192.0.2.1:7");
	begin_peer(key);
	add(MV_CHANGE_REMOVE);
	add_list("192.0.2.3:7");
	begin_peer(other_key);
	add(MV_CHANGE_UPDATE_ONLY);
	add_list("192.0.2.4:7");
	apply();
	/* Both come back without what was said of them. */
	begin_peer(key);
	apply();
	expect(NULL, NULL);

	give("192.0.2.1:7");
	add(MV_CHANGE_REPLACE_PEERS);
	begin_peer(other_key);
	add_list("192.0.2.5:7");
	apply();
	expect("192.0.2.5:7", "192.0.2.5:7");
}

static void set_private_key(const uint8_t *private_key)
{
	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY, private_key), 0);
}

/* It goes, and its list with it. */
Test(names, of_a_peer_that_became_the_device_itself)
{
	const uint8_t private_key[MV_KEY_LEN] = {7}, other_private_key[MV_KEY_LEN] = {8};
	uint8_t public_key[MV_KEY_LEN], clamped[MV_KEY_LEN];

	memcpy(clamped, private_key, MV_KEY_LEN);
	mv_x25519_clamp(clamped);
	mv_x25519_public(public_key, clamped);
	begin_peer(public_key);
	add_list("b.test:7");
	apply();
	expect(NULL, "b.test:7");
	set_private_key(private_key);
	apply();
	set_private_key(other_private_key);
	begin_peer(public_key);
	apply();
	expect(NULL, NULL);
	unsigned before = atomic_load(&asked);
	run_loop_for(&loop, 4000);
	cr_expect_eq(atomic_load(&asked), before);
}

Test(names, of_many_peers)
{
	uint8_t public_key[MV_KEY_LEN] = {1};
	struct mv_snapshot *snapshot;
	char text[64];

	for (unsigned i = 0; i < 200; i++) {
		public_key[7] = (uint8_t)(i * 91);
		snprintf(text, sizeof(text), "192.0.2.1:%u", i + 1);
		begin_peer(public_key);
		add_list(text);
	}
	apply();
	cr_assert_eq(mv_device_snapshot(device, &snapshot), 0);
	mv_names_complete(names, snapshot);
	cr_expect_eq(snapshot->peer_count, 200);
	for (size_t i = 0; i < snapshot->peer_count; i++) {
		char is[MV_ENDPOINT_TEXT_MAX];

		cr_expect_str_eq(snapshot->peers[i].endpoints,
			mv_endpoint_print(is, &snapshot->peers[i].endpoint));
	}
	mv_snapshot_destroy(snapshot);
}
