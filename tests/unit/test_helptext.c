#include "cli/helptext.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"Usage: minivpn NAME [--dry-run] [OPTION]... [-j|--json X] FILE|DEVICE [PEER]...\n\n"
	"Does what it does - and - more.\n\n"
	"  -s, --seconds N   take about N Seconds\n"
	"      --dump        with -f: all\n"
	"  -q\n\n"
	"  minivpn NAME -x\n";

/* "--dry-run;-j --json X:summary;..." */
static void expect_options(const char *text, const char *expected)
{
	struct mv_helptext_reader reader = {.at = text};
	struct mv_helptext_option option;
	char *list;
	size_t len;
	FILE *out = open_memstream(&list, &len);

	cr_assert(out);
	while (mv_helptext_next_option(&reader, &option)) {
		for (size_t i = 0; i < option.word_count; i++) {
			fprintf(out, "%s ", option.words[i]);
		}
		fprintf(out, "%s%.*s;", option.takes_value ? "VALUE " : "", (int)option.summary_len,
			option.summary_len ? option.summary : "");
	}
	fclose(out);
	cr_expect_str_eq(list, expected, "%s", list);
	free(list);
}

Test(helptext, options)
{
	expect_options(help, "--dry-run ;-j --json VALUE ;-s --seconds VALUE take about N Seconds;"
			     "--dump with -f: all;-q ;");
	expect_options("Usage: minivpn NAME FILE\n\nText.\n", "");
	expect_options("", "");
	expect_options("Usage: minivpn NAME [", "");
	expect_options("\nOptions:\n  -h, --help   this text", "-h --help this text;");
}

Test(helptext, which_options_take_a_value)
{
	cr_expect(mv_helptext_takes_value(help, "-s"));
	cr_expect(mv_helptext_takes_value(help, "--seconds"));
	cr_expect(mv_helptext_takes_value(help, "--json"));
	cr_expect_not(mv_helptext_takes_value(help, "--dump"));
	cr_expect_not(mv_helptext_takes_value(help, "--dry-run"));
	cr_expect_not(mv_helptext_takes_value(help, "--unknown"));
}

static void expect_argument(const char *text, size_t index, const char *thing, bool expected)
{
	cr_expect_eq(mv_helptext_argument_is(text, index, thing), expected, "%s, %zu, %s", text,
		index, thing);
}

Test(helptext, arguments)
{
	expect_argument(help, 0, "FILE", true);
	expect_argument(help, 0, "DEVICE", true);
	expect_argument(help, 0, "PEER", false);
	expect_argument(help, 0, "X", false);
	expect_argument(help, 1, "PEER", true);
	expect_argument(help, 1, "FILE", false);
	expect_argument(help, 2, "PEER", false);
	expect_argument("Usage: minivpn status [FILE|DEVICE [PEER]]\n", 0, "DEVICE", true);
	expect_argument("Usage: minivpn status [FILE|DEVICE [PEER]]\n", 1, "PEER", true);
	expect_argument("Usage: minivpn pubkey < PRIVATE-KEY-FILE\n", 0, "PRIVATE-KEY-FILE", false);
	expect_argument("Usage: minivpn pubkey < FILE\n", 1, "FILE", false);
	expect_argument("Usage: minivpn genkey\n", 0, "FILE", false);
	expect_argument("", 0, "FILE", false);
}
