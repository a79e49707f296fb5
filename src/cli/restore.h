/*
 * What a tunnel remembers of its life before: gives the device the timestamps that its peers have
 * seen, and says so if the clock lags behind them, or shows a time before minivpn was made.
 */
#ifndef MV_CLI_RESTORE_H
#define MV_CLI_RESTORE_H

#include "base/log.h"
#include "edge/record.h"

/* A record that is missing is that of a new identity; one that cannot be used is worth a warning,
 * as is a folder that takes none. */
void mv_restore_timestamps(struct mv_device *device, const char *folder,
	const uint8_t public_key[static MV_KEY_LEN], const struct mv_log *log);

/* Without a word: for peers that have come since, or come back. */
void mv_restore_new_peers(
	struct mv_device *device, const char *folder, const uint8_t public_key[static MV_KEY_LEN]);

#endif
