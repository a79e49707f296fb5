/*
 * Thousands of damaged peer files: none may crash, hang or leak, and no message may show a secret.
 * The damage comes from a seeded generator, so a failure repeats; the file that caused it is
 * printed.
 */
#include "config/config.h"

#include "config_fixture.h"
#include "tunnel/change.h"

#define ROUNDS         4000
#define FILE_MAX_BYTES 4096
#define SECRET_RUN     36 /* this many characters of a key in a row give it away */

TestSuite(config_mutations, .init = enter_folder, .fini = leave_folder, .timeout = 110);

static const char *const seeds[] = {
	INTERFACE "Address = 10.0.0.1/24, fd00::1/64\nListenPort = 51820\nMTU = 1420\n" PEER_B
		  "PresharedKey = " PRESHARED "\nAllowedIPs = 10.0.0.2/32, fd00::2/128\n"
		  "Endpoint = [2001:db8::1]:51820\nPersistentKeepalive = 25\n",
	"[Interface]\r\nPrivateKeyFile = a.key\r\nDevice = wg0 # name\r\n[Peer]\r\n"
	"PublicKeyFile = b.pub\r\nPresharedKeyFile = psk\r\nEndpoint = vpn.example.com:443\r\n",
	INTERFACE "FwMark = 0xca6c\nTable = main\nDNS = 10.0.0.1, fd00::1, corp\nPreUp =\n"
		  "PostUp = echo \t" PRESHARED " # %i\nPostDown = a\nSaveConfig = true\n",
	INTERFACE "DNS = 10.0.0.1\n" PEER_B "AllowedIPs = 10.0.0.1/8\n" PEER_C
		  "AllowedIPs = 10.0.0.0/8\nEndpoint = [fe80::1%eth0]:7\n",
};

static const char *const fragments[] = {"\n", "\r", "=", ":", "#", ";", ",", "[", "]", "/", "%",
	" ", "\t", "\n[Peer]\n", "[Interface]\n", "\xef\xbb\xbf", "AllowedIPs = ", PRIVATE_A,
	"99999999999",
	"PrivateKeyFile = ", "Address=", "DNS = ", "\nPostUp = ", "FwMark=", "Table = ", "off",
	"\nEndpoint=["};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct file {
	char bytes[FILE_MAX_BYTES];
	size_t length;
};

/* xorshift64: the state is never 0. */
static size_t draw(uint64_t *state, size_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (size_t)(*state % below);
}

/* Puts `length` bytes at `at` in the place of `cut`. */
static void splice(struct file *file, size_t at, size_t cut, const char *bytes, size_t length)
{
	size_t tail;

	if (cut > file->length - at) {
		cut = file->length - at;
	}
	tail = file->length - at - cut;
	if (at + length + tail > sizeof(file->bytes)) {
		return;
	}
	memmove(file->bytes + at + length, file->bytes + at + cut, tail);
	memcpy(file->bytes + at, bytes, length);
	file->length = at + length + tail;
}

static void mutate(struct file *file, uint64_t *state)
{
	size_t at = draw(state, file->length + 1);
	const char *fragment = fragments[draw(state, COUNT(fragments))];
	char copy[64];
	size_t from, length;

	switch (draw(state, 5)) {
	case 0: /* another byte */
		splice(file, at, 1, &(char){(char)draw(state, 256)}, 1);
		break;
	case 1: /* bytes are gone */
		splice(file, at, 1 + draw(state, 30), "", 0);
		break;
	case 2:
		splice(file, at, draw(state, 4), fragment, strlen(fragment));
		break;
	case 3: /* a piece of the file is repeated elsewhere */
		from = draw(state, file->length + 1);
		length = draw(state, sizeof(copy));
		if (length > file->length - from) {
			length = file->length - from;
		}
		memcpy(copy, file->bytes + from, length);
		splice(file, at, 0, copy, length);
		break;
	case 4: /* the end is gone */
		if (draw(state, 8) == 0) {
			file->length = at;
		}
		break;
	}
}

static bool shows(const char *text, const char *secret)
{
	char run[SECRET_RUN + 1] = {0};

	for (size_t i = 0; i + SECRET_RUN <= strlen(secret); i++) {
		memcpy(run, secret + i, SECRET_RUN);
		if (strstr(text, run)) {
			return true;
		}
	}
	return false;
}

static void try_file(const struct file *file)
{
	struct mv_config *config;
	struct mv_changes changes;

	write_bytes("test.ini", file->bytes, file->length, 0600);
	config = load_path("test.ini");
	for (size_t i = 0; i < config->message_count; i++) {
		cr_assert_not(shows(config->messages[i].text, PRIVATE_A) ||
				      shows(config->messages[i].text, PRESHARED),
			"%s\n%.*s", config->messages[i].text, (int)file->length, file->bytes);
	}
	if (config->valid) {
		mv_changes_init(&changes);
		cr_assert_eq(mv_config_changes(config, &changes), 0);
		cr_assert_geq(changes.count, 1);
		mv_changes_uninit(&changes);
	}
	mv_config_destroy(config);
}

Test(config_mutations, damaged_files)
{
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	/* Control: what must not happen would be seen. */
	cr_assert(shows("Address: '" PRIVATE_A "'", PRIVATE_A));
	write_file("a.key", PRIVATE_A "\n");
	write_file("psk", PRESHARED "\n");
	write_file("b.pub", PUBLIC_B "\n");
	for (unsigned round = 0; round < ROUNDS; round++) {
		const char *seed = seeds[round % COUNT(seeds)];
		struct file file = {.length = strlen(seed)};
		size_t mutations = draw(&state, 8);

		memcpy(file.bytes, seed, file.length);
		for (size_t i = 0; i < mutations; i++) {
			mutate(&file, &state);
		}
		try_file(&file);
	}
}
