#include "sabotage.h"

#include <string.h>

#include "base/bytes.h"
#include "tunnel/device_state.h"

void sabotage_init(struct sabotage *sabotage, enum invariant target, struct world *world,
	struct watch *watch, struct ledger *ledger)
{
	*sabotage = (struct sabotage){
		.target = target, .world = world, .watch = watch, .ledger = ledger};
}

/* In the watch's books all keys become older: the devices then seem to keep to no limit. */
static void age_keys(const struct sabotage *sabotage, uint64_t ns)
{
	for (size_t i = 0; i < sabotage->watch->key_count; i++) {
		sabotage->watch->keys[i].born_ns -= ns;
	}
}

void sabotage_transmit(
	const struct sabotage *sabotage, size_t device, const uint8_t *datagram, size_t len)
{
	uint8_t copy[MV_PACKET_MAX];
	struct mv_message_data *header = (void *)copy;

	memcpy(copy, datagram, len);
	if (sabotage->target == INVARIANT_PACE && datagram[0] == MV_MESSAGE_INITIATION) {
		watch_transmit(sabotage->watch, device, copy, len);
	}
	if (datagram[0] != MV_MESSAGE_DATA) {
		return;
	}
	if (sabotage->target == INVARIANT_NONCE_ONCE) {
		copy[len - 1] ^= 1; /* of the tag */
		watch_transmit(sabotage->watch, device, copy, len);
	} else if (sabotage->target == INVARIANT_CIPHERTEXT_ONCE) {
		mv_store_le64(header->counter, mv_load_le64(header->counter) + 1);
		watch_transmit(sabotage->watch, device, copy, len);
	} else if (sabotage->target == INVARIANT_SEND_LIMIT) {
		age_keys(sabotage, MV_REJECT_AFTER_TIME_NS);
		watch_transmit(sabotage->watch, device, copy, len);
	}
}

/* What the ledger is told once more, and not as it was. */
static void deliver_wrongly(const struct sabotage *sabotage, size_t device, size_t owner,
	const uint8_t *packet, size_t len)
{
	uint64_t now = world_now(sabotage->world).boot_ns;
	uint8_t copy[LEDGER_PACKET_MAX];

	memcpy(copy, packet, len);
	if (sabotage->target == INVARIANT_ONCE) {
		ledger_deliver(sabotage->ledger, now, device, owner, copy, len);
	} else if (sabotage->target == INVARIANT_UNALTERED) {
		copy[len - 1] ^= 0x10;
		ledger_deliver(sabotage->ledger, now, device, owner, copy, len);
	} else if (sabotage->target == INVARIANT_SENT_BY_PEER) {
		ledger_deliver(sabotage->ledger, now, owner, device, copy, len);
	} else if (sabotage->target == INVARIANT_ALLOWED_SOURCE) {
		copy[15] = (uint8_t)(device + 1); /* the last byte of the source address */
		ledger_deliver(sabotage->ledger, now, device, owner, copy, len);
	}
}

void sabotage_deliver(const struct sabotage *sabotage, size_t device, size_t owner,
	const struct wire_datagram *datagram, const uint8_t *packet, size_t len)
{
	struct ledger *ledger = sabotage->ledger;

	if (sabotage->target == INVARIANT_RECEIVE_LIMIT) {
		age_keys(sabotage, MV_REJECT_AFTER_TIME_NS);
		watch_deliver(sabotage->watch, device, datagram->bytes, datagram->len);
	} else if (sabotage->target == INVARIANT_LOSSLESS) {
		ledger->entries[ledger->count - 1].delivered = false;
	} else {
		deliver_wrongly(sabotage, device, owner, packet, len);
	}
}

void sabotage_step(const struct sabotage *sabotage)
{
	struct mv_device *device = world_device(sabotage->world, 0);
	const struct mv_peer *peer = world_peer(sabotage->world, 0, 1);
	const struct mv_keypair *slots = peer->keypairs.slots;

	if (sabotage->target == INVARIANT_WIPED) {
		for (size_t i = 0; i < MV_KEYPAIR_SLOTS; i++) {
			slots[i].keys->receive[7] |= !slots[i].in_use;
		}
	} else if (sabotage->target == INVARIANT_INDICES) {
		mv_indextable_insert(&device->indices, 1, MV_INDEX_KEYPAIR, peer->slot);
	} else if (sabotage->target == INVARIANT_POOL) {
		device->stage_pool.free_count--;
	} else if (sabotage->target == INVARIANT_KEY_ONCE) {
		memset(sabotage->watch->slots, 0, sizeof(sabotage->watch->slots));
	} else if (sabotage->target == INVARIANT_ERASED_IN_TIME) {
		age_keys(sabotage, MV_ZERO_KEY_MATERIAL_NS);
	}
}
