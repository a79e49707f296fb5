#include "config/tablevalue.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <strings.h>

#include "config/shown.h"
#include "config/textfile.h"
#include "config/value.h"

#define NAMES_MAX_BYTES ((size_t)1 << 20)

static const struct {
	const char *name;
	uint32_t number;
} known[] = {
	{"main", RT_TABLE_MAIN},
	{"default", RT_TABLE_DEFAULT},
	{"local", RT_TABLE_LOCAL},
};

/* "NUMBER NAME # comment", which is cut in pieces. */
static bool names_it(char *line, const char *name, uint32_t *number)
{
	static const char blanks[] = " \t\r";
	char *rest, *first, *second;

	line[strcspn(line, "#")] = '\0';
	first = strtok_r(line, blanks, &rest);
	second = first ? strtok_r(NULL, blanks, &rest) : NULL;
	return second && strcmp(second, name) == 0 && mv_value_read_number(number, first);
}

static bool find_in_file(uint32_t *number, const char *name, const char *path)
{
	struct mv_textfile file;
	char *rest, *line;
	bool found = false;

	if (mv_textfile_read(&file, path, NAMES_MAX_BYTES) < 0) {
		return false;
	}
	rest = file.text;
	while (!found && (line = strsep(&rest, "\n"))) {
		found = names_it(line, name, number);
	}
	mv_textfile_free(&file);
	return found;
}

bool mv_tablevalue_find(uint32_t *number, const char *name, const char *path)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(name, known[i].name) == 0) {
			*number = known[i].number;
			return true;
		}
	}
	return find_in_file(number, name, path);
}

/* Whether it is auto or off; says what is wrong with Off. */
static bool take_word(struct mv_draft *draft, const char *value, const char *word)
{
	char shown[MV_SHOWN_MAX];

	if (strcasecmp(value, word) != 0) {
		return false;
	}
	if (strcmp(value, word) != 0) {
		mv_draft_error(
			draft, "%s: write it in lower case, as %s", mv_shown(shown, value), word);
	}
	return true;
}

static bool is_decimal(const char *value)
{
	return !value[strspn(value, "0123456789")];
}

static void take_number(struct mv_draft *draft, const char *value)
{
	char shown[MV_SHOWN_MAX];
	struct mv_config *config = draft->config;

	/* The tools of the system would take it as octal. */
	if (value[0] == '0' && value[1]) {
		mv_draft_error(draft, "%s: write the number without a 0 before it",
			mv_shown(shown, value));
	} else if (mv_value_parse_number(
			   draft, &config->table, value, 1, UINT32_MAX, "a table's number")) {
		config->table_kind = MV_TABLE_NUMBER;
	}
}

static void take_name(struct mv_draft *draft, const char *value)
{
	char shown[MV_SHOWN_MAX];
	uint32_t number;

	if (!mv_tablevalue_find(&number, value, MV_TABLEVALUE_NAMES) || number == 0) {
		mv_draft_error(draft,
			"%s is no routing table: write auto, off, a number from 1 to %u, main, "
			"or another name of " MV_TABLEVALUE_NAMES,
			mv_shown(shown, value), UINT32_MAX);
		return;
	}
	draft->config->table = number;
	draft->config->table_kind = MV_TABLE_NUMBER;
}

void mv_tablevalue_parse(struct mv_draft *draft, char *value)
{
	draft->config->table_kind = MV_TABLE_AUTO;
	draft->config->table = 0;
	if (take_word(draft, value, "off")) {
		draft->config->table_kind = MV_TABLE_OFF;
	} else if (is_decimal(value)) {
		take_number(draft, value);
	} else if (!take_word(draft, value, "auto")) {
		take_name(draft, value);
	}
}
