#include "base/checksum.h"

#include <string.h>

#include "base/bytes.h"

/* The loops over whole packets are made for the vectors of the processor that runs them. Sanitizers
 * come too late for the choice between the two. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__OPTIMIZE__) && !defined(__clang__) &&   \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VECTORIZED __attribute__((target_clones("avx2", "default")))
#else
#define VECTORIZED
#endif

/* Both halves of a word at once: the carries gather above them. */
static uint64_t add_word(uint64_t sum, uint64_t word)
{
	return sum + (word & 0xffffffff) + (word >> 32);
}

/* Fewer than eight bytes, as if zeros followed them. */
static uint64_t add_rest(uint64_t sum, const uint8_t *bytes, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, bytes, len);
	return add_word(sum, word);
}

VECTORIZED uint64_t mv_checksum_add(uint64_t sum, const uint8_t *bytes, size_t len)
{
	size_t whole = len / sizeof(uint64_t) * sizeof(uint64_t);

	for (size_t i = 0; i < whole; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, bytes + i, sizeof(word));
		sum = add_word(sum, word);
	}
	return add_rest(sum, bytes + whole, len - whole);
}

VECTORIZED uint64_t mv_checksum_copy(
	uint64_t sum, uint8_t *restrict out, const uint8_t *restrict bytes, size_t len)
{
	size_t whole = len / sizeof(uint64_t) * sizeof(uint64_t);

	for (size_t i = 0; i < whole; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, bytes + i, sizeof(word));
		memcpy(out + i, &word, sizeof(word));
		sum = add_word(sum, word);
	}
	memcpy(out + whole, bytes + whole, len - whole);
	return add_rest(sum, bytes + whole, len - whole);
}

uint64_t mv_checksum_pseudo(
	const uint8_t *addresses, size_t addresses_len, uint8_t protocol, uint32_t len)
{
	uint8_t rest[8] = {0};

	mv_store_be32(rest, len);
	rest[7] = protocol;
	return mv_checksum_add(mv_checksum_add(0, addresses, addresses_len), rest, sizeof(rest));
}

uint16_t mv_checksum_fold(uint64_t sum)
{
	while (sum > 0xffff) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

void mv_checksum_store(uint8_t field[static 2], uint64_t sum)
{
	uint16_t complement = (uint16_t)~mv_checksum_fold(sum);

	memcpy(field, &complement, sizeof(complement));
}
