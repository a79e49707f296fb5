#include "edge/handoff.h"

#include <stdlib.h>
#include <uv.h>

struct mv_handoff {
	uv_mutex_t mutex;
	size_t first, count;
	struct mv_handshake_message ring[MV_HANDSHAKE_QUEUE];
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

bool mv_handoff_push(struct mv_handoff *handoff, const struct mv_packet *packet)
{
	uv_mutex_lock(&handoff->mutex);
	bool has_room = handoff->count < MV_HANDSHAKE_QUEUE;
	if (has_room) {
		size_t place = (handoff->first + handoff->count++) % MV_HANDSHAKE_QUEUE;

		mv_handshake_message_copy(&handoff->ring[place], packet);
	}
	uv_mutex_unlock(&handoff->mutex);
	return has_room;
}

bool mv_handoff_pop(
	struct mv_handoff *handoff, struct mv_handshake_message *message, size_t *backlog)
{
	uv_mutex_lock(&handoff->mutex);
	bool has_message = handoff->count > 0;
	if (has_message) {
		*message = handoff->ring[handoff->first];
		handoff->first = (handoff->first + 1) % MV_HANDSHAKE_QUEUE;
		*backlog = --handoff->count;
	}
	uv_mutex_unlock(&handoff->mutex);
	return has_message;
}
