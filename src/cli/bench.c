/*
 * bench: what this machine can do, as a table that a user can send in. All of it in memory: it
 * needs no privileges, and no device, file or socket is touched.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/now.h"
#include "cli/bench_measure.h"
#include "cli/provider.h"
#include "cli/sink.h"
#include "minivpn/version.h"

#define SECONDS_DEFAULT 10
#define SECONDS_MAX     3600

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static const struct mv_bench_group *const groups[] = {
	&mv_bench_aead,
	&mv_bench_offload,
	&mv_bench_x25519,
	&mv_bench_handshake,
};

#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))

/* As the kernel calls it; on some processors it has no name for people. */
static void print_processor(void)
{
	char line[256] = "";
	char *name = NULL;
	FILE *file = fopen("/proc/cpuinfo", "re");

	while (file && !name && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "model name", strlen("model name")) == 0) {
			name = strchr(line, ':');
		}
	}
	if (file) {
		fclose(file);
	}
	if (name) {
		name += 1 + strspn(name + 1, " \t");
		name[strcspn(name, "\n")] = '\0';
	}
	printf("processor  %s, %ld online\n", name ? name : "without a name",
		sysconf(_SC_NPROCESSORS_ONLN));
}

static void print_machine(const struct mv_aead_provider *aead)
{
	struct utsname system;

	printf("minivpn    %s\n", MINIVPN_VERSION);
	printf("build      %s, %s\n", COMPILER, *MV_BUILD_TYPE ? MV_BUILD_TYPE : "no build type");
	print_processor();
	if (uname(&system) == 0) {
		printf("kernel     %s %s, %s\n", system.sysname, system.release, system.machine);
	}
	printf("tunnels    seal by %s\n", aead->name);
#ifndef __OPTIMIZE__
	puts("This build is not optimized: its figures say nothing about one that is.");
#endif
	puts("Each figure is of one thread on one processor, the median of many rounds.\n");
}

static enum mv_exit run_groups(uint64_t budget_ns)
{
	const struct mv_aead_provider *aead = NULL;
	struct mv_sink sink = {0};
	const struct mv_log log = mv_sink_log(&sink, MV_LOG_WARNING);
	unsigned count = 0;

	enum mv_exit result = mv_provider_choose(&aead, &log);
	if (result != MV_EXIT_DONE) {
		return result;
	}
	for (size_t i = 0; i < GROUP_COUNT; i++) {
		count += groups[i]->count();
	}
	print_machine(aead);
	for (size_t i = 0; i < GROUP_COUNT && result == MV_EXIT_DONE; i++) {
		result = groups[i]->run(budget_ns / count);
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		return mv_command_failed("cannot write the table: %s", strerror(errno));
	}
	return result;
}

static enum mv_exit bench(const struct mv_command *command, int argc, char **argv)
{
	static const struct option options[] = {
		{"seconds", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	uint64_t seconds = SECONDS_DEFAULT;
	int option;

	while ((option = mv_command_option(command, argc, argv, "s:h", options)) != -1) {
		if (option == 's' &&
			(!mv_decimal_parse(&seconds, optarg, SECONDS_MAX) || seconds == 0)) {
			return mv_command_misused(
				command, "--seconds: a number from 1 to 3600 is needed");
		}
	}
	if (optind != argc) {
		return mv_command_misused(command, "it takes no arguments");
	}
	return run_groups(seconds * MV_NS_PER_S);
}

const struct mv_command mv_command_bench = {
	.name = "bench",
	.summary = "measure what this machine can do",
	.help = "Usage: minivpn bench [OPTION]...\n\n"
		"Measures what one processor of this machine can do, and prints it as a table that "
		"can be sent\n"
		"in: sealing and opening of packets, offload, X25519, handshakes. It works in "
		"memory, needs no\n"
		"privileges, and touches no tunnel.\n\n"
		"  -s, --seconds N   take about N seconds in all, 1 to 3600; 10 without it\n"
		"  -h, --help        this text\n",
	.run = bench,
};
