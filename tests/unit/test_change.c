#include "tunnel/change.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

TestSuite(change, .init = setup, .fini = teardown);

static const uint8_t key[MV_KEY_LEN] = "the key that must not stay";

Test(change, an_empty_list_has_nothing)
{
	cr_assert_eq(changes.count, 0);
	mv_changes_uninit(&changes);
	mv_changes_uninit(&changes);
}

Test(change, every_kind_keeps_its_order_and_value)
{
	const struct mv_endpoint endpoint = {.ip = {MV_FAMILY_IPV4, {192, 0, 2, 1}}, .port = 51820};
	const struct mv_prefix prefix = {{MV_FAMILY_IPV6, {0xfd}}, 8};

	cr_assert_eq(mv_changes_add(&changes, MV_CHANGE_REPLACE_PEERS), 0);
	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PEER, key), 0);
	cr_assert_eq(mv_changes_add_endpoint(&changes, MV_CHANGE_ENDPOINT, &endpoint), 0);
	cr_assert_eq(mv_changes_add_keepalive(&changes, 25), 0);
	cr_assert_eq(mv_changes_add_prefix(&changes, MV_CHANGE_ALLOWED_IP, &prefix), 0);
	cr_assert_eq(mv_changes_add_prefix(&changes, MV_CHANGE_ALLOWED_IP_REMOVE, &prefix), 0);

	cr_assert_eq(changes.count, 6);
	cr_assert_eq(changes.list[0].kind, MV_CHANGE_REPLACE_PEERS);
	cr_assert_eq(changes.list[1].kind, MV_CHANGE_PEER);
	cr_assert_arr_eq(changes.list[1].key, key, MV_KEY_LEN);
	cr_assert_eq(changes.list[2].kind, MV_CHANGE_ENDPOINT);
	cr_assert(mv_endpoint_equal(&changes.list[2].endpoint, &endpoint));
	cr_assert_eq(changes.list[3].kind, MV_CHANGE_PERSISTENT_KEEPALIVE);
	cr_assert_eq(changes.list[3].seconds, 25);
	cr_assert_eq(changes.list[4].kind, MV_CHANGE_ALLOWED_IP);
	cr_assert(mv_prefix_equal(&changes.list[4].prefix, &prefix));
	cr_assert_eq(changes.list[5].kind, MV_CHANGE_ALLOWED_IP_REMOVE);
	cr_assert(mv_prefix_equal(&changes.list[5].prefix, &prefix));
}

Test(change, a_long_list_is_whole)
{
	for (unsigned i = 0; i < 10000; i++) {
		cr_assert_eq(mv_changes_add_keepalive(&changes, (uint16_t)i), 0);
	}
	cr_assert_eq(changes.count, 10000);
	cr_assert_geq(changes.capacity, changes.count);
	for (unsigned i = 0; i < 10000; i++) {
		cr_assert_eq(changes.list[i].seconds, i);
	}
}

/* Whether the key can still be read at this place; the kernel looks, so that nothing faults. */
static bool key_is_at(const void *place)
{
	uint8_t seen[MV_KEY_LEN];
	int ends[2];
	bool found;

	if (pipe(ends) != 0) {
		abort();
	}
	found = write(ends[1], place, MV_KEY_LEN) == MV_KEY_LEN &&
		read(ends[0], seen, MV_KEY_LEN) == MV_KEY_LEN && memcmp(seen, key, MV_KEY_LEN) == 0;
	close(ends[0]);
	close(ends[1]);
	return found;
}

Test(change, growing_leaves_no_key_behind)
{
	const void *old_place;

	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY, key), 0);
	old_place = changes.list[0].key;
	cr_assert(key_is_at(old_place));
	while (changes.list[0].key == old_place) {
		cr_assert_eq(mv_changes_add(&changes, MV_CHANGE_UPDATE_ONLY), 0);
	}
	cr_assert_not(key_is_at(old_place));
	cr_assert(key_is_at(changes.list[0].key));
}

Test(change, the_end_leaves_no_key_behind)
{
	const void *place;

	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PRESHARED_KEY, key), 0);
	place = changes.list[0].key;
	cr_assert(key_is_at(place));
	mv_changes_uninit(&changes);
	cr_assert_not(key_is_at(place));
	cr_assert_eq(changes.count, 0);
}
