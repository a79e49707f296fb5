/*
 * The value of DNS: nameservers and search domains in one list. What is wrong goes to the draft's
 * messages. Internal to config/.
 */
#ifndef MV_CONFIG_DNSVALUE_H
#define MV_CONFIG_DNSVALUE_H

#include "config/draft.h"

/* Appends to both lists of the configuration. Called through the table of config/fields. */
void mv_dnsvalue_parse(struct mv_draft *draft, char *value);

/* After the last value: what is there twice is kept once, the first of them. */
void mv_dnsvalue_settle(struct mv_draft *draft);

#endif
