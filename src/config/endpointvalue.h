/*
 * The value of Endpoint: a.b.c.d:port, [v6]:port, [v6%scope]:port or name:port. What is wrong goes
 * to the draft's messages. Nothing is resolved here. Internal to config/.
 */
#ifndef MV_CONFIG_ENDPOINTVALUE_H
#define MV_CONFIG_ENDPOINTVALUE_H

#include "config/draft.h"

/*
 * Replaces what the peer's endpoint was. An address goes to ->endpoint; a name, or an address with
 * a scope, to ->endpoint_host and ->endpoint_port. value is cut in pieces.
 */
void mv_endpointvalue_parse(struct mv_draft *draft, struct mv_config_peer *peer, char *value);

#endif
