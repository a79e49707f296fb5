#include "wire.h"

#include <stdlib.h>
#include <string.h>

void wire_init(struct wire *wire, struct dice *dice)
{
	*wire = (struct wire){.dice = dice};
	for (size_t i = 0; i < WORLD_DEVICES_MAX; i++) {
		wire->seen[i] = world_endpoint(i);
	}
}

void wire_uninit(struct wire *wire)
{
	for (size_t i = 0; i < wire->count; i++) {
		free(wire->heap[i]);
	}
	free(wire->heap);
}

static bool is_before(const struct wire_datagram *a, const struct wire_datagram *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void push(struct wire *wire, struct wire_datagram *datagram)
{
	if (wire->count == wire->capacity) {
		wire->capacity = wire->capacity ? 2 * wire->capacity : 64;
		wire->heap = realloc(wire->heap, wire->capacity * sizeof(struct wire_datagram *));
		if (!wire->heap) {
			abort();
		}
	}
	size_t i = wire->count++;
	for (; i > 0 && is_before(datagram, wire->heap[(i - 1) / 2]); i = (i - 1) / 2) {
		wire->heap[i] = wire->heap[(i - 1) / 2];
	}
	wire->heap[i] = datagram;
}

void wire_insert(struct wire *wire, uint64_t at_ns, const struct mv_endpoint *from,
	const struct mv_endpoint *to, const uint8_t *bytes, size_t len)
{
	struct wire_datagram *datagram = malloc(sizeof(*datagram) + len);

	if (!datagram) {
		abort();
	}
	datagram->at_ns = at_ns;
	datagram->order = wire->order++;
	datagram->from = *from;
	datagram->to = *to;
	datagram->len = len;
	memcpy(datagram->bytes, bytes, len);
	push(wire, datagram);
}

uint64_t wire_next(const struct wire *wire)
{
	return wire->count > 0 ? wire->heap[0]->at_ns : MV_NEVER;
}

struct wire_datagram *wire_take(struct wire *wire)
{
	struct wire_datagram *first = wire->heap[0];
	const struct wire_datagram *last = wire->heap[--wire->count];
	size_t hole = 0, child;

	while ((child = 2 * hole + 1) < wire->count) {
		if (child + 1 < wire->count &&
			is_before(wire->heap[child + 1], wire->heap[child])) {
			child++;
		}
		if (is_before(last, wire->heap[child])) {
			break;
		}
		wire->heap[hole] = wire->heap[child];
		hole = child;
	}
	wire->heap[hole] = wire->heap[wire->count];
	return first;
}

size_t wire_owner(const struct wire *wire, const struct mv_endpoint *endpoint)
{
	size_t device = 0;

	while (device < WORLD_DEVICES_MAX && !mv_endpoint_equal(&wire->seen[device], endpoint)) {
		device++;
	}
	return device;
}

void wire_rebind(struct wire *wire, size_t device)
{
	struct mv_endpoint *seen = &wire->seen[device];

	seen->port = (uint16_t)dice_between(wire->dice, 1024, UINT16_MAX);
	if (dice_chance(wire->dice, 500)) {
		/* Its last byte still tells one device from another. */
		seen->ip.bytes[2] = (uint8_t)dice_roll(wire->dice);
	}
}

/* One copy of it sets out. */
static void launch(struct wire *wire, uint64_t now_ns, size_t device, const struct mv_endpoint *to,
	const uint8_t *bytes, size_t len)
{
	const struct wire_faults *faults = &wire->faults;
	uint64_t delay_ns = dice_between(wire->dice, faults->delay_min_ns, faults->delay_max_ns);
	uint8_t damaged[MV_PACKET_MAX];

	memcpy(damaged, bytes, len);
	if (dice_chance(wire->dice, faults->flip)) {
		uint64_t bit = dice_below(wire->dice, 8 * len);

		damaged[bit / 8] ^= (uint8_t)(1U << bit % 8);
		wire->flipped++;
	}
	if (dice_chance(wire->dice, faults->truncate)) {
		len = dice_below(wire->dice, len);
		wire->truncated++;
	}
	wire_insert(wire, now_ns + delay_ns, &wire->seen[device], to, damaged, len);
}

void wire_send(struct wire *wire, uint64_t now_ns, size_t device, const struct mv_endpoint *to,
	const uint8_t *bytes, size_t len)
{
	size_t owner = wire_owner(wire, to);

	if (owner == WORLD_DEVICES_MAX || wire->cut[device][owner] ||
		dice_chance(wire->dice, wire->faults.lose)) {
		wire->lost++;
		return;
	}
	launch(wire, now_ns, device, to, bytes, len);
	if (dice_chance(wire->dice, wire->faults.duplicate)) {
		launch(wire, now_ns, device, to, bytes, len);
		wire->duplicated++;
	}
}
