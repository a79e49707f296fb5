#include "tunnel/peertable.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define CAPACITY_MIN 16

/* Far more than anybody has, and so few that no size overflows. */
#define PEERS_MAX ((size_t)1 << 31)

void mv_peertable_init(struct mv_peertable *table)
{
	*table = (struct mv_peertable){0};
}

void mv_peertable_uninit(struct mv_peertable *table)
{
	free(table->entries);
	mv_peertable_init(table);
}

/* Public keys are as good as random already, and only configuration puts them here. */
static size_t home(const struct mv_peertable *table, const uint8_t public_key[static MV_KEY_LEN])
{
	return mv_load_le64(public_key) & (table->capacity - 1);
}

static size_t after(const struct mv_peertable *table, size_t place)
{
	return (place + 1) & (table->capacity - 1);
}

/* Where the key is, or the free place where it would be. */
static size_t find_place(
	const struct mv_peertable *table, const uint8_t public_key[static MV_KEY_LEN])
{
	size_t place = home(table, public_key);

	while (table->entries[place] && memcmp(table->entries[place]->secrets->remote.public_key,
						public_key, MV_KEY_LEN) != 0) {
		place = after(table, place);
	}
	return place;
}

int mv_peertable_reserve(struct mv_peertable *table, size_t peers)
{
	struct mv_peertable larger = {.capacity = CAPACITY_MIN};

	if (peers > PEERS_MAX) {
		return -ENOMEM;
	}
	while (larger.capacity < 2 * peers) {
		larger.capacity *= 2;
	}
	if (larger.capacity <= table->capacity) {
		return 0;
	}
	larger.entries = calloc(larger.capacity, sizeof(struct mv_peer *));
	if (!larger.entries) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < table->capacity; i++) {
		if (table->entries[i]) {
			mv_peertable_insert(&larger, table->entries[i]);
		}
	}
	free(table->entries);
	*table = larger;
	return 0;
}

struct mv_peer *mv_peertable_find(
	const struct mv_peertable *table, const uint8_t public_key[static MV_KEY_LEN])
{
	return table->capacity ? table->entries[find_place(table, public_key)] : NULL;
}

void mv_peertable_insert(struct mv_peertable *table, struct mv_peer *peer)
{
	size_t place = find_place(table, peer->secrets->remote.public_key);

	assert(!table->entries[place] && 2 * (table->count + 1) <= table->capacity);
	table->entries[place] = peer;
	table->count++;
}

/* Later entries of the same run move up, so that no search ends too early at the hole. */
void mv_peertable_remove(struct mv_peertable *table, const struct mv_peer *peer)
{
	size_t hole = find_place(table, peer->secrets->remote.public_key);

	assert(table->entries[hole] == peer);
	table->entries[hole] = NULL;
	table->count--;

	for (size_t place = after(table, hole); table->entries[place];
		place = after(table, place)) {
		struct mv_peer *moved = table->entries[place];

		table->entries[place] = NULL;
		table->entries[find_place(table, moved->secrets->remote.public_key)] = moved;
	}
}
