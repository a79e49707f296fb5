#include "proto/tai64n.h"

#include <string.h>

#include "base/bytes.h"

/* 2^62 begins the label of the present (TAI64); TAI was 10 s ahead when Unix time began. */
#define TAI64_UNIX_EPOCH ((UINT64_C(1) << 62) + 10)
#define WHITENED_BITS    UINT32_C(0xffffff)

/* Of CLOCK_REALTIME: the kernel counts it in nanoseconds, in 63 bits. */
#define WALL_MAX_S (INT64_MAX / MV_NS_PER_S)

void mv_tai64n(uint8_t timestamp[static MV_TIMESTAMP_LEN], struct mv_now now)
{
	mv_store_be64(timestamp, TAI64_UNIX_EPOCH + now.wall_s);
	mv_store_be32(timestamp + 8, now.wall_ns & ~WHITENED_BITS);
}

bool mv_tai64n_after(
	const uint8_t a[static MV_TIMESTAMP_LEN], const uint8_t b[static MV_TIMESTAMP_LEN])
{
	return memcmp(a, b, MV_TIMESTAMP_LEN) > 0;
}

/* One grain of the whitened clock after it. */
static void step(uint8_t timestamp[static MV_TIMESTAMP_LEN])
{
	uint64_t ns = (uint64_t)mv_load_be32(timestamp + 8) + WHITENED_BITS + 1;

	mv_store_be64(timestamp, mv_load_be64(timestamp) + ns / MV_NS_PER_S);
	mv_store_be32(timestamp + 8, ns < MV_NS_PER_S ? (uint32_t)ns : 0);
}

void mv_tai64n_next(uint8_t timestamp[static MV_TIMESTAMP_LEN],
	const uint8_t last[static MV_TIMESTAMP_LEN], struct mv_now now)
{
	mv_tai64n(timestamp, now);
	if (!mv_tai64n_after(timestamp, last)) {
		memcpy(timestamp, last, MV_TIMESTAMP_LEN);
		step(timestamp);
	}
}

void mv_tai64n_add(uint8_t timestamp[static MV_TIMESTAMP_LEN], uint32_t seconds)
{
	mv_store_be64(timestamp, mv_load_be64(timestamp) + seconds);
}

bool mv_tai64n_is_plausible(const uint8_t timestamp[static MV_TIMESTAMP_LEN])
{
	uint64_t seconds = mv_load_be64(timestamp);

	return seconds >= TAI64_UNIX_EPOCH && seconds - TAI64_UNIX_EPOCH <= WALL_MAX_S &&
	       mv_load_be32(timestamp + 8) < MV_NS_PER_S;
}

uint64_t mv_tai64n_wall_s(const uint8_t timestamp[static MV_TIMESTAMP_LEN])
{
	return mv_load_be64(timestamp) - TAI64_UNIX_EPOCH;
}
