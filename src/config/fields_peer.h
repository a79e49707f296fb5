/*
 * One function a key of [Peer]: reads a value that is not empty into the draft, or says what is
 * wrong with it. May change the value. Internal to config/; called through the table of
 * config/fields.
 */
#ifndef MV_CONFIG_FIELDS_PEER_H
#define MV_CONFIG_FIELDS_PEER_H

#include "config/draft.h"

void mv_fields_parse_public_key(struct mv_draft *draft, char *value);
void mv_fields_parse_public_key_file(struct mv_draft *draft, char *value);
void mv_fields_parse_name(struct mv_draft *draft, char *value);
void mv_fields_parse_psk(struct mv_draft *draft, char *value);
void mv_fields_parse_psk_file(struct mv_draft *draft, char *value);
void mv_fields_parse_allowed_ips(struct mv_draft *draft, char *value);
void mv_fields_parse_excluded_ips(struct mv_draft *draft, char *value);
void mv_fields_parse_endpoint(struct mv_draft *draft, char *value);
void mv_fields_parse_resolve_interval(struct mv_draft *draft, char *value);
void mv_fields_parse_keepalive(struct mv_draft *draft, char *value);

#endif
