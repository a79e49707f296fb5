/*
 * Descriptors that whoever starts us hands over by their number. Says what is wrong with one.
 */
#ifndef MV_CLI_INHERITED_H
#define MV_CLI_INHERITED_H

#include <stdbool.h>

#include "cli/command.h"
#include "config/config.h"

/* From a variable of the environment; -1: it is not set, or empty. False: it is no descriptor. */
bool mv_inherited_from_environment(int *fd, const char *variable);

/* From the argument of an option. */
bool mv_inherited_from_option(int *fd, const char *option, const char *value);

/* The device of the configuration is that behind the TUN, with a warning if the file says another.
 * The descriptor is closed on failure; -1 is none, and all stays as it is. */
enum mv_exit mv_inherited_tun(int fd, struct mv_config *config, const char *file);

#endif
