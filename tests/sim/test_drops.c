/*
 * Every name in drop.h, reached from outside: by a datagram, a packet from the tunnel interface, a
 * change of the configuration or of the link, and never by calling the counter. Each name has a
 * scenario after which it has counted exactly so much, and no other name anything. A new name
 * without one fails.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/bytes.h"
#include "edge_drops.h"
#include "tunnel/handshake.h"
#include "world.h"

#define S  MV_NS_PER_S
#define MS MV_NS_PER_MS

/* Device 0 is the one that drops, and device 1 its peer. */
struct scenario {
	void (*provoke)(void);
	unsigned count;
};

struct caught {
	uint8_t bytes[256];
	size_t len;
};

static struct world *world;
static struct mv_snapshot *before;
static struct mv_changes changes;

/* What was counted until here belongs to the preparations. */
static void begin(void)
{
	mv_snapshot_destroy(before);
	before = world_snapshot(world, 0);
}

static struct caught last(unsigned type)
{
	struct caught caught;
	const uint8_t *bytes = world_last_sent(world, 1, type, &caught.len);

	cr_assert(caught.len > 0 && caught.len <= sizeof(caught.bytes));
	memcpy(caught.bytes, bytes, caught.len);
	return caught;
}

/* The message of this type by which device 1 goes on, which does not arrive. */
static struct caught catch_message(unsigned type)
{
	world_lose(world, 1, type, 1);
	world_ping(world, 1, 0);
	return last(type);
}

static void inject(const struct caught *caught)
{
	struct mv_endpoint from = world_endpoint(1);

	world_inject(world, 0, &from, caught->bytes, caught->len);
}

static void inject_blank(uint8_t type, size_t len)
{
	const struct caught blank = {.bytes = {type}, .len = len};

	inject(&blank);
}

static void apply(size_t device)
{
	cr_assert_eq(world_apply(world, device, &changes), 0);
	mv_changes_uninit(&changes);
}

static void add_peer(size_t device)
{
	const uint8_t *key = world_public_key(world, device);

	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PEER, key), 0);
}

static void remove_peer(void)
{
	add_peer(1);
	cr_assert_eq(mv_changes_add(&changes, MV_CHANGE_REMOVE), 0);
	apply(0);
}

static void remove_private_key(void)
{
	const uint8_t zero[MV_KEY_LEN] = {0};

	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY, zero), 0);
	apply(0);
}

/* From TUN */

static void what_is_no_ip_packet(void)
{
	const uint8_t packet[40] = {0x75};

	world_send(world, 0, packet, sizeof(packet));
}

static void a_destination_of_nobody(void)
{
	world_ping(world, 0, 99);
}

static void a_peer_without_endpoint(void)
{
	struct mv_endpoint none = {0};

	add_peer(1);
	cr_assert_eq(mv_changes_add_endpoint(&changes, MV_CHANGE_ENDPOINT, &none), 0);
	apply(0);
	world_ping(world, 0, 1);
}

static void a_packet_without_private_key(void)
{
	remove_private_key();
	world_ping(world, 0, 1);
}

static void more_waits_than_is_kept(void)
{
	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	for (unsigned i = 0; i < 128 + 2; i++) {
		world_ping(world, 0, 1);
	}
}

static void nobody_answers(void)
{
	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_ping(world, 0, 1);
	world_ping(world, 0, 1);
	world_run_for(world, 120 * S);
}

/* Both ways, and to UDP */

static void a_link_that_is_down(void)
{
	world_set_up(world, 0, false);
	world_ping(world, 0, 1);
	world_ping(world, 1, 0);
}

static void a_peer_that_is_removed_while_packets_wait(void)
{
	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	world_ping(world, 0, 1);
	remove_peer();
}

static void a_system_that_refuses(void)
{
	world_ping(world, 0, 1);
	world_refuse(world, 0, true);
	world_ping(world, 0, 1);
}

static void more_than_the_mtu_in_one_piece(void)
{
	uint8_t packet[1421];

	world_packet(packet, 0, 1, sizeof(packet), 0);
	packet[6] = 0x40;
	world_send(world, 0, packet, sizeof(packet));
}

/* From UDP */

static void no_message(void)
{
	inject_blank(9, 40);
}

