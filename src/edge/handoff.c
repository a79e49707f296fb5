#include "edge/handoff.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct mv_handoff {
	uv_mutex_t mutex;
	size_t first, count;
	struct mv_handoff_message ring[MV_HANDOFF_MESSAGES];
};

struct mv_handoff *mv_handoff_create(void)
{
	struct mv_handoff *handoff = calloc(1, sizeof(*handoff));

	if (handoff && uv_mutex_init(&handoff->mutex) < 0) {
		free(handoff);
		return NULL;
	}
	return handoff;
}

void mv_handoff_destroy(struct mv_handoff *handoff)
{
	if (!handoff) {
		return;
	}
	uv_mutex_destroy(&handoff->mutex);
	free(handoff);
}

bool mv_handoff_push(struct mv_handoff *handoff, const struct mv_endpoint *from,
	const uint8_t *message, size_t len)
{
	assert(len <= MV_HANDSHAKE_MESSAGE_MAX);

	uv_mutex_lock(&handoff->mutex);
	bool has_room = handoff->count < MV_HANDOFF_MESSAGES;
	if (has_room) {
		size_t place = (handoff->first + handoff->count++) % MV_HANDOFF_MESSAGES;
		struct mv_handoff_message *entry = &handoff->ring[place];

		entry->from = *from;
		entry->len = len;
		memcpy(entry->bytes, message, len);
	}
	uv_mutex_unlock(&handoff->mutex);
	return has_room;
}

bool mv_handoff_pop(struct mv_handoff *handoff, struct mv_handoff_message *message)
{
	uv_mutex_lock(&handoff->mutex);
	bool has_message = handoff->count > 0;
	if (has_message) {
		*message = handoff->ring[handoff->first];
		handoff->first = (handoff->first + 1) % MV_HANDOFF_MESSAGES;
		handoff->count--;
	}
	uv_mutex_unlock(&handoff->mutex);
	return has_message;
}
