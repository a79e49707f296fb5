/*
 * The argument FILE|DEVICE of commands on a tunnel that is up.
 */
#ifndef MV_CLI_DEVICE_ARGUMENT_H
#define MV_CLI_DEVICE_ARGUMENT_H

#include <stdbool.h>

#include "cli/command.h"
#include "config/config.h"

struct mv_device_argument {
	char device[MV_DEVICE_NAME_MAX];
	bool is_file;
	uint8_t public_key[MV_KEY_LEN]; /* of the file's [Interface] */
};

/* A word that is not the name of a file. */
bool mv_device_argument_is_device(const char *argument);

/*
 * A word without a slash that is no file's name is a device. A file must be valid: one with
 * mistakes may mean another device than it says. Prints what is wrong.
 */
enum mv_exit mv_device_argument_read(struct mv_device_argument *read, const char *argument);

#endif
