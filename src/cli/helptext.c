#include "cli/helptext.h"

#include <ctype.h>
#include <string.h>

/* A piece of the help. */
struct span {
	const char *at, *end;
};

static struct span line_at(const char *text)
{
	return (struct span){.at = text, .end = text + strcspn(text, "\n")};
}

/* The next of the words between which these stand. False: that was all. */
static bool next_word(struct span *word, struct span *text, const char *separators)
{
	while (text->at < text->end && strchr(separators, *text->at)) {
		text->at++;
	}
	*word = (struct span){.at = text->at, .end = text->at};
	while (word->end < text->end && !strchr(separators, *word->end)) {
		word->end++;
	}
	text->at = word->end;
	return word->at < word->end;
}

/* Of "-s, --seconds N", and of "-f|--foreground". */
static void read_words(struct mv_helptext_option *option, struct span text)
{
	struct span word;

	*option = (struct mv_helptext_option){0};
	while (next_word(&word, &text, " ,|")) {
		size_t len = (size_t)(word.end - word.at);

		option->takes_value |= isupper((unsigned char)*word.at);
		if (*word.at == '-' && len < MV_HELPTEXT_WORD_MAX &&
			option->word_count < MV_HELPTEXT_WORDS) {
			memcpy(option->words[option->word_count++], word.at, len);
		}
	}
}

static bool next_in_usage(struct mv_helptext_reader *reader, struct mv_helptext_option *option)
{
	struct span line = line_at(reader->at), group;

	while (next_word(&group, &line, "[]")) {
		reader->at = group.end;
		if (*group.at == '-') {
			read_words(option, group);
			return true;
		}
	}
	return false;
}

/* Goes on to the next line. False: there is none. */
static bool pass_line(struct mv_helptext_reader *reader)
{
	reader->at = line_at(reader->at).end;
	reader->at += *reader->at == '\n';
	return *reader->at;
}

/* The words end where two blanks stand. */
static void read_line(struct mv_helptext_option *option, const struct span *line)
{
	struct span words = *line;

	for (words.end = words.at; words.end < line->end; words.end++) {
		if (words.end[0] == ' ' && words.end[1] == ' ') {
			break;
		}
	}
	read_words(option, words);
	option->summary = words.end;
	while (option->summary < line->end && *option->summary == ' ') {
		option->summary++;
	}
	option->summary_len = (size_t)(line->end - option->summary);
}

bool mv_helptext_next_option(struct mv_helptext_reader *reader, struct mv_helptext_option *option)
{
	if (!reader->has_left_usage && next_in_usage(reader, option)) {
		return true;
	}
	reader->has_left_usage = true;
	while (pass_line(reader)) {
		struct span line = line_at(reader->at);

		line.at += strspn(line.at, " ");
		if (line.at > reader->at && *line.at == '-') {
			read_line(option, &line);
			return true;
		}
	}
	return false;
}

bool mv_helptext_takes_value(const char *help, const char *word)
{
	struct mv_helptext_reader reader = {.at = help};
	struct mv_helptext_option option;

	while (mv_helptext_next_option(&reader, &option)) {
		for (size_t i = 0; i < option.word_count; i++) {
			if (option.takes_value && strcmp(option.words[i], word) == 0) {
				return true;
			}
		}
	}
	return false;
}

static bool is_among(struct span words, const char *thing)
{
	struct span word;

	while (next_word(&word, &words, "|[]")) {
		if ((size_t)(word.end - word.at) == strlen(thing) &&
			memcmp(word.at, thing, strlen(thing)) == 0) {
			return true;
		}
	}
	return false;
}

/* Behind "Usage: minivpn NAME", without options, "[OPTION]..." and what is redirected. */
static bool next_argument(struct span *argument, struct span *usage)
{
	while (next_word(argument, usage, " ")) {
		const char *first = argument->at + (*argument->at == '[');

		if (*first == '<') {
			return false;
		}
		if (*first == '-' &&
			!memchr(argument->at, ']', (size_t)(argument->end - argument->at))) {
			next_word(argument, usage, "]"); /* its value */
			usage->at += usage->at < usage->end;
		} else if (*first != '-' && !is_among(*argument, "OPTION")) {
			return true;
		}
	}
	return false;
}

bool mv_helptext_argument_is(const char *help, size_t index, const char *thing)
{
	struct span usage = line_at(help), argument;

	for (unsigned i = 0; i < 3; i++) {
		next_word(&argument, &usage, " ");
	}
	for (size_t i = 0; i <= index; i++) {
		if (!next_argument(&argument, &usage)) {
			return false;
		}
	}
	return is_among(argument, thing);
}
