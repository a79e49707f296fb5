#include "config/ini.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOM "\xef\xbb\xbf"

static void record_section(void *ctx, unsigned line, unsigned column, const char *name)
{
	(void)column;
	fprintf(ctx, "%u[%s]\n", line, name);
}

static void record_entry(void *ctx, const struct mv_ini_entry *entry)
{
	fprintf(ctx, "%u{%s}{%s}\n", entry->line, entry->key, entry->value);
}

static void record_error(
	void *ctx, unsigned line, unsigned column, bool in_header, const char *text)
{
	(void)column;
	fprintf(ctx, "%u%s%s\n", line, in_header ? "![" : "!", text);
}

/* Keys that begin with "cmd". */
static bool is_verbatim(void *ctx, const char *key)
{
	(void)ctx;
	return strncmp(key, "cmd", 3) == 0;
}

static const struct mv_ini_handler recorder = {
	.is_verbatim = is_verbatim,
	.section = record_section,
	.entry = record_entry,
	.error = record_error,
};

static char *record_by(const struct mv_ini_handler *handler, const char *text, size_t length)
{
	char *events;
	size_t events_length;
	FILE *out = open_memstream(&events, &events_length);

	cr_assert(out);
	cr_assert(sodium_init() >= 0);
	cr_assert_eq(mv_ini_parse(text, length, handler, out), 0);
	fclose(out);
	return events;
}

static char *record(const char *text, size_t length)
{
	return record_by(&recorder, text, length);
}

static void expect(const char *text, const char *expected)
{
	char *events = record(text, strlen(text));

	cr_expect_str_eq(
		events, expected, "text:\n%s\nexpected:\n%sgot:\n%s", text, expected, events);
	free(events);
}

Test(ini, lines_become_sections_and_entries)
{
	expect("", "");
	expect("\n\n", "");
	expect("[A]\nk = v\n", "1[A]\n2{k}{v}\n");
	expect("k=v", "1{k}{v}\n");
	expect("[A]\r\nk = v\r\n", "1[A]\n2{k}{v}\n");
	expect(BOM "[A]\nk=v\n", "1[A]\n2{k}{v}\n");
	expect("k =\n", "1{k}{}\n");
	expect("k = a = b == \n", "1{k}{a = b ==}\n");
}

Test(ini, equal_headers_stay_apart_and_empty_sections_are_seen)
{
	expect("[P]\nk=1\n[P]\n[P]\nk=2\n", "1[P]\n2{k}{1}\n3[P]\n4[P]\n5{k}{2}\n");
}

Test(ini, indentation_is_no_continuation)
{
	expect("[A]\n\tk = v\n   l = w\n", "1[A]\n2{k}{v}\n3{l}{w}\n");
}

Test(ini, white_space_within_is_kept_as_spaces)
{
	expect("[ A\tB ]\n a b\t=\t c  d\v\n", "1[ A B ]\n2{a b}{c  d}\n");
}

Test(ini, comments)
{
	expect("# x\n  ; y = z\n;[B]\nk = v # w\n[A]#\n", "4{k}{v}\n5[A]\n");
	expect("k = # only a comment\n", "1{k}{}\n");
	expect("k = v\\# w\n", "1{k}{v\\}\n");
	/* What inih would take for a comment. */
	expect("k = v ; w\nk = ;v\n", "1{k}{v ; w}\n2{k}{;v}\n");
	expect("a ;b = c\n[A ;b]\n", "1{a ;b}{c}\n2[A ;b]\n");
}

