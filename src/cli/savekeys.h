/*
 * Which of a device's keys SaveConfig leaves in the files of their own that the peer file names:
 * those that are still what their files hold. The others it writes down.
 */
#ifndef MV_CLI_SAVEKEYS_H
#define MV_CLI_SAVEKEYS_H

#include "config/config.h"
#include "tunnel/snapshot.h"

/* Makes the preshared_key_file of each peer in the snapshot what the file is to name, NULL where it
 * holds the key itself. 0 or -ENOMEM. */
int mv_savekeys_of_peers(struct mv_snapshot *snapshot, const struct mv_config *config);

/* The same of the private key; *value is to be freed. 0 or -ENOMEM. */
int mv_savekeys_of_device(
	char **value, const struct mv_snapshot *snapshot, const struct mv_config *config);

#endif
