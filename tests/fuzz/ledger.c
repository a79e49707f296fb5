#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "input.h"

/* By its own header; 0 for what is no packet. */
static size_t packet_len(const uint8_t *packet, size_t len)
{
	if (len >= 20 && packet[0] >> 4 == 4) {
		return mv_load_be16(packet + 2);
	}
	return len >= 40 && packet[0] >> 4 == 6 ? (size_t)40 + mv_load_be16(packet + 4) : 0;
}

/* The world gives each device one inner address a family. */
static bool is_from(const uint8_t *packet, size_t device)
{
	const uint8_t source4[4] = {10, 0, 0, (uint8_t)(device + 1)};
	const uint8_t source6[16] = {0xfd, [15] = (uint8_t)(device + 1)};

	return packet[0] >> 4 == 4 ? memcmp(packet + 12, source4, 4) == 0
				   : memcmp(packet + 8, source6, 16) == 0;
}

void ledger_uninit(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++) {
		free(ledger->entries[i].packet);
	}
	free(ledger->entries);
	*ledger = (struct ledger){0};
}

void ledger_send(struct ledger *ledger, size_t from, size_t to, const uint8_t *packet, size_t len,
	const uint8_t *key, uint64_t counter)
{
	struct ledger_entry entry = {
		.from = from, .to = to, .has_key = key, .counter = counter, .len = len};

	if (ledger->count == ledger->capacity) {
		ledger->capacity = 2 * ledger->capacity + 16;
		ledger->entries = realloc(ledger->entries, ledger->capacity * sizeof(entry));
	}
	entry.packet = malloc(len + 1);
	demand(ledger->entries && entry.packet, "memory");
	if (len > 0) {
		memcpy(entry.packet, packet, len);
	}
	if (key) {
		memcpy(entry.key, key, sizeof(entry.key));
	}
	ledger->entries[ledger->count++] = entry;
}

/* Whatever else was sent under the same key and counter must not come out any more. */
static void mark_delivered(struct ledger *ledger, struct ledger_entry *entry)
{
	entry->is_delivered = true;
	for (size_t i = 0; entry->has_key && i < ledger->count; i++) {
		struct ledger_entry *other = &ledger->entries[i];

		other->is_delivered |= other->has_key && other->counter == entry->counter &&
				       memcmp(other->key, entry->key, sizeof(entry->key)) == 0;
	}
}

static bool is_packet(
	const struct ledger_entry *entry, size_t device, const uint8_t *packet, size_t len)
{
	return !entry->is_delivered && entry->to == device && entry->len >= len &&
	       memcmp(entry->packet, packet, len) == 0;
}

/* The first one from `begin` on that may have come out; the ledger's count if there is none. */
static size_t find(const struct ledger *ledger, size_t begin, size_t device, const uint8_t *packet,
	size_t len, bool from_allowed)
{
	size_t found = begin;

	while (found < ledger->count &&
		!(is_packet(&ledger->entries[found], device, packet, len) &&
			(!from_allowed || is_from(packet, ledger->entries[found].from)))) {
		found++;
	}
	return found;
}

/* Two may have sent the same bytes, and one of them was not allowed to: so the other is looked for
 * first. */
size_t ledger_deliver(
	struct ledger *ledger, size_t begin, size_t device, const uint8_t *packet, size_t len)
{
	demand(len > 0 && packet_len(packet, len) == len,
		"what comes out is as long as its header says");
	size_t found = find(ledger, begin, device, packet, len, true);

	if (found == ledger->count) {
		demand(find(ledger, begin, device, packet, len, false) < ledger->count,
			"what comes out was sent, and did not come out before");
		demand(false, "it comes from an allowed source");
	}
	mark_delivered(ledger, &ledger->entries[found]);
	return found;
}
