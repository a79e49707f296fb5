#include "proto/tai64n.h"

#include <string.h>

#include "base/bytes.h"

/* 2^62 begins the label of the present (TAI64); TAI was 10 s ahead when Unix time began. */
#define TAI64_UNIX_EPOCH ((UINT64_C(1) << 62) + 10)
#define WHITENED_BITS    UINT32_C(0xffffff)

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
