/*
 * Change lists against a device: what they alter, in which order, and what a change sets going.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "tunnel/device_state.h"
#include "world.h"

#define S MV_NS_PER_S

static struct world *world;
static struct mv_changes changes;

static void setup(void)
{
	world = world_create(3, NULL);
	mv_changes_init(&changes);
}

static void teardown(void)
{
	mv_changes_uninit(&changes);
	world_destroy(world);
}

TestSuite(apply, .init = setup, .fini = teardown);

static void add(enum mv_change_kind kind)
{
	cr_assert_eq(mv_changes_add(&changes, kind), 0);
}

static void add_key(enum mv_change_kind kind, const uint8_t *key)
{
	cr_assert_eq(mv_changes_add_key(&changes, kind, key), 0);
}

static void add_peer(size_t device)
{
	add_key(MV_CHANGE_PEER, world_public_key(world, device));
}

static void add_private_key(size_t device)
{
	add_key(MV_CHANGE_PRIVATE_KEY, world_private_key(world, device));
}

static void add_endpoint(enum mv_change_kind kind, size_t device)
{
	struct mv_endpoint endpoint = world_endpoint(device);

	cr_assert_eq(mv_changes_add_endpoint(&changes, kind, &endpoint), 0);
}

static void forget_endpoint(void)
{
	struct mv_endpoint nowhere = {0};

	cr_assert_eq(mv_changes_add_endpoint(&changes, MV_CHANGE_ENDPOINT, &nowhere), 0);
}

/* Whose address is not known yet. */
static void add_name(void)
{
	cr_assert_eq(mv_changes_add_text(&changes, MV_CHANGE_ENDPOINTS, "b.test:51820"), 0);
}

static void add_keepalive(uint16_t seconds)
{
	cr_assert_eq(mv_changes_add_keepalive(&changes, seconds), 0);
}

static void add_prefix(enum mv_change_kind kind, const char *text)
{
	struct mv_prefix prefix;

	cr_assert_eq(mv_prefix_parse(&prefix, text), MV_PREFIX_OK);
	cr_assert_eq(mv_changes_add_prefix(&changes, kind, &prefix), 0);
}

/* Carries out the list at device 0 and begins a new one. */
static void apply(void)
{
	cr_assert_eq(world_apply(world, 0, &changes), 0);
	mv_changes_uninit(&changes);
}

static size_t count_peers(void)
{
	struct mv_snapshot *snapshot = world_snapshot(world, 0);
	size_t count = snapshot->peer_count;

	mv_snapshot_destroy(snapshot);
	return count;
}

/* The allowed IPs that device 0 shows of a peer, in order, with a space behind each. */
static void expect_prefixes(size_t device, const char *expected)
{
	struct mv_snapshot *snapshot = world_snapshot(world, 0);
	struct mv_peer_snapshot peer = world_look(world, 0, device);
	char text[512] = "";
	size_t end = 0;

	for (size_t i = 0; i < peer.prefix_count; i++) {
		char one[MV_PREFIX_TEXT_MAX];

		mv_prefix_print(one, &snapshot->prefixes[peer.first_prefix + i]);
		end += (size_t)snprintf(text + end, sizeof text - end, "%s ", one);
	}
	mv_snapshot_destroy(snapshot);
	cr_expect_str_eq(text, expected);
}

static bool is_at(size_t device)
{
	struct mv_endpoint shown = world_look(world, 0, device).endpoint;
	struct mv_endpoint expected = world_endpoint(device);

	return mv_endpoint_equal(&shown, &expected);
}

static uint64_t initiations(void)
{
	return world_sent(world, 0, MV_MESSAGE_INITIATION);
}

static uint64_t data_messages(void)
{
	return world_sent(world, 0, MV_MESSAGE_DATA);
}

