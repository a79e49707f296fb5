#include "memory.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "require.h"

#define MASK        0xa5
#define WINDOW_LEN  (SECRET_LEN / 2 - 1)
#define WINDOW_LOW  1
#define WINDOW_HIGH (SECRET_LEN / 2)

/* What is larger is the shadow of a sanitizer: it holds no copies of anything. */
#define MAPPING_MAX ((uintptr_t)4 << 30)

void secret_note(struct secret *secret, const uint8_t bytes[static SECRET_LEN])
{
	for (size_t i = 0; i < SECRET_LEN; i++) {
		secret->masked[i] = bytes[i] ^ MASK;
	}
}

/* Never with the secret itself in one piece in a variable. */
__attribute__((no_sanitize("address"))) static bool is_at(
	const volatile uint8_t *memory, const uint8_t *masked)
{
	size_t i = 0;

	while (i < WINDOW_LEN && (memory[i] ^ MASK) == masked[i]) {
		i++;
	}
	return i == WINDOW_LEN;
}

static size_t places_between(uintptr_t begin, uintptr_t end, const struct secret *secret)
{
	size_t places = 0;

	for (uintptr_t at = begin; at + WINDOW_LEN <= end; at++) {
		/* NOLINTNEXTLINE(performance-no-int-to-ptr): addresses come as text. */
		const volatile uint8_t *memory = (const volatile uint8_t *)at;

		places += is_at(memory, secret->masked + WINDOW_LOW) ||
			  is_at(memory, secret->masked + WINDOW_HIGH);
	}
	return places;
}

size_t secret_places(const struct secret *secret)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	size_t places = 0;
	char line[512];

	REQUIRE(maps);
	while (fgets(line, sizeof(line), maps)) {
		uintptr_t begin, end;
		char access[5];

		/* NOLINTNEXTLINE(cert-err34-c): the kernel's numbers fit. */
		REQUIRE(sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &begin, &end, access) == 3);
		if (strncmp(access, "rw", 2) == 0 && end - begin <= MAPPING_MAX) {
			places += places_between(begin, end, secret);
		}
	}
	fclose(maps);
	return places;
}
