#include "config/entries.h"

#include <string.h>
#include <strings.h>

#include "config/draft.h"
#include "config/fields.h"
#include "config/shown.h"

static void copy_without_spaces(char *out, const char *text)
{
	for (; *text; text++) {
		if (*text != ' ') {
			*out++ = *text;
		}
	}
	*out = '\0';
}

static enum mv_section section_of(const char *name)
{
	if (strcasecmp(name, "Interface") == 0) {
		return MV_SECTION_INTERFACE;
	}
	return strcasecmp(name, "Peer") == 0 ? MV_SECTION_PEER : MV_SECTION_UNKNOWN;
}

static void begin_section(void *ctx, unsigned line, unsigned column, const char *name)
{
	struct mv_draft *draft = ctx;
	char shown[MV_SHOWN_MAX], compact[MV_INI_NAME_MAX + 1];

	copy_without_spaces(compact, name);
	mv_draft_place(draft, line, column, NULL);
	draft->section = section_of(compact);
	draft->section_line = line;
	draft->section_has_spaces = strchr(name, ' ');
	if (draft->section == MV_SECTION_UNKNOWN) {
		mv_draft_error(draft, "unknown section %s: there are [Interface] and [Peer]",
			mv_shown(shown, name));
	} else if (draft->section == MV_SECTION_PEER) {
		mv_draft_add_peer(draft);
	} else if (draft->interface_line == 0) {
		draft->interface_line = line;
		draft->interface_column = column;
	}
}

static void report_unknown(struct mv_draft *draft, const char *key)
{
	const char *section = mv_fields_section_name(draft->section);
	const struct mv_field *meant = mv_fields_nearest(key, draft->section);
	char shown[MV_SHOWN_MAX], names[MV_FIELDS_NAMES_MAX];

	mv_shown(shown, key);
	if (!meant) {
		mv_draft_error(draft, "unknown key %s in [%s]: there are %s", shown, section,
			mv_fields_names(names, draft->section));
	} else if (meant->section == draft->section) {
		mv_draft_error(draft, "unknown key %s in [%s]: did you mean '%s'?", shown, section,
			meant->name);
	} else {
		mv_draft_error(draft,
			"unknown key %s in [%s]: did you mean '%s', which belongs in "
			"[%s]?",
			shown, section, meant->name, mv_fields_section_name(meant->section));
	}
}

/* Whether the key may stand here; says why not. */
static bool has_its_place(struct mv_draft *draft, const struct mv_field *field)
{
	const char *section = mv_fields_section_name(field->section);

	if (draft->section != field->section) {
		mv_draft_error(draft, "belongs in [%s], not in [%s]", section,
			mv_fields_section_name(draft->section));
		return false;
	}
	/* wg-quick does not see such a header, and its keys are then unknown to wg. */
	if (field->dialect == MV_DIALECT_WG_QUICK && draft->section_has_spaces) {
		mv_draft_error(draft, "write the header of line %u without spaces, as [%s]",
			draft->section_line, section);
		return false;
	}
	return true;
}

/* A setting given twice takes the last value, as wg does. */
static void note_given(struct mv_draft *draft, const struct mv_field *field, unsigned column)
{
	struct mv_given *given = mv_draft_given(draft, field->setting);

	if (given->line != 0 && strcmp(given->key, field->name) != 0) {
		mv_draft_error(draft, "line %u has %s: keep one of them", given->line, given->key);
	} else if (given->line != 0 && field->form == MV_FORM_ONE) {
		mv_draft_warning(
			draft, "given on line %u too: this one, the last, counts", given->line);
	}
	*given = (struct mv_given){.key = field->name, .line = draft->place.line, .column = column};
}

static void report_homeless(struct mv_draft *draft, const struct mv_field *field)
{
	if (field) {
		mv_draft_error(draft, "outside of any section: it belongs below [%s]",
			mv_fields_section_name(field->section));
	} else {
		mv_draft_error(
			draft, "a key outside of any section: the first line is [Interface]");
	}
}

static bool may_be_empty(const struct mv_field *field)
{
	return field->form == MV_FORM_LOOSE_LIST || field->form == MV_FORM_COMMAND;
}

static void take_value(
	struct mv_draft *draft, const struct mv_field *field, const struct mv_ini_entry *entry)
{
	char *value = mv_draft_begin_value(
		draft, entry->value, entry->value_column, field->dialect == MV_DIALECT_WG);

	if (!value) {
		return;
	}
	if (*value) {
		field->parse(draft, value);
	} else if (!may_be_empty(field)) {
		mv_draft_error(draft, "no value after the '='");
	}
}

static void take_entry(void *ctx, const struct mv_ini_entry *entry)
{
	struct mv_draft *draft = ctx;
	const struct mv_field *field = mv_fields_find(entry->key);

	mv_draft_place(draft, entry->line, entry->key_column, field ? field->name : NULL);
	if (draft->section == MV_SECTION_UNKNOWN) {
		return;
	}
	if (draft->section == MV_SECTION_NONE) {
		report_homeless(draft, field);
		return;
	}
	if (!field) {
		report_unknown(draft, entry->key);
		return;
	}
	if (!has_its_place(draft, field)) {
		return;
	}
	note_given(draft, field, entry->value_column);
	take_value(draft, field, entry);
}

static bool is_verbatim(void *ctx, const char *key)
{
	const struct mv_field *field = mv_fields_find(key);

	(void)ctx;
	return field && field->form == MV_FORM_COMMAND;
}

static void report_syntax(
	void *ctx, unsigned line, unsigned column, bool in_header, const char *text)
{
	struct mv_draft *draft = ctx;

	if (in_header) {
		draft->section = MV_SECTION_UNKNOWN;
	}
	mv_draft_place(draft, line, column, NULL);
	mv_draft_error(draft, "%s", text);
}

const struct mv_ini_handler mv_entries_handler = {
	.section = begin_section,
	.is_verbatim = is_verbatim,
	.entry = take_entry,
	.error = report_syntax,
};
