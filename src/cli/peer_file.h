/*
 * Loads a peer file and prints what there is to say about it.
 */
#ifndef MV_CLI_PEER_FILE_H
#define MV_CLI_PEER_FILE_H

#include "cli/command.h"
#include "config/config.h"

/* MV_EXIT_DONE: *config is valid and the caller's. Else it was printed why not, and there is none.
 */
enum mv_exit mv_peer_file_load(struct mv_config **config, const char *file);

#endif
