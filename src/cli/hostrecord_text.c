#include "cli/hostrecord_text.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

int mv_hostrecord_add_hook(struct mv_config_hooks *hooks, unsigned line, const char *command)
{
	struct mv_config_hook *list =
		reallocarray(hooks->list, hooks->count + 1, sizeof(*hooks->list));

	if (!list) {
		return -ENOMEM;
	}
	hooks->list = list;
	list[hooks->count] = (struct mv_config_hook){.line = line, .command = strdup(command)};
	if (!list[hooks->count].command) {
		return -ENOMEM;
	}
	hooks->count++;
	return 0;
}

/* Steps as words */

static const struct word {
	enum mv_host_step_kind kind;
	const char *word;
} words[] = {
	{MV_HOST_DNS_SET, "dns"},
	{MV_HOST_SRC_VALID_MARK_SET, "src_valid_mark"},
	{MV_HOST_FIREWALL_ADD, "firewall"},
	{MV_HOST_RULE_MARK_ADD, "rule_mark"},
	{MV_HOST_RULE_MAIN_ADD, "rule_main"},
};

static const struct word *const words_end = words + sizeof(words) / sizeof(words[0]);

/* Reading */

/* The next word of a line is such a number. */
static bool read_number(uint64_t *number, char **rest, uint64_t max)
{
	const char *word = strsep(rest, " ");

	return word && mv_decimal_parse(number, word, max);
}

static bool read_rule(struct mv_host_step *step, char **rest)
{
	uint64_t family, number, priority;

	if (!read_number(&family, rest, MV_FAMILY_IPV6) ||
		!read_number(&number, rest, UINT32_MAX) ||
		!read_number(&priority, rest, UINT32_MAX) || *rest ||
		(family != MV_FAMILY_IPV4 && family != MV_FAMILY_IPV6)) {
		return false;
	}
	step->family = (enum mv_family)family;
	step->number = (uint32_t)number;
	step->priority = (uint32_t)priority;
	return true;
}

/* "firewall 4 51820 0", "dns NAME" */
static bool read_done(struct mv_hostrecord *record, struct mv_host_step *step, char *rest)
{
	const char *word = strsep(&rest, " ");

	for (const struct word *known = words; known < words_end; known++) {
		if (strcmp(word, known->word) == 0) {
			step->kind = known->kind;
		}
	}
	if (step->kind == MV_HOST_SRC_VALID_MARK_SET) {
		return !rest;
	}
	if (step->kind == MV_HOST_DNS_SET) {
		snprintf(record->dns_name, sizeof(record->dns_name), "%s", rest ? rest : "");
		return rest != NULL;
	}
	return mv_host_step_lies_beside(step->kind) && read_rule(step, &rest);
}

static int read_step(struct mv_hostrecord *record, char *text)
{
	struct mv_host_step step = {0};

	if (record->done_count == MV_HOSTRECORD_DONE_MAX || !read_done(record, &step, text)) {
		return -EBADMSG;
	}
	record->done[record->done_count++] = step;
	return 0;
}

static int read_hook(struct mv_config_hooks *hooks, char *value)
{
	uint64_t line;

	if (!read_number(&line, &value, UINT_MAX) || !value) {
		return -EBADMSG;
	}
	return mv_hostrecord_add_hook(hooks, (unsigned)line, value);
}

static int read_text(char **text, const char *value)
{
	free(*text);
	*text = strdup(value);
	return *text ? 0 : -ENOMEM;
}

/* "4026532198", "4026532198 blue" */
static int read_namespace(struct mv_hostrecord *record, char *value)
{
	if (!read_number(&record->namespace_number, &value, UINT64_MAX)) {
		return -EBADMSG;
	}
	free(record->namespace);
	record->namespace = value ? strdup(value) : NULL;
	return value && !record->namespace ? -ENOMEM : 0;
}

