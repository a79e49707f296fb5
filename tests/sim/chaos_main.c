/*
 * chaos: runs the simulation for many seeds; the first seed that fails is printed with what was
 * violated, when, and the command that replays it.
 *
 *   chaos [--seeds N] [--first SEED] [--minutes M] [--verbose]
 *   chaos --control NAME   plants a violation: fails, as every run that finds one
 *   chaos --controls       plants each in turn; fails if one is not found, or taken for another
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/now.h"
#include "chaos.h"

#define SEEDS_DEFAULT 2000

/* From so many seeds on, everything that the trouble is for must have happened. */
#define SEEDS_TELLING 50

/* What the devices must have refused: else nobody attacked. */
static const enum mv_drop telling[] = {MV_DROP_SOURCE_NOT_ALLOWED, MV_DROP_REPLAYED,
	MV_DROP_BAD_TAG, MV_DROP_BAD_MESSAGE, MV_DROP_BAD_MAC1, MV_DROP_BAD_HANDSHAKE,
	MV_DROP_UNKNOWN_INDEX, MV_DROP_UNKNOWN_PEER, MV_DROP_OLD_TIMESTAMP, MV_DROP_UNDER_LOAD,
	MV_DROP_COOKIE_UNWANTED, MV_DROP_KEYPAIR_TOO_OLD, MV_DROP_HANDSHAKE_GAVE_UP,
	MV_DROP_STALE_RESPONSE};

struct arguments {
	const char *program;
	struct chaos_options options; /* with the first seed */
	uint64_t seeds;
	bool runs_controls;
};

static void report(const struct arguments *arguments, const struct chaos_options *options,
	const struct verdict *verdict)
{
	printf("seed %" PRIu64 " violates %s at %.3f s: %s\n", options->seed,
		invariant_word(verdict->broken), (double)verdict->at_ns / MV_NS_PER_S,
		verdict->text);
	printf("  %s must hold: %s\n", invariant_word(verdict->broken),
		invariant_text(verdict->broken));
	printf("  replay: %s --first %" PRIu64 " --seeds 1 --minutes %u --verbose",
		arguments->program, options->seed, options->minutes);
	if (options->control != INVARIANT_NONE) {
		printf(" --control %s", invariant_word(options->control));
	}
	putchar('\n');
}

static void add(struct chaos_result *sum, const struct chaos_result *result)
{
	sum->sent += result->sent;
	sum->delivered += result->delivered;
	sum->sessions += result->sessions;
	sum->lost += result->lost;
	sum->duplicated += result->duplicated;
	sum->flipped += result->flipped;
	sum->truncated += result->truncated;
	for (size_t i = 0; i < MV_DROP_COUNT; i++) {
		sum->drops[i] += result->drops[i];
	}
}

static void summarize(const struct chaos_result *sum)
{
	printf("%" PRIu64 " packets, %" PRIu64 " of them came out; %" PRIu64 " session keys\n",
		sum->sent, sum->delivered, sum->sessions);
	printf("datagrams: %" PRIu64 " lost, %" PRIu64 " doubled, %" PRIu64 " with a bit flipped, "
	       "%" PRIu64 " cut off\nrefused:",
		sum->lost, sum->duplicated, sum->flipped, sum->truncated);
	for (unsigned i = MV_DROP_NONE + 1; i < MV_DROP_COUNT; i++) {
		if (sum->drops[i] > 0) {
			printf(" %s %" PRIu64, mv_drop_word(i), sum->drops[i]);
		}
	}
	putchar('\n');
}

/* A simulation in which nothing happens proves nothing. */
static bool was_telling(const struct chaos_result *sum)
{
	bool all = sum->lost && sum->duplicated && sum->flipped && sum->truncated;

	for (size_t i = 0; i < sizeof(telling) / sizeof(*telling); i++) {
		if (sum->drops[telling[i]] == 0) {
			printf("nothing was ever refused as %s\n", mv_drop_word(telling[i]));
			all = false;
		}
	}
	return all;
}

static int run_seeds(const struct arguments *arguments)
{
	struct chaos_options options = arguments->options;
	struct chaos_result sum = {0};

	for (uint64_t i = 0; i < arguments->seeds; i++) {
		options.seed = arguments->options.seed + i;
		struct chaos_result result = chaos_run(&options);

		if (result.verdict.broken != INVARIANT_NONE) {
			report(arguments, &options, &result.verdict);
			return EXIT_FAILURE;
		}
		add(&sum, &result);
	}
	printf("%" PRIu64 " seeds of %u minutes from %" PRIu64 " on\n", arguments->seeds,
		options.minutes, arguments->options.seed);
	summarize(&sum);
	return arguments->seeds < SEEDS_TELLING || was_telling(&sum) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_controls(const struct arguments *arguments)
{
	struct chaos_options options = arguments->options;
	int status = EXIT_SUCCESS;

	for (unsigned i = INVARIANT_NONE + 1; i < INVARIANT_COUNT; i++) {
		options.control = i;
		struct chaos_result result = chaos_run(&options);

		printf("planted %s, found %s\n", invariant_word(i),
			invariant_word(result.verdict.broken));
		if (result.verdict.broken != i) {
			status = EXIT_FAILURE;
		}
	}
	return status;
}

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s [--seeds N] [--first SEED] [--minutes M] [--verbose]\n"
		"       %s --control NAME | --controls\n"
		"M is %d at least; NAME is one of:",
		program, program, CHAOS_MINUTES_MIN);
	for (unsigned i = INVARIANT_NONE + 1; i < INVARIANT_COUNT; i++) {
		fprintf(stderr, " %s", invariant_word(i));
	}
	fputc('\n', stderr);
	return 2;
}

/* False if there is something that we do not understand. */
static bool parse(struct arguments *arguments, int argc, char **argv)
{
	static const struct option known[] = {{"seeds", required_argument, NULL, 's'},
		{"first", required_argument, NULL, 'f'}, {"minutes", required_argument, NULL, 'm'},
		{"control", required_argument, NULL, 'c'}, {"controls", no_argument, NULL, 'C'},
		{"verbose", no_argument, NULL, 'v'}, {0}};
	struct chaos_options *options = &arguments->options;
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 's':
			arguments->seeds = strtoull(optarg, NULL, 10);
			break;
		case 'f':
			options->seed = strtoull(optarg, NULL, 10);
			break;
		case 'm':
			options->minutes = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'c':
			options->control = invariant_from_word(optarg);
			break;
		case 'C':
			arguments->runs_controls = true;
			break;
		case 'v':
			options->is_verbose = true;
			break;
		default:
			return false;
		}
	}
	return optind == argc && arguments->seeds > 0 && options->minutes >= CHAOS_MINUTES_MIN &&
	       options->control != INVARIANT_COUNT;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.program = argv[0],
		.options = {.seed = 1, .minutes = CHAOS_MINUTES_MIN},
		.seeds = SEEDS_DEFAULT};

	if (!parse(&arguments, argc, argv)) {
		return usage(argv[0]);
	}
	return arguments.runs_controls ? run_controls(&arguments) : run_seeds(&arguments);
}
