/*
 * The few lines that `up` prints when the tunnel is up.
 */
#ifndef MV_CLI_SUMMARY_H
#define MV_CLI_SUMMARY_H

#include "config/config.h"
#include "tunnel/snapshot.h"

void mv_summary_print(const struct mv_config *config, const struct mv_snapshot *snapshot);

/* In which network namespaces it is, if the peer file names any. */
void mv_summary_print_namespaces(const struct mv_config *config);

/* Only the peers: where each is, and what belongs to it. */
void mv_summary_print_peers(const struct mv_config *config);

#endif
