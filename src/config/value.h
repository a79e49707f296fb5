/*
 * Numbers and prefixes as values of a peer file. What is wrong goes to the draft's messages.
 * Internal to config/.
 */
#ifndef MV_CONFIG_VALUE_H
#define MV_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "config/draft.h"

/* Plain decimal. False with a message, which begins "is not `words` from ...". */
bool mv_value_parse_number(struct mv_draft *draft, uint32_t *number, const char *value,
	uint32_t min, uint32_t max, const char *words);

/* Plain decimal, where 010 is ten, or 0x and hex digits. False, with nothing said. */
bool mv_value_read_number(uint32_t *number, const char *text);

/* As mv_value_parse_number, for a port from `min` on, or the name of a UDP service. */
bool mv_value_parse_port(struct mv_draft *draft, uint16_t *port, const char *value, uint32_t min);

/* "addr" or "addr/bits", host bits kept. False with a message. */
bool mv_value_parse_prefix(struct mv_draft *draft, struct mv_prefix *prefix, const char *value);

#endif
