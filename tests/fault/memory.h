/*
 * Looks for a secret in the memory of this process: in everything that can be written to, stacks
 * and freed memory included. What it looks for is kept masked, so that the search does not find
 * itself.
 */
#ifndef MV_TESTS_FAULT_MEMORY_H
#define MV_TESTS_FAULT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#define SECRET_LEN 32

struct secret {
	uint8_t masked[SECRET_LEN];
};

void secret_note(struct secret *secret, const uint8_t bytes[static SECRET_LEN]);

/*
 * At how many places it is, or either half of it: keys go through registers, and those may be
 * saved. The first and the last byte do not count, since X25519 clamps them.
 */
size_t secret_places(const struct secret *secret);

#endif
