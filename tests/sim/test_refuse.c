/*
 * What cannot be sent is answered by an ICMP error, so that nobody waits for what will not come:
 * for which packets, what it says, and how often.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/bytes.h"
#include "tunnel/send.h"
#include "world.h"

#define MS MV_NS_PER_MS

#define IPV4_HEADERS 28 /* of IPv4 and ICMP */
#define IPV6_HEADERS 48

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

TestSuite(refuse, .init = setup, .fini = teardown);

/* From fd00::1 to fd00::(to + 1). */
static size_t packet6(uint8_t *packet, size_t to, size_t len)
{
	memset(packet, 0x66, len);
	memset(packet, 0, 40);
	packet[0] = 0x60;
	mv_store_be16(packet + 4, (uint16_t)(len - 40));
	packet[6] = 17;
	packet[7] = 64;
	packet[8] = packet[24] = 0xfd;
	packet[23] = 1;
	packet[39] = (uint8_t)(to + 1);
	return len;
}

static uint64_t sent_in_all(void)
{
	uint64_t sum = 0;

	for (unsigned type = 1; type < WORLD_TYPES; type++) {
		sum += world_sent(world, 0, type);
	}
	return sum;
}

/* The packet is dropped for this reason, not sent, and answered with type and code and a word of
 * 32 bits. */
static void expect_refused(
	const uint8_t *packet, size_t len, enum mv_drop reason, uint16_t type, uint32_t word)
{
	uint64_t answers = world_answers(world, 0), drops = world_drops(world, 0, reason);
	size_t header = packet[0] >> 4 == 4 ? IPV4_HEADERS : IPV6_HEADERS, answer_len;
	uint64_t sent = sent_in_all();

	world_send(world, 0, packet, len);
	cr_assert_eq(world_answers(world, 0), answers + 1);
	cr_expect_eq(world_drops(world, 0, reason), drops + 1);
	cr_expect_eq(sent_in_all(), sent);

	const uint8_t *answer = world_last_answer(world, 0, &answer_len);
	cr_assert_gt(answer_len, header);
	cr_expect_eq(answer[0] >> 4, packet[0] >> 4);
	cr_expect_eq(mv_load_be16(answer + header - 8), type);
	cr_expect_eq(mv_load_be32(answer + header - 4), word);
	cr_expect_arr_eq(answer + header, packet, answer_len - header);
}

static void expect_silence(const uint8_t *packet, size_t len)
{
	uint64_t answers = world_answers(world, 0);

	world_send(world, 0, packet, len);
	cr_expect_eq(world_answers(world, 0), answers);
}

static void forget_endpoint(size_t peer)
{
	struct mv_endpoint none = {0};
	struct mv_changes changes;

	mv_changes_init(&changes);
	cr_assert_eq(
		mv_changes_add_key(&changes, MV_CHANGE_PEER, world_public_key(world, peer)), 0);
	cr_assert_eq(mv_changes_add_endpoint(&changes, MV_CHANGE_ENDPOINT, &none), 0);
	cr_assert_eq(world_apply(world, 0, &changes), 0);
	mv_changes_uninit(&changes);
}

enum { UNREACHABLE4 = 0x0301, TOO_BIG4 = 0x0304, UNREACHABLE6 = 0x0103, TOO_BIG6 = 0x0200 };

Test(refuse, a_destination_of_no_peer)
{
	uint8_t packet[100];

	expect_refused(packet, world_packet(packet, 0, 99, sizeof packet, 5), MV_DROP_NO_ROUTE,
		UNREACHABLE4, 0);
	expect_refused(
		packet, packet6(packet, 99, sizeof packet), MV_DROP_NO_ROUTE, UNREACHABLE6, 0);
}

Test(refuse, a_peer_without_endpoint)
{
	uint8_t packet[100];

	forget_endpoint(1);
	expect_refused(packet, world_packet(packet, 0, 1, sizeof packet, 5), MV_DROP_NO_ENDPOINT,
		UNREACHABLE4, 0);
	expect_refused(
		packet, packet6(packet, 1, sizeof packet), MV_DROP_NO_ENDPOINT, UNREACHABLE6, 0);
}

Test(refuse, a_device_without_private_key)
{
	struct mv_changes changes;
	uint8_t packet[100];

	mv_changes_init(&changes);
	cr_assert_eq(
		mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY, (uint8_t[MV_KEY_LEN]){0}), 0);
	cr_assert_eq(world_apply(world, 0, &changes), 0);
	mv_changes_uninit(&changes);
	expect_refused(packet, world_packet(packet, 0, 1, sizeof packet, 5),
		MV_DROP_NO_HANDSHAKE_POSSIBLE, UNREACHABLE4, 0);
}

/* The answer comes from where the packet was to go, to where it came from. */
Test(refuse, the_answer_comes_from_the_destination)
{
	uint8_t packet[100];
	size_t len;

	world_send(world, 0, packet, world_packet(packet, 0, 99, sizeof packet, 5));
	const uint8_t *answer = world_last_answer(world, 0, &len);
	cr_expect_arr_eq(answer + 12, packet + 16, 4);
	cr_expect_arr_eq(answer + 16, packet + 12, 4);
	cr_expect_eq(len, IPV4_HEADERS + sizeof packet);

	world_send(world, 0, packet, packet6(packet, 99, sizeof packet));
	answer = world_last_answer(world, 0, &len);
	cr_expect_arr_eq(answer + 8, packet + 24, 16);
	cr_expect_arr_eq(answer + 24, packet + 8, 16);
	cr_expect_eq(len, IPV6_HEADERS + sizeof packet);
}