static int read_socket(struct mv_hostrecord_socket *socket, char *value)
{
	return read_number(&socket->inode, &value, UINT64_MAX) &&
			       read_number(&socket->made_ns, &value, UINT64_MAX)
		       ? 0
		       : -EBADMSG;
}

static int read_u32(uint32_t *number, char *value)
{
	uint64_t wide;

	if (!read_number(&wide, &value, UINT32_MAX) || value) {
		return -EBADMSG;
	}
	*number = (uint32_t)wide;
	return 0;
}

static int read_address(struct mv_hoststate *state, const char *value)
{
	struct mv_prefix address;

	if (mv_prefix_parse(&address, value) != MV_PREFIX_OK) {
		return -EBADMSG;
	}
	struct mv_prefix *list =
		reallocarray(state->addresses, state->address_count + 1, sizeof(*list));
	if (!list) {
		return -ENOMEM;
	}
	list[state->address_count++] = address;
	state->addresses = list;
	return 0;
}

/* "10.0.0.0/8 254" */
static int read_route(struct mv_hoststate *state, char *value)
{
	const char *prefix = strsep(&value, " ");
	struct mv_route route;

	if (!value || mv_prefix_parse(&route.prefix, prefix) != MV_PREFIX_OK ||
		read_u32(&route.table, value) < 0) {
		return -EBADMSG;
	}
	struct mv_route *list = reallocarray(state->routes, state->route_count + 1, sizeof(*list));
	if (!list) {
		return -ENOMEM;
	}
	list[state->route_count++] = route;
	state->routes = list;
	return 0;
}

/* Line by line it becomes again what resolvconf reads. */
static int read_dns(struct mv_hoststate *state, const char *value)
{
	char *text;

	if (asprintf(&text, "%s%s\n", state->dns ? state->dns : "", value) < 0) {
		return -ENOMEM;
	}
	free((char *)state->dns);
	state->dns = text;
	return 0;
}

static int read_offload(bool *without, const char *value)
{
	*without = strcmp(value, "off") == 0;
	return *without || strcmp(value, "on") == 0 ? 0 : -EBADMSG;
}

/* What the tunnel is to be. */
static int read_state(struct mv_hostrecord *record, const char *word, char *value)
{
	if (strcmp(word, "lanes") == 0) {
		return read_u32(&record->lanes, value);
	}
	if (strcmp(word, "offload") == 0) {
		return read_offload(&record->without_offload, value);
	}
	if (strcmp(word, "mtu") == 0) {
		return read_u32(&record->state.mtu, value);
	}
	if (strcmp(word, "address") == 0) {
		return read_address(&record->state, value);
	}
	if (strcmp(word, "route") == 0) {
		return read_route(&record->state, value);
	}
	return strcmp(word, "dns") == 0 ? read_dns(&record->state, value) : -EBADMSG;
}

static int read_line(struct mv_hostrecord *record, const char *word, char *value)
{
	if (strcmp(word, "file") == 0) {
		return read_text(&record->file, value);
	}
	if (strcmp(word, "namespace") == 0) {
		return read_namespace(record, value);
	}
	if (strcmp(word, "socket") == 0) {
		return read_socket(&record->socket, value);
	}
	if (strcmp(word, "mark") == 0) {
		return read_u32(&record->mark, value);
	}
	if (strcmp(word, "sockets") == 0) {
		record->sockets_are_apart = strcmp(value, "apart") == 0;
		return 0;
	}
	if (strcmp(word, "sockets_in") == 0) {
		return read_text(&record->socket_namespace, value);
	}
	if (strcmp(word, "mark_is") == 0) {
		record->mark_is_given = strcmp(value, "given") == 0;
		return 0;
	}
	if (strcmp(word, "did") == 0) {
		return read_step(record, value);
	}
	if (strcmp(word, "saves_config") == 0) {
		record->saves_config = true;
		return 0;
	}
	if (strcmp(word, mv_hook_name(MV_HOOK_PRE_DOWN)) == 0) {
		return read_hook(&record->pre_down, value);
	}
	if (strcmp(word, mv_hook_name(MV_HOOK_POST_DOWN)) == 0) {
		return read_hook(&record->post_down, value);
	}
	return read_state(record, word, value);
}