Test(apply, the_snapshot_shows_what_the_list_said)
{
	const uint8_t psk[MV_KEY_LEN] = {1, 2, 3};

	add_private_key(0);
	add_peer(1);
	add_key(MV_CHANGE_PRESHARED_KEY, psk);
	add_endpoint(MV_CHANGE_ENDPOINT, 1);
	add_keepalive(25);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.1.2.3/16");
	add_prefix(MV_CHANGE_ALLOWED_IP, "fd00::/8");
	add_prefix(MV_CHANGE_ALLOWED_IP, "0.0.0.0/0");
	add_peer(2);
	add_name();
	apply();

	struct mv_snapshot *snapshot = world_snapshot(world, 0);
	cr_assert_eq(snapshot->peer_count, 2);
	cr_expect_arr_eq(snapshot->private_key, world_private_key(world, 0), MV_KEY_LEN);
	cr_expect_arr_eq(snapshot->public_key, world_public_key(world, 0), MV_KEY_LEN);
	cr_expect_eq(snapshot->mtu, 1420);
	mv_snapshot_destroy(snapshot);

	struct mv_peer_snapshot first = world_look(world, 0, 1);
	cr_expect_arr_eq(first.preshared_key, psk, MV_KEY_LEN);
	cr_expect(is_at(1));
	cr_expect_not(first.endpoint_pending);
	cr_expect_eq(first.persistent_keepalive_s, 25);
	cr_expect_eq(first.last_handshake_s, 0);
	expect_prefixes(1, "10.1.0.0/16 fd00::/8 0.0.0.0/0 ");

	struct mv_peer_snapshot second = world_look(world, 0, 2);
	cr_expect(sodium_is_zero(second.preshared_key, MV_KEY_LEN));
	cr_expect_eq(second.endpoint.ip.family, MV_FAMILY_NONE);
	cr_expect(second.endpoint_pending);
	cr_expect_eq(second.persistent_keepalive_s, 0);
	expect_prefixes(2, "");
}

Test(apply, a_private_key_is_shown_clamped)
{
	uint8_t key[MV_KEY_LEN];

	memset(key, 0xff, sizeof key);
	add_key(MV_CHANGE_PRIVATE_KEY, key);
	apply();

	struct mv_snapshot *snapshot = world_snapshot(world, 0);
	cr_expect_eq(snapshot->private_key[0], 0xf8);
	cr_expect_eq(snapshot->private_key[31], 0x7f);
	mv_snapshot_destroy(snapshot);
}

Test(apply, update_only_creates_nothing)
{
	add_peer(1);
	add(MV_CHANGE_UPDATE_ONLY);
	add_keepalive(7);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.0.0.0/8");
	apply();
	cr_expect_eq(count_peers(), 0);

	add_peer(1);
	apply();
	add_peer(1);
	add(MV_CHANGE_UPDATE_ONLY);
	add_keepalive(9);
	apply();
	cr_expect_eq(count_peers(), 1);
	cr_expect_eq(world_look(world, 0, 1).persistent_keepalive_s, 9);
}

Test(apply, remove_takes_the_peer_and_what_follows_is_ignored)
{
	add_peer(1);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.0.0.2/32");
	add_peer(2);
	apply();
	cr_assert_eq(count_peers(), 2);

	add_peer(1);
	add(MV_CHANGE_REMOVE);
	add_keepalive(5);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.0.0.3/32");
	apply();
	cr_expect_eq(count_peers(), 1);
	cr_expect_null(world_peer(world, 0, 1));
	expect_prefixes(2, "");

	/* Its prefix went with it. */
	cr_expect_eq(mv_allowedips_nodes(world_device(world, 0)->allowed_ips), 0);
	world_set_up(world, 0, true);
	world_ping(world, 0, 1);
	cr_expect_eq(world_drops(world, 0, MV_DROP_NO_ROUTE), 1);
}

Test(apply, removing_an_unknown_peer_leaves_none_behind)
{
	add_peer(1);
	add(MV_CHANGE_REMOVE);
	apply();
	cr_expect_eq(count_peers(), 0);
}

Test(apply, replace_peers_acts_at_its_place_of_the_list)
{
	add_peer(1);
	apply();
	add_peer(1);
	add_keepalive(3);
	add(MV_CHANGE_REPLACE_PEERS);
	add_keepalive(4); /* Nobody's. */
	add_peer(2);
	apply();
	cr_expect_eq(count_peers(), 1);
	cr_expect_null(world_peer(world, 0, 1));
	cr_expect_eq(world_look(world, 0, 2).persistent_keepalive_s, 0);
}

Test(apply, changes_act_in_their_order)
{
	add_peer(1);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.1.0.0/16");
	add(MV_CHANGE_REPLACE_ALLOWED_IPS);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.2.0.0/16");
	add_keepalive(1);
	add_keepalive(2);
	add_peer(2);
	add_peer(1);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.3.0.0/16");
	apply();
	expect_prefixes(1, "10.2.0.0/16 10.3.0.0/16 ");
	cr_expect_eq(world_look(world, 0, 1).persistent_keepalive_s, 2);
}

