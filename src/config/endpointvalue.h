/*
 * The value of Endpoint: a list of a.b.c.d:port, [v6]:port, [v6%scope]:port and name:port, the best
 * first. What is wrong goes to the draft's messages. Nothing is resolved here. Internal to config/.
 */
#ifndef MV_CONFIG_ENDPOINTVALUE_H
#define MV_CONFIG_ENDPOINTVALUE_H

#include "config/draft.h"

/* Replaces what the list of the peer at hand was. value is cut in pieces. */
void mv_endpointvalue_parse(struct mv_draft *draft, char *value);

/* When all of the peer is read: makes the text of its list. */
void mv_endpointvalue_settle(struct mv_draft *draft, struct mv_config_peer *peer);

#endif
