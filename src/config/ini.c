#include "config/ini.h"

#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/*
 * Bytes that no line holds, since control bytes are refused. White space inside a name or value
 * travels through inih as BLANK and those behind it, one for each kind in `blanks`: it would trim
 * it at the ends of a piece and cut the value before " ;". inih tells nobody of a header, so a key
 * HEADER follows each one.
 */
#define HEADER "\1"
#define BLANK  '\2'

static const char blanks[] = " \t\v\f\r";

static const char byte_order_mark[] = {'\xef', '\xbb', '\xbf'};

struct span {
	const char *at, *end;
};

/* What is wrong, NULL if nothing is, and at which byte, NULL for the line as a whole. */
struct fault {
	const char *text, *at;
};

struct parse {
	struct span rest; /* of the text */
	unsigned line;
	const char *line_begin;
	const char *header; /* of the line at hand */
	struct span key;
	bool is_verbatim;
	unsigned value_column;
	struct span value; /* what of it inih has not been given yet */
	bool in_value;     /* it has pieces to go */
	bool after_header;
	char *joined; /* the pieces that came out of inih */
	size_t joined_length;
	const struct mv_ini_handler *handler;
	void *ctx;
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool stands_for_blank(char c)
{
	return c >= BLANK && c < BLANK + (char)strlen(blanks);
}

static size_t length_of(struct span span)
{
	return (size_t)(span.end - span.at);
}

static const char *find(struct span span, char c)
{
	return span.at == span.end ? NULL : memchr(span.at, c, length_of(span));
}

static struct span trim(struct span span)
{
	while (span.at < span.end && is_blank(*span.at)) {
		span.at++;
	}
	while (span.at < span.end && is_blank(span.end[-1])) {
		span.end--;
	}
	return span;
}

static struct span next_line(struct parse *parse)
{
	const char *newline = find(parse->rest, '\n');
	struct span line = {parse->rest.at, newline ? newline : parse->rest.end};

	parse->rest.at = newline ? newline + 1 : line.end;
	parse->line++;
	parse->line_begin = line.at;
	return line;
}

static unsigned column_of(const struct parse *parse, const char *at)
{
	return at ? (unsigned)(at - parse->line_begin) + 1 : 0;
}

/* A name is no string yet, or is inih's own. */
static void copy_name(char copy[static MV_INI_NAME_MAX + 1], struct span name)
{
	assert(length_of(name) <= MV_INI_NAME_MAX);
	for (; name.at < name.end; name.at++) {
		*copy++ = *name.at;
		if (is_blank(*name.at) || stands_for_blank(*name.at)) {
			copy[-1] = ' ';
		}
	}
	*copy = '\0';
}

/* A '#' before the '=' would be part of the key, and no key has one. */
static bool is_verbatim(const struct parse *parse, struct span line)
{
	const char *equals = find(line, '=');
	struct span key = {line.at, equals};
	char name[MV_INI_NAME_MAX + 1];

	if (!equals || !parse->handler->is_verbatim) {
		return false;
	}
	key = trim(key);
	if (length_of(key) > MV_INI_NAME_MAX) {
		return false;
	}
	copy_name(name, key);
	return parse->handler->is_verbatim(parse->ctx, name);
}

static struct span strip_comment(struct span line)
{
	const char *comment = find(line, '#');

	if (comment) {
		line.end = comment;
	}
	line = trim(line);
	if (line.at < line.end && *line.at == ';') {
		line.end = line.at;
	}
	return line;
}

static const char *find_control_byte(struct span line)
{
	for (; line.at < line.end; line.at++) {
		unsigned char c = (unsigned char)*line.at;

		if ((c < ' ' && !is_blank((char)c)) || c == 0x7f) {
			return line.at;
		}
	}
	return NULL;
}

static bool begins_with_byte_order_mark(struct span text)
{
	size_t length = sizeof(byte_order_mark);

	return length_of(text) >= length && memcmp(text.at, byte_order_mark, length) == 0;
}

static const char *find_byte_order_mark(struct span line)
{
	for (; line.at < line.end; line.at++) {
		if (begins_with_byte_order_mark(line)) {
			return line.at;
		}
	}
	return NULL;
}

static bool is_header(struct span line)
{
	return line.at < line.end && *line.at == '[';
}

/* NULL, or what is wrong; only for a header. */
static const char *header_error(struct span line)
{
	struct span name = {line.at + 1, line.end - 1};

	if (length_of(line) < 2 || *name.end != ']' || find(name, ']')) {
		return "a section begins with [Interface] or [Peer] on a line of its own";
	}
	if (length_of(name) > MV_INI_NAME_MAX) {
		return "the name of this section is too long: there are [Interface] and [Peer]";
	}
	return NULL;
}

static const char *entry_error(struct span line)
{
	const char *equals = find(line, '=');
	struct span key = {line.at, equals};

	if (!equals && find(line, ':')) {
		return "no '=': it is '=', not ':', that separates a key from its value";
	}
	if (!equals) {
		return "no '=': a line has the form key = value";
	}
	key = trim(key);
	if (key.at == key.end) {
		return "no key before the '=': a line has the form key = value";
	}
	if (find(key, ':')) {
		return "':' before the '=': it is '=', not ':', that separates a key from its "
		       "value";
	}
	if (length_of(key) > MV_INI_NAME_MAX) {
		return "no key has as long a name as stands before the '='";
	}
	return NULL;
}

/* After the comment is gone: what is left of the line is not empty. */
static struct fault syntax_error(struct span line)
{
	const char *odd = find_control_byte(line);
	struct fault fault = {0};

