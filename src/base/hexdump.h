/*
 * Bytes as rows of hex digits, the form in which a packet is shown to people. A row at a time, so
 * that a packet of any size needs one small buffer:
 *
 *	for (size_t at = 0; at < len; at += MV_HEXDUMP_ROW_BYTES)
 *		puts(mv_hexdump_row(text, data + at, len - at));
 *
 * Pure; any thread.
 */
#ifndef MV_BASE_HEXDUMP_H
#define MV_BASE_HEXDUMP_H

#include <stddef.h>
#include <stdint.h>

#define MV_HEXDUMP_ROW_BYTES 16
#define MV_HEXDUMP_TEXT_MAX  (3 * MV_HEXDUMP_ROW_BYTES) /* with the terminator */

/*
 * The first MV_HEXDUMP_ROW_BYTES of data, or all of its len bytes where they are fewer: two lower
 * case digits a byte, one space between two bytes, no newline. Returns `text`.
 */
const char *mv_hexdump_row(char text[static MV_HEXDUMP_TEXT_MAX], const uint8_t *data, size_t len);

#endif
