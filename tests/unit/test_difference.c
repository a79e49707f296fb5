/*
 * From every configuration to every other: what a device becomes by the difference is what an empty
 * one becomes by the whole list. Configurations are drawn from a few keys and prefixes, so that
 * they have much in common.
 */
#include "config/difference.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/device.h"

#define PEERS_MAX    4
#define PREFIXES_MAX 4
#define ROUNDS       2000

struct scene {
	struct mv_config config;
	struct mv_config_peer peers[PEERS_MAX];
	struct mv_prefix prefixes[PEERS_MAX][PREFIXES_MAX];
};

static uint32_t state = 1;

/* The same numbers in each run. */
static uint32_t draw(uint32_t bound)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % bound;
}

static void fill(void *ctx, void *out, size_t len)
{
	(void)ctx;
	randombytes_buf(out, len);
}

static struct mv_device *create(void)
{
	const struct mv_environment environment = {.random = fill};
	struct mv_device *device;

	cr_assert_eq(mv_device_create(&device, &environment), 0);
	return device;
}

static const char *const names[] = {"", "alice", "bob"};

static void draw_peer(struct scene *scene, uint32_t key)
{
	size_t index = scene->config.peer_count++;
	struct mv_config_peer *peer = &scene->peers[index];

	memset(peer->public_key, (int)key + 1, MV_KEY_LEN);
	memset(peer->preshared_key, (int)draw(3), MV_KEY_LEN);
	snprintf(peer->name, sizeof(peer->name), "%s", names[draw(3)]);
	peer->persistent_keepalive_s = (uint16_t)(draw(3) * 10);
	peer->allowed_ips = scene->prefixes[index];
	/* Each prefix belongs to one peer. */
	for (uint32_t i = draw(2); i < PREFIXES_MAX; i += 1 + draw(2)) {
		uint8_t owner = (uint8_t)draw(PEERS_MAX);

		if (owner == key) {
			peer->allowed_ips[peer->allowed_ip_count++] =
				(struct mv_prefix){{MV_FAMILY_IPV4, {10, owner, (uint8_t)i}}, 24};
		}
	}
	if (draw(2) > 0) {
		peer->allowed_ips[peer->allowed_ip_count++ % PREFIXES_MAX] =
			(struct mv_prefix){{MV_FAMILY_IPV6, {0xfd, (uint8_t)key}}, 64};
		peer->allowed_ip_count = peer->allowed_ip_count > PREFIXES_MAX
						 ? PREFIXES_MAX
						 : peer->allowed_ip_count;
	}
}

static void draw_config(struct scene *scene)
{
	*scene = (struct scene){.config.peers = scene->peers};
	memset(scene->config.private_key, 64 + 8 * (int)draw(2), MV_KEY_LEN);
	mv_x25519_clamp(scene->config.private_key);
	scene->config.listen_port = (uint16_t)draw(3);
	scene->config.fwmark = draw(3);
	for (uint32_t key = 0; key < PEERS_MAX; key++) {
		if (draw(3) > 0) {
			draw_peer(scene, key);
		}
	}
}

static struct mv_snapshot *snapshot_of(struct mv_device *device, const struct mv_config *config)
{
	struct mv_snapshot *snapshot;

	cr_assert_eq(mv_device_snapshot(device, &snapshot), 0);
	/* The edge's. */
	snapshot->listen_port = config->listen_port;
	snapshot->fwmark = config->fwmark;
	return snapshot;
}

static struct mv_device *configured(const struct mv_config *config)
{
	struct mv_device *device = create();
	struct mv_changes changes;

	mv_changes_init(&changes);
	cr_assert_eq(mv_config_changes(config, &changes), 0);
	cr_assert_eq(mv_device_apply(device, &changes, (struct mv_now){0}), 0);
	mv_changes_uninit(&changes);
	return device;
}

/* Nothing of a device differs from the file that it was made of. */
static void expect_is(struct mv_device *device, const struct mv_config *config)
{
	struct mv_snapshot *snapshot = snapshot_of(device, config);
	struct mv_changes changes;

	mv_changes_init(&changes);
	cr_assert_eq(mv_config_difference(config, config->fwmark, snapshot, &changes), 0);
	cr_expect_eq(changes.count, 0);
	mv_changes_uninit(&changes);

	/* Independently of the difference: the counts, and what each peer has. */
	cr_assert_eq(snapshot->peer_count, config->peer_count);
	cr_expect_arr_eq(snapshot->private_key, config->private_key, MV_KEY_LEN);
	for (size_t i = 0; i < config->peer_count; i++) {
		const struct mv_config_peer *peer = &config->peers[i];
		size_t k = 0;

		while (memcmp(snapshot->peers[k].public_key, peer->public_key, MV_KEY_LEN) != 0) {
			k++;
			cr_assert_lt(k, snapshot->peer_count);
		}
		cr_expect_arr_eq(snapshot->peers[k].preshared_key, peer->preshared_key, MV_KEY_LEN);
		cr_expect_eq(
			snapshot->peers[k].persistent_keepalive_s, peer->persistent_keepalive_s);
		cr_expect_eq(snapshot->peers[k].prefix_count, peer->allowed_ip_count);
		cr_expect_str_eq(snapshot->peers[k].name, peer->name);
	}
	mv_snapshot_destroy(snapshot);
}

