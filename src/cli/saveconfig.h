/*
 * SaveConfig: writes a tunnel as it is now over its peer file, before it goes down.
 */
#ifndef MV_CLI_SAVECONFIG_H
#define MV_CLI_SAVECONFIG_H

#include "cli/host.h"

/*
 * If the peer file asks for it. Addresses, MTU and peers are those of the device; what a device
 * does not know, like commands and servers of names, is taken from the file as it is now. The new
 * file takes the place of the old one in one step, with mode 0600; comments are lost. Says what is
 * wrong, and leaves the file alone then.
 */
enum mv_exit mv_saveconfig_if_wanted(struct mv_host *host);

#endif
