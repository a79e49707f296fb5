/*
 * What SaveConfig writes of networks that are excluded.
 */
#ifndef MV_CLI_SAVENETWORKS_H
#define MV_CLI_SAVENETWORKS_H

#include "config/config.h"
#include "control/showconf.h"

/*
 * AllowedIPs and ExcludedIPs of a peer as its file has them. They stay where the device has what
 * the file gives: to the tables of the routes it is not the same as what is left. 1; 0: the allowed
 * IPs are to be written as they are; -ENOMEM.
 */
int mv_savenetworks_find(struct mv_showconf_networks *networks, const struct mv_snapshot *snapshot,
	const struct mv_peer_snapshot *peer, const struct mv_config *config);

#endif
