/* The commands of a peer file: what they are, byte for byte, and in which order. */
#include "config/hooks.h"

#include "config_fixture.h"

TestSuite(hooks, .init = enter_folder, .fini = leave_folder);

/* "3 PreUp{COMMAND}\n" for each, kind by kind; to be freed. */
static char *hooks_of(const struct mv_config *config)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	cr_assert(out);
	for (unsigned i = 0; i < MV_HOOK_COUNT; i++) {
		const struct mv_config_hooks *hooks = &config->hooks[i];

		for (size_t k = 0; k < hooks->count; k++) {
			fprintf(out, "%u %s{%s}\n", hooks->list[k].line, mv_hook_name(i),
				hooks->list[k].command);
		}
	}
	fclose(out);
	return text;
}

static void expect_hooks(const char *file, const char *expected)
{
	struct mv_config *config = load(file);
	char *text = hooks_of(config);

	expect_messages(config, "");
	cr_expect_str_eq(text, expected, "expected:\n%sgot:\n%s", expected, text);
	free(text);
	mv_config_destroy(config);
}

Test(hooks, have_names)
{
	cr_expect_str_eq(mv_hook_name(MV_HOOK_PRE_UP), "PreUp");
	cr_expect_str_eq(mv_hook_name(MV_HOOK_POST_UP), "PostUp");
	cr_expect_str_eq(mv_hook_name(MV_HOOK_PRE_DOWN), "PreDown");
	cr_expect_str_eq(mv_hook_name(MV_HOOK_POST_DOWN), "PostDown");
}

Test(hooks, stand_in_the_order_of_the_file)
{
	expect_hooks(INTERFACE "PostUp = one\nPostDown = x\nPostUp = two\npostup=three\n"
			       "PreDown = y\nPREUP = z\nPostUp = one\n",
		"8 PreUp{z}\n"
		"3 PostUp{one}\n5 PostUp{two}\n6 PostUp{three}\n9 PostUp{one}\n"
		"7 PreDown{y}\n"
		"4 PostDown{x}\n");
}

Test(hooks, go_on_in_a_later_section)
{
	expect_hooks(INTERFACE "PreUp = one\n" PEER_B "[Interface]\nPreUp = two\n",
		"3 PreUp{one}\n7 PreUp{two}\n");
}

Test(hooks, are_taken_as_they_are_written)
{
	expect_hooks(INTERFACE "PostUp = wg set %i private-key <(pass  show #1) # not a comment\n",
		"3 PostUp{wg set %i private-key <(pass  show #1) # not a comment}\n");
	expect_hooks(INTERFACE "PostUp =\t [[ -e\t/x ]] && echo 'a = b; c' ; true, \t\r\n",
		"3 PostUp{[[ -e\t/x ]] && echo 'a = b; c' ; true,}\n");
	expect_hooks(INTERFACE "PostUp=#\nPostUp = \"\xc3\xbc\\n\"\n",
		"3 PostUp{#}\n4 PostUp{\"\xc3\xbc\\n\"}\n");
}

Test(hooks, may_be_empty_and_are_left_out_then)
{
	expect_hooks(INTERFACE "PreUp =\nPreUp = \t\r\nPreUp = x\nPostDown=\n", "5 PreUp{x}\n");
}

Test(hooks, in_comments_are_none)
{
	expect_hooks(INTERFACE "# PreUp = x\n#PreUp = x\n; PreUp = x # y\n", "");
}

Test(hooks, with_something_wrong)
{
	static const struct {
		const char *line, *message;
	} rows[] = {
		{"PreUp # = x", "3: error: no '=': a line has the form key = value\n"},
		{"PreUp true", "3: error: no '=': a line has the form key = value\n"},
		{"Pre Up = true # x",
			"3: error: unknown key 'Pre Up' in [Interface]: did you mean 'PreUp'?\n"},
		{"PreUp = \x1b[31m", "3: error: a control byte: a peer file is plain text\n"},
		{"PreUp = # \x01", "3: error: a control byte: a peer file is plain text\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char file[256];
		struct mv_config *config;

		snprintf(file, sizeof(file), INTERFACE "%s\n", rows[i].line);
		config = load(file);
		expect_messages(config, rows[i].message);
		mv_config_destroy(config);
	}
}

/* Many, one of them long: so many pieces of locked memory would be more than a process may map. */
Test(hooks, may_be_many, .timeout = 20)
{
	enum { COUNT = 100000, LONG = 100000 };
	FILE *file = fopen("test.ini", "w");
	struct mv_config *config;
	char expected[32];

	cr_assert(file);
	fprintf(file, INTERFACE);
	for (unsigned i = 0; i < COUNT; i++) {
		fprintf(file, "PostUp = echo %u # %u\n", i, i);
	}
	fprintf(file, "PostUp = %0*u\n", (int)LONG, 7);
	fclose(file);
	cr_assert_eq(chmod("test.ini", 0600), 0);
	config = load_path("test.ini");
	expect_messages(config, "");
	cr_assert_eq(config->hooks[MV_HOOK_POST_UP].count, COUNT + 1);
	for (unsigned i = 0; i < COUNT; i++) {
		const struct mv_config_hook *hook = &config->hooks[MV_HOOK_POST_UP].list[i];

		snprintf(expected, sizeof(expected), "echo %u # %u", i, i);
		cr_assert_str_eq(hook->command, expected);
		cr_assert_eq(hook->line, i + 3);
	}
	cr_expect_eq(strlen(config->hooks[MV_HOOK_POST_UP].list[COUNT].command), LONG);
	mv_config_destroy(config);
}