Test(ini, values_taken_as_they_are_written)
{
	expect("cmd = a # b\nk = a # b\n", "1{cmd}{a # b}\n2{k}{a}\n");
	expect("cmd=#\ncmd = ; #;\n", "1{cmd}{#}\n2{cmd}{; #;}\n");
	expect("\tcmd x\t=\t a\t b\v\fc\rd \t\r\n", "1{cmd x}{a\t b\v\fc\rd}\n");
	expect("cmd = a = b  =\n", "1{cmd}{a = b  =}\n");
	expect("cmd =\ncmd = \t \n", "1{cmd}{}\n2{cmd}{}\n");
	/* Still comments. */
	expect("#cmd = a\n;cmd = a\n # cmd = b\n ; cmd = b # c\n", "");
	/* What is before the '=' is no value. */
	expect("cmd # = a\n", "1{cmd #}{a}\n");
	expect("k # cmd = a\n", "1!no '=': a line has the form key = value\n");
	expect("[cmd] # = a\n", "1[cmd]\n");
	expect("cmd = \1\ncmd = # \1\nk = # \1\n", "1!a control byte: a peer file is plain text\n"
						   "2!a control byte: a peer file is plain text\n"
						   "3{k}{}\n");
	expect("cmd = " BOM "\n",
		"1!an invisible byte-order mark (EF BB BF) within the text: take it out\n");
}

/* The pieces of a long value, with white space at their seams. */
Test(ini, values_of_every_length_are_taken_as_they_are_written)
{
	enum { LONGEST = 700 };
	char text[LONGEST + 32], expected[LONGEST + 32], value[LONGEST + 1];

	for (size_t length = 1; length <= LONGEST; length++) {
		for (size_t i = 0; i < length; i++) {
			value[i] = "\t#a \r;\v\f"[(i + length) % 8];
		}
		value[0] = value[length - 1] = 'x';
		value[length] = '\0';
		snprintf(text, sizeof(text), "cmd = %s\nz=1", value);
		snprintf(expected, sizeof(expected), "1{cmd}{%s}\n2{z}{1}\n", value);
		expect(text, expected);
	}
}

Test(ini, colons_belong_to_values)
{
	expect("e = [fd00::1]:51820\n", "1{e}{[fd00::1]:51820}\n");
}

Test(ini, every_error_of_syntax_is_found)
{
	expect("[A\nk v\nk: v\nk: = v\n= v\nk = v\n[]B]\n[A] x\n[\n",
		"1![a section begins with [Interface] or [Peer] on a line of its own\n"
		"2!no '=': a line has the form key = value\n"
		"3!no '=': it is '=', not ':', that separates a key from its value\n"
		"4!':' before the '=': it is '=', not ':', that separates a key from its value\n"
		"5!no key before the '=': a line has the form key = value\n"
		"6{k}{v}\n"
		"7![a section begins with [Interface] or [Peer] on a line of its own\n"
		"8![a section begins with [Interface] or [Peer] on a line of its own\n"
		"9![a section begins with [Interface] or [Peer] on a line of its own\n");
}

Test(ini, an_empty_name_is_judged_by_the_handler)
{
	expect("[]\n", "1[]\n");
}

static void record_section_place(void *ctx, unsigned line, unsigned column, const char *name)
{
	fprintf(ctx, "%u:%u[%s]\n", line, column, name);
}

static void record_entry_place(void *ctx, const struct mv_ini_entry *entry)
{
	fprintf(ctx, "%u:%u{%s}%u{%s}\n", entry->line, entry->key_column, entry->key,
		entry->value_column, entry->value);
}

static void record_error_place(
	void *ctx, unsigned line, unsigned column, bool in_header, const char *text)
{
	(void)text;
	fprintf(ctx, "%u:%u%s\n", line, column, in_header ? "![" : "!");
}

static void expect_places(const char *text, const char *expected)
{
	static const struct mv_ini_handler places = {
		.section = record_section_place,
		.entry = record_entry_place,
		.error = record_error_place,
	};
	char *events = record_by(&places, text, strlen(text));

	cr_expect_str_eq(
		events, expected, "text:\n%s\nexpected:\n%sgot:\n%s", text, expected, events);
	free(events);
}

Test(ini, columns_of_what_is_right)
{
	expect_places("[A]\nk = v\n", "1:1[A]\n2:1{k}5{v}\n");
	expect_places("\t [A] \r\n\tk k=v v\r\n", "1:3[A]\n2:2{k k}6{v v}\n");
	expect_places("k\t =\t v # c\n", "1:1{k}7{v}\n");
	expect_places(BOM " k=v\n k=v\n", "1:2{k}4{v}\n2:2{k}4{v}\n");
	/* Where there is no value, it is missed behind the '='. */
	expect_places("k=\nk =  \nk = # v\n", "1:1{k}3{}\n2:1{k}4{}\n3:1{k}4{}\n");
}