Test(apply, our_own_key_is_no_peer)
{
	add_private_key(0);
	add_peer(0);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.0.0.0/8");
	add_peer(1);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.1.0.0/16");
	apply();
	cr_expect_eq(count_peers(), 1);
	expect_prefixes(1, "10.1.0.0/16 ");
}

Test(apply, a_peer_whose_key_becomes_ours_goes)
{
	add_peer(0);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.0.0.0/8");
	add_peer(1);
	apply();
	cr_assert_eq(count_peers(), 2);
	add_private_key(0);
	apply();
	cr_expect_eq(count_peers(), 1);
	cr_expect_null(world_peer(world, 0, 0));
}

/* Also in the middle of its own lines. */
/* All zero is how "no key" is written, but it is a public key as well. */
Test(apply, without_a_private_key_no_peer_is_ourselves)
{
	const uint8_t zero[MV_KEY_LEN] = {0};

	add_private_key(0);
	add_key(MV_CHANGE_PEER, zero);
	apply();
	cr_assert_eq(count_peers(), 1);
	add_key(MV_CHANGE_PRIVATE_KEY, zero);
	apply();
	cr_expect_eq(count_peers(), 1);
}

Test(apply, a_peer_whose_key_becomes_ours_takes_no_more_lines)
{
	add_peer(1);
	apply();
	add_peer(0);
	add_private_key(0);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.0.0.0/8");
	add_keepalive(5);
	apply();
	cr_expect_eq(count_peers(), 1);
	cr_expect_eq(mv_allowedips_nodes(world_device(world, 0)->allowed_ips), 0);
}

Test(apply, a_prefix_moves_to_whoever_got_it_last)
{
	add_peer(1);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.1.0.0/16");
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.2.0.0/16");
	add_peer(2);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.1.0.0/16");
	apply();
	expect_prefixes(1, "10.2.0.0/16 ");
	expect_prefixes(2, "10.1.0.0/16 ");

	/* Who does not own it cannot remove it. */
	add_peer(1);
	add_prefix(MV_CHANGE_ALLOWED_IP_REMOVE, "10.1.0.0/16");
	add_prefix(MV_CHANGE_ALLOWED_IP_REMOVE, "10.2.0.0/16");
	apply();
	expect_prefixes(1, "");
	expect_prefixes(2, "10.1.0.0/16 ");
}

/* A list that begins well and asks for more than there can be. */
static void expect_nothing_of_it_happens(void)
{
	cr_expect_eq(world_apply(world, 0, &changes), -ENOSPC);
	mv_changes_uninit(&changes);

	struct mv_snapshot *snapshot = world_snapshot(world, 0);
	cr_expect(sodium_is_zero(snapshot->private_key, MV_KEY_LEN));
	mv_snapshot_destroy(snapshot);
	cr_expect_eq(count_peers(), 1);
	cr_expect_eq(world_look(world, 0, 1).persistent_keepalive_s, 3);
	expect_prefixes(1, "10.1.0.0/16 ");

	/* The device goes on as ever. */
	add_private_key(0);
	add_peer(2);
	apply();
	cr_expect_eq(count_peers(), 2);
}

static void begin_well(void)
{
	add_peer(1);
	add_keepalive(3);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.1.0.0/16");
	apply();
	add_private_key(0);
	add_peer(1);
	add_keepalive(9);
	add_peer(2);
}

Test(apply, too_many_prefixes_change_nothing)
{
	begin_well();
	for (size_t i = 0; i <= MV_ALLOWEDIPS_MAX; i++) {
		add_prefix(MV_CHANGE_ALLOWED_IP, "10.1.0.0/16");
	}
	expect_nothing_of_it_happens();
}

Test(apply, too_many_peers_change_nothing)
{
	begin_well();
	for (size_t i = 0; i <= MV_PEERS_MAX; i++) {
		add_peer(2);
	}
	expect_nothing_of_it_happens();
}

