/*
 * Sections and entries of a peer file, as config/ini finds them, to the settings of a draft: knows
 * which key belongs where, and what happens to one that is given twice. Internal to config/.
 */
#ifndef MV_CONFIG_ENTRIES_H
#define MV_CONFIG_ENTRIES_H

#include "config/ini.h"

/* Its context is the struct mv_draft. */
extern const struct mv_ini_handler mv_entries_handler;

#endif