Test(ini, columns_of_what_is_wrong)
{
	expect_places(" [A\n  k v\n\tk: v\n = v\n", "1:2![\n2:3!\n3:2!\n4:2!\n");
	expect_places("k = v\1\n" BOM "k=v\n[A" BOM "]\n", "1:6!\n2:1!\n3:3![\n");
}

Test(ini, control_bytes_are_refused_outside_of_comments)
{
	static const char text[] = "k = \0v\nk = \1v\n\2 = v\n[\x7f]\n# \0\1\nk=v\n";
	char *events = record(text, sizeof(text) - 1);

	cr_expect_str_eq(events, "1!a control byte: a peer file is plain text\n"
				 "2!a control byte: a peer file is plain text\n"
				 "3!a control byte: a peer file is plain text\n"
				 "4![a control byte: a peer file is plain text\n"
				 "6{k}{v}\n");
	free(events);
}

Test(ini, only_the_first_byte_order_mark_is_skipped)
{
	static const char message[] =
		"1!an invisible byte-order mark (EF BB BF) within the text: take it out\n";

	expect(BOM BOM "k=v\n", message);
	expect("k=" BOM "v\n", message);
	expect("k=v # " BOM "\n", "1{k}{v}\n");
}

Test(ini, names_have_a_greatest_length)
{
	char name[MV_INI_NAME_MAX + 1], longer[MV_INI_NAME_MAX + 2];
	char text[4 * MV_INI_NAME_MAX], expected[4 * MV_INI_NAME_MAX];

	memset(name, 'n', sizeof(name));
	name[MV_INI_NAME_MAX] = '\0';
	memset(longer, 'n', sizeof(longer));
	longer[MV_INI_NAME_MAX + 1] = '\0';

	snprintf(text, sizeof(text), "[%s]\n%s = v\n", name, name);
	snprintf(expected, sizeof(expected), "1[%s]\n2{%s}{v}\n", name, name);
	expect(text, expected);

	snprintf(text, sizeof(text), "[%s]\n%s = v\n", longer, longer);
	expect(text, "1![the name of this section is too long: there are [Interface] and [Peer]\n"
		     "2!no key has as long a name as stands before the '='\n");
}

/* inih is given a long value in pieces; no length may lose or move a byte at their seams. */
Test(ini, values_of_every_length_survive)
{
	enum { LONGEST = 700 };
	char text[LONGEST + 32], expected[LONGEST + 32], value[LONGEST + 1];

	for (size_t length = 1; length <= LONGEST; length++) {
		for (size_t i = 0; i < length; i++) {
			value[i] = "ab ;:=[]"[(i + length) % 8];
		}
		value[0] = value[length - 1] = 'x';
		value[length] = '\0';
		snprintf(text, sizeof(text), "key = %s\nz=1", value);
		snprintf(expected, sizeof(expected), "1{key}{%s}\n2{z}{1}\n", value);
		expect(text, expected);
	}
}

/* A line of so many bytes, then a short one. */
static char *long_line(size_t bytes, size_t *length)
{
	static const char after[] = "\nz=1\n";
	char *text = malloc(bytes + sizeof(after));

	cr_assert(text);
	memset(text, 'v', bytes);
	text[0] = 'k';
	text[1] = '=';
	memcpy(text + bytes, after, sizeof(after));
	*length = bytes + strlen(after);
	return text;
}

Test(ini, lines_have_a_greatest_length)
{
	size_t length;
	char *text = long_line(MV_INI_LINE_MAX, &length);
	char *events = record(text, length);

	cr_expect_eq(strlen(events), strlen("1{k}{}\n2{z}{1}\n") + MV_INI_LINE_MAX - 2);
	free(events);
	free(text);

	text = long_line(MV_INI_LINE_MAX + 1, &length);
	events = record(text, length);
	cr_expect_str_eq(events, "1!the line is longer than 1 MiB\n2{z}{1}\n");
	free(events);
	free(text);
}
