#include "tunnel/snapshot.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void setup(void)
{
	cr_assert_geq(sodium_init(), 0);
}

TestSuite(snapshot, .init = setup);

Test(snapshot, a_fresh_one_is_zeroed)
{
	struct mv_snapshot *snapshot = NULL;

	cr_assert_eq(mv_snapshot_create(&snapshot, 3, 5), 0);
	cr_assert_not_null(snapshot);
	cr_assert_eq(snapshot->peer_count, 0);
	cr_assert_eq(snapshot->prefix_count, 0);
	cr_assert(sodium_is_zero(snapshot->private_key, MV_KEY_LEN));
	cr_assert(sodium_is_zero((uint8_t *)snapshot->peers, 3 * sizeof *snapshot->peers));
	cr_assert(sodium_is_zero((uint8_t *)snapshot->prefixes, 5 * sizeof *snapshot->prefixes));
	cr_assert(sodium_is_zero((uint8_t *)snapshot->drops, sizeof snapshot->drops));
	mv_snapshot_destroy(snapshot);
}

Test(snapshot, all_of_the_room_can_be_used)
{
	struct mv_snapshot *snapshot = NULL;

	cr_assert_eq(mv_snapshot_create(&snapshot, 1000, 3000), 0);
	memset(snapshot->peers, 0xff, 1000 * sizeof *snapshot->peers);
	memset(snapshot->prefixes, 0xff, 3000 * sizeof *snapshot->prefixes);
	mv_snapshot_destroy(snapshot);
}

Test(snapshot, no_peer_and_no_prefix_is_a_snapshot_too)
{
	struct mv_snapshot *snapshot = NULL;

	cr_assert_eq(mv_snapshot_create(&snapshot, 0, 0), 0);
	cr_assert_not_null(snapshot->peers);
	cr_assert_not_null(snapshot->prefixes);
	mv_snapshot_destroy(snapshot);
	mv_snapshot_destroy(NULL);
}

Test(snapshot, too_much_is_refused_and_nothing_stored)
{
	struct mv_snapshot *snapshot = NULL;

	cr_assert_eq(mv_snapshot_create(&snapshot, SIZE_MAX / 2, 0), -ENOMEM);
	cr_assert_null(snapshot);
}

Test(snapshot, a_preshared_key_may_be_known_or_hidden)
{
	struct mv_peer_snapshot peer = {0};

	cr_assert_not(mv_peer_snapshot_has_preshared_key(&peer));
	peer.preshared_key_hidden = true;
	cr_assert(mv_peer_snapshot_has_preshared_key(&peer));
	peer.preshared_key_hidden = false;
	peer.preshared_key[MV_KEY_LEN - 1] = 1;
	cr_assert(mv_peer_snapshot_has_preshared_key(&peer));
}

/* The kernel looks, so that nothing faults. */
static bool is_readable(const void *place)
{
	int ends[2];
	bool readable;

	if (pipe(ends) != 0) {
		abort();
	}
	readable = write(ends[1], place, MV_KEY_LEN) == MV_KEY_LEN;
	close(ends[0]);
	close(ends[1]);
	return readable;
}

Test(snapshot, no_key_stays_behind)
{
	struct mv_snapshot *snapshot = NULL;
	const void *private_key, *preshared_key;

	cr_assert_eq(mv_snapshot_create(&snapshot, 1, 0), 0);
	private_key = snapshot->private_key;
	preshared_key = snapshot->peers[0].preshared_key;
	cr_assert(is_readable(private_key) && is_readable(preshared_key));
	mv_snapshot_destroy(snapshot);
	cr_assert_not(is_readable(private_key));
	cr_assert_not(is_readable(preshared_key));
}
