/*
 * Loads a peer file and prints what there is to say about it.
 */
#ifndef MV_CLI_PEER_FILE_H
#define MV_CLI_PEER_FILE_H

#include "cli/command.h"
#include "config/config.h"

#define MV_PEER_FILE_PATH_MAX 64

/*
 * The file that an argument names: itself, or, where there is none of that name and it might be
 * that of a device, /etc/minivpn/NAME.conf or /etc/wireguard/NAME.conf. Returns the argument or
 * `path`.
 */
const char *mv_peer_file_find(char path[static MV_PEER_FILE_PATH_MAX], const char *argument);

/* Each name that mv_peer_file_find takes for a file in one of those folders, with that file. */
void mv_peer_file_list(void (*found)(void *ctx, const char *name, const char *path), void *ctx);

/* MV_EXIT_DONE: *config is valid and the caller's. Else it was printed why not, and there is none.
 */
enum mv_exit mv_peer_file_load(struct mv_config **config, const char *file);

#endif
