/*
 * Asks a device for its status over the control socket.
 */
#ifndef MV_CLI_DEVICE_STATUS_H
#define MV_CLI_DEVICE_STATUS_H

#include "cli/command.h"
#include "tunnel/snapshot.h"

/* A device of another program does not know our request, but the common one. -errno. */
int mv_device_status_ask(const char *device, struct mv_snapshot **snapshot);

/* Prints why a device could not be asked, or reached. */
enum mv_exit mv_device_status_failed(const char *device, int error);

#endif