int mv_hostrecord_scan(struct mv_hostrecord *record, FILE *in)
{
	size_t room = 0;
	char *line = NULL;
	ssize_t len;
	int error = 0;

	while (error == 0 && (len = getline(&line, &room, in)) > 0) {
		char *value = strchr(line, ' ');

		if (line[len - 1] != '\n' || !value) {
			error = -EBADMSG;
			break;
		}
		line[len - 1] = '\0';
		*value++ = '\0';
		error = read_line(record, line, value);
	}
	free(line);
	return error == 0 && !record->file ? -EBADMSG : error;
}

/* Writing */

static void print_hooks(FILE *out, enum mv_hook kind, const struct mv_config_hooks *hooks)
{
	for (size_t i = 0; i < hooks->count; i++) {
		fprintf(out, "%s %u %s\n", mv_hook_name(kind), hooks->list[i].line,
			hooks->list[i].command);
	}
}

static void print_step(
	FILE *out, const struct mv_hostrecord *record, const struct mv_host_step *step)
{
	for (const struct word *known = words; known < words_end; known++) {
		if (step->kind == known->kind) {
			fprintf(out, "did %s", known->word);
		}
	}
	if (step->kind == MV_HOST_DNS_SET) {
		fprintf(out, " %s\n", record->dns_name);
	} else if (step->kind == MV_HOST_SRC_VALID_MARK_SET) {
		fputc('\n', out);
	} else {
		fprintf(out, " %d %" PRIu32 " %" PRIu32 "\n", (int)step->family, step->number,
			step->priority);
	}
}

static void print_dns(FILE *out, const char *text)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		fprintf(out, "dns %.*s\n", (int)(end - text), text);
	}
}

static void print_state(FILE *out, const struct mv_hostrecord *record)
{
	const struct mv_hoststate *state = &record->state;
	char text[MV_PREFIX_TEXT_MAX];

	fprintf(out, "lanes %" PRIu32 "\noffload %s\nmtu %" PRIu32 "\n", record->lanes,
		record->without_offload ? "off" : "on", state->mtu);
	for (size_t i = 0; i < state->address_count; i++) {
		fprintf(out, "address %s\n", mv_prefix_print(text, &state->addresses[i]));
	}
	for (size_t i = 0; i < state->route_count; i++) {
		fprintf(out, "route %s %" PRIu32 "\n",
			mv_prefix_print(text, &state->routes[i].prefix), state->routes[i].table);
	}
	if (state->dns) {
		print_dns(out, state->dns);
	}
}

void mv_hostrecord_print(FILE *out, const struct mv_hostrecord *record)
{
	fprintf(out, "file %s\n", record->file);
	if (record->namespace_number != 0) {
		fprintf(out, "namespace %" PRIu64 "%s%s\n", record->namespace_number,
			record->namespace ? " " : "", record->namespace ? record->namespace : "");
	}
	if (record->sockets_are_apart) {
		fputs("sockets apart\n", out);
	}
	if (record->socket_namespace) {
		fprintf(out, "sockets_in %s\n", record->socket_namespace);
	}
	fprintf(out, "socket %" PRIu64 " %" PRIu64 "\n", record->socket.inode,
		record->socket.made_ns);
	if (record->saves_config) {
		fputs("saves_config 1\n", out);
	}
	if (record->mark != 0) {
		fprintf(out, "mark %" PRIu32 "\n", record->mark);
	}
	if (record->mark_is_given) {
		fputs("mark_is given\n", out);
	}
	print_state(out, record);
	for (size_t i = 0; i < record->done_count; i++) {
		print_step(out, record, &record->done[i]);
	}
	print_hooks(out, MV_HOOK_PRE_DOWN, &record->pre_down);
	print_hooks(out, MV_HOOK_POST_DOWN, &record->post_down);
}
