#include "config/credential.h"

#include "config_fixture.h"
#include "crypto/keytext.h"

#define NO_CREDENTIAL_NAME                                                                         \
	"not the name of a credential: up to 255 printable characters of ASCII without '/' and "   \
	"':', as in LoadCredential=NAME:PATH\n"

static char *credentials; /* the folder */

static void setup(void)
{
	enter_folder();
	cr_assert_eq(mkdir("credentials", 0700), 0);
	cr_assert(asprintf(&credentials, "%s/credentials", folder) > 0);
	cr_assert_eq(setenv("CREDENTIALS_DIRECTORY", credentials, 1), 0);
}

static void teardown(void)
{
	free(credentials);
	leave_folder();
}

TestSuite(credential, .init = setup, .fini = teardown);

static void expect_key(const uint8_t key[static MV_KEY_LEN], const char *expected)
{
	char text[MV_KEY_BASE64_MAX];

	cr_expect_str_eq(mv_key_to_base64(text, key), expected);
}

/* systemd gives a group the right to read where it gives it to a user by an ACL; that is no fault.
 */
Test(credential, keys_of_all_kinds)
{
	write_bytes("credentials/own", PRIVATE_A "\n", strlen(PRIVATE_A) + 1, 0440);
	write_bytes("credentials/b.pub", PUBLIC_B, strlen(PUBLIC_B), 0400);
	write_bytes("credentials/the psk", PRESHARED "\n", strlen(PRESHARED) + 1, 0440);
	struct mv_config *config =
		load("[Interface]\nPrivateKeyFile = credential:own\n[Peer]\n"
		     "PublicKeyFile = credential:b.pub\nPresharedKeyFile = credential:the psk\n");

	expect_messages(config, "");
	expect_key(config->private_key, PRIVATE_A);
	expect_key(config->peers[0].public_key, PUBLIC_B);
	expect_key(config->peers[0].preshared_key, PRESHARED);

	char path[512];
	snprintf(path, sizeof(path), "%s/the psk", credentials);
	cr_expect_str_eq(config->peers[0].preshared_key_file, path);
	char *value = mv_credential_value(path);
	cr_expect_str_eq(value, "credential:the psk");
	free(value);
	mv_config_destroy(config);
}

Test(credential, without_systemd)
{
	cr_assert_eq(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	struct mv_config *config = load("[Interface]\nPrivateKeyFile = credential:own\n");

	expect_messages(config,
		"2: error: PrivateKeyFile: there are no credentials, CREDENTIALS_DIRECTORY is not "
		"set: systemd sets it for a unit with 'LoadCredential=own:PATH'\n");
	mv_config_destroy(config);

	/* A key in the wrong place is not repeated. */
	config = load("[Interface]\nPrivateKeyFile = credential:" PRIVATE_A "\n");
	expect_messages(config,
		"2: error: PrivateKeyFile: there are no credentials, CREDENTIALS_DIRECTORY is not "
		"set: systemd sets it for a unit with 'LoadCredential=NAME:PATH'\n");
	mv_config_destroy(config);
}

Test(credential, one_that_is_not_there)
{
	char expected[512];
	struct mv_config *config = load("[Interface]\nPrivateKeyFile = credential:own\n");

	snprintf(expected, sizeof(expected),
		"2: error: PrivateKeyFile: %s/own: there is no such credential: the unit needs "
		"'LoadCredential=own:PATH'\n",
		credentials);
	expect_messages(config, expected);
	mv_config_destroy(config);
}

/* None leads out of the folder. */
Test(credential, names_that_there_cannot_be)
{
	static const char *const names[] = {
		"", ".", "..", "../test.ini", "a/b", "/etc/passwd", "a:b", "caf\xc3\xa9"};
	char text[512];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "[Interface]\nPrivateKeyFile = credential:%s\n",
			names[i]);
		struct mv_config *config = load(text);
		expect_messages(config, "2: error: PrivateKeyFile: " NO_CREDENTIAL_NAME);
		mv_config_destroy(config);
	}
	snprintf(text, sizeof(text), "[Interface]\nPrivateKeyFile = credential:%0256d\n", 0);
	struct mv_config *config = load(text);
	expect_messages(config, "2: error: PrivateKeyFile: " NO_CREDENTIAL_NAME);
	mv_config_destroy(config);
}

static void expect_value(const char *path, const char *expected)
{
	char *value = mv_credential_value(path);

	cr_expect_str_eq(value, expected);
	free(value);
}

Test(credential, other_files_are_called_by_their_path)
{
	cr_assert_eq(setenv("CREDENTIALS_DIRECTORY", "/run/credentials/vpn", 1), 0);
	expect_value("/run/credentials/vpn/own", "credential:own");
	expect_value("/run/credentials/vpn2/own", "/run/credentials/vpn2/own");
	expect_value("/run/credentials/vpn/a/own", "/run/credentials/vpn/a/own");
	expect_value("/run/credentials/vpn/", "/run/credentials/vpn/");
	expect_value("/etc/own", "/etc/own");
	cr_assert_eq(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	expect_value("/run/credentials/vpn/own", "/run/credentials/vpn/own");
}
