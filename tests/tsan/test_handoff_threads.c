/*
 * edge/handoff under real threads: several push as fast as they can, one pops. Every message
 * arrives once, whole and in its pusher's order, or its pusher was told that it does not.
 */
#include "edge/handoff.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <uv.h>

#include "base/bytes.h"
#include "require.h"

#define PUSHERS  4
#define MESSAGES 20000
#define LEN_MIN  sizeof(uint32_t)

struct pusher {
	struct mv_handoff *handoff;
	atomic_bool *is_full; /* somebody was refused */
	atomic_uint *running;
	uint16_t id;
	unsigned accepted, refused;
	uv_thread_t thread;
};

static size_t length_of(uint32_t number)
{
	return LEN_MIN + number % (MV_HANDSHAKE_MESSAGE_MAX - LEN_MIN + 1);
}

/* What the pusher's message of this number looks like: the number, and bytes that differ from those
 * of any other message nearby. */
static size_t compose(
	uint8_t message[static MV_HANDSHAKE_MESSAGE_MAX], uint16_t id, uint32_t number)
{
	size_t len = length_of(number);

	mv_store_be32(message, number);
	memset(message + LEN_MIN, (int)(number * PUSHERS + id) & 0xff, len - LEN_MIN);
	return len;
}

static void push_all(void *arg)
{
	struct pusher *pusher = arg;
	uint8_t message[MV_HANDSHAKE_MESSAGE_MAX];
	struct mv_packet packet = {
		.data = message, .endpoint = {.ip.family = MV_FAMILY_IPV4, .port = pusher->id}};

	for (uint32_t number = 0; number < MESSAGES; number++) {
		packet.len = compose(message, pusher->id, number);
		mv_store_be32(packet.endpoint.ip.bytes, number);
		packet.source.ifindex = number;
		if (mv_handoff_push(pusher->handoff, &packet)) {
			pusher->accepted++;
		} else {
			pusher->refused++;
			atomic_store(pusher->is_full, true);
			sched_yield();
		}
	}
	atomic_fetch_sub(pusher->running, 1);
}

/* Returns the number of the message, which is as its pusher made it. */
static uint32_t check(const struct mv_handshake_message *message)
{
	uint8_t expected[MV_HANDSHAKE_MESSAGE_MAX];
	uint32_t number = mv_load_be32(message->from.ip.bytes);

	REQUIRE(message->from.port < PUSHERS && number < MESSAGES);
	REQUIRE(message->source.ifindex == number);
	REQUIRE(message->len == compose(expected, message->from.port, number));
	REQUIRE(memcmp(message->bytes, expected, message->len) == 0);
	return number;
}

/* Until all pushers have ended and nothing is left. */
static void pop_all(struct mv_handoff *handoff, atomic_uint *running, unsigned popped[PUSHERS])
{
	uint32_t next[PUSHERS] = {0};
	struct mv_handshake_message message;
	bool is_last_look = false;
	size_t backlog;

	for (;;) {
		if (mv_handoff_pop(handoff, &message, &backlog)) {
			uint32_t number = check(&message);

			REQUIRE(backlog < MV_HANDSHAKE_QUEUE);
			REQUIRE(number >= next[message.from.port]);
			next[message.from.port] = number + 1;
			popped[message.from.port]++;
		} else if (is_last_look) {
			return;
		} else {
			is_last_look = atomic_load(running) == 0;
			sched_yield();
		}
	}
}

int main(void)
{
	struct mv_handoff *handoff = mv_handoff_create();
	struct pusher pushers[PUSHERS];
	unsigned popped[PUSHERS] = {0};
	atomic_bool is_full = false;
	atomic_uint running = PUSHERS;

	REQUIRE(handoff);
	for (uint16_t i = 0; i < PUSHERS; i++) {
		pushers[i] = (struct pusher){
			.handoff = handoff, .is_full = &is_full, .running = &running, .id = i};
		REQUIRE(uv_thread_create(&pushers[i].thread, push_all, &pushers[i]) == 0);
	}
	while (!atomic_load(&is_full)) {
		sched_yield(); /* So that the way of the refused is gone, too. */
	}
	pop_all(handoff, &running, popped);
	for (size_t i = 0; i < PUSHERS; i++) {
		uv_thread_join(&pushers[i].thread);
		REQUIRE(popped[i] == pushers[i].accepted);
		REQUIRE(pushers[i].accepted + pushers[i].refused == MESSAGES);
		REQUIRE(pushers[i].accepted > 0);
	}
	mv_handoff_destroy(handoff);
	return 0;
}
