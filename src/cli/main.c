/*
 * The program: a table of subcommands.
 */
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/complete.h"
#include "cli/userspace.h"
#include "config/nearest.h"
#include "minivpn/version.h"

static const struct mv_command *const commands[] = {
	&mv_command_up,
	&mv_command_down,
	&mv_command_reload,
	&mv_command_status,
	&mv_command_check,
	&mv_command_strip,
	&mv_command_showconf,
	&mv_command_genkey,
	&mv_command_pubkey,
	&mv_command_genpsk,
	&mv_command_bench,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const char general_options[] =
	"\nOptions:\n"
	"  -h, --help       this text; 'minivpn COMMAND --help' tells more\n"
	"  -V, --version    the version\n\n";

static void print_usage(FILE *out)
{
	fputs("minivpn: an encrypted point-to-point VPN that speaks the WireGuard protocol\n\n"
	      "Usage: minivpn COMMAND [OPTION]... [ARGUMENT]...\n"
	      "       minivpn [-f|--foreground] NAME\n\n"
	      "Commands:\n",
		out);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
	}
	fputs(general_options, out);
	fputs(mv_userspace_help, out);
	fputs("\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 invalid configuration.\n", out);
}

static const struct mv_command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i]->name, name) == 0) {
			return commands[i];
		}
	}
	return NULL;
}

/* The command that was probably meant; NULL if none is near. */
static const char *nearest_command(const char *word)
{
	const char *best = NULL;
	unsigned least = MV_NEAREST_FAR;

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		unsigned distance = mv_nearest_distance(word, commands[i]->name);

		if (distance < least) {
			best = commands[i]->name;
			least = distance;
		}
	}
	return best;
}

static enum mv_exit refuse(const char *word, const char *nearest)
{
	if (nearest) {
		fprintf(stderr,
			"minivpn: there is no command '%s': did you mean '%s'? A device of that "
			"name is made by 'minivpn -- %s'\n",
			word, nearest, word);
	} else if (word[0] == '-') {
		fprintf(stderr,
			"minivpn: options stand behind the command, as in 'minivpn up %s FILE'\n",
			word);
	} else {
		fprintf(stderr, "minivpn: there is no command '%s'\n", word);
	}
	fputs("Try 'minivpn --help'.\n", stderr);
	return MV_EXIT_USAGE;
}

static enum mv_exit run_command(int argc, char **argv)
{
	const struct mv_command *command = find_command(argv[0]);
	const char *nearest = nearest_command(argv[0]);

	if (strcmp(argv[0], "complete") == 0) {
		return mv_complete(commands, COMMAND_COUNT, general_options, argc, argv);
	}
	if (!command && mv_userspace_is_meant(argc, argv, nearest)) {
		return mv_userspace_run(argc, argv);
	}
	if (!command) {
		return refuse(argv[0], nearest);
	}
	/* getopt begins its messages with the first argument. */
	char name[64];
	snprintf(name, sizeof(name), "minivpn %s", command->name);
	argv[0] = name;
	return command->run(command, argc, argv);
}

/* Who starts us may have closed them. Then the next descriptors would be taken for the terminal. */
static bool open_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	return fd >= 0 && close(fd) == 0;
}

int main(int argc, char **argv)
{
	if (!open_standard_descriptors()) {
		return MV_EXIT_FAILED;
	}
	if (argc < 2) {
		print_usage(stderr);
		return MV_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return MV_EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("minivpn " MINIVPN_VERSION);
		return MV_EXIT_DONE;
	}
	if (sodium_init() < 0) {
		return mv_command_failed("the system has no source of random numbers");
	}
	signal(SIGPIPE, SIG_IGN);
	return run_command(argc - 1, argv + 1);
}
