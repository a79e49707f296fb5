/*
 * One function a key of [Interface]: reads a value that is not empty into the draft, or says what
 * is wrong with it. May change the value. Internal to config/; called through the table of
 * config/fields.
 */
#ifndef MV_CONFIG_FIELDS_INTERFACE_H
#define MV_CONFIG_FIELDS_INTERFACE_H

#include "config/draft.h"

void mv_fields_parse_private_key(struct mv_draft *draft, char *value);
void mv_fields_parse_private_key_file(struct mv_draft *draft, char *value);
void mv_fields_parse_address(struct mv_draft *draft, char *value);
void mv_fields_parse_listen_port(struct mv_draft *draft, char *value);
void mv_fields_parse_fwmark(struct mv_draft *draft, char *value);
void mv_fields_parse_mtu(struct mv_draft *draft, char *value);
void mv_fields_parse_save_config(struct mv_draft *draft, char *value);
void mv_fields_parse_device(struct mv_draft *draft, char *value);
void mv_fields_parse_lanes(struct mv_draft *draft, char *value);
void mv_fields_parse_offload(struct mv_draft *draft, char *value);
void mv_fields_parse_namespace(struct mv_draft *draft, char *value);
void mv_fields_parse_socket_namespace(struct mv_draft *draft, char *value);

#endif
