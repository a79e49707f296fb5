#include "cli/savekeys.h"

#include "config_fixture.h"
#include "crypto/keytext.h"

TestSuite(savekeys, .init = enter_folder, .fini = leave_folder);

/* A device with the peers of the file, B and C, in the other order. */
static struct mv_snapshot *make_snapshot(void)
{
	struct mv_snapshot *snapshot;

	cr_assert_eq(mv_snapshot_create(&snapshot, 2, 0), 0);
	snapshot->peer_count = 2;
	mv_key_from_base64(snapshot->private_key, PRIVATE_A);
	snapshot->private_key[0] &= 0xf8; /* It is clamped, as every device's. */
	mv_key_from_base64(snapshot->peers[0].public_key, PUBLIC_C);
	mv_key_from_base64(snapshot->peers[1].public_key, PUBLIC_B);
	return snapshot;
}

static struct mv_config *load_files(void)
{
	write_file("own", PRIVATE_A "\n");
	write_file("psk", PRESHARED "\n");
	return load("[Interface]\nPrivateKeyFile = own\n" PEER_B "PresharedKeyFile = psk\n" PEER_C
		    "PresharedKeyFile = psk\n");
}

/* B has the key of its file; C was given another meanwhile, though the device still watches. */
Test(savekeys, one_of_a_peer_stays_in_its_file_if_it_is_that_one)
{
	struct mv_config *config = load_files();
	struct mv_snapshot *snapshot = make_snapshot();
	char path[128];

	mv_key_from_base64(snapshot->peers[1].preshared_key, PRESHARED);
	snapshot->peers[0].preshared_key[0] = 1;
	snapshot->peers[0].preshared_key_file = strdup("/watched");
	cr_assert_eq(mv_savekeys_of_peers(snapshot, config), 0);
	snprintf(path, sizeof(path), "%s/psk", folder);
	cr_assert_not_null(snapshot->peers[1].preshared_key_file);
	cr_expect_str_eq(snapshot->peers[1].preshared_key_file, path);
	cr_expect_null(snapshot->peers[0].preshared_key_file);
	mv_snapshot_destroy(snapshot);
	mv_config_destroy(config);
}

/* In a peer file it would begin a comment. */
Test(savekeys, one_whose_path_has_a_hash_is_written_down)
{
	cr_assert_eq(mkdir("c#1", 0700), 0);
	write_file("c#1/own", PRIVATE_A "\n");
	write_file("c#1/a.conf", "[Interface]\nPrivateKeyFile = own\n");
	struct mv_config *config = load_path("c#1/a.conf");
	struct mv_snapshot *snapshot = make_snapshot();
	char *value;

	cr_assert_eq(mv_savekeys_of_device(&value, snapshot, config), 0);
	cr_expect_null(value);
	mv_snapshot_destroy(snapshot);
	mv_config_destroy(config);
}

Test(savekeys, the_private_one_stays_in_its_file_if_it_is_that_one)
{
	struct mv_config *config = load_files();
	struct mv_snapshot *snapshot = make_snapshot();
	char path[128], *value;

	cr_assert_eq(mv_savekeys_of_device(&value, snapshot, config), 0);
	snprintf(path, sizeof(path), "%s/own", folder);
	cr_assert_not_null(value);
	cr_expect_str_eq(value, path);
	free(value);
	snapshot->private_key[1] ^= 1;
	cr_assert_eq(mv_savekeys_of_device(&value, snapshot, config), 0);
	cr_expect_null(value);
	mv_snapshot_destroy(snapshot);
	mv_config_destroy(config);
}
