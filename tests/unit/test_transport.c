#include "proto/transport.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "../vectors/noise.h"
#include "hex.h"

static void start_sodium(void)
{
	cr_assert_geq(sodium_init(), 0);
}

TestSuite(transport, .init = start_sodium);

Test(transport, padded_lengths)
{
	static const struct {
		size_t len;
		uint32_t mtu;
		size_t padded_len;
	} rows[] = {
		{0, 1420, 0},
		{1, 1420, 16},
		{16, 1420, 16},
		{33, 0, 48},
		{1409, 1420, 1420},
		{1419, 1420, 1420},
		{1420, 1420, 1420},
		{1299, 1300, 1300},
		{1300, 1300, 1300},
		{1500, 1420, 1500},
		{1501, 1420, 1516},
		{2840, 1420, 2840},
		{0, 0, 0},
		{65535, 0, 65536},
		{65535, 65535, 65535},
		{65521, 65535, 65535},
		{20, 1, 20},
		{1, UINT32_MAX, 16},
		{1297, 1299, 1299},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect_eq(mv_transport_padded_len(rows[i].len, rows[i].mtu), rows[i].padded_len,
			"%zu bytes, MTU %u: %zu", rows[i].len, rows[i].mtu,
			mv_transport_padded_len(rows[i].len, rows[i].mtu));
	}
}

/* Whatever the MTU: never shorter, never more than the tailroom has place for, and up to the MTU a
 * multiple of 16 or the MTU itself. */
Test(transport, padding_keeps_its_bounds)
{
	static const uint32_t mtus[] = {0, 1, 15, 16, 17, 68, 576, 1280, 1299, 1420, 1500, 9000};

	for (size_t i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		for (size_t len = 0; len < 4000; len++) {
			const size_t padded_len = mv_transport_padded_len(len, mtus[i]);

			cr_assert_geq(padded_len, len);
			cr_assert_leq(padded_len - len + MV_AEAD_TAG_LEN, MV_TRANSPORT_TAILROOM);
			if (mtus[i] != 0 && len > mtus[i]) {
				continue;
			}
			cr_assert(padded_len % 16 == 0 || padded_len == mtus[i], "%zu, %u", len,
				mtus[i]);
			cr_assert(mtus[i] == 0 || padded_len <= mtus[i], "%zu, %u", len, mtus[i]);
		}
	}
}

#define PACKET_MAX 2000
#define GUARD      64

/* A packet with just the room it needs, between guards. */
struct room {
	uint8_t before[GUARD + MV_TRANSPORT_HEADROOM];
	uint8_t packet[PACKET_MAX + MV_TRANSPORT_TAILROOM + GUARD];
};

static void expect_filled(const uint8_t *bytes, size_t len, uint8_t value)
{
	for (size_t i = 0; i < len; i++) {
		cr_assert_eq(bytes[i], value, "byte %zu", i);
	}
}

static void check_prepared(size_t len, uint32_t mtu)
{
	static const uint8_t key[MV_AEAD_KEY_LEN] = {1};
	static const uint8_t header[] = {
		4, 0, 0, 0, 0xd4, 0xc3, 0xb2, 0xa1, 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01};
	const size_t padded_len = mv_transport_padded_len(len, mtu);
	const size_t after = padded_len + MV_AEAD_TAG_LEN;
	static struct room room;
	struct mv_aead_job job;

	memset(&room, 0xee, sizeof(room));
	memset(room.packet, 0x45, len);
	const size_t message_len = mv_transport_prepare_seal(&job, room.packet, len, mtu, key,
		UINT64_C(0x0102030405060708), UINT32_C(0xa1b2c3d4));

	cr_assert_eq(message_len, padded_len + 32);
	cr_assert_eq(job.key, key);
	cr_assert_eq(job.counter, UINT64_C(0x0102030405060708));
	cr_assert_eq(job.text, room.packet);
	cr_assert_eq(job.text_len, padded_len);
	cr_assert_arr_eq(room.before + GUARD, header, sizeof(header));
	expect_filled(room.packet, len, 0x45);
	expect_filled(room.packet + len, padded_len - len, 0);

	mv_aead_sodium.seal(NULL, &job, 1);
	cr_assert_arr_eq(room.before + GUARD, header, sizeof(header));
	expect_filled(room.before, GUARD, 0xee);
	expect_filled(room.packet + after, sizeof(room.packet) - after, 0xee);
}

Test(transport, a_packet_becomes_a_message_where_it_lies)
{
	for (size_t len = 0; len <= PACKET_MAX; len += len < 100 ? 1 : 7) {
		check_prepared(len, 0);
		check_prepared(len, 1420);
		check_prepared(len, (uint32_t)len);
	}
}

