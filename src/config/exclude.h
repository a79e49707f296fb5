/*
 * ExcludedIPs: taken out of the AllowedIPs of their peer, once all of the file is read. Internal to
 * config/.
 */
#ifndef MV_CONFIG_EXCLUDE_H
#define MV_CONFIG_EXCLUDE_H

#include "config/draft.h"

/* Into so many prefixes all that is touched may fall apart, in a whole file. */
#define MV_EXCLUDE_PARTS_MAX 65536

/*
 * Makes the draft's AllowedIPs what is left of them, each with the place of the one it is left of,
 * and notes in its peers what was excluded. What is wrong goes to the draft's messages.
 */
void mv_exclude_settle(struct mv_draft *draft);

#endif
