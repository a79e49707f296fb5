/*
 * `minivpn NAME`: a device that is configured by its control socket alone, as wg-quick and control
 * planes start and drive it.
 */
#ifndef MV_CLI_USERSPACE_H
#define MV_CLI_USERSPACE_H

#include <stdbool.h>

#include "cli/command.h"

/* For the program's help. */
extern const char mv_userspace_help[];

/*
 * argv: [-f|--foreground] [--] NAME. Whether the arguments are those of this form, since no command
 * stands there: the first is an option of this form, or nothing near to the name of a command.
 */
bool mv_userspace_is_meant(int argc, char **argv, const char *nearest_command);

/* Returns 0 when the device is there and its socket listens, or, in the foreground, when it has
 * ended. */
enum mv_exit mv_userspace_run(int argc, char **argv);

#endif
