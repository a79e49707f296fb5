/*
 * What all subcommands share. Only this layer prints and exits.
 */
#ifndef MV_CLI_COMMAND_H
#define MV_CLI_COMMAND_H

#include <getopt.h>

/* The exit codes of the program. */
enum mv_exit {
	MV_EXIT_DONE = 0,
	MV_EXIT_FAILED = 1,
	MV_EXIT_USAGE = 2,
	MV_EXIT_CONFIG = 3,
};

struct mv_command {
	const char *name;
	const char *summary; /* one line in the list of commands */
	const char *help;    /* what `minivpn NAME --help` prints */
	enum mv_exit (*run)(const struct mv_command *command, int argc, char **argv);
};

extern const struct mv_command mv_command_genkey, mv_command_genpsk, mv_command_pubkey;
extern const struct mv_command mv_command_up, mv_command_down, mv_command_reload, mv_command_status;
extern const struct mv_command mv_command_check, mv_command_strip, mv_command_showconf;
extern const struct mv_command mv_command_bench;

/*
 * getopt_long with --help understood. Options may stand before and behind the other arguments.
 * Returns as getopt_long does; what it cannot take it answers itself, as it does --help, and ends
 * the program.
 */
int mv_command_option(const struct mv_command *command, int argc, char **argv,
	const char *short_options, const struct option *long_options);

/*
 * For a command whose only option is --help: its arguments, at least so many and at most so many,
 * with NULL behind the last. Otherwise says the reason and ends the program.
 */
char **mv_command_arguments(const struct mv_command *command, int argc, char **argv, int least,
	int most, const char *reason);

/* "minivpn up: one file is needed; ..." on stderr. */
enum mv_exit mv_command_misused(const struct mv_command *command, const char *reason);

/* "minivpn: ..." on stderr. Returns MV_EXIT_FAILED. */
enum mv_exit mv_command_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
