#include "cli/savepeers.h"

#include "config_fixture.h"
#include "crypto/keytext.h"

TestSuite(savepeers, .init = enter_folder, .fini = leave_folder);

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
	return load("[Interface]\nPrivateKeyFile = own\n" PEER_B
		    "Name = bob\nPresharedKeyFile = psk\n" PEER_C "Name = carol\n"
		    "PresharedKeyFile = psk\n");
}

Test(savepeers, names_are_those_that_the_device_has)
{
	struct mv_config *config = load_files();
	struct mv_snapshot *snapshot = make_snapshot(), *status = make_snapshot();

	snprintf(status->peers[0].name, MV_PEER_NAME_MAX, "caroline");
	status->peers[0].endpoints = strdup("c.example:1, c.example:2");
	cr_assert_eq(mv_savepeers_complete(snapshot, status, config), 0);
	cr_expect_str_eq(snapshot->peers[0].endpoints, "c.example:1, c.example:2");
	cr_expect_null(snapshot->peers[1].endpoints);
	cr_expect_str_eq(snapshot->peers[0].name, "caroline");
	cr_expect_str_eq(snapshot->peers[1].name, "");
	mv_snapshot_destroy(snapshot);

	snapshot = make_snapshot();
	cr_assert_eq(mv_savepeers_complete(snapshot, NULL, config), 0);
	cr_expect_str_eq(snapshot->peers[0].name, "carol");
	cr_expect_str_eq(snapshot->peers[1].name, "bob");
	mv_snapshot_destroy(snapshot);
	mv_snapshot_destroy(status);
	mv_config_destroy(config);
}

/* B has the key of its file, C was given another meanwhile. */
Test(savepeers, a_key_stays_in_its_file_if_it_is_that_one)
{
	struct mv_config *config = load_files();
	struct mv_snapshot *snapshot = make_snapshot();
	char path[128], *value;

	mv_key_from_base64(snapshot->peers[1].preshared_key, PRESHARED);
	snapshot->peers[0].preshared_key[0] = 1;
	cr_assert_eq(mv_savepeers_complete(snapshot, NULL, config), 0);
	snprintf(path, sizeof(path), "%s/psk", folder);
	cr_assert_not_null(snapshot->peers[1].preshared_key_file);
	cr_expect_str_eq(snapshot->peers[1].preshared_key_file, path);
	cr_expect_null(snapshot->peers[0].preshared_key_file);

	cr_assert_eq(mv_savepeers_private_key_file(&value, snapshot, config), 0);
	snprintf(path, sizeof(path), "%s/own", folder);
	cr_assert_not_null(value);
	cr_expect_str_eq(value, path);
	free(value);
	snapshot->private_key[1] ^= 1;
	cr_assert_eq(mv_savepeers_private_key_file(&value, snapshot, config), 0);
	cr_expect_null(value);
	mv_snapshot_destroy(snapshot);
	mv_config_destroy(config);
}
