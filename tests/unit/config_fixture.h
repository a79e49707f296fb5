/*
 * For the tests that load peer files: a folder of their own to be in, and messages as one text.
 */
#ifndef CONFIG_FIXTURE_H
#define CONFIG_FIXTURE_H

#include <criterion/criterion.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

/* Two key pairs and a pre-shared key, made for these tests and used nowhere else. */
#define PRIVATE_A "YLhIxqRXQ3Fp+8lqBRjWbLFK6xGhX4zCkhcmMzKfBUY="
#define PUBLIC_A  "8ccMNzbRIHdo4ZZKVeEBIgwOd2Or74OljyWw9zw8/Vg="
#define PUBLIC_B  "WL4a5iCkYuE+R+OyjeYuCKy0x7llLB+rBMjgGoeOgz8="
#define PUBLIC_C  "6BLUGWCk5gSmJJ+bgas3lGhDvgepdZjJAQ0sCkBb4Ck="
#define PRESHARED "r3Pqgd7mCu1tTQyKqDmDIkAf6C0uIlmkLYbI/7yKQ1k="

#define INTERFACE "[Interface]\nPrivateKey = " PRIVATE_A "\n"
#define PEER_B    "[Peer]\nPublicKey = " PUBLIC_B "\n"
#define PEER_C    "[Peer]\nPublicKey = " PUBLIC_C "\n"

static char folder[] = "/tmp/minivpn-config-XXXXXX";

static inline void enter_folder(void)
{
	cr_assert(sodium_init() >= 0);
	cr_assert(mkdtemp(folder));
	cr_assert(chdir(folder) == 0);
}

static inline int remove_entry(
	const char *path, const struct stat *st, int type, struct FTW *position)
{
	(void)st;
	(void)type;
	(void)position;
	return remove(path);
}

static inline void leave_folder(void)
{
	cr_assert(chdir("/") == 0);
	cr_assert(nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

static inline void write_bytes(const char *path, const void *bytes, size_t length, mode_t mode)
{
	FILE *file = fopen(path, "w");

	cr_assert(file, "%s", path);
	cr_assert_eq(fwrite(bytes, 1, length, file), length);
	cr_assert_eq(fclose(file), 0);
	cr_assert_eq(chmod(path, mode), 0);
}

static inline void write_file(const char *path, const char *text)
{
	write_bytes(path, text, strlen(text), 0600);
}

static inline struct mv_config *load_path(const char *path)
{
	struct mv_config *config;

	cr_assert_eq(mv_config_load(&config, path), 0, "%s", path);
	return config;
}

static inline struct mv_config *load(const char *text)
{
	write_file("test.ini", text);
	return load_path("test.ini");
}

/* "3: error: TEXT\n" for each message; to be freed. */
static inline char *messages_of(const struct mv_config *config)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	cr_assert(out);
	for (size_t i = 0; i < config->message_count; i++)
		fprintf(out, "%u: %s: %s\n", config->messages[i].line,
			config->messages[i].is_error ? "error" : "warning",
			config->messages[i].text);
	fclose(out);
	return text;
}

static inline void expect_messages(const struct mv_config *config, const char *expected)
{
	char *text = messages_of(config);

	cr_expect_str_eq(text, expected, "expected:\n%sgot:\n%s", expected, text);
	cr_expect_eq(config->valid, !strstr(text, ": error: "));
	free(text);
}

#endif
