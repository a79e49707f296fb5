#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int mv_command_option(const struct mv_command *command, int argc, char **argv,
	const char *short_options, const struct option *long_options)
{
	int option = getopt_long(argc, argv, short_options, long_options, NULL);

	if (option == 'h') {
		fputs(command->help, stdout);
		exit(MV_EXIT_DONE);
	}
	if (option == '?') {
		fprintf(stderr, "Try 'minivpn %s --help'.\n", command->name);
		exit(MV_EXIT_USAGE);
	}
	return option;
}

char **mv_command_arguments(const struct mv_command *command, int argc, char **argv, int least,
	int most, const char *reason)
{
	static const struct option help_only[] = {{"help", no_argument, NULL, 'h'}, {0}};

	while (mv_command_option(command, argc, argv, "h", help_only) != -1) {
	}
	if (argc - optind < least || argc - optind > most) {
		exit(mv_command_misused(command, reason));
	}
	return argv + optind;
}

enum mv_exit mv_command_misused(const struct mv_command *command, const char *reason)
{
	fprintf(stderr, "minivpn %s: %s\nTry 'minivpn %s --help'.\n", command->name, reason,
		command->name);
	return MV_EXIT_USAGE;
}

enum mv_exit mv_command_failed(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("minivpn: ", stderr);
	/* The analyzer of clang 14 does not always see the va_start above. */
	vfprintf(stderr, format, arguments); /* NOLINT(clang-analyzer-valist.Uninitialized) */
	fputc('\n', stderr);
	va_end(arguments);
	return MV_EXIT_FAILED;
}
