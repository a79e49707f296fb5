/*
 * What only the whole file shows: what is missing, what is given twice, what does not go together.
 * Completes the draft's configuration. Internal to config/.
 */
#ifndef MV_CONFIG_CHECK_H
#define MV_CONFIG_CHECK_H

#include "config/draft.h"

/* After the last entry; what is wrong goes to the draft's messages. */
void mv_check_draft(struct mv_draft *draft);

#endif
