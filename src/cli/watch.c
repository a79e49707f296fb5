#include "cli/watch.h"

#include <stdio.h>

#include "base/hexdump.h"

#define ROW_BYTES 16

void mv_watch_dump(void *ctx, enum mv_direction direction, const uint8_t *packet, size_t len)
{
	const char *device = ctx;
	char row[MV_HEXDUMP_TEXT_MAX];

	/* One packet's lines stay together, whoever else prints. */
	flockfile(stdout);
	if (direction == MV_DIRECTION_OUT) {
		printf("out: read %zu bytes from %s\n", len, device);
	} else {
		printf("in: write %zu bytes to %s\n", len, device);
	}
	for (size_t i = 0; i < len; i += ROW_BYTES) {
		puts(mv_hexdump_row(row, packet + i, len - i < ROW_BYTES ? len - i : ROW_BYTES));
	}
	fflush(stdout);
	funlockfile(stdout);
}
