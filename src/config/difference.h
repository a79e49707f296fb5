/*
 * What there is to be changed in a device that is up so that it becomes what a peer file says, and
 * nothing more: sessions of peers that stay are not touched. Pure.
 */
#ifndef MV_CONFIG_DIFFERENCE_H
#define MV_CONFIG_DIFFERENCE_H

#include "config/config.h"
#include "tunnel/snapshot.h"

/*
 * device: as it is now, keys included. fwmark: of the sockets, as it is to be. First what goes,
 * then what stays and what is new, in the order of the file. A port that the file leaves open stays
 * as it is. 0 or -ENOMEM.
 */
int mv_config_difference(const struct mv_config *config, uint32_t fwmark,
	const struct mv_snapshot *device, struct mv_changes *changes);

#endif
