/*
 * What SaveConfig writes of peers that a `get` of the control socket does not tell: their names,
 * their lists of endpoints, and which of their keys are in files of their own.
 */
#ifndef MV_CLI_SAVEPEERS_H
#define MV_CLI_SAVEPEERS_H

#include "config/config.h"
#include "tunnel/snapshot.h"

/*
 * Puts it into the snapshot of the get. Names and lists are those of the status, or, where that is
 * NULL, of the file. A pre-shared key stays in its file where the file holds the key that the
 * device has. 0 or -ENOMEM.
 */
int mv_savepeers_complete(struct mv_snapshot *snapshot, const struct mv_snapshot *status,
	const struct mv_config *config);

/* How the file is to name the one of the private key, under the same condition; to be freed. *value
 * NULL: it holds the key itself. 0 or -ENOMEM. */
int mv_savepeers_private_key_file(
	char **value, const struct mv_snapshot *snapshot, const struct mv_config *config);

#endif