Test(apply, a_keepalive_that_is_switched_on_goes_out_at_once)
{
	world_connect(world, NULL, 0);
	add_peer(1);
	add_keepalive(25);
	apply();
	cr_expect_eq(initiations(), 1);
	cr_expect_eq(data_messages(), 1);

	/* Another interval counts from the next message on. */
	add_peer(1);
	add_keepalive(50);
	apply();
	cr_expect_eq(data_messages(), 1);
	world_run_for(world, 25 * S);
	cr_expect_eq(data_messages(), 2);
	world_run_for(world, 49 * S);
	cr_expect_eq(data_messages(), 2);
	world_run_for(world, S);
	cr_expect_eq(data_messages(), 3);

	add_peer(1);
	add_keepalive(0);
	apply();
	uint64_t sent = data_messages();
	world_run_for(world, 100 * S);
	cr_expect_eq(data_messages(), sent);
}

Test(apply, a_keepalive_with_a_live_session_needs_no_handshake)
{
	world_connect(world, NULL, 0);
	world_ping(world, 0, 1);
	add_peer(1);
	add_keepalive(25);
	apply();
	cr_expect_eq(initiations(), 1);
	cr_expect_eq(data_messages(), 2);
}

Test(apply, only_the_last_keepalive_of_a_list_counts)
{
	world_connect(world, NULL, 0);
	add_peer(1);
	add_keepalive(25);
	add_keepalive(30);
	add_peer(2);
	add_keepalive(25);
	add_keepalive(0);
	apply();
	cr_expect_eq(initiations(), 1);
}

/* Device 0 with a keepalive for peer 1, but without what `missing` says. */
static void set_up_with_keepalive(bool has_identity, bool has_endpoint)
{
	world_connect(world, NULL, 0);
	world_set_up(world, 0, false);
	if (!has_identity) {
		add_key(MV_CHANGE_PRIVATE_KEY, (uint8_t[MV_KEY_LEN]){0});
	}
	add_peer(1);
	if (!has_endpoint) {
		forget_endpoint();
		add_name();
	}
	add_keepalive(25);
	apply();
	world_set_up(world, 0, true);
	world_run_for(world, 100 * S);
	cr_assert_eq(initiations(), 0);
}

Test(apply, a_keepalive_begins_when_the_name_is_resolved)
{
	set_up_with_keepalive(true, false);
	world_resolve(world, 0, 1, 1);
	cr_expect_eq(initiations(), 1);
	cr_expect_eq(data_messages(), 1);
}

Test(apply, a_keepalive_begins_when_the_endpoint_is_given)
{
	set_up_with_keepalive(true, false);
	add_peer(1);
	add_endpoint(MV_CHANGE_ENDPOINT, 1);
	apply();
	cr_expect_eq(initiations(), 1);
}

Test(apply, a_keepalive_begins_when_the_private_key_is_given)
{
	set_up_with_keepalive(false, true);
	add_private_key(0);
	apply();
	cr_expect_eq(initiations(), 1);
	cr_expect_eq(data_messages(), 1);
}

Test(apply, the_same_private_key_changes_nothing)
{
	world_connect(world, NULL, 0);
	world_ping(world, 0, 1);
	add_private_key(0);
	apply();
	world_ping(world, 0, 1);
	cr_expect_eq(world_delivered(world, 1), 2);
	cr_expect_eq(initiations(), 1);
}

/* Device 1 learns to know device 0 by the key of device 2, as which it appears from now on. */
static void change_identity(void)
{
	struct mv_changes other;
	struct mv_prefix prefix;

	cr_assert_eq(mv_prefix_parse(&prefix, "10.0.0.1/32"), MV_PREFIX_OK);
	mv_changes_init(&other);
	cr_assert_eq(mv_changes_add_key(&other, MV_CHANGE_PEER, world_public_key(world, 2)), 0);
	cr_assert_eq(mv_changes_add_prefix(&other, MV_CHANGE_ALLOWED_IP, &prefix), 0);
	cr_assert_eq(world_apply(world, 1, &other), 0);
	mv_changes_uninit(&other);

	add_private_key(2);
	apply();
}

Test(apply, a_new_private_key_is_used_at_once)
{
	world_connect(world, NULL, 0);
	world_ping(world, 0, 1);
	change_identity();
	cr_expect_null(world_peer(world, 0, 2), "it is ourselves now");

	/* The handshake was this very moment: no 5 s are waited for. */
	world_ping(world, 0, 1);
	cr_expect_eq(initiations(), 2);
	cr_expect_eq(world_delivered(world, 1), 2);
	cr_expect_gt(world_look(world, 1, 2).rx_bytes, 0);
}

