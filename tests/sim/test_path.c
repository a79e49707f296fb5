/*
 * The own side of the way to a peer: the address that it is answered from, when that is learnt and
 * when forgotten; and what the outer header shows of the inner one.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/bytes.h"
#include "proto/messages.h"
#include "tunnel/handshake.h"
#include "world.h"

#define S MV_NS_PER_S

#define HANDSHAKE_TOS 0x88

enum { INITIATION = 1, RESPONSE, COOKIE_REPLY, DATA };
enum { NOT_ECT, ECT_1, ECT_0, CE };

static struct world *world;

static void setup(void)
{
	world = world_create(3, NULL);
	world_connect(world, NULL, 0);
}

static void teardown(void)
{
	world_destroy(world);
}

TestSuite(path, .init = setup, .fini = teardown);

static struct mv_source at(const char *text, uint32_t ifindex)
{
	struct mv_source source = {.ifindex = ifindex};

	cr_assert(mv_ip_parse(&source.ip, text));
	return source;
}

/* The device's last message of the type named this address to send from; NULL: none. */
static void expect_source(size_t device, unsigned type, const char *text, uint32_t ifindex)
{
	struct mv_source source = world_last_source(world, device, type);
	char printed[MV_IP_TEXT_MAX];

	cr_expect_str_eq(mv_ip_print(printed, &source.ip), text ? text : "(none)");
	cr_expect_eq(source.ifindex, ifindex);
}

static void move(size_t device, const char *text, uint32_t ifindex)
{
	struct mv_source source = at(text, ifindex);

	world_set_source(world, device, &source);
}

/* Where a data message from 0 to 1 is sent from now. Nothing comes back that would teach it. */
static void expect_data_from(const char *text, uint32_t ifindex)
{
	uint64_t sent = world_sent(world, 0, DATA);

	world_ping(world, 0, 1);
	cr_assert_eq(world_sent(world, 0, DATA), sent + 1);
	expect_source(0, DATA, text, ifindex);
}

/* Learnt */

Test(path, is_not_known_before_anything_was_heard)
{
	world_lose(world, 0, INITIATION, 1);
	world_ping(world, 0, 1);
	expect_source(0, INITIATION, NULL, 0);
}

Test(path, is_learnt_from_an_initiation)
{
	move(1, "192.0.2.99", 7);
	world_ping(world, 0, 1);
	expect_source(1, RESPONSE, "192.0.2.99", 7);
}

Test(path, is_learnt_from_a_response)
{
	move(0, "2001:db8::99", 7);
	world_ping(world, 0, 1);
	expect_source(0, DATA, "2001:db8::99", 7);
}

Test(path, is_learnt_from_data_and_keepalives)
{
	world_ping(world, 0, 1);
	move(0, "192.0.2.99", 7);
	expect_data_from("192.0.2.1", 1);
	world_ping(world, 1, 0);
	expect_data_from("192.0.2.99", 7);

	move(0, "192.0.2.98", 8);
	world_run_for(world, 11 * S); /* device 1 confirms what it was sent */
	expect_data_from("192.0.2.98", 8);
}

static void replay_last(size_t to, size_t from, unsigned type)
{
	struct mv_endpoint endpoint = world_endpoint(from);
	uint8_t bytes[256];
	size_t len;
	const uint8_t *sent = world_last_sent(world, from, type, &len);

	cr_assert_leq(len, sizeof(bytes));
	memcpy(bytes, sent, len);
	world_inject(world, to, &endpoint, bytes, len);
}

Test(path, is_not_learnt_from_what_is_replayed_or_forged)
{
	struct mv_endpoint endpoint = world_endpoint(1);
	uint8_t forged[128];
	size_t len;

	world_ping(world, 0, 1);
	world_ping(world, 1, 0);
	move(0, "192.0.2.99", 7);
	replay_last(0, 1, DATA);
	cr_expect_eq(world_drops(world, 0, MV_DROP_REPLAYED), 1);
	replay_last(0, 1, RESPONSE);
	cr_expect_eq(world_drops(world, 0, MV_DROP_STALE_RESPONSE), 1);

	const uint8_t *sent = world_last_sent(world, 1, DATA, &len);
	cr_assert_leq(len, sizeof(forged));
	memcpy(forged, sent, len);
	forged[8]++; /* the counter */
	world_inject(world, 0, &endpoint, forged, len);
	cr_expect_eq(world_drops(world, 0, MV_DROP_BAD_TAG), 1);
	expect_data_from("192.0.2.1", 1);

	world_ping(world, 1, 0);
	expect_data_from("192.0.2.99", 7);
}

/* The session is over; what answers the next initiation is a cookie. */
Test(path, is_not_learnt_from_a_cookie_reply)
{
	world_ping(world, 0, 1);
	world_run_for(world, 181 * S);
	world_set_backlog(world, MV_HANDSHAKE_QUEUE_LOAD);
	move(0, "192.0.2.99", 7);
	world_ping(world, 0, 1);
	cr_assert_eq(world_sent(world, 1, COOKIE_REPLY), 1);
	cr_expect_eq(world_drops(world, 0, MV_DROP_COOKIE_UNWANTED), 0);
	char printed[MV_IP_TEXT_MAX];
	cr_expect_str_eq(mv_ip_print(printed, &world_peer(world, 0, 1)->source.ip), "192.0.2.1");
}

/* Forgotten */