static void an_index_of_nobody(void)
{
	inject_blank(MV_MESSAGE_DATA, 32);
}

static void a_session_of_180_s(void)
{
	world_ping(world, 1, 0);
	struct caught data = catch_message(MV_MESSAGE_DATA);

	world_lose(world, 0, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_lose(world, 1, MV_MESSAGE_INITIATION, UINT64_MAX);
	world_run_for(world, 180 * S);
	inject(&data);
}

static void a_flipped_bit(void)
{
	world_ping(world, 1, 0);
	struct caught data = catch_message(MV_MESSAGE_DATA);

	data.bytes[data.len - 1] ^= 1;
	inject(&data);
}

static void the_same_datagram_again(void)
{
	world_ping(world, 1, 0);
	const struct caught data = last(MV_MESSAGE_DATA);

	inject(&data);
	inject(&data);
}

/* Only who has the keys can make it. */
static void nonsense_from_the_peer(void)
{
	const uint8_t inner[16] = {0x75};

	world_ping(world, 1, 0);
	struct mv_keypair *keypair = world_peer(world, 1, 0)->keypairs.current;
	struct caught data = {.bytes = {MV_MESSAGE_DATA}, .len = 16 + sizeof(inner) + 16};
	mv_store_le32(data.bytes + 4, keypair->remote_index);
	mv_store_le64(data.bytes + 8, keypair->sending_counter);
	mv_aead_seal(data.bytes + 16, inner, sizeof(inner), NULL, 0, keypair->keys->send,
		keypair->sending_counter);
	inject(&data);
}

static void a_source_of_somebody_else(void)
{
	uint8_t packet[100];

	world_send(world, 1, packet, world_packet(packet, 76, 0, sizeof(packet), 0));
}

/* Handshakes */

static void a_handshake_under_load(void)
{
	world_set_backlog(world, MV_HANDSHAKE_QUEUE_LOAD);
	world_ping(world, 1, 0);
}

/* With a cookie, the same address may ask five times at once. */
static void a_sixth_handshake_under_load(void)
{
	a_handshake_under_load();
	world_lose(world, 1, MV_MESSAGE_INITIATION, 1);
	world_run_for(world, 6 * S);
	const struct caught initiation = last(MV_MESSAGE_INITIATION);
	for (unsigned i = 0; i < 5; i++) {
		inject(&initiation);
	}
	begin();
	inject(&initiation);
}

static void a_response_without_mac(void)
{
	inject_blank(MV_MESSAGE_RESPONSE, sizeof(struct mv_message_response));
}

static void an_initiation_without_private_key(void)
{
	remove_private_key();
	world_ping(world, 1, 0);
}

/* The macs prove only that somebody knows the public key. */
static void an_initiation_that_is_forged(void)
{
	struct caught initiation = catch_message(MV_MESSAGE_INITIATION);
	struct mv_cookie_maker maker;

	initiation.bytes[50] ^= 1;
	mv_cookie_maker_init(&maker, world_public_key(world, 0));
	mv_cookie_maker_sign(&maker, initiation.bytes, initiation.len, 0);
	inject(&initiation);
}

static void different_preshared_keys(void)
{
	const uint8_t psk[MV_KEY_LEN] = {1};

	add_peer(0);
	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PRESHARED_KEY, psk), 0);
	apply(1);
	world_ping(world, 0, 1);
}

static void a_handshake_of_a_removed_peer(void)
{
	remove_peer();
	world_ping(world, 1, 0);
}

static void the_same_initiation_again(void)
{
	world_ping(world, 1, 0);
	const struct caught initiation = last(MV_MESSAGE_INITIATION);

	inject(&initiation);
}

static void two_initiations_in_20_ms(void)
{
	world_ping(world, 1, 0);
	world_run_for(world, 20 * MS - 1);
	world_set_up(world, 1, false);
	world_step_wall_clock(world, 1);
	world_set_up(world, 1, true);
	world_ping(world, 1, 0);
}

static void the_same_response_again(void)
{
	world_ping(world, 0, 1);
	const struct caught response = last(MV_MESSAGE_RESPONSE);

	inject(&response);
}

static void a_cookie_that_nothing_asked_for(void)
{
	inject_blank(MV_MESSAGE_COOKIE_REPLY, sizeof(struct mv_message_cookie_reply));
}

