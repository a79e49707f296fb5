/*
 * genkey, genpsk and pubkey: keys as text, in the forms that `wg` has too.
 */
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "crypto/keytext.h"
#include "crypto/x25519.h"

/* A secret that goes into a file others may read is worth a word. */
static void warn_if_readable(void)
{
	struct stat out;

	if (fstat(STDOUT_FILENO, &out) == 0 && S_ISREG(out.st_mode) &&
		(out.st_mode & (S_IRWXG | S_IRWXO))) {
		fputs("minivpn: warning: others may read the file that the key goes into; "
		      "use 'umask 077' before\n",
			stderr);
	}
}

static enum mv_exit print_key(const uint8_t key[static MV_KEY_LEN])
{
	char text[MV_KEY_BASE64_MAX];

	int result = puts(mv_key_to_base64(text, key));
	if (result >= 0) {
		result = fflush(stdout);
	}
	sodium_memzero(text, sizeof(text));
	return result < 0 ? mv_command_failed("cannot write the key: %s", strerror(errno))
			  : MV_EXIT_DONE;
}

static enum mv_exit generate(
	const struct mv_command *command, int argc, char **argv, bool is_private)
{
	uint8_t key[MV_KEY_LEN];

	mv_command_arguments(command, argc, argv, 0, 0, "it takes no arguments and prints the key");
	warn_if_readable();
	/* The key passes through a buffer of stdio's, which nobody would wipe. */
	setvbuf(stdout, NULL, _IONBF, 0);
	randombytes_buf(key, sizeof(key));
	if (is_private) {
		mv_x25519_clamp(key);
	}
	enum mv_exit result = print_key(key);
	sodium_memzero(key, sizeof(key));
	return result;
}

static enum mv_exit genkey(const struct mv_command *command, int argc, char **argv)
{
	return generate(command, argc, argv, true);
}

static enum mv_exit genpsk(const struct mv_command *command, int argc, char **argv)
{
	return generate(command, argc, argv, false);
}

/* One line from standard input with the white space around it cut off; false if it is longer than a
 * key. */
static bool read_key_line(char text[static MV_KEY_BASE64_MAX])
{
	char line[128];
	bool fits = false;

	setvbuf(stdin, NULL, _IONBF, 0);
	if (fgets(line, sizeof(line), stdin)) {
		const char *begin = line + strspn(line, " \t");
		size_t len = strcspn(begin, " \t\r\n");

		fits = len < MV_KEY_BASE64_MAX &&
		       begin[len + strspn(begin + len, " \t\r\n")] == '\0';
		if (fits) {
			memcpy(text, begin, len);
			text[len] = '\0';
		}
	}
	sodium_memzero(line, sizeof(line));
	return fits;
}

static enum mv_exit pubkey(const struct mv_command *command, int argc, char **argv)
{
	char text[MV_KEY_BASE64_MAX] = {0};
	uint8_t key[MV_KEY_LEN], public_key[MV_KEY_LEN];

	mv_command_arguments(command, argc, argv, 0, 0,
		"it takes no arguments and reads the private key from standard input");
	bool ok = read_key_line(text) && mv_key_from_base64(key, text) == MV_KEYTEXT_OK;
	sodium_memzero(text, sizeof(text));
	if (!ok) {
		return mv_command_failed("this is no key: 44 characters of base64 are needed, as "
					 "'minivpn genkey' prints them");
	}
	mv_x25519_clamp(key);
	mv_x25519_public(public_key, key);
	sodium_memzero(key, sizeof(key));
	return print_key(public_key);
}

const struct mv_command mv_command_genkey = {
	.name = "genkey",
	.summary = "print a new private key",
	.help = "Usage: minivpn genkey\n\n"
		"Prints a new private key in base64. Keep it secret:\n\n"
		"  (umask 077; minivpn genkey > keys/a.key)\n",
	.run = genkey,
};

const struct mv_command mv_command_genpsk = {
	.name = "genpsk",
	.summary = "print a new pre-shared key",
	.help = "Usage: minivpn genpsk\n\n"
		"Prints a new pre-shared key in base64, for PresharedKey on both sides of a "
		"pair.\n",
	.run = genpsk,
};

const struct mv_command mv_command_pubkey = {
	.name = "pubkey",
	.summary = "print the public key of a private key",
	.help = "Usage: minivpn pubkey < PRIVATE-KEY-FILE\n\n"
		"Reads a private key from standard input and prints its public key, which the "
		"other\n"
		"side needs:\n\n"
		"  minivpn pubkey < keys/a.key > keys/a.pub\n",
	.run = pubkey,
};