	if (odd) {
		return (struct fault){"a control byte: a peer file is plain text", odd};
	}
	odd = find_byte_order_mark(line);
	if (odd) {
		return (struct fault){"an invisible byte-order mark (EF BB BF) within the text: "
				      "take it out",
			odd};
	}
	fault.text = is_header(line) ? header_error(line) : entry_error(line);
	fault.at = line.at;
	return fault;
}

/* The next line that says something and is well formed; false at the end of the text. */
static bool next_good_line(struct parse *parse, struct span *line)
{
	while (parse->rest.at < parse->rest.end) {
		struct fault fault = {0};

		*line = next_line(parse);
		if (length_of(*line) > MV_INI_LINE_MAX) {
			fault.text = "the line is longer than 1 MiB";
		} else {
			parse->is_verbatim = is_verbatim(parse, *line);
			*line = parse->is_verbatim ? trim(*line) : strip_comment(*line);
			if (line->at == line->end) {
				continue;
			}
			fault = syntax_error(*line);
		}
		if (!fault.text) {
			return true;
		}
		parse->handler->error(parse->ctx, parse->line, column_of(parse, fault.at),
			is_header(*line), fault.text);
	}
	return false;
}

static char *put(char *out, struct span span)
{
	for (; span.at < span.end; span.at++) {
		if (is_blank(*span.at)) {
			*out++ = (char)(BLANK + (strchr(blanks, *span.at) - blanks));
		} else {
			*out++ = *span.at;
		}
	}
	return out;
}

/* As much of the value as inih's line has room for; a longer one comes in pieces. */
static char *put_piece(struct parse *parse, char *out, size_t size)
{
	size_t room = size - length_of(parse->key) - strlen("=\n") - 1;
	struct span piece = parse->value;

	if (length_of(piece) > room) {
		piece.end = piece.at + room;
	}
	parse->value.at = piece.end;
	parse->in_value = piece.end < parse->value.end;
	out = put(out, parse->key);
	*out++ = '=';
	return put(out, piece);
}

/* An ini_reader: what inih believes to be the next line of the file. */
static char *read_line(char *out, int size, void *stream)
{
	struct parse *parse = stream;
	struct span line;
	char *end = out;

	assert(size > 2 * MV_INI_NAME_MAX);
	/* The line before may have been a key, and inih does not wipe its buffer. */
	sodium_memzero(out, (size_t)size);
	if (parse->in_value) {
		end = put_piece(parse, out, (size_t)size);
	} else if (parse->after_header) {
		parse->after_header = false;
		end = stpcpy(out, HEADER "=");
	} else if (!next_good_line(parse, &line)) {
		return NULL;
	} else if (is_header(line)) {
		parse->after_header = true;
		parse->header = line.at;
		end = put(out, line);
	} else {
		const char *equals = find(line, '=');

		parse->key = trim((struct span){line.at, equals});
		parse->value = trim((struct span){equals + 1, line.end});
		parse->value_column = column_of(parse, parse->value.at);
		end = put_piece(parse, out, (size_t)size);
	}
	*end++ = '\n';
	*end = '\0';
	return out;
}

static void restore_blanks(char *text, bool as_they_were)
{
	for (; *text; text++) {
		if (stands_for_blank(*text)) {
			*text = blanks[as_they_were ? *text - BLANK : 0];
		}
	}
}

static struct span span_of(const char *text)
{
	return (struct span){text, text + strlen(text)};
}

static void hand_over_section(struct parse *parse, const char *section)
{
	char name[MV_INI_NAME_MAX + 1];

	copy_name(name, span_of(section));
	parse->handler->section(parse->ctx, parse->line, column_of(parse, parse->header), name);
}

static void hand_over_entry(struct parse *parse, const char *key)
{
	char name[MV_INI_NAME_MAX + 1];

	restore_blanks(parse->joined, parse->is_verbatim);
	copy_name(name, span_of(key));
	parse->handler->entry(parse->ctx, &(struct mv_ini_entry){
						  .line = parse->line,
						  .key_column = column_of(parse, parse->key.at),
						  .value_column = parse->value_column,
						  .key = name,
						  .value = parse->joined,
					  });
	parse->joined_length = 0;
}

/* An ini_handler. */
static int take_line(void *user, const char *section, const char *key, const char *piece)
{
	struct parse *parse = user;
	size_t length = strlen(piece);

	if (strcmp(key, HEADER) == 0) {
		hand_over_section(parse, section);
		return 1;
	}
	memcpy(parse->joined + parse->joined_length, piece, length + 1);
	parse->joined_length += length;
	if (!parse->in_value) {
		hand_over_entry(parse, key);
	}
	return 1;
}

int mv_ini_parse(const char *text, size_t length, const struct mv_ini_handler *handler, void *ctx)
{
	struct parse parse = {.rest = {text, text + length}, .handler = handler, .ctx = ctx};
	int rc;

	if (begins_with_byte_order_mark(parse.rest)) {
		parse.rest.at += sizeof(byte_order_mark);
	}
	parse.joined = sodium_malloc((length < MV_INI_LINE_MAX ? length : MV_INI_LINE_MAX) + 1);
	if (!parse.joined) {
		return -ENOMEM;
	}
	rc = ini_parse_stream(read_line, &parse, take_line, &parse);
	sodium_free(parse.joined);
	/* inih has no error left to find but want of memory: the reader found them all. */
	assert(rc <= 0);
	return rc == 0 ? 0 : -ENOMEM;
}