static void setup(void)
{
	cr_assert_geq(sodium_init(), 0);
}

TestSuite(difference, .init = setup);

Test(difference, makes_of_any_device_any_other)
{
	size_t changed = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct scene *old = malloc(sizeof(*old)), *new = malloc(sizeof(*new));

		cr_assert(old && new);
		draw_config(old);
		draw_config(new);
		struct mv_device *device = configured(&old->config);
		expect_is(device, &old->config);

		struct mv_snapshot *snapshot = snapshot_of(device, &old->config);
		struct mv_changes changes;
		mv_changes_init(&changes);
		cr_assert_eq(
			mv_config_difference(&new->config, new->config.fwmark, snapshot, &changes),
			0);
		changed += changes.count > 0;
		cr_assert_eq(mv_device_apply(device, &changes, (struct mv_now){0}), 0);
		expect_is(device, &new->config);

		mv_changes_uninit(&changes);
		mv_snapshot_destroy(snapshot);
		mv_device_destroy(device);
		free(old);
		free(new);
	}
	cr_expect_gt(changed, ROUNDS / 2);
}

static size_t count(const struct mv_changes *changes, enum mv_change_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < changes->count; i++) {
		n += changes->list[i].kind == kind;
	}
	return n;
}

/* What the edge has, and what a file may leave open. */
Test(difference, of_the_sockets)
{
	struct mv_config config = {.listen_port = 51821, .fwmark = 7};
	struct mv_snapshot device = {.listen_port = 51820, .fwmark = 6};
	struct mv_changes changes;

	mv_changes_init(&changes);
	cr_assert_eq(mv_config_difference(&config, 7, &device, &changes), 0);
	cr_expect_eq(mv_changes_last(&changes, MV_CHANGE_LISTEN_PORT)->number, 51821);
	cr_expect_eq(mv_changes_last(&changes, MV_CHANGE_FWMARK)->number, 7);
	cr_expect_eq(changes.count, 2);
	mv_changes_uninit(&changes);

	mv_changes_init(&changes);
	config.listen_port = 0;
	cr_assert_eq(mv_config_difference(&config, 6, &device, &changes), 0);
	cr_expect_eq(changes.count, 0);
	mv_changes_uninit(&changes);
}

/* A peer that stays keeps its session: it is neither removed nor made anew. */
Test(difference, a_peer_that_stays_is_never_removed)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct scene *old = malloc(sizeof(*old)), *new = malloc(sizeof(*new));
		struct mv_changes changes;
		size_t gone = 0;

		cr_assert(old && new);
		draw_config(old);
		draw_config(new);
		for (size_t i = 0; i < old->config.peer_count; i++) {
			bool stays = false;

			for (size_t k = 0; k < new->config.peer_count; k++) {
				stays |= old->peers[i].public_key[0] == new->peers[k].public_key[0];
			}
			gone += !stays;
		}
		struct mv_device *device = configured(&old->config);
		struct mv_snapshot *snapshot = snapshot_of(device, &old->config);
		mv_changes_init(&changes);
		cr_assert_eq(mv_config_difference(&new->config, 0, snapshot, &changes), 0);
		cr_expect_eq(count(&changes, MV_CHANGE_REMOVE), gone);
		cr_expect_eq(count(&changes, MV_CHANGE_REPLACE_PEERS), 0);
		mv_changes_uninit(&changes);
		mv_snapshot_destroy(snapshot);
		mv_device_destroy(device);
		free(old);
		free(new);
	}
}

/* What is watched may have another key by now than when the file was read. */
Test(difference, a_key_that_is_watched_is_looked_at_again)
{
	struct mv_config_peer peer = {.preshared_key_file = (char[]){"/run/psk"}};
	const struct mv_config config = {.peers = &peer, .peer_count = 1};
	struct mv_device *device = configured(&config);
	struct mv_snapshot *snapshot = snapshot_of(device, &config);
	struct mv_changes changes;

	peer.preshared_key[0] = 1;
	mv_changes_init(&changes);
	cr_assert_eq(mv_config_difference(&config, 0, snapshot, &changes), 0);
	cr_assert_eq(count(&changes, MV_CHANGE_PRESHARED_KEY), 1);
	cr_assert_eq(count(&changes, MV_CHANGE_PRESHARED_KEY_FILE), 1);
	cr_expect_eq(changes.list[changes.count - 1].kind, MV_CHANGE_PRESHARED_KEY_FILE);
	cr_expect_str_eq(changes.list[changes.count - 1].text, "/run/psk");
	mv_changes_uninit(&changes);
	mv_snapshot_destroy(snapshot);
	mv_device_destroy(device);
}
