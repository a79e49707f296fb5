#include "edge/where.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge/clock.h"
#include "tunnel/endpoints.h"

struct mv_where {
	char *text; /* as it was given */
	struct mv_endpoints endpoints;
	struct mv_name *names[MV_ENDPOINTS_MAX]; /* of each entry that has one */
	struct mv_candidates *spare;             /* for the first install, which cannot fail then */
	bool is_settled; /* all of it is known, and the peer was moved into it */
};

void mv_where_destroy(struct mv_where *where)
{
	if (!where) {
		return;
	}
	for (size_t i = 0; i < where->endpoints.count; i++) {
		mv_name_close(where->names[i]);
	}
	mv_endpoints_clear(&where->endpoints);
	free(where->spare);
	free(where->text);
	free(where);
}

static int open_names(struct mv_where *where, uv_loop_t *loop, const struct mv_log *log,
	mv_name_changed *changed, void *ctx)
{
	for (size_t i = 0; i < where->endpoints.count; i++) {
		const struct mv_endpoints_entry *entry = &where->endpoints.list[i];

		if (entry->host && !(where->names[i] = mv_name_open(
					     loop, log, entry->host, entry->port, changed, ctx))) {
			return -ENOMEM;
		}
	}
	return 0;
}

/* Empty, with room for all that can be known. NULL: no memory. */
static struct mv_candidates *make_candidates(const struct mv_where *where)
{
	bool has_names = mv_endpoints_have_name(&where->endpoints);
	size_t room = 0;

	for (size_t i = 0; i < where->endpoints.count; i++) {
		room += where->endpoints.list[i].host ? MV_NAME_ADDRESSES_MAX : 1;
	}
	return mv_candidates_create(room < MV_CANDIDATES_MAX ? room : MV_CANDIDATES_MAX, has_names);
}

int mv_where_create(struct mv_where **created, const char *text, uv_loop_t *loop,
	const struct mv_log *log, mv_name_changed *changed, void *ctx)
{
	struct mv_where *where = calloc(1, sizeof(*where));

	if (!where) {
		return -ENOMEM;
	}
	int error = mv_endpoints_parse(&where->endpoints, text);
	where->text = strdup(text);
	where->spare = make_candidates(where);
	if (error == 0 && (!where->text || !where->spare)) {
		error = -ENOMEM;
	}
	if (error == 0) {
		error = open_names(where, loop, log, changed, ctx);
	}
	if (error < 0) {
		mv_where_destroy(where);
		return error;
	}
	*created = where;
	return 0;
}

static void take_over_name(
	struct mv_name **name, const struct mv_endpoints_entry *entry, struct mv_where *old)
{
	for (size_t i = 0; i < old->endpoints.count; i++) {
		if (old->names[i] && mv_name_is_of(old->names[i], entry->host, entry->port)) {
			mv_name_close(*name);
			*name = old->names[i];
			old->names[i] = NULL;
			return;
		}
	}
}

void mv_where_take_over(struct mv_where *where, struct mv_where *old)
{
	for (size_t i = 0; i < where->endpoints.count; i++) {
		if (where->names[i]) {
			take_over_name(&where->names[i], &where->endpoints.list[i], old);
		}
	}
}

static void fill_candidates(struct mv_candidates *candidates, const struct mv_where *where)
{
	size_t room = MV_CANDIDATES_MAX;

	for (size_t i = 0; i < where->endpoints.count; i++) {
		const struct mv_endpoint *list = &where->endpoints.list[i].address;
		size_t count = 1;

		if (where->names[i]) {
			list = mv_name_addresses(where->names[i], &count);
		}
		for (size_t k = 0; k < count && room > 0; k++, room--) {
			mv_candidates_add(candidates, &list[k], (uint8_t)i);
		}
	}
}

static bool all_answered(const struct mv_where *where)
{
	for (size_t i = 0; i < where->endpoints.count; i++) {
		if (where->names[i] && !mv_name_was_answered(where->names[i])) {
			return false;
		}
	}
	return true;
}

bool mv_where_install(struct mv_where *where, struct mv_device *device,
	const uint8_t public_key[static MV_KEY_LEN], const struct mv_log *log)
{
	enum mv_candidates_reason reason = MV_CANDIDATES_ANSWERED;
	struct mv_candidates *candidates = where->spare;

	where->spare = NULL;
	if (!candidates && !(candidates = make_candidates(where))) {
		mv_log(log, MV_LOG_ERROR, "no memory for an endpoint");
		return true;
	}
	fill_candidates(candidates, where);
	if (!where->is_settled && candidates->count > 0 && all_answered(where)) {
		where->is_settled = true;
		reason = MV_CANDIDATES_CONFIGURED;
	}
	return mv_candidates_install(device, public_key, candidates, reason, mv_clock_sample());
}

void mv_where_ask(struct mv_where *where)
{
	for (size_t i = 0; i < where->endpoints.count; i++) {
		if (where->names[i]) {
			mv_name_set_interval(where->names[i], where->endpoints.interval_s);
			mv_name_ask(where->names[i]);
		}
	}
}

void mv_where_hurry(struct mv_where *where)
{
	for (size_t i = 0; i < where->endpoints.count; i++) {
		if (where->names[i]) {
			mv_name_hurry(where->names[i]);
		}
	}
}

const char *mv_where_text(const struct mv_where *where)
{
	return where->text;
}

char *mv_where_trouble(const struct mv_where *where)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; out && i < where->endpoints.count; i++) {
		const char *trouble = where->names[i] ? mv_name_trouble(where->names[i]) : NULL;
		char entry[MV_ENDPOINTS_ENTRY_TEXT_MAX];

		if (trouble) {
			fprintf(out, "%s%s: %s", ftell(out) > 0 ? "; " : "",
				mv_endpoints_print_entry(entry, &where->endpoints.list[i]),
				trouble);
		}
	}
	if (!out || fclose(out) != 0 || len == 0) {
		free(text);
		return NULL;
	}
	return text;
}
