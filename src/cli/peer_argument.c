#include "cli/peer_argument.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/nearest.h"

/* More are counted and not listed. */
#define LIST_MAX 8

struct search {
	const struct mv_peer_candidate *list;
	size_t count;
	const char *word;
};

/* Whether the peer is among those that a list shows. */
typedef bool is_listed(const struct search *search, size_t i);

static bool has_name(const struct search *search, size_t i)
{
	return *search->list[i].name && strcmp(search->list[i].name, search->word) == 0;
}

static bool has_key(const struct search *search, size_t i)
{
	char key[MV_KEY_BASE64_MAX];

	mv_key_to_base64(key, search->list[i].public_key);
	return strncmp(key, search->word, strlen(search->word)) == 0;
}

static bool has_near_name(const struct search *search, size_t i)
{
	const char *name = search->list[i].name;

	return *name && mv_nearest_distance(search->word, name) != MV_NEAREST_FAR;
}

static bool is_any(const struct search *search, size_t i)
{
	(void)search, (void)i;
	return true;
}

/* How many there are, and the first of them. */
static size_t count(const struct search *search, is_listed *is_one, size_t *first)
{
	size_t n = 0;

	for (size_t i = search->count; i-- > 0;) {
		if (is_one(search, i)) {
			*first = i;
			n++;
		}
	}
	return n;
}

static void print_list(const struct search *search, is_listed *is_one)
{
	char text[MV_PEER_TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < search->count; i++) {
		const struct mv_peer_candidate *peer = &search->list[i];

		if (is_one(search, i) && n++ < LIST_MAX) {
			fprintf(stderr, "  %s\n", mv_peer_text(text, peer->name, peer->public_key));
		}
	}
	if (n > LIST_MAX) {
		fprintf(stderr, "  and %zu more\n", n - LIST_MAX);
	}
}

static enum mv_exit refuse_unknown(const struct search *search, const char *device)
{
	size_t first;

	if (search->count == 0) {
		return mv_command_failed("%s has no peers", device);
	}
	bool has_near = count(search, has_near_name, &first) > 0;
	mv_command_failed("%s has no peer '%s'%s", device, search->word,
		has_near ? "; near it:" : "; its peers are:");
	print_list(search, has_near ? has_near_name : is_any);
	return MV_EXIT_FAILED;
}

static enum mv_exit refuse_several(
	const struct search *search, const char *device, is_listed *is_one)
{
	mv_command_failed("%s has several peers that '%s' may mean:", device, search->word);
	print_list(search, is_one);
	return MV_EXIT_FAILED;
}

enum mv_exit mv_peer_argument_find(size_t *found, const struct mv_peer_candidate *list,
	size_t list_count, const char *device, const char *argument)
{
	const struct search search = {.list = list, .count = list_count, .word = argument};

	size_t n = count(&search, has_name, found);

	if (n > 0) {
		return n == 1 ? MV_EXIT_DONE : refuse_several(&search, device, has_name);
	}
	if (strlen(argument) >= MV_PEER_ARGUMENT_KEY_MIN) {
		n = count(&search, has_key, found);
	}
	if (n == 0) {
		return refuse_unknown(&search, device);
	}
	return n == 1 ? MV_EXIT_DONE : refuse_several(&search, device, has_key);
}

enum mv_exit mv_peer_argument_in_snapshot(const struct mv_peer_snapshot **found,
	const struct mv_snapshot *snapshot, const char *device, const char *argument)
{
	struct mv_peer_candidate *list = calloc(snapshot->peer_count + 1, sizeof(*list));
	size_t index = 0;

	if (!list) {
		return mv_command_failed("no memory");
	}
	for (size_t i = 0; i < snapshot->peer_count; i++) {
		list[i] = (struct mv_peer_candidate){
			snapshot->peers[i].name, snapshot->peers[i].public_key};
	}
	enum mv_exit result =
		mv_peer_argument_find(&index, list, snapshot->peer_count, device, argument);
	free(list);
	*found = result == MV_EXIT_DONE ? &snapshot->peers[index] : NULL;
	return result;
}