Test(apply, after_a_new_private_key_old_sessions_still_receive)
{
	world_connect(world, NULL, 0);
	world_ping(world, 0, 1);
	add_private_key(2);
	apply();
	world_ping(world, 1, 0);
	cr_expect_eq(world_delivered(world, 0), 1);
	cr_expect_eq(data_messages(), 1);
}

Test(apply, a_new_private_key_ends_the_pending_handshake)
{
	struct mv_endpoint from = world_endpoint(1);
	size_t len;

	world_connect(world, NULL, 0);
	world_lose(world, 1, MV_MESSAGE_RESPONSE, 1);
	world_ping(world, 0, 1);
	const uint8_t *response = world_last_sent(world, 1, MV_MESSAGE_RESPONSE, &len);
	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	change_identity();
	cr_expect_eq(initiations(), 2, "what is staged does not wait");
	cr_expect_eq(world_device(world, 0)->indices.count, 1);

	world_inject(world, 0, &from, response, len);
	cr_expect_eq(world_drops(world, 0, MV_DROP_BAD_MAC1), 1);
	cr_expect_eq(data_messages(), 0);

	world_lose(world, 0, MV_MESSAGE_INITIATION, 0);
	world_run_for(world, 6 * S);
	cr_expect_eq(world_delivered(world, 1), 1);
}

Test(apply, without_a_private_key_no_handshake_is_pending)
{
	world_connect(world, NULL, 0);
	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_ping(world, 0, 1);
	cr_assert_eq(world_device(world, 0)->indices.count, 1);
	add_key(MV_CHANGE_PRIVATE_KEY, (uint8_t[MV_KEY_LEN]){0});
	apply();
	cr_expect_eq(world_device(world, 0)->indices.count, 0);
	cr_expect_not(world_peer(world, 0, 1)->handshake_is_pending);
}

Test(apply, no_private_key_stays_behind)
{
	add_private_key(0);
	apply();
	cr_expect(sodium_is_zero((const uint8_t *)world_device(world, 0)->scratch,
		sizeof(struct mv_handshake_scratch)));
}

Test(apply, without_a_private_key_there_is_no_way_in_or_out)
{
	world_connect(world, NULL, 0);
	world_ping(world, 0, 1);
	add_key(MV_CHANGE_PRIVATE_KEY, (uint8_t[MV_KEY_LEN]){0});
	apply();

	struct mv_snapshot *snapshot = world_snapshot(world, 0);
	cr_expect(sodium_is_zero(snapshot->private_key, MV_KEY_LEN));
	cr_expect(sodium_is_zero(snapshot->public_key, MV_KEY_LEN));
	mv_snapshot_destroy(snapshot);

	world_ping(world, 0, 1);
	cr_expect_eq(world_drops(world, 0, MV_DROP_NO_HANDSHAKE_POSSIBLE), 1);
	world_ping(world, 2, 0);
	cr_expect_eq(world_drops(world, 0, MV_DROP_NO_IDENTITY), 1);

	world_run_for(world, S);
	add_private_key(0);
	apply();
	world_ping(world, 0, 1);
	cr_expect_eq(world_delivered(world, 1), 2);
}

static void set_pending(void)
{
	world_connect(world, NULL, 0);
	add_peer(1);
	forget_endpoint();
	add_name();
	apply();
}

Test(apply, packets_wait_for_a_name_and_go_when_it_is_resolved)
{
	set_pending();
	world_ping(world, 0, 1);
	world_ping(world, 0, 1);
	world_run_for(world, 300 * S);
	cr_expect_eq(initiations(), 0);
	cr_expect_eq(world_look(world, 0, 1).drops, 0);

	world_resolve(world, 0, 1, 1);
	cr_expect_eq(world_delivered(world, 1), 2);
	cr_expect_not(world_look(world, 0, 1).endpoint_pending);
	cr_expect(is_at(1));
}

Test(apply, an_endpoint_that_was_learnt_is_better_than_a_resolved_one)
{
	set_pending();
	world_lose(world, 1, MV_MESSAGE_DATA, 1); /* The handshake alone teaches it. */
	world_ping(world, 1, 0);
	cr_assert(is_at(1));
	cr_expect_not(world_look(world, 0, 1).endpoint_pending);

	world_resolve(world, 0, 1, 2);
	cr_expect(is_at(1));

	/* One that is configured is better still. */
	add_peer(1);
	add_endpoint(MV_CHANGE_ENDPOINT, 2);
	apply();
	cr_expect_not(is_at(1));
}

