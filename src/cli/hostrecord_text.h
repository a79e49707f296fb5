/*
 * The record of a tunnel as text, both ways. Internal to cli/hostrecord; a value belongs to one
 * thread.
 */
#ifndef MV_CLI_HOSTRECORD_TEXT_H
#define MV_CLI_HOSTRECORD_TEXT_H

#include <stdio.h>

#include "cli/hostrecord.h"

/* -ENOMEM. */
int mv_hostrecord_add_hook(struct mv_config_hooks *hooks, unsigned line, const char *command);

/* -EBADMSG: a line is not as minivpn wrote it, or the file is missing. -ENOMEM. What was read is to
 * be freed in any case. */
int mv_hostrecord_scan(struct mv_hostrecord *record, FILE *in);

void mv_hostrecord_print(FILE *out, const struct mv_hostrecord *record);

#endif
