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
	struct mv_endpoint from = {.ip.family = MV_FAMILY_IPV4, .port = (uint16_t)(number % 60000)};
	uint8_t message[sizeof(number)];

	mv_store_be32(message, number);
	return mv_handoff_push(handoff, &from, message, sizeof(message));
}

static void expect_pop(uint32_t number)
{
	struct mv_handoff_message message;

	cr_assert(mv_handoff_pop(handoff, &message), "%u", (unsigned)number);
	cr_assert_eq(message.len, sizeof(number));
	cr_assert_eq(mv_load_be32(message.bytes), number);
	cr_assert_eq(message.from.port, number % 60000);
}

static void expect_empty(void)
{
	struct mv_handoff_message message;

	cr_assert_not(mv_handoff_pop(handoff, &message));
}

Test(handoff, is_empty_at_first)
{
	expect_empty();
}

Test(handoff, a_message_of_any_length_comes_out_as_it_was)
{
	uint8_t bytes[MV_HANDSHAKE_MESSAGE_MAX];
	struct mv_endpoint from;
	struct mv_handoff_message message;

	cr_assert(mv_endpoint_parse(&from, "[fe80::1%3]:443"));
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		memset(bytes, (int)len, sizeof(bytes));
		cr_assert(mv_handoff_push(handoff, &from, bytes, len));
		memset(bytes, 0, sizeof(bytes)); /* It has been copied. */

		cr_assert(mv_handoff_pop(handoff, &message));
		memset(bytes, (int)len, sizeof(bytes));
		cr_assert_eq(message.len, len);
		cr_assert_arr_eq(message.bytes, bytes, len);
		cr_assert(mv_endpoint_equal(&message.from, &from));
	}
	expect_empty();
}

Test(handoff, the_oldest_comes_first)
{
	for (uint32_t i = 0; i < 10; i++) {
		cr_assert(push(i));
	}
	for (uint32_t i = 0; i < 10; i++) {
		expect_pop(i);
	}
	expect_empty();
}

Test(handoff, when_full_the_newest_is_lost)
{
	for (uint32_t i = 0; i < MV_HANDOFF_MESSAGES; i++) {
		cr_assert(push(i));
	}
	cr_expect_not(push(MV_HANDOFF_MESSAGES));
	cr_expect_not(push(MV_HANDOFF_MESSAGES + 1));

	expect_pop(0);
	cr_expect(push(MV_HANDOFF_MESSAGES + 2), "there is room again");
	cr_expect_not(push(MV_HANDOFF_MESSAGES + 3));
	for (uint32_t i = 1; i < MV_HANDOFF_MESSAGES; i++) {
		expect_pop(i);
	}
	expect_pop(MV_HANDOFF_MESSAGES + 2);
	expect_empty();
}

Test(handoff, goes_round_and_round)
{
	const uint32_t ahead = MV_HANDOFF_MESSAGES - 1;

	for (uint32_t i = 0; i < 5 * MV_HANDOFF_MESSAGES; i++) {
		cr_assert(push(i));
		if (i >= ahead) {
			expect_pop(i - ahead);
		}
	}
}

Test(handoff, destroy_takes_null)
{
	mv_handoff_destroy(NULL);
}
