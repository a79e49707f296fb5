#include "config/messages.h"

#include <criterion/criterion.h>

static void add(struct mv_messages *messages, bool is_error, unsigned line, const char *key,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

static void add(struct mv_messages *messages, bool is_error, unsigned line, const char *key,
	const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	mv_messages_add(messages, is_error, line, key, format, arguments);
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
