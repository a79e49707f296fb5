#include "tunnel/packet.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/icmp.h"

/* For padding and tag; and, with the headroom, for an ICMP error in the packet's place. */
#define TAILROOM 32
static_assert(
	TAILROOM >= MV_TRANSPORT_TAILROOM && TAILROOM + MV_TRANSPORT_HEADROOM >= MV_ICMP_GROWTH,
	"room for both");

/* Everything a packet of any size needs of the buffer. */
#define SLOT_MAX (MV_TRANSPORT_HEADROOM + MV_PACKET_MAX + TAILROOM)

/* 127 packets of an ordinary MTU and one of the largest. With jumbo packets a batch is just
 * shorter. */
#define BUFFER_SIZE ((size_t)(MV_BATCH_PACKETS - 1) * 2048 + SLOT_MAX)

static size_t align_slot(size_t offset)
{
	return (offset + 63) & ~(size_t)63;
}

struct mv_batch *mv_batch_create(const struct mv_aead_provider *aead)
{
	struct mv_batch *batch = calloc(1, sizeof(*batch));

	if (!batch) {
		return NULL;
	}
	if (!aead->create(&batch->aead_state)) {
		free(batch);
		return NULL;
	}
	batch->aead = aead;
	batch->keys = sodium_allocarray(MV_BATCH_PACKETS, MV_AEAD_KEY_LEN);
	batch->buffer = malloc(BUFFER_SIZE);
	if (!batch->keys || !batch->buffer) {
		mv_batch_destroy(batch);
		return NULL;
	}
	return batch;
}

void mv_batch_destroy(struct mv_batch *batch)
{
	if (!batch) {
		return;
	}
	if (batch->buffer) {
		/* Packets in the clear have lain here. */
		sodium_memzero(batch->buffer, batch->buffer_touched);
	}
	free(batch->buffer);
	sodium_free(batch->keys);
	batch->aead->destroy(batch->aead_state);
	free(batch);
}

void mv_batch_reset(struct mv_batch *batch)
{
	sodium_memzero(batch->keys, batch->job_count * MV_AEAD_KEY_LEN);
	batch->count = 0;
	batch->job_count = 0;
	batch->buffer_used = 0;
}

uint8_t *mv_batch_room(const struct mv_batch *batch)
{
	if (batch->count == MV_BATCH_PACKETS || batch->buffer_used + SLOT_MAX > BUFFER_SIZE) {
		return NULL;
	}
	return batch->buffer + batch->buffer_used + MV_TRANSPORT_HEADROOM;
}

struct mv_packet *mv_batch_add(struct mv_batch *batch, size_t len)
{
	assert(batch->count < MV_BATCH_PACKETS && len <= MV_PACKET_MAX);

	struct mv_packet *packet = &batch->packets[batch->count++];
	uint8_t *data = batch->buffer + batch->buffer_used + MV_TRANSPORT_HEADROOM;

	*packet = (struct mv_packet){.data = data, .len = len, .live = true};
	batch->buffer_used =
		align_slot(batch->buffer_used + MV_TRANSPORT_HEADROOM + len + TAILROOM);
	if (batch->buffer_used > batch->buffer_touched) {
		batch->buffer_touched = batch->buffer_used;
	}
	return packet;
}

void mv_batch_put(struct mv_batch *batch, const struct mv_packet *packet)
{
	assert(batch->count < MV_BATCH_PACKETS);

	batch->packets[batch->count++] = *packet;
}

struct mv_aead_job *mv_batch_add_job(
	struct mv_batch *batch, struct mv_packet *packet, const uint8_t key[static MV_AEAD_KEY_LEN])
{
	assert(batch->job_count < MV_BATCH_PACKETS);

	memcpy(batch->keys[batch->job_count], key, MV_AEAD_KEY_LEN);
	packet->job = &batch->jobs[batch->job_count];
	packet->job->key = batch->keys[batch->job_count];
	batch->job_count++;
	return packet->job;
}

void mv_packet_drop(struct mv_packet *packet, enum mv_drop drop)
{
	packet->live = false;
	packet->drop = drop;
}

void mv_batch_seal(struct mv_batch *batch)
{
	batch->aead->seal(batch->aead_state, batch->jobs, batch->job_count);
}

void mv_batch_open(struct mv_batch *batch)
{
	batch->aead->open(batch->aead_state, batch->jobs, batch->job_count);
}
