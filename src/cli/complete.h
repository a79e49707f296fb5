/*
 * complete: what the completions of shells ask. It is in no list of commands.
 */
#ifndef MV_CLI_COMPLETE_H
#define MV_CLI_COMPLETE_H

#include <stddef.h>

#include "cli/command.h"

/*
 * The arguments are the words between `minivpn` and the one to be completed. Prints what may stand
 * there, one a line, with a tab and a word about it where there is one; ":files" stands for every
 * file. Whoever asks picks what begins as his word. `general` has the options in front of any
 * command, as in a help. What cannot be found out is left out, without a word.
 */
enum mv_exit mv_complete(const struct mv_command *const *commands, size_t count,
	const char *general, int argc, char **argv);

#endif
