/*
 * The commands of a peer file. They are not looked into: a shell does that. Internal to config/,
 * but for mv_hook_name, which config.h declares.
 */
#ifndef MV_CONFIG_HOOKS_H
#define MV_CONFIG_HOOKS_H

#include "config/draft.h"

/* Append to the draft. Called through the table of config/fields. */
void mv_hooks_parse_pre_up(struct mv_draft *draft, char *value);
void mv_hooks_parse_post_up(struct mv_draft *draft, char *value);
void mv_hooks_parse_pre_down(struct mv_draft *draft, char *value);
void mv_hooks_parse_post_down(struct mv_draft *draft, char *value);

/* After the last command: makes the lists of the configuration. */
void mv_hooks_settle(struct mv_draft *draft);

#endif
