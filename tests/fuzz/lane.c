#include "lane.h"

#include <sanitizer/asan_interface.h>
#include <string.h>

#include "input.h"
#include "tunnel/handshake.h"
#include "tunnel/icmp.h"
#include "tunnel/receive.h"
#include "tunnel/send.h"

void lane_init(
	struct lane *lane, struct world *world, size_t devices, const struct lane_hooks *hooks)
{
	*lane = (struct lane){.world = world, .devices = devices, .hooks = *hooks};
	lane->batch = mv_batch_create(&mv_aead_sodium);
	lane->replies = mv_batch_create(&mv_aead_sodium);
	demand(lane->batch && lane->replies, "memory");
}

void lane_uninit(struct lane *lane)
{
	mv_batch_destroy(lane->batch);
	mv_batch_destroy(lane->replies);
}

bool lane_add(struct lane *lane, const struct mv_endpoint *from, const uint8_t *bytes, size_t len)
{
	uint8_t *room = mv_batch_room(lane->batch);

	if (!room) {
		return false;
	}
	if (len > 0) {
		memcpy(room, bytes, len);
	}
	mv_batch_add(lane->batch, len)->endpoint = *from;
	return true;
}

/* Fences off what lies between the packets, but for so many bytes behind each. */
static void fence(const struct mv_batch *batch, size_t tailroom)
{
	for (size_t i = 0; i < batch->count; i++) {
		const uint8_t *end = batch->packets[i].data + batch->packets[i].len + tailroom;
		const uint8_t *next = i + 1 < batch->count
					      ? batch->packets[i + 1].data - MV_TRANSPORT_HEADROOM
					      : batch->buffer + batch->buffer_used;

		if (end < next) {
			ASAN_POISON_MEMORY_REGION(end, (size_t)(next - end));
		}
	}
}

static void unfence(const struct mv_batch *batch)
{
	ASAN_UNPOISON_MEMORY_REGION(batch->buffer, batch->buffer_used);
}

static size_t find_device(const struct mv_endpoint *endpoint)
{
	size_t device = 0;

	while (device < WORLD_DEVICES_MAX) {
		struct mv_endpoint its = world_endpoint(device);

		if (mv_endpoint_equal(&its, endpoint)) {
			break;
		}
		device++;
	}
	return device;
}

/* Sends what is live to whom it is for, as far as he is in the world. */
static void write_batch(struct lane *lane, struct mv_batch *batch)
{
	struct mv_endpoint own = world_endpoint(LANE_DEVICE);

	mv_batch_seal(batch);
	for (size_t i = 0; i < batch->count; i++) {
		struct mv_packet *packet = &batch->packets[i];
		size_t to = find_device(&packet->endpoint);

		if (!packet->live) {
			continue;
		}
		packet->sent = packet->endpoint.ip.family != MV_FAMILY_NONE;
		if (packet->sent && to < lane->devices) {
			world_inject(lane->world, to, &own, packet->data, packet->len);
		}
	}
	mv_send_commit(world_device(lane->world, LANE_DEVICE), batch, world_now(lane->world));
	unfence(batch);
	mv_batch_reset(batch);
}

static void finish_packet(struct lane *lane, const struct mv_packet *packet)
{
	struct mv_handshake_message message;

	if (packet->is_handshake) {
		mv_handshake_message_copy(&message, packet);
		mv_handshake_receive(world_device(lane->world, LANE_DEVICE), lane->replies,
			&message, lane->backlog, world_now(lane->world));
		write_batch(lane, lane->replies);
	} else if (packet->live) {
		lane->hooks.deliver(lane->hooks.ctx, LANE_DEVICE, packet->data, packet->len);
	}
}

static void meanwhile(struct lane *lane)
{
	if (lane->hooks.meanwhile) {
		lane->hooks.meanwhile(lane->hooks.ctx);
	}
}

void lane_receive(struct lane *lane)
{
	struct mv_device *device = world_device(lane->world, LANE_DEVICE);
	struct mv_now now = world_now(lane->world);

	fence(lane->batch, 0);
	mv_receive_plan(device, lane->batch, now);
	mv_batch_open(lane->batch);
	meanwhile(lane);
	mv_receive_commit(device, lane->batch, now);
	for (size_t i = 0; i < lane->batch->count; i++) {
		finish_packet(lane, &lane->batch->packets[i]);
	}
	unfence(lane->batch);
	mv_batch_reset(lane->batch);
	world_run_for(lane->world, 0);
}

void lane_send(struct lane *lane)
{
	struct mv_device *device = world_device(lane->world, LANE_DEVICE);

	fence(lane->batch, MV_ICMP_GROWTH - MV_TRANSPORT_HEADROOM);
	mv_send_plan(device, lane->batch, world_now(lane->world));
	for (size_t i = 0; i < lane->batch->count; i++) {
		lane->hooks.planned(lane->hooks.ctx, i, &lane->batch->packets[i]);
	}
	meanwhile(lane);
	write_batch(lane, lane->batch);
	world_run_for(lane->world, 0);
}
