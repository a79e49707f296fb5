/*
 * Asks a device for its status over the control socket.
 */
#ifndef MV_CLI_DEVICE_STATUS_H
#define MV_CLI_DEVICE_STATUS_H

#include <stdbool.h>

#include "cli/command.h"
#include "tunnel/change.h"
#include "tunnel/snapshot.h"

/* A device of another program does not know our request, but the common one. -errno. */
int mv_device_status_ask(const char *device, struct mv_snapshot **snapshot);

/* All that a device tells who may configure it, its keys included. -errno. */
int mv_device_get(const char *device, struct mv_snapshot **snapshot);

/* That, and what only a status tells: the MTU, names, and where peers and keys are to be found.
 * -errno. */
int mv_device_get_whole(const char *device, struct mv_snapshot **snapshot);

/* Carries out the changes, all or none. -errno: that of the device, if it answers with one. */
int mv_device_set(const char *device, const struct mv_changes *changes);

/* Somebody serves its control socket. */
bool mv_device_is_up(const char *device);

/* Prints why a device could not be asked, or reached. */
enum mv_exit mv_device_status_failed(const char *device, int error);

#endif
