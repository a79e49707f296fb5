#include "proto/keypair.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

void mv_keypairs_init(struct mv_keypairs *keypairs, struct mv_session_keys *keys)
{
	memset(keypairs, 0, sizeof(*keypairs));
	for (size_t i = 0; i < MV_KEYPAIR_SLOTS; i++) {
		keypairs->slots[i].keys = &keys[i];
	}
}

static void erase(struct mv_keypair **slot, struct mv_erased *erased)
{
	struct mv_keypair *keypair = *slot;

	if (!keypair) {
		return;
	}
	assert(erased->count < MV_KEYPAIR_SLOTS);
	erased->indices[erased->count++] = keypair->local_index;

	struct mv_session_keys *keys = keypair->keys;
	sodium_memzero(keys, sizeof(*keys));
	memset(keypair, 0, sizeof(*keypair));
	keypair->keys = keys;
	*slot = NULL;
}

static struct mv_keypair *fill_free_slot(
	struct mv_keypairs *keypairs, const struct mv_new_keypair *fresh, bool is_initiator)
{
	struct mv_keypair *keypair = keypairs->slots;

	while (keypair->in_use) {
		keypair++;
		assert(keypair < keypairs->slots + MV_KEYPAIR_SLOTS);
	}
	*keypair->keys = *fresh->keys;
	keypair->id = fresh->id;
	keypair->birth_ns = fresh->birth_ns;
	keypair->local_index = fresh->local_index;
	keypair->remote_index = fresh->remote_index;
	keypair->in_use = true;
	keypair->is_initiator = is_initiator;
	keypair->may_send = true;
	return keypair;
}

struct mv_erased mv_keypairs_add_initiator(
	struct mv_keypairs *keypairs, const struct mv_new_keypair *fresh)
{
	struct mv_erased erased = {0};

	/* An unconfirmed `next` is kept as previous: the peer may already be sending under it. */
	erase(&keypairs->previous, &erased);
	if (keypairs->next) {
		erase(&keypairs->current, &erased);
		keypairs->previous = keypairs->next;
		keypairs->next = NULL;
	} else {
		keypairs->previous = keypairs->current;
	}
	keypairs->current = fill_free_slot(keypairs, fresh, true);
	return erased;
}

struct mv_erased mv_keypairs_add_responder(
	struct mv_keypairs *keypairs, const struct mv_new_keypair *fresh)
{
	struct mv_erased erased = {0};

	erase(&keypairs->next, &erased);
	erase(&keypairs->previous, &erased);
	keypairs->next = fill_free_slot(keypairs, fresh, false);
	return erased;
}

bool mv_keypairs_confirm(
	struct mv_keypairs *keypairs, const struct mv_keypair *keypair, struct mv_erased *erased)
{
	if (!keypairs->next || keypair != keypairs->next) {
		return false;
	}
	erase(&keypairs->previous, erased);
	keypairs->previous = keypairs->current;
	keypairs->current = keypairs->next;
	keypairs->next = NULL;
	return true;
}

struct mv_erased mv_keypairs_erase_all(struct mv_keypairs *keypairs)
{
	struct mv_erased erased = {0};

	erase(&keypairs->previous, &erased);
	erase(&keypairs->current, &erased);
	erase(&keypairs->next, &erased);
	return erased;
}

void mv_keypairs_stop_sending(struct mv_keypairs *keypairs)
{
	for (size_t i = 0; i < MV_KEYPAIR_SLOTS; i++) {
		keypairs->slots[i].may_send = false;
	}
}

struct mv_keypair *mv_keypairs_find(struct mv_keypairs *keypairs, uint32_t local_index)
{
	for (size_t i = 0; i < MV_KEYPAIR_SLOTS; i++) {
		struct mv_keypair *keypair = &keypairs->slots[i];

		if (keypair->in_use && keypair->local_index == local_index) {
			return keypair;
		}
	}
	return NULL;
}

/* A sum, not a difference: another thread's sample of the clock may be from before the birth. */
static bool is_older(const struct mv_keypair *keypair, uint64_t now_ns, uint64_t age_ns)
{
	return now_ns >= keypair->birth_ns + age_ns;
}

bool mv_keypair_can_send(const struct mv_keypair *keypair, uint64_t now_ns)
{
	return keypair && keypair->may_send &&
	       keypair->sending_counter < MV_REJECT_AFTER_MESSAGES &&
	       !is_older(keypair, now_ns, MV_REJECT_AFTER_TIME_NS);
}

bool mv_keypair_can_receive(const struct mv_keypair *keypair, uint64_t counter, uint64_t now_ns)
{
	return counter < MV_REJECT_AFTER_MESSAGES &&
	       !is_older(keypair, now_ns, MV_REJECT_AFTER_TIME_NS);
}

bool mv_keypair_wants_rekey_on_send(const struct mv_keypair *keypair, uint64_t now_ns)
{
	if (keypair->sending_counter > MV_REKEY_AFTER_MESSAGES) {
		return true;
	}
	return keypair->is_initiator && is_older(keypair, now_ns, MV_REKEY_AFTER_TIME_NS);
}

bool mv_keypair_wants_rekey_on_receive(const struct mv_keypair *keypair, uint64_t now_ns)
{
	return keypair->is_initiator && is_older(keypair, now_ns, MV_REKEY_ON_RECEIVE_NS);
}
