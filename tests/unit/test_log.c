#include "base/log.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct heard {
	int lines;
	enum mv_log_level level;
	char line[2 * MV_LOG_LINE_MAX];
};

static void hear(void *ctx, enum mv_log_level level, const char *line)
{
	struct heard *heard = ctx;

	heard->lines++;
	heard->level = level;
	snprintf(heard->line, sizeof(heard->line), "%s", line);
}

Test(log, a_line_is_formatted_and_has_its_level)
{
	struct heard heard = {0};
	const struct mv_log log = {.level = MV_LOG_DEBUG, .sink = hear, .ctx = &heard};

	mv_log(&log, MV_LOG_WARNING, "%s: %d of %c", "peer", 7, 'x');
	cr_assert_eq(heard.lines, 1);
	cr_assert_eq(heard.level, MV_LOG_WARNING);
	cr_assert_str_eq(heard.line, "peer: 7 of x");
}

Test(log, what_lies_above_the_level_is_not_said)
{
	for (int limit = MV_LOG_ERROR; limit <= MV_LOG_DEBUG; limit++) {
		for (int level = MV_LOG_ERROR; level <= MV_LOG_DEBUG; level++) {
			struct heard heard = {0};
			const struct mv_log log = {
				.level = (enum mv_log_level)limit, .sink = hear, .ctx = &heard};

			mv_log(&log, (enum mv_log_level)level, "word");
			cr_assert_eq(heard.lines, level <= limit ? 1 : 0, "level %d at limit %d",
				level, limit);
		}
	}
}

Test(log, without_a_sink_nothing_happens)
{
	struct heard heard = {0};
	struct mv_log log = {.level = MV_LOG_DEBUG, .sink = hear, .ctx = &heard};

	mv_log(&log, MV_LOG_ERROR, "heard");
	cr_assert_eq(heard.lines, 1);
	log.sink = NULL;
	mv_log(&log, MV_LOG_ERROR, "not heard");
	cr_assert_eq(heard.lines, 1);
}

Test(log, a_long_line_is_cut)
{
	for (size_t len = MV_LOG_LINE_MAX - 3; len < MV_LOG_LINE_MAX + 3; len++) {
		struct heard heard = {0};
		const struct mv_log log = {.level = MV_LOG_INFO, .sink = hear, .ctx = &heard};
		char text[2 * MV_LOG_LINE_MAX];

		memset(text, 'b', len);
		text[len] = '\0';
		mv_log(&log, MV_LOG_INFO, "%s", text);
		const size_t wanted = len < MV_LOG_LINE_MAX ? len : MV_LOG_LINE_MAX - 1;
		cr_assert_eq(strlen(heard.line), wanted);
		cr_assert_eq(memcmp(heard.line, text, wanted), 0);
	}
}
