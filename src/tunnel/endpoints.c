#include "tunnel/endpoints.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char separator[] = ", ";
static const char every[] = " every ";

void mv_endpoints_clear(struct mv_endpoints *endpoints)
{
	for (size_t i = 0; i < endpoints->count; i++) {
		free(endpoints->list[i].host);
	}
	free(endpoints->list);
	*endpoints = (struct mv_endpoints){0};
}

static int append(struct mv_endpoints *endpoints, const struct mv_endpoints_entry *entry)
{
	if (endpoints->count == MV_ENDPOINTS_MAX) {
		return -E2BIG;
	}
	struct mv_endpoints_entry *list =
		realloc(endpoints->list, (endpoints->count + 1) * sizeof(*list));
	if (!list) {
		return -ENOMEM;
	}
	endpoints->list = list;
	list[endpoints->count++] = *entry;
	return 0;
}

int mv_endpoints_add_address(struct mv_endpoints *endpoints, const struct mv_endpoint *address)
{
	return append(endpoints, &(struct mv_endpoints_entry){.address = *address});
}

int mv_endpoints_add_host(struct mv_endpoints *endpoints, const char *host, uint16_t port)
{
	struct mv_endpoints_entry entry = {.host = strdup(host), .port = port};
	int error = entry.host ? append(endpoints, &entry) : -ENOMEM;

	if (error < 0) {
		free(entry.host);
	}
	return error;
}

bool mv_endpoints_have_name(const struct mv_endpoints *endpoints)
{
	size_t i = 0;

	while (i < endpoints->count && !endpoints->list[i].host) {
		i++;
	}
	return i < endpoints->count;
}

bool mv_endpoints_are_many(const struct mv_endpoints *endpoints)
{
	return endpoints->count > 1 || mv_endpoints_have_name(endpoints);
}

const char *mv_endpoints_print_entry(
	char text[static MV_ENDPOINTS_ENTRY_TEXT_MAX], const struct mv_endpoints_entry *entry)
{
	if (!entry->host) {
		return mv_endpoint_print(text, &entry->address);
	}
	bool has_colon = strchr(entry->host, ':');
	snprintf(text, MV_ENDPOINTS_ENTRY_TEXT_MAX, "%s%s%s:%u", has_colon ? "[" : "", entry->host,
		has_colon ? "]" : "", (unsigned)entry->port);
	return text;
}

/* Room for all entries with what lies between them, and for the interval. */
static size_t text_room(const struct mv_endpoints *endpoints)
{
	return endpoints->count * (MV_ENDPOINTS_ENTRY_TEXT_MAX + sizeof(separator)) +
	       sizeof(every) + sizeof("4294967295");
}

char *mv_endpoints_print_list(const struct mv_endpoints *endpoints)
{
	size_t room = text_room(endpoints);
	char entry[MV_ENDPOINTS_ENTRY_TEXT_MAX];
	char *text = malloc(room), *out = text;

	if (!text) {
		return NULL;
	}
	*text = '\0';
	for (size_t i = 0; i < endpoints->count; i++) {
		out += snprintf(out, room - (size_t)(out - text), "%s%s", i > 0 ? separator : "",
			mv_endpoints_print_entry(entry, &endpoints->list[i]));
	}
	return text;
}

char *mv_endpoints_print(const struct mv_endpoints *endpoints)
{
	char *text = mv_endpoints_print_list(endpoints);

	if (text && endpoints->interval_s > 0) {
		size_t len = strlen(text);

		snprintf(text + len, text_room(endpoints) - len, "%s%u", every,
			(unsigned)endpoints->interval_s);
	}
	return text;
}

/* What the system's resolver makes of a name is its business; this keeps the text in one piece. */
static bool is_host(const char *host, bool in_brackets)
{
	size_t len = strlen(host);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)host[i];

		if (c <= ' ' || c == 0x7f || strchr(",[]", c) || (c == ':' && !in_brackets)) {
			return false;
		}
	}
	return len > 0 && len < MV_HOST_NAME_MAX && (strchr(host, ':') || !in_brackets);
}

/* "host:port" or "[host]:port", taken apart in place. */
static int parse_host(struct mv_endpoints *endpoints, char *text)
{
	bool in_brackets = *text == '[';
	char *end = strrchr(text, ':');
	uint64_t port;

	if (!end || !mv_decimal_parse(&port, end + 1, UINT16_MAX) || port == 0 ||
		(in_brackets && (end == text || end[-1] != ']'))) {
		return -EINVAL;
	}
	end[in_brackets ? -1 : 0] = '\0';
	text += in_brackets;
	return is_host(text, in_brackets) ? mv_endpoints_add_host(endpoints, text, (uint16_t)port)
					  : -EINVAL;
}

static int parse_entry(struct mv_endpoints *endpoints, const char *text, size_t len)
{
	char entry[MV_ENDPOINTS_ENTRY_TEXT_MAX];
	struct mv_endpoint address;

	if (len >= sizeof(entry)) {
		return -EINVAL;
	}
	memcpy(entry, text, len);
	entry[len] = '\0';
	int error = mv_endpoint_parse(&address, entry)
			    ? mv_endpoints_add_address(endpoints, &address)
			    : parse_host(endpoints, entry);
	return error == -E2BIG ? -EINVAL : error;
}

static int parse_entries(struct mv_endpoints *endpoints, const char *text, size_t len)
{
	const char *comma;
	int error = 0;

	while (error == 0 && (comma = memmem(text, len, separator, sizeof(separator) - 1))) {
		size_t entry_len = (size_t)(comma - text);

		error = parse_entry(endpoints, text, entry_len);
		text += entry_len + sizeof(separator) - 1;
		len -= entry_len + sizeof(separator) - 1;
	}
	return error < 0 ? error : parse_entry(endpoints, text, len);
}

/* Only names can be asked for again. */
static int parse_interval(struct mv_endpoints *endpoints, const char *text)
{
	uint64_t interval_s;

	if (!mv_decimal_parse(&interval_s, text, MV_RESOLVE_INTERVAL_MAX_S) ||
		interval_s < MV_RESOLVE_INTERVAL_MIN_S || !mv_endpoints_have_name(endpoints)) {
		return -EINVAL;
	}
	endpoints->interval_s = (uint32_t)interval_s;
	return 0;
}

int mv_endpoints_parse(struct mv_endpoints *endpoints, const char *text)
{
	const char *interval = strstr(text, every);
	int error = 0;

	*endpoints = (struct mv_endpoints){0};
	if (*text) {
		error = parse_entries(
			endpoints, text, interval ? (size_t)(interval - text) : strlen(text));
	}
	if (error == 0 && interval) {
		error = parse_interval(endpoints, interval + sizeof(every) - 1);
	}
	if (error < 0) {
		mv_endpoints_clear(endpoints);
	}
	return error;
}
