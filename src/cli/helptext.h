/*
 * What the help of a command says of its words, read back from there, so that it is said once: its
 * first line, as "Usage: minivpn NAME [-n|--dry-run] FILE|DEVICE [PEER]", and its options, as
 * "  -s, --seconds N  take about N seconds". Pure; any thread.
 */
#ifndef MV_CLI_HELPTEXT_H
#define MV_CLI_HELPTEXT_H

#include <stdbool.h>
#include <stddef.h>

#define MV_HELPTEXT_WORDS    2 /* of one option */
#define MV_HELPTEXT_WORD_MAX 32

struct mv_helptext_option {
	char words[MV_HELPTEXT_WORDS][MV_HELPTEXT_WORD_MAX]; /* "-s", "--seconds" */
	size_t word_count;
	bool takes_value;
	const char *summary; /* in the help; no terminator */
	size_t summary_len;  /* 0: there is none */
};

struct mv_helptext_reader {
	const char *at; /* begins as the help */
	bool has_left_usage;
};

/* The next option, first those of the usage and then those of the lines, where the same may stand
 * again. False: that was all. */
bool mv_helptext_next_option(struct mv_helptext_reader *reader, struct mv_helptext_option *option);

/* Whether the word after this one is its value. An option that is not known takes none. */
bool mv_helptext_takes_value(const char *help, const char *word);

/*
 * Whether an argument may be such a thing, by its usage: mv_helptext_argument_is(help, 0, "FILE").
 * Arguments are counted from 0 and without options.
 */
bool mv_helptext_argument_is(const char *help, size_t index, const char *thing);

#endif
