/*
 * The Internet checksum (RFC 1071). A sum grows in 64 bits, and in the machine's own byte order:
 * the result is the same, and only storing it needs to know. Pieces may be added in any order, but
 * each must begin at an even place of what is summed. Pure; any thread.
 */
#ifndef MV_BASE_CHECKSUM_H
#define MV_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* The sum with these bytes added; len below 2^31. */
uint64_t mv_checksum_add(uint64_t sum, const uint8_t *bytes, size_t len);

/* The same, and copies them to out, which is somewhere else. */
uint64_t mv_checksum_copy(uint64_t sum, uint8_t *out, const uint8_t *bytes, size_t len);

/*
 * The sum of the pseudo-header (RFC 9293 section 3.1, RFC 768, RFC 8200 section 8.1): both
 * addresses as they stand in the IP header, 8 or 32 bytes, the protocol, and the length of the
 * transport header with all that follows.
 */
uint64_t mv_checksum_pseudo(
	const uint8_t *addresses, size_t addresses_len, uint8_t protocol, uint32_t len);

/* In 16 bits, not complemented. Over data with a right checksum in it: 0xffff. */
uint16_t mv_checksum_fold(uint64_t sum);

/* Stores the checksum: the complement. A field that belongs to the sum was zero when it was added.
 */
void mv_checksum_store(uint8_t field[static 2], uint64_t sum);

#endif