Test(apply, an_endpoint_is_learnt_from_data_too)
{
	world_connect(world, NULL, 0);
	world_ping(world, 0, 1);
	add_peer(1);
	forget_endpoint();
	add_name();
	apply();
	cr_assert(world_look(world, 0, 1).endpoint_pending);
	world_ping(world, 1, 0);
	cr_expect(is_at(1));
	cr_expect_not(world_look(world, 0, 1).endpoint_pending);
}

/* Without a list a peer stays where there is a session with it, and has to call first else. */
Test(apply, no_list_any_more)
{
	world_connect(world, NULL, 0);
	add_peer(1);
	cr_assert_eq(mv_changes_add_text(&changes, MV_CHANGE_ENDPOINTS, ""), 0);
	apply();
	cr_expect_eq(world_look(world, 0, 1).endpoint.ip.family, MV_FAMILY_NONE);
	cr_expect_not(world_look(world, 0, 1).endpoint_pending);

	world_ping(world, 1, 0);
	cr_assert(is_at(1));
	add_peer(1);
	cr_assert_eq(mv_changes_add_text(&changes, MV_CHANGE_ENDPOINTS, ""), 0);
	apply();
	cr_expect(is_at(1));
}

Test(apply, a_known_endpoint_does_not_become_pending)
{
	world_connect(world, NULL, 0);
	add_peer(1);
	add_name();
	apply();
	cr_expect(is_at(1));
	cr_expect_not(world_look(world, 0, 1).endpoint_pending);
}

/* The session outlives the endpoint, but it leads nowhere. */
Test(apply, packets_wait_for_a_name_in_a_live_session_too)
{
	world_connect(world, NULL, 0);
	world_ping(world, 0, 1);
	add_peer(1);
	forget_endpoint();
	apply();
	world_ping(world, 0, 1);
	cr_expect_eq(world_drops(world, 0, MV_DROP_NO_ENDPOINT), 1);

	add_peer(1);
	add_name();
	add_keepalive(1);
	apply();
	world_ping(world, 0, 1);
	world_run_for(world, 3 * S);
	cr_expect_eq(world_drops(world, 0, MV_DROP_SEND_FAILED), 0);

	world_resolve(world, 0, 1, 1);
	cr_expect_eq(world_delivered(world, 1), 2);
	cr_expect_eq(initiations(), 1);
}

Test(apply, a_preshared_key_is_for_the_next_handshake)
{
	world_connect(world, NULL, 0);
	world_ping(world, 0, 1);
	add_peer(1);
	add_key(MV_CHANGE_PRESHARED_KEY, (uint8_t[MV_KEY_LEN]){1});
	apply();
	world_ping(world, 0, 1);
	cr_expect_eq(world_delivered(world, 1), 2);

	world_run_for(world, 181 * S);
	world_ping(world, 0, 1);
	cr_expect_eq(world_delivered(world, 1), 2);
	cr_expect_geq(world_drops(world, 0, MV_DROP_BAD_RESPONSE), 1);
}

static uint64_t last_handshake_s(void)
{
	return world_look(world, 0, 1).last_handshake_s;
}

/* As it goes where a program renews the key of both sides, of the one a little later than of the
 * other: in between a rekey fails, and what is sent goes by the session that is there. */
Test(apply, a_preshared_key_is_renewed_without_a_loss)
{
	static const uint8_t fresh[MV_KEY_LEN] = {1};

	world_connect(world, NULL, 0);
	world_ping(world, 0, 1);
	uint64_t first = last_handshake_s();
	world_run_for(world, 119 * S);
	add_peer(1);
	add_key(MV_CHANGE_PRESHARED_KEY, fresh);
	apply();
	for (int i = 0; i < 3; i++) {
		world_run_for(world, S);
		world_ping(world, 0, 1);
	}
	cr_expect_geq(world_drops(world, 0, MV_DROP_BAD_RESPONSE), 1);
	cr_expect_eq(last_handshake_s(), first);

	add_peer(0);
	add_key(MV_CHANGE_PRESHARED_KEY, fresh);
	cr_assert_eq(world_apply(world, 1, &changes), 0);
	for (int i = 0; i < 6; i++) {
		world_run_for(world, S);
		world_ping(world, 0, 1);
	}
	cr_expect_gt(last_handshake_s(), first);
	cr_expect_eq(world_delivered(world, 1), 10);
}

