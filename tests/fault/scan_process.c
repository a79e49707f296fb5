/*
 * scan_process PID: looks for the key that comes in base64 on standard input in all the memory that
 * the process can write to, and prints what it found on one line:
 *
 *   locked=1 unlocked=0 base64=0 hex=0
 *
 * the key's bytes in locked mappings and in others, and its two texts anywhere. Root's.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "require.h"

#define KEY_LEN    32
#define BASE64_LEN 43 /* without the '=' */
#define HEX_LEN    64

struct scan {
	int memory;
	uint8_t key[KEY_LEN];
	char base64[BASE64_LEN + 2], hex[HEX_LEN + 1];
	unsigned locked, unlocked, base64_places, hex_places;
};

struct mapping {
	uintptr_t begin, end;
	bool is_writable, is_locked;
};

static unsigned count(const uint8_t *memory, size_t len, const void *needle, size_t needle_len)
{
	const uint8_t *end = memory + len;
	unsigned places = 0;

	while ((memory = memmem(memory, (size_t)(end - memory), needle, needle_len))) {
		places++;
		memory++;
	}
	return places;
}

/* What cannot be read is none of the process's, like the pages of the kernel that it sees. */
static void scan_mapping(struct scan *scan, const struct mapping *mapping)
{
	size_t len = mapping->end - mapping->begin;
	uint8_t *copy = malloc(len);

	REQUIRE(copy);
	ssize_t got = pread(scan->memory, copy, len, (off_t)mapping->begin);
	if (got > 0) {
		unsigned places = count(copy, (size_t)got, scan->key, KEY_LEN);

		scan->locked += mapping->is_locked ? places : 0;
		scan->unlocked += mapping->is_locked ? 0 : places;
		scan->base64_places += count(copy, (size_t)got, scan->base64, BASE64_LEN);
		scan->hex_places += count(copy, (size_t)got, scan->hex, HEX_LEN);
	}
	free(copy);
}

/* An entry begins with its addresses and ends with its flags, among them "lo" for locked. */
static void scan_all(struct scan *scan, FILE *smaps)
{
	struct mapping mapping = {0};
	char line[1024], access[5];

	while (fgets(line, sizeof(line), smaps)) {
		uintptr_t begin, end;

		/* NOLINTNEXTLINE(cert-err34-c): the kernel's numbers fit. */
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &begin, &end, access) == 3) {
			mapping = (struct mapping){
				.begin = begin, .end = end, .is_writable = access[1] == 'w'};
		} else if (strncmp(line, "VmFlags:", 8) == 0 && mapping.is_writable) {
			mapping.is_locked = strstr(line, " lo ") != NULL;
			scan_mapping(scan, &mapping);
		}
	}
}

static void read_key(struct scan *scan)
{
	size_t len;

	REQUIRE(fgets(scan->base64, sizeof(scan->base64), stdin));
	REQUIRE(sodium_base642bin(scan->key, KEY_LEN, scan->base64, strlen(scan->base64), "=\n",
			&len, NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0);
	REQUIRE(len == KEY_LEN);
	sodium_bin2hex(scan->hex, sizeof(scan->hex), scan->key, KEY_LEN);
}

int main(int argc, char **argv)
{
	struct scan scan = {0};
	char path[64];

	REQUIRE(argc == 2 && sodium_init() >= 0);
	read_key(&scan);
	snprintf(path, sizeof(path), "/proc/%s/mem", argv[1]);
	scan.memory = open(path, O_RDONLY | O_CLOEXEC);
	REQUIRE(scan.memory >= 0);
	snprintf(path, sizeof(path), "/proc/%s/smaps", argv[1]);
	FILE *smaps = fopen(path, "r");
	REQUIRE(smaps);
	scan_all(&scan, smaps);
	fclose(smaps);
	close(scan.memory);
	printf("locked=%u unlocked=%u base64=%u hex=%u\n", scan.locked, scan.unlocked,
		scan.base64_places, scan.hex_places);
	return 0;
}
