/* Once a configuration is destroyed, none of its keys is left in the memory of the process. */
#include <fcntl.h>

#include "config/config.h"

#include "config_fixture.h"
#include "crypto/keytext.h"
#include "tunnel/change.h"

#define MAPPING_MAX_BYTES ((size_t)64 << 20) /* what is larger belongs to a sanitizer */

TestSuite(config_wipe, .init = enter_folder, .fini = leave_folder);

/* The text stays in read-only memory: the buffers of stdio would keep a copy. */
static void write_unbuffered(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* Reads by the kernel, which forgives holes. What was read is wiped: it must not find itself. */
static size_t count_in(int memory, uintptr_t from, uintptr_t to, const char *needle, size_t length)
{
	static char window[1 << 16];
	size_t count = 0;

	for (uintptr_t at = from; at < to; at += sizeof(window) - length) {
		size_t want = to - at < sizeof(window) ? to - at : sizeof(window);
		ssize_t have = pread(memory, window, want, (off_t)at);
		const char *hit = have > 0 ? memmem(window, (size_t)have, needle, length) : NULL;

		while (hit) {
			count++;
			hit = memmem(hit + 1, (size_t)(window + have - hit - 1), needle, length);
		}
		sodium_memzero(window, sizeof(window));
	}
	return count;
}

/* How often the bytes stand in memory that the process may write. */
static size_t count_in_memory(const char *needle, size_t length)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char line[512];
	size_t count = 0;

	cr_assert(maps && memory >= 0);
	/* "7f0000000000-7f0000001000 rw-p ..." */
	while (fgets(line, sizeof(line), maps)) {
		char *rest;
		uintptr_t from = strtoul(line, &rest, 16);
		uintptr_t to = strtoul(rest + 1, &rest, 16);

		if (rest[2] == 'w' && to - from <= MAPPING_MAX_BYTES) {
			count += count_in(memory, from, to, needle, length);
		}
	}
	fclose(maps);
	close(memory);
	return count;
}

/* The first 24 characters, and the bytes they stand for: enough to be no accident. */
static size_t count_text(const char *key_text)
{
	return count_in_memory(key_text, 24);
}

/* The needle itself is in memory once, in a place that is not searched. */
static size_t count_bytes(const char *key_text)
{
	uint8_t *key = sodium_malloc(MV_KEY_LEN);
	size_t count;

	cr_assert(key);
	cr_assert_eq(mv_key_from_base64(key, key_text), MV_KEYTEXT_OK);
	sodium_mprotect_readonly(key);
	count = count_in_memory((const char *)key, 18);
	sodium_free(key);
	return count;
}

Test(config_wipe, the_search_finds_what_is_there)
{
	char planted[] = PRIVATE_A;

	cr_expect_geq(count_text(PRIVATE_A), 1);
	sodium_memzero(planted, sizeof(planted));
	cr_expect_eq(count_text(PRIVATE_A), 0);
}

static void load_and_destroy(bool valid)
{
	struct mv_config *config = load_path("test.ini");
	struct mv_changes changes;

	cr_assert_eq(config->valid, valid);
	cr_expect_eq(count_bytes(PRIVATE_A), 1);
	cr_expect_eq(count_bytes(PRESHARED), 1);
	mv_changes_init(&changes);
	cr_assert_eq(mv_config_changes(config, &changes), 0);
	mv_changes_uninit(&changes);
	mv_config_destroy(config);

	cr_expect_eq(count_bytes(PRIVATE_A), 0);
	cr_expect_eq(count_bytes(PRESHARED), 0);
	cr_expect_eq(count_text(PRIVATE_A), 0);
	cr_expect_eq(count_text(PRESHARED), 0);
}

Test(config_wipe, keys_in_the_peer_file)
{
	write_unbuffered("test.ini", INTERFACE PEER_B "PresharedKey = " PRESHARED);
	load_and_destroy(true);
}

/* A command may well have a key in it. */
Test(config_wipe, keys_in_commands)
{
	struct mv_config *config;

	write_unbuffered("test.ini",
		INTERFACE "PreUp = login " PRESHARED " # x\nPostDown = logout " PRESHARED "\n");
	config = load_path("test.ini");
	cr_assert(config->valid);
	cr_expect_eq(count_text(PRESHARED), 2);
	mv_config_destroy(config);
	cr_expect_eq(count_text(PRESHARED), 0);
}

Test(config_wipe, keys_with_spaces_inside)
{
	write_unbuffered("test.ini",
		INTERFACE PEER_B "PresharedKey = " PRESHARED " \n"
				 "Pre Shared Key = r3Pqgd7mCu1tTQyKqDmDIkAf6C0uI "
				 "lmkLYbI/7yKQ1k=\n");
	load_and_destroy(true);
}

Test(config_wipe, keys_in_files)
{
	write_unbuffered("a.key", PRIVATE_A "\n");
	write_unbuffered("psk", PRESHARED "\n");
	write_unbuffered("test.ini",
		"[Interface]\nPrivateKeyFile = a.key\n" PEER_B "PresharedKeyFile = psk\n");
	load_and_destroy(true);
}

Test(config_wipe, a_file_with_errors)
{
	write_unbuffered("test.ini",
		INTERFACE "Address = " PRESHARED "\nk " PRIVATE_A "\nx = " PRIVATE_A "\n" PEER_B
			  "PresharedKey = " PRESHARED "\nMTU = 1\n");
	load_and_destroy(false);
}
