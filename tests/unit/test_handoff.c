#include "edge/handoff.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/bytes.h"

static struct mv_handoff *handoff;

static void create(void)
{
	handoff = mv_handoff_create();
	cr_assert(handoff);
}

static void destroy(void)
{
	mv_handoff_destroy(handoff);
}

TestSuite(handoff, .init = create, .fini = destroy);

static bool push(uint32_t number)
{
	uint8_t bytes[sizeof(number)];
	struct mv_packet packet = {.data = bytes,
		.len = sizeof(bytes),
		.endpoint = {.ip.family = MV_FAMILY_IPV4, .port = (uint16_t)(number % 60000)}};

	mv_store_be32(bytes, number);
	return mv_handoff_push(handoff, &packet);
}

/* backlog: those that are left. */
static void expect_pop(uint32_t number, size_t backlog)
{
	struct mv_handshake_message message;
	size_t left;

	cr_assert(mv_handoff_pop(handoff, &message, &left), "%u", (unsigned)number);
	cr_assert_eq(message.len, sizeof(number));
	cr_assert_eq(mv_load_be32(message.bytes), number);
	cr_assert_eq(message.from.port, number % 60000);
	cr_assert_eq(left, backlog, "%u: %zu", (unsigned)number, left);
}

static void expect_empty(void)
{
	struct mv_handshake_message message;
	size_t left;

	cr_assert_not(mv_handoff_pop(handoff, &message, &left));
}

Test(handoff, is_empty_at_first)
{
	expect_empty();
}

Test(handoff, a_message_of_any_length_comes_out_as_it_was)
{
	uint8_t bytes[MV_HANDSHAKE_MESSAGE_MAX];
	struct mv_packet packet = {.data = bytes};
	struct mv_handshake_message message;
	size_t left;

	cr_assert(mv_endpoint_parse(&packet.endpoint, "[fe80::1%3]:443"));
	cr_assert(mv_ip_parse(&packet.source.ip, "fe80::2"));
	packet.source.ifindex = 3;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		packet.len = len;
		memset(bytes, (int)len, sizeof(bytes));
		cr_assert(mv_handoff_push(handoff, &packet));
		memset(bytes, 0, sizeof(bytes)); /* It has been copied. */

		cr_assert(mv_handoff_pop(handoff, &message, &left));
		memset(bytes, (int)len, sizeof(bytes));
		cr_assert_eq(message.len, len);
		cr_assert_arr_eq(message.bytes, bytes, len);
		cr_assert(mv_endpoint_equal(&message.from, &packet.endpoint));
		cr_assert(mv_ip_equal(&message.source.ip, &packet.source.ip));
		cr_assert_eq(message.source.ifindex, 3);
		cr_assert_eq(left, 0);
	}
	expect_empty();
}

Test(handoff, the_oldest_comes_first_and_tells_how_many_wait)
{
	for (uint32_t i = 0; i < 10; i++) {
		cr_assert(push(i));
	}
	for (uint32_t i = 0; i < 10; i++) {
		expect_pop(i, 9 - i);
	}
	expect_empty();
}

Test(handoff, when_full_the_newest_is_lost)
{
	for (uint32_t i = 0; i < MV_HANDSHAKE_QUEUE; i++) {
		cr_assert(push(i));
	}
	cr_expect_not(push(MV_HANDSHAKE_QUEUE));
	cr_expect_not(push(MV_HANDSHAKE_QUEUE + 1));

	expect_pop(0, MV_HANDSHAKE_QUEUE - 1);
	cr_expect(push(MV_HANDSHAKE_QUEUE + 2), "there is room again");
	cr_expect_not(push(MV_HANDSHAKE_QUEUE + 3));
	for (uint32_t i = 1; i < MV_HANDSHAKE_QUEUE; i++) {
		expect_pop(i, MV_HANDSHAKE_QUEUE - i);
	}
	expect_pop(MV_HANDSHAKE_QUEUE + 2, 0);
	expect_empty();
}

Test(handoff, goes_round_and_round)
{
	const uint32_t ahead = MV_HANDSHAKE_QUEUE - 1;

	for (uint32_t i = 0; i < 5 * MV_HANDSHAKE_QUEUE; i++) {
		cr_assert(push(i));
		if (i >= ahead) {
			expect_pop(i - ahead, ahead);
		}
	}
}

Test(handoff, destroy_takes_null)
{
	mv_handoff_destroy(NULL);
}