Test(transport, a_keepalive_is_32_bytes)
{
	static struct room room;
	const uint8_t key[MV_AEAD_KEY_LEN] = {1};
	struct mv_aead_job job;

	cr_assert_eq(mv_transport_prepare_seal(&job, room.packet, 0, 1420, key, 9, 1), 32);
	mv_aead_sodium.seal(NULL, &job, 1);
	cr_assert_eq(MV_MESSAGE_DATA_OVERHEAD, 32);
	mv_transport_prepare_open(&job, room.packet - MV_TRANSPORT_HEADROOM, 32, key);
	cr_assert_eq(job.text_len, 0);
	mv_aead_sodium.open(NULL, &job, 1);
	cr_assert(job.ok);
}

Test(transport, the_job_to_open_is_read_from_the_message)
{
	uint8_t message[48] = {
		4, 0, 0, 0, 1, 2, 3, 4, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
	const uint8_t key[MV_AEAD_KEY_LEN] = {1};
	struct mv_aead_job job;

	memset(&job, 0xee, sizeof(job));
	mv_transport_prepare_open(&job, message, sizeof(message), key);
	cr_expect_eq(job.key, key);
	cr_expect_eq(job.counter, UINT64_C(0x1122334455667788));
	cr_expect_eq(job.text, message + 16);
	cr_expect_eq(job.text_len, 16);
	cr_expect_not(job.ok);
}

/* A captured data message: its key, and what it holds. */
struct capture {
	const char *key, *message, *start;
	uint32_t receiver_index;
};

static const struct capture forth = {
	SESSION_FORTH_KEY, SESSION_FORTH_DATA, SESSION_FORTH_PACKET_START, SESSION_RESPONDER_INDEX};
static const struct capture back = {
	SESSION_BACK_KEY, SESSION_BACK_DATA, SESSION_BACK_PACKET_START, SESSION_INITIATOR_INDEX};

#define CAPTURED_LEN 128

static bool opens(uint8_t message[static CAPTURED_LEN], const uint8_t key[static MV_AEAD_KEY_LEN])
{
	struct mv_aead_job job;

	mv_transport_prepare_open(&job, message, CAPTURED_LEN, key);
	mv_aead_sodium.open(NULL, &job, 1);
	return job.ok;
}

/* Opened, it is a padded packet; sealed again, it is the captured message, byte for byte. */
static void check_capture(const struct capture *capture)
{
	uint8_t key[MV_AEAD_KEY_LEN], wanted[CAPTURED_LEN], packet_start[16];
	uint8_t message[CAPTURED_LEN];
	uint8_t *packet = message + MV_TRANSPORT_HEADROOM;
	struct mv_aead_job job;

	unhex(key, sizeof(key), capture->key);
	cr_assert_eq(unhex(wanted, sizeof(wanted), capture->message), sizeof(wanted));
	unhex(packet_start, sizeof(packet_start), capture->start);
	memcpy(message, wanted, sizeof(message));
	cr_assert(opens(message, key));
	cr_expect_arr_eq(packet, packet_start, sizeof(packet_start));
	expect_filled(packet + SESSION_PACKET_LEN, 96 - SESSION_PACKET_LEN, 0);

	memset(packet + SESSION_PACKET_LEN, 0xee, CAPTURED_LEN - 16 - SESSION_PACKET_LEN);
	memset(message, 0xee, MV_TRANSPORT_HEADROOM);
	cr_expect_eq(mv_transport_prepare_seal(&job, packet, SESSION_PACKET_LEN, 1420, key, 0,
			     capture->receiver_index),
		CAPTURED_LEN);
	mv_aead_sodium.seal(NULL, &job, 1);
	cr_expect_arr_eq(message, wanted, CAPTURED_LEN);
}

Test(transport, published_session_in_both_directions)
{
	check_capture(&forth);
	check_capture(&back);
}

/* Type and receiver index only find the key; all that follows is authenticated. */
Test(transport, every_flipped_bit_is_found)
{
	uint8_t key[MV_AEAD_KEY_LEN], message[CAPTURED_LEN], copy[CAPTURED_LEN];
	const size_t first = 8 * offsetof(struct mv_message_data, counter);

	unhex(key, sizeof(key), forth.key);
	unhex(message, sizeof(message), forth.message);
	for (size_t bit = first; bit < 8 * sizeof(message); bit++) {
		memcpy(copy, message, sizeof(copy));
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_not(opens(copy, key), "bit %zu", bit);
	}
	memcpy(copy, message, sizeof(copy));
	cr_expect(opens(copy, key));
}

Test(transport, each_direction_has_its_own_key)
{
	uint8_t key[MV_AEAD_KEY_LEN], message[CAPTURED_LEN];

	unhex(key, sizeof(key), back.key);
	unhex(message, sizeof(message), forth.message);
	cr_expect_not(opens(message, key));
}