Test(apply, one_peer_is_asked_for_its_name_and_its_preshared_key)
{
	struct mv_device *device = world_device(world, 0);
	const uint8_t *key = world_public_key(world, 1), psk[MV_KEY_LEN] = {1};
	char name[MV_PEER_NAME_MAX] = "as it was";

	cr_expect_not(mv_device_peer_name(device, key, name));
	cr_expect_str_eq(name, "as it was");
	cr_expect_not(mv_device_peer_has_preshared_key(device, key, (uint8_t[MV_KEY_LEN]){0}));

	add_peer(1);
	add_key(MV_CHANGE_PRESHARED_KEY, psk);
	apply();
	cr_expect(mv_device_peer_name(device, key, name));
	cr_expect_str_eq(name, "");
	add_peer(1);
	cr_assert_eq(mv_changes_add_text(&changes, MV_CHANGE_NAME, "bob"), 0);
	cr_assert_eq(mv_changes_add_text(&changes, MV_CHANGE_PRESHARED_KEY_FILE, "/psk"), 0);
	apply();
	cr_expect(mv_device_peer_name(device, key, name));
	cr_expect_str_eq(name, "bob");
	cr_expect(mv_device_peer_has_preshared_key(device, key, psk));
	cr_expect_not(mv_device_peer_has_preshared_key(device, key, (uint8_t[MV_KEY_LEN]){2}));
}

Test(apply, what_waits_for_a_removed_peer_is_dropped)
{
	world_connect(world, NULL, 0);
	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_ping(world, 0, 1);
	world_ping(world, 0, 1);
	add_peer(1);
	add_keepalive(25);
	add(MV_CHANGE_REMOVE);
	apply();
	cr_expect_eq(world_drops(world, 0, MV_DROP_PEER_GONE), 2);
	cr_expect_eq(world_deadline(world), MV_NEVER);
}

Test(apply, a_removed_peer_has_no_more_wishes)
{
	world_connect(world, NULL, 0);
	add_peer(1);
	add_keepalive(25);
	add_peer(2);
	add_keepalive(25);
	add_peer(1);
	add(MV_CHANGE_REMOVE);
	apply();
	cr_expect_eq(initiations(), 1);
	cr_expect(TAILQ_EMPTY(&world_device(world, 0)->wishing));
}

/* Also the last in the row of those that have one. */
Test(apply, the_last_wish_may_go_with_its_peer)
{
	world_connect(world, NULL, 0);
	add_peer(1);
	add_keepalive(25);
	add_peer(2);
	add_keepalive(25);
	add_peer(2);
	add(MV_CHANGE_REMOVE);
	add_peer(1);
	apply();
	cr_expect_eq(initiations(), 1);
	cr_expect(world_peer(world, 0, 1)->last_handshake_s > 0);
}

Test(apply, a_removed_peer_takes_its_sessions_along)
{
	struct mv_endpoint from = world_endpoint(1);
	size_t len;

	world_connect(world, NULL, 0);
	world_ping(world, 0, 1);
	add_peer(1);
	add(MV_CHANGE_REMOVE);
	apply();
	world_ping(world, 1, 0);
	cr_expect_eq(world_delivered(world, 0), 0);
	cr_expect_eq(world_drops(world, 0, MV_DROP_UNKNOWN_INDEX), 1);

	/* One with the same key begins from nothing. */
	add_peer(1);
	add_endpoint(MV_CHANGE_ENDPOINT, 1);
	add_prefix(MV_CHANGE_ALLOWED_IP, "10.0.0.2/32");
	apply();
	cr_expect_eq(world_look(world, 0, 1).tx_bytes, 0);
	const uint8_t *data = world_last_sent(world, 1, MV_MESSAGE_DATA, &len);
	world_inject(world, 0, &from, data, len);
	cr_expect_eq(world_drops(world, 0, MV_DROP_UNKNOWN_INDEX), 2);
	world_run_for(world, S);
	world_ping(world, 0, 1);
	cr_expect_eq(world_delivered(world, 1), 2);
}