static void set_endpoint(size_t device, size_t peer)
{
	struct mv_endpoint endpoint = world_endpoint(peer);
	struct mv_changes changes;

	mv_changes_init(&changes);
	cr_assert_eq(
		mv_changes_add_key(&changes, MV_CHANGE_PEER, world_public_key(world, peer)), 0);
	cr_assert_eq(mv_changes_add_endpoint(&changes, MV_CHANGE_ENDPOINT, &endpoint), 0);
	cr_assert_eq(world_apply(world, device, &changes), 0);
	mv_changes_uninit(&changes);
}

/* It is learnt again from the next that is heard. */
static void expect_forgotten_until_heard(void)
{
	expect_data_from(NULL, 0);
	expect_data_from(NULL, 0);
	world_ping(world, 1, 0);
	expect_data_from("192.0.2.1", 1);
}

Test(path, is_forgotten_when_the_endpoint_is_configured)
{
	world_ping(world, 0, 1);
	expect_data_from("192.0.2.1", 1);
	set_endpoint(0, 1);
	expect_forgotten_until_heard();
}

Test(path, is_forgotten_when_addresses_or_routes_change)
{
	world_ping(world, 0, 1);
	world_ping(world, 0, 2);
	expect_data_from("192.0.2.1", 1);
	mv_device_forget_sources(world_device(world, 0));
	world_ping(world, 0, 2);
	expect_source(0, DATA, NULL, 0);
	expect_forgotten_until_heard();

	/* That of one peer does not bring back that of another. */
	world_ping(world, 0, 2);
	expect_source(0, DATA, NULL, 0);
}

Test(path, is_forgotten_when_nothing_can_be_sent_from_it)
{
	world_ping(world, 0, 1);
	world_ping(world, 0, 2);
	world_refuse_source(world, 0, true);
	world_ping(world, 0, 1);
	cr_expect_eq(world_delivered(world, 1), 2, "it went without");
	cr_expect_eq(world_drops(world, 0, MV_DROP_SEND_FAILED), 0);

	/* The next does not even try it; and it is the matter of that peer alone. */
	world_refuse_source(world, 0, false);
	expect_forgotten_until_heard();
	world_ping(world, 0, 2);
	expect_source(0, DATA, "192.0.2.1", 1);
}

Test(path, is_forgotten_when_the_peer_does_not_answer)
{
	world_ping(world, 0, 1);
	expect_data_from("192.0.2.1", 1);
	world_lose(world, 1, DATA, UINT64_MAX);
	world_lose(world, 1, RESPONSE, UINT64_MAX);
	uint64_t sent = world_sent(world, 0, INITIATION);
	world_run_for(world, 14 * S);
	expect_data_from("192.0.2.1", 1);

	world_run_for(world, 3 * S);
	cr_assert_eq(world_sent(world, 0, INITIATION), sent + 1);
	expect_source(0, INITIATION, NULL, 0);
}

Test(path, is_forgotten_when_a_handshake_is_tried_again)
{
	world_ping(world, 0, 1);
	world_run_for(world, 181 * S); /* The session is over. */
	world_lose(world, 1, RESPONSE, UINT64_MAX);
	world_ping(world, 0, 1);
	expect_source(0, INITIATION, "192.0.2.1", 1);
	world_run_for(world, 6 * S);
	expect_source(0, INITIATION, NULL, 0);
}

/* The outer header */

static void send_with(uint8_t tos)
{
	uint8_t packet[100];

	world_packet(packet, 0, 1, sizeof packet, 0);
	packet[1] = tos;
	world_send(world, 0, packet, sizeof packet);
}

static uint8_t delivered_tos(void)
{
	size_t len;

	return world_last_delivered(world, 1, &len)[1];
}

Test(path, handshakes_are_marked_and_empty_messages_are_not)
{
	world_ping(world, 0, 1);
	cr_expect_eq(world_last_tos(world, 0, INITIATION), HANDSHAKE_TOS);
	cr_expect_eq(world_last_tos(world, 1, RESPONSE), HANDSHAKE_TOS);
	send_with(0xff);
	cr_expect_neq(world_last_tos(world, 0, DATA), 0);
	world_ping(world, 1, 0);
	world_run_for(world, 11 * S);
	cr_expect_eq(world_last_tos(world, 0, DATA), 0, "a keepalive");
}

Test(path, only_ecn_is_shown_outside)
{
	world_ping(world, 0, 1);
	for (unsigned tos = 0; tos <= 0xff; tos++) {
		uint8_t ecn = tos & 3;

		send_with((uint8_t)tos);
		cr_expect_eq(world_last_tos(world, 0, DATA), ecn == CE ? ECT_0 : ecn);
		cr_expect_eq(delivered_tos(), tos);
	}
}

/* Also of packets that had to wait. */
Test(path, ecn_of_the_first_packet_is_shown)
{
	send_with(ECT_1);
	cr_expect_eq(world_delivered(world, 1), 1);
	cr_expect_eq(world_last_tos(world, 0, DATA), ECT_1);
}

Test(path, marks_of_the_way_come_out_inside)
{
	world_ping(world, 0, 1);
	world_set_congested(world, true);
	send_with(0xb8 | ECT_0);
	cr_expect_eq(delivered_tos(), 0xb8 | CE);
	send_with(0xb8 | ECT_1);
	cr_expect_eq(delivered_tos(), 0xb8 | CE);
	send_with(0xb8);
	cr_expect_eq(delivered_tos(), 0xb8);
	world_set_congested(world, false);
	send_with(0xb8 | ECT_0);
	cr_expect_eq(delivered_tos(), 0xb8 | ECT_0);
}
