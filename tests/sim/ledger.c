#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dice.h"

#define SOURCE 12 /* where an IPv4 header has it */
#define NUMBER 20 /* where our packets have it */
#define FILL   24

void ledger_init(struct ledger *ledger, struct verdict *verdict)
{
	*ledger = (struct ledger){.verdict = verdict};
}

void ledger_uninit(struct ledger *ledger)
{
	free(ledger->entries);
}

/* The packet is known from its number alone, so nothing needs to be kept for comparison. */
static void write_packet(const struct ledger *ledger, uint32_t number, uint8_t *packet)
{
	const struct ledger_entry *entry = &ledger->entries[number];
	struct dice content = {.state = number};

	world_packet(packet, entry->from, entry->to, entry->len, number);
	for (size_t i = FILL; i < entry->len; i++) {
		packet[i] = (uint8_t)dice_roll(&content);
	}
	if (entry->is_spoofed) {
		packet[SOURCE + 3] = (uint8_t)(entry->to + 1);
	}
}

void ledger_make(struct ledger *ledger, uint64_t now_ns, size_t from, size_t to, size_t len,
	bool is_spoofed, uint8_t *packet)
{
	if (ledger->count == ledger->capacity) {
		ledger->capacity = ledger->capacity ? 2 * ledger->capacity : 1024;
		ledger->entries =
			realloc(ledger->entries, ledger->capacity * sizeof(*ledger->entries));
		if (!ledger->entries) {
			abort();
		}
	}
	ledger->entries[ledger->count] = (struct ledger_entry){.sent_ns = now_ns,
		.from = (uint8_t)from,
		.to = (uint8_t)to,
		.len = (uint8_t)len,
		.is_spoofed = is_spoofed};
	write_packet(ledger, (uint32_t)ledger->count++, packet);
}

static bool is_unaltered(
	const struct ledger *ledger, uint32_t number, const uint8_t *packet, size_t len)
{
	uint8_t expected[LEDGER_PACKET_MAX];

	if (len != ledger->entries[number].len) {
		return false;
	}
	write_packet(ledger, number, expected);
	return memcmp(packet, expected, len) == 0;
}

static enum invariant judge(
	const struct ledger *ledger, size_t device, size_t owner, const uint8_t *packet, size_t len)
{
	uint32_t number = len < FILL ? UINT32_MAX : mv_load_be32(packet + NUMBER);

	if (number >= ledger->count) {
		return INVARIANT_UNALTERED;
	}
	const struct ledger_entry *entry = &ledger->entries[number];
	if (entry->from != owner || entry->to != device) {
		return INVARIANT_SENT_BY_PEER;
	}
	if (packet[SOURCE + 3] != owner + 1) {
		return INVARIANT_ALLOWED_SOURCE;
	}
	if (!is_unaltered(ledger, number, packet, len)) {
		return INVARIANT_UNALTERED;
	}
	return entry->delivered ? INVARIANT_ONCE : INVARIANT_NONE;
}

void ledger_deliver(struct ledger *ledger, uint64_t now_ns, size_t device, size_t owner,
	const uint8_t *packet, size_t len)
{
	enum invariant broken = judge(ledger, device, owner, packet, len);

	if (broken != INVARIANT_NONE) {
		verdict_fail(ledger->verdict, broken, now_ns,
			"%zu bytes came out at device %zu, under a key of device %zu", len, device,
			owner);
		return;
	}
	struct ledger_entry *entry = &ledger->entries[mv_load_be32(packet + NUMBER)];
	uint64_t *carried_ns = &ledger->carried_ns[owner][device];

	entry->delivered = true;
	ledger->delivered++;
	if (entry->sent_ns > *carried_ns) {
		*carried_ns = entry->sent_ns;
	}
}

void ledger_expect_all(struct ledger *ledger, size_t from, size_t to, uint64_t since_ns,
	uint64_t until_ns, uint64_t now_ns)
{
	for (size_t i = ledger->count; i > 0 && ledger->entries[i - 1].sent_ns >= since_ns; i--) {
		const struct ledger_entry *entry = &ledger->entries[i - 1];

		if (entry->from == from && entry->to == to && entry->sent_ns <= until_ns &&
			!entry->is_spoofed && !entry->delivered) {
			verdict_fail(ledger->verdict, INVARIANT_LOSSLESS, now_ns,
				"packet %zu from device %zu to %zu is missing", i - 1, from, to);
		}
	}
}