static const struct scenario scenarios[MV_DROP_COUNT] = {
	[MV_DROP_NOT_IP] = {what_is_no_ip_packet, 1},
	[MV_DROP_NO_ROUTE] = {a_destination_of_nobody, 1},
	[MV_DROP_NO_ENDPOINT] = {a_peer_without_endpoint, 1},
	[MV_DROP_NO_HANDSHAKE_POSSIBLE] = {a_packet_without_private_key, 1},
	[MV_DROP_STAGED_OVERFLOW] = {more_waits_than_is_kept, 2},
	[MV_DROP_HANDSHAKE_GAVE_UP] = {nobody_answers, 2},
	[MV_DROP_DEVICE_DOWN] = {a_link_that_is_down, 2},
	[MV_DROP_PEER_GONE] = {a_peer_that_is_removed_while_packets_wait, 1},
	[MV_DROP_SEND_FAILED] = {a_system_that_refuses, 1},
	[MV_DROP_TOO_BIG] = {more_than_the_mtu_in_one_piece, 1},
	[MV_DROP_BAD_MESSAGE] = {no_message, 1},
	[MV_DROP_UNKNOWN_INDEX] = {an_index_of_nobody, 1},
	[MV_DROP_KEYPAIR_TOO_OLD] = {a_session_of_180_s, 1},
	[MV_DROP_BAD_TAG] = {a_flipped_bit, 1},
	[MV_DROP_REPLAYED] = {the_same_datagram_again, 2},
	[MV_DROP_BAD_INNER] = {nonsense_from_the_peer, 1},
	[MV_DROP_SOURCE_NOT_ALLOWED] = {a_source_of_somebody_else, 1},
	[MV_DROP_UNDER_LOAD] = {a_handshake_under_load, 1},
	[MV_DROP_RATE_LIMITED] = {a_sixth_handshake_under_load, 1},
	[MV_DROP_BAD_MAC1] = {a_response_without_mac, 1},
	[MV_DROP_NO_IDENTITY] = {an_initiation_without_private_key, 1},
	[MV_DROP_BAD_HANDSHAKE] = {an_initiation_that_is_forged, 1},
	[MV_DROP_BAD_RESPONSE] = {different_preshared_keys, 1},
	[MV_DROP_UNKNOWN_PEER] = {a_handshake_of_a_removed_peer, 1},
	[MV_DROP_OLD_TIMESTAMP] = {the_same_initiation_again, 1},
	[MV_DROP_HANDSHAKE_FLOOD] = {two_initiations_in_20_ms, 1},
	[MV_DROP_STALE_RESPONSE] = {the_same_response_again, 1},
	[MV_DROP_COOKIE_UNWANTED] = {a_cookie_that_nothing_asked_for, 1},
};

Test(drops, every_reason_has_a_scenario)
{
	for (unsigned drop = MV_DROP_NONE + 1; drop < MV_DROP_COUNT; drop++) {
		bool is_here = scenarios[drop].provoke != NULL;

		cr_expect_neq(is_here, is_edge_drop((enum mv_drop)drop), "%s",
			mv_drop_word((enum mv_drop)drop));
	}
}

static void expect_counted(enum mv_drop reason)
{
	struct mv_snapshot *after = world_snapshot(world, 0);

	for (unsigned drop = 0; drop < MV_DROP_COUNT; drop++) {
		uint64_t expected = drop == reason ? scenarios[reason].count : 0;

		cr_expect_eq(after->drops[drop] - before->drops[drop], expected, "%s: %s is %llu",
			mv_drop_word(reason), mv_drop_word((enum mv_drop)drop),
			(unsigned long long)(after->drops[drop] - before->drops[drop]));
	}
	mv_snapshot_destroy(after);
}

Test(drops, each_is_counted_under_its_name_alone)
{
	for (unsigned drop = MV_DROP_NONE + 1; drop < MV_DROP_COUNT; drop++) {
		if (!scenarios[drop].provoke) {
			continue;
		}
		world = world_create(2, NULL);
		mv_changes_init(&changes);
		world_connect(world, NULL, 0);
		begin();
		scenarios[drop].provoke();
		expect_counted((enum mv_drop)drop);
		mv_changes_uninit(&changes);
		world_destroy(world);
	}
	mv_snapshot_destroy(before);
}