static void expect_too_big(void)
{
	uint8_t packet[1421];

	world_packet(packet, 0, 1, sizeof packet, 5);
	packet[6] = 0x40; /* DF */
	expect_refused(packet, sizeof packet, MV_DROP_TOO_BIG, TOO_BIG4, 1420);
	expect_refused(packet, packet6(packet, 1, sizeof packet), MV_DROP_TOO_BIG, TOO_BIG6, 1420);
}

Test(refuse, what_is_larger_than_the_mtu_and_may_not_be_fragmented)
{
	expect_too_big();
	world_ping(world, 0, 1);
	expect_too_big();
}

Test(refuse, what_is_as_large_as_the_mtu_or_may_be_fragmented_goes)
{
	uint8_t packet[1421];
	uint64_t delivered = world_delivered(world, 1);

	expect_silence(packet, world_packet(packet, 0, 1, 1421, 5));
	world_packet(packet, 0, 1, 1420, 5);
	packet[6] = 0x40;
	expect_silence(packet, 1420);
	expect_silence(packet, packet6(packet, 1, 1420));
	cr_expect_eq(world_delivered(world, 1), delivered + 3);
}

/* Not what can be sent, nor what waits, nor what waited in vain. */
Test(refuse, what_waits_is_not_answered)
{
	uint8_t packet[100];

	world_packet(packet, 0, 1, sizeof packet, 5);
	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	expect_silence(packet, sizeof packet);
	world_run_for(world, 200 * MV_NS_PER_S);
	cr_expect_eq(world_drops(world, 0, MV_DROP_HANDSHAKE_GAVE_UP), 1);
	cr_expect_eq(world_answers(world, 0), 0);

	expect_silence(packet, world_packet(packet, 0, 2, sizeof packet, 5));
	world_lose(world, 0, MV_MESSAGE_INITIATION, 0);
	cr_expect_eq(world_delivered(world, 2), 0);
}

Test(refuse, what_is_no_ip_packet_is_not_answered)
{
	uint8_t packet[100];

	world_packet(packet, 0, 99, sizeof packet, 5);
	expect_silence(packet, 0);
	expect_silence(packet, 19);
	expect_silence(packet, 99);
	packet[0] = 0x75;
	expect_silence(packet, sizeof packet);
	cr_expect_eq(world_drops(world, 0, MV_DROP_NOT_IP), 4);
}

Test(refuse, an_error_is_not_answered)
{
	uint8_t packet[100];

	world_packet(packet, 0, 99, sizeof packet, 5);
	packet[9] = 1;
	packet[20] = 8; /* echo request */
	expect_refused(packet, sizeof packet, MV_DROP_NO_ROUTE, UNREACHABLE4, 0);
	packet[20] = 3;
	expect_silence(packet, sizeof packet);
	cr_expect_eq(world_drops(world, 0, MV_DROP_NO_ROUTE), 2, "it is dropped all the same");
}

Test(refuse, a_sender_is_told_five_times_at_once_and_twenty_a_second)
{
	uint8_t packet[100], other[100];

	world_packet(packet, 0, 99, sizeof packet, 5);
	world_packet(other, 7, 99, sizeof other, 5);
	for (unsigned i = 0; i < 100; i++) {
		world_send(world, 0, packet, sizeof packet);
	}
	cr_expect_eq(world_answers(world, 0), 5);
	cr_expect_eq(world_drops(world, 0, MV_DROP_NO_ROUTE), 100);

	/* Others have a share of their own. */
	world_send(world, 0, other, sizeof other);
	cr_expect_eq(world_answers(world, 0), 6);
	world_send(world, 0, packet, packet6(packet, 99, sizeof packet));
	cr_expect_eq(world_answers(world, 0), 7);

	world_run_for(world, 50 * MS);
	world_packet(packet, 0, 99, sizeof packet, 5);
	expect_refused(packet, sizeof packet, MV_DROP_NO_ROUTE, UNREACHABLE4, 0);
	expect_silence(packet, sizeof packet);
}

/* The answer takes the packet's place in its batch, and no more than that. */
Test(refuse, neighbours_in_a_batch_stay_as_they_are)
{
	struct mv_batch *batch = mv_batch_create(&mv_aead_sodium);
	uint8_t tiny[40], packet[100];

	cr_assert(batch);
	packet6(tiny, 99, sizeof tiny);
	world_packet(packet, 0, 1, sizeof packet, 5);
	for (unsigned i = 0; i < 3; i++) {
		memcpy(mv_batch_room(batch), i == 1 ? tiny : packet, i == 1 ? 40 : 100);
		mv_batch_add(batch, i == 1 ? sizeof tiny : sizeof packet);
	}
	mv_send_plan(world_device(world, 0), batch, world_now(world));
	cr_expect(batch->packets[1].is_answer);
	cr_expect_not(batch->packets[1].live);
	cr_expect_eq(batch->packets[1].len, IPV6_HEADERS + sizeof tiny);
	cr_expect_arr_eq(batch->packets[1].data + IPV6_HEADERS, tiny, sizeof tiny);
	cr_expect_not(batch->packets[0].is_answer || batch->packets[2].is_answer);
	cr_expect_arr_eq(batch->packets[0].data, packet, sizeof packet);
	cr_expect_arr_eq(batch->packets[2].data, packet, sizeof packet);
	mv_batch_destroy(batch);
}

/* Also the largest packet has room for its answer. */
Test(refuse, the_largest_packets)
{
	static uint8_t packet[MV_PACKET_MAX];
	size_t len;

	world_send(world, 0, packet, world_packet(packet, 0, 99, sizeof packet, 5));
	world_last_answer(world, 0, &len);
	cr_expect_eq(len, 576);
	world_send(world, 0, packet, packet6(packet, 99, sizeof packet));
	world_last_answer(world, 0, &len);
	cr_expect_eq(len, 1280);
	cr_expect_eq(world_answers(world, 0), 2);
}
