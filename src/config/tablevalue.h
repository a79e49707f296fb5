/*
 * The value of Table: which routing table the routes go into. What is wrong goes to the draft's
 * messages. Internal to config/.
 */
#ifndef MV_CONFIG_TABLEVALUE_H
#define MV_CONFIG_TABLEVALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/draft.h"

/* Where the system's administrator names tables. */
#define MV_TABLEVALUE_NAMES "/etc/iproute2/rt_tables"

/* auto, off, a number, or a name. Called through the table of config/fields. */
void mv_tablevalue_parse(struct mv_draft *draft, char *value);

/*
 * The number of a table that the kernel knows by this name, or else the file at this path: lines of
 * NUMBER NAME, with comments behind a '#'. False if there is none, or no such file.
 */
bool mv_tablevalue_find(uint32_t *number, const char *name, const char *path);

#endif
