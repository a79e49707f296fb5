/*
 * The network namespaces that a peer file names: the device is made, and all that belongs to it is
 * set up, in one; the sockets of sealed packets are opened in the other. For `up`, before it forks;
 * one thread.
 */
#ifndef MV_CLI_NAMESPACES_H
#define MV_CLI_NAMESPACES_H

#include <stdint.h>

#include "cli/command.h"
#include "config/config.h"

struct mv_namespaces {
	int sockets;          /* to be entered before they are opened; -1: that of the device */
	uint32_t mtu_outside; /* as mv_hostplan_init takes it */
};

/*
 * Enters the namespace of the device for good. Where both are one in truth, by whatever names, it
 * is as if sockets had none of their own. Says what is wrong. To be given to mv_namespaces_uninit
 * in any case.
 */
enum mv_exit mv_namespaces_enter(struct mv_namespaces *namespaces, const struct mv_config *config);
void mv_namespaces_uninit(struct mv_namespaces *namespaces);

#endif
