#include "config/messages.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void add(struct mv_messages *messages, bool is_error, unsigned line, const char *key,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

static void add(struct mv_messages *messages, bool is_error, unsigned line, const char *key,
	const char *format, ...)
{
	struct mv_place place = {.line = line, .key = key};
	va_list arguments;

	va_start(arguments, format);
	mv_messages_add(messages, is_error, &place, format, arguments);
	va_end(arguments);
}

static void add_at(struct mv_messages *messages, const struct mv_place *place, const char *format,
	...) __attribute__((format(printf, 3, 4)));

static void add_at(
	struct mv_messages *messages, const struct mv_place *place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	mv_messages_add(messages, true, place, format, arguments);
	va_end(arguments);
}

Test(messages, stand_in_the_order_of_lines)
{
	static const char *const expected[] = {
		"whole file", "MTU: 1", "third", "third again", "last"};
	struct mv_messages messages = {0};

	add(&messages, false, 3, NULL, "third");
	add(&messages, false, 9, NULL, "last");
	add(&messages, false, 3, NULL, "third again");
	add(&messages, false, 2, "MTU", "%d", 1);
	cr_expect_not(messages.has_error);
	add(&messages, true, 0, NULL, "whole file");
	cr_expect(messages.has_error);

	cr_assert_eq(messages.count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < messages.count; i++) {
		cr_expect_str_eq(messages.list[i].text, expected[i]);
	}
	cr_expect(messages.list[0].is_error);
	cr_expect_not(messages.list[1].is_error);
	mv_messages_free(messages.list, messages.count);
}

Test(messages, of_one_line_stand_in_the_order_of_columns)
{
	static const unsigned columns[] = {7, 0, 3, 7, 12, 3};
	static const char *const expected[] = {"0.1", "3.2", "3.5", "7.0", "7.3", "12.4"};
	struct mv_messages messages = {0};
	char text[16];

	for (unsigned i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		add_at(&messages, &(struct mv_place){.line = 2, .column = columns[i]}, "%u.%u",
			columns[i], i);
	}
	add_at(&messages, &(struct mv_place){.line = 1, .column = 99}, "first");
	cr_assert_eq(messages.count, 7);
	cr_expect_str_eq(messages.list[0].text, "first");
	for (size_t i = 1; i < messages.count; i++) {
		cr_expect_str_eq(messages.list[i].text, expected[i - 1]);
		snprintf(text, sizeof(text), "%u.", messages.list[i].column);
		cr_expect(strncmp(messages.list[i].text, text, strlen(text)) == 0);
	}
	mv_messages_free(messages.list, messages.count);
}

Test(messages, have_a_limit_and_say_so)
{
	static const char more[] = "there is more to say than this: the rest is left out";
	struct mv_messages messages = {0};

	for (unsigned i = 0; i < 2 * MV_MESSAGES_MAX; i++) {
		add(&messages, false, i, NULL, "warning");
	}
	cr_expect_eq(messages.count, MV_MESSAGES_WARNINGS_MAX + 1);
	cr_expect_str_eq(messages.list[MV_MESSAGES_WARNINGS_MAX].text, more);
	cr_expect_not(messages.has_error);

	for (unsigned i = 0; i < 2 * MV_MESSAGES_MAX; i++) {
		add(&messages, true, MV_MESSAGES_MAX + i, NULL, "error");
	}
	cr_expect_eq(messages.count, MV_MESSAGES_MAX + 1);
	cr_expect_str_eq(messages.list[MV_MESSAGES_MAX].text, more);
	cr_expect(messages.has_error);
	cr_expect_not(messages.out_of_memory);
	mv_messages_free(messages.list, messages.count);
}
