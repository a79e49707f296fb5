/*
 * Loads and stores of integers at any alignment, with the byte order in the name.
 * Pure; any thread.
 */
#ifndef MV_BASE_BYTES_H
#define MV_BASE_BYTES_H

#include <stdint.h>

static inline uint16_t mv_load_be16(const uint8_t p[static 2])
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t mv_load_be32(const uint8_t p[static 4])
{
	return (uint32_t)mv_load_be16(p) << 16 | mv_load_be16(p + 2);
}

static inline uint64_t mv_load_be64(const uint8_t p[static 8])
{
	return (uint64_t)mv_load_be32(p) << 32 | mv_load_be32(p + 4);
}

static inline uint32_t mv_load_le32(const uint8_t p[static 4])
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t mv_load_le64(const uint8_t p[static 8])
{
	return (uint64_t)mv_load_le32(p + 4) << 32 | mv_load_le32(p);
}

static inline void mv_store_be16(uint8_t p[static 2], uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void mv_store_be32(uint8_t p[static 4], uint32_t v)
{
	mv_store_be16(p, (uint16_t)(v >> 16));
	mv_store_be16(p + 2, (uint16_t)v);
}

static inline void mv_store_be64(uint8_t p[static 8], uint64_t v)
{
	mv_store_be32(p, (uint32_t)(v >> 32));
	mv_store_be32(p + 4, (uint32_t)v);
}

static inline void mv_store_le32(uint8_t p[static 4], uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static inline void mv_store_le64(uint8_t p[static 8], uint64_t v)
{
	mv_store_le32(p, (uint32_t)v);
	mv_store_le32(p + 4, (uint32_t)(v >> 32));
}

#endif
