/*
 * Hex text of published vectors as bytes. Spaces and newlines between digits are skipped, so that a
 * long vector can be laid out in rows. A mistake in a vector ends the test program.
 */
#ifndef MV_TESTS_HEX_H
#define MV_TESTS_HEX_H

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Returns the number of bytes written to out, at most room. */
static inline size_t unhex(uint8_t *out, size_t room, const char *hex)
{
	size_t len;
	const char *end;

	if (sodium_hex2bin(out, room, hex, strlen(hex), " \n", &len, &end) != 0 || *end != '\0')
		abort();
	return len;
}

#endif
