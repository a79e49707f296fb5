/*
 * tunnel/candidates between two devices: device 1 has several addresses, each of which can die and
 * live again by itself, and is answered from the one that it was called at. A datagram is under way
 * for a while.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/now.h"
#include "dice.h"
#include "proto/messages.h"
#include "tunnel/candidates.h"
#include "tunnel/handshake.h"
#include "world.h"

#define S  MV_NS_PER_S
#define MS MV_NS_PER_MS

#define ADDRESSES 4
#define SENT_MAX  4096

struct flying {
	struct flying *next;
	uint64_t at_ns;
	size_t to, address;
	struct mv_endpoint from;
	size_t len;
	uint8_t bytes[];
};

/* An initiation of device 0. */
struct initiation {
	uint64_t at_ns;
	size_t address; /* ADDRESSES: to none of them */
};

static struct world *world;
static struct flying *flying, **flying_end;
static bool dead[ADDRESSES];
static bool calls_from_first; /* device 1, when it knows no better; else its call is lost */
static bool deaf[ADDRESSES];  /* nothing gets there */
static bool mute[ADDRESSES];  /* nothing comes back */
static bool is_under_load;    /* device 1, and device 0 has another address on each way */
static uint64_t way_ns;       /* one way */
static unsigned lose_permille;
static struct dice dice;
static struct initiation sent[SENT_MAX];
static size_t sent_count;

static struct mv_endpoint address(size_t i)
{
	return (struct mv_endpoint){
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {198, 51, 100, (uint8_t)(i + 1)}},
		.port = 51820};
}

static size_t find_address(const struct mv_ip *ip)
{
	size_t i = 0;

	for (; i < ADDRESSES; i++) {
		const struct mv_endpoint known = address(i);

		if (mv_ip_equal(&known.ip, ip)) {
			break;
		}
	}
	return i;
}

static void transmit(
	void *ctx, size_t from, const struct mv_endpoint *to, const uint8_t *datagram, size_t len)
{
	struct flying *fresh = malloc(sizeof(*fresh) + len);
	size_t called = find_address(&to->ip);

	(void)ctx;
	cr_assert_not_null(fresh);
	*fresh = (struct flying){.at_ns = world_now(world).boot_ns + way_ns,
		.to = from == 0,
		.from = world_endpoint(from),
		.len = len};
	memcpy(fresh->bytes, datagram, len);
	if (from == 0 && datagram[0] == MV_MESSAGE_INITIATION) {
		cr_assert_lt(sent_count, SENT_MAX);
		sent[sent_count++] = (struct initiation){world_now(world).boot_ns, called};
	}
	if (from == 0) {
		fresh->address = called;
	} else {
		struct mv_source source = world_last_source(world, 1, datagram[0]);

		if (source.ip.family == MV_FAMILY_NONE && calls_from_first) {
			source.ip = address(0).ip;
		}
		fresh->address = find_address(&source.ip);
		fresh->from.ip = source.ip;
	}
	if (fresh->address == ADDRESSES || dead[fresh->address] ||
		(from == 0 ? deaf : mute)[fresh->address] || dice_chance(&dice, lose_permille)) {
		free(fresh);
		return;
	}
	if (from == 0 && is_under_load) {
		fresh->from.port = (uint16_t)(1000 + fresh->address);
	}
	*flying_end = fresh;
	flying_end = &fresh->next;
}

static void land(void)
{
	struct flying *first = flying;
	struct mv_endpoint at = address(first->address);

	flying = first->next;
	if (!flying) {
		flying_end = &flying;
	}
	if (first->to == 1) {
		world_set_source(world, 1, &(struct mv_source){.ip = at.ip, .ifindex = 1});
	}
	world_set_backlog(world, first->to == 1 && is_under_load ? MV_HANDSHAKE_QUEUE_LOAD : 0);
	world_inject(world, first->to, &first->from, first->bytes, first->len);
	free(first);
}

/* To this moment, with all that is under way. */
static void run_until(uint64_t at_ns)
{
	while (world_now(world).boot_ns < at_ns) {
		uint64_t next_ns = world_deadline(world);

		if (flying && flying->at_ns <= next_ns) {
			next_ns = flying->at_ns;
		}
		world_run_until(world, next_ns < at_ns ? next_ns : at_ns);
		while (flying && flying->at_ns <= world_now(world).boot_ns) {
			land();
		}
	}
}

static void run_for(uint64_t ns)
{
	run_until(world_now(world).boot_ns + ns);
}

static void begin(void)
{
	const struct world_hooks hooks = {.transmit = transmit};

	flying_end = &flying;
	way_ns = 10 * MS;
	dice = (struct dice){1};
	world = world_create(2, &hooks);
	world_connect(world, NULL, 0);
	run_for(100 * S);
}

static void end(void)
{
	while (flying) {
		struct flying *first = flying;

		flying = first->next;
		free(first);
	}
	world_destroy(world);
}

TestSuite(candidates, .init = begin, .fini = end, .timeout = 120);

/* Device 0 is told of the first `count` addresses. */
static void tell(size_t count, bool names, const uint8_t *entries, enum mv_candidates_reason reason)
{
	struct mv_endpoint list[ADDRESSES];

	for (size_t i = 0; i < count; i++) {
		list[i] = address(i);
	}
	world_tell(world, 0, 1,
		&(struct world_places){
			.count = count, .list = list, .entries = entries, .names = names},
		reason);
}

static void configure(size_t count)
{
	tell(count, false, NULL, MV_CANDIDATES_CONFIGURED);
}

/* Of device 0. */
static bool is_at(size_t i)
{
	const struct mv_endpoint is = world_look(world, 0, 1).endpoint, wanted = address(i);

	return mv_endpoint_equal(&is, &wanted);
}

/* A packet each way, every 100 ms; returns how many of both did not arrive. */
static uint64_t exchange(uint64_t ns)
{
	uint64_t pings = 0;

	run_for(2 * way_ns);
	uint64_t before = world_delivered(world, 0) + world_delivered(world, 1);
	for (uint64_t left = ns; left > 0; left -= 100 * MS) {
		world_ping(world, 0, 1);
		world_ping(world, 1, 0);
		run_for(100 * MS);
		pings += 2;
	}
	run_for(2 * way_ns);
	return pings - (world_delivered(world, 0) + world_delivered(world, 1) - before);
}

/* Until a packet from device 0 gets there. */
static uint64_t time_to_arrive(uint64_t limit_ns)
{
	uint64_t begun = world_now(world).boot_ns, before = world_delivered(world, 1);

	while (world_delivered(world, 1) == before && world_now(world).boot_ns - begun < limit_ns) {
		world_ping(world, 0, 1);
		run_for(100 * MS);
	}
	return world_now(world).boot_ns - begun;
}

static size_t initiations_to(size_t i, size_t since)
{
	size_t count = 0;

	for (size_t k = since; k < sent_count; k++) {
		count += sent[k].address == i;
	}
	return count;
}

/* To none more than one in 5 s, and to all together less than one a second. */
static void expect_pace(size_t since)
{
	uint64_t last_ns[ADDRESSES + 1] = {0};

	for (size_t i = since; i < sent_count; i++) {
		uint64_t *last = &last_ns[sent[i].address];

		cr_expect(*last == 0 || sent[i].at_ns - *last >= 5 * S, "%zu after %g s",
			sent[i].address, (double)(sent[i].at_ns - *last) / 1e9);
		*last = sent[i].at_ns;
		cr_expect(i < since + 1 || sent[i].at_ns - sent[i - 1].at_ns >= 1 * S);
	}
}

/* Failover */

Test(candidates, the_first_is_tried_first)
{
	configure(3);
	cr_expect_eq(exchange(10 * S), 0);
	cr_expect(is_at(0));
	cr_expect_eq(sent_count, 1);
	cr_expect_eq(sent[0].address, 0);
}

Test(candidates, the_next_is_tried_after_2_s)
{
	configure(3);
	dead[0] = dead[1] = true;
	world_ping(world, 0, 1);
	run_for(10 * S);
	cr_expect(is_at(2));
	cr_expect_eq(world_delivered(world, 1), 1, "what waited was sent");
	cr_assert_eq(sent_count, 3);
	for (size_t i = 0; i < 3; i++) {
		cr_expect_eq(sent[i].address, i);
		cr_expect(i == 0 || (sent[i].at_ns - sent[i - 1].at_ns >= 2 * S &&
					    sent[i].at_ns - sent[i - 1].at_ns <= 2400 * MS));
	}
}

Test(candidates, one_that_dies_under_traffic_is_left_within_20_s)
{
	configure(2);
	cr_assert_eq(exchange(10 * S), 0);
	dead[0] = true;
	cr_expect_leq(time_to_arrive(60 * S), 18500 * MS);
	cr_expect(is_at(1));
	cr_expect_eq(exchange(5 * S), 0);
	expect_pace(0);
}

Test(candidates, all_of_them_are_dead)
{
	configure(3);
	for (size_t i = 0; i < 3; i++) {
		dead[i] = true;
	}
	world_ping(world, 0, 1);
	run_for(600 * S);
	expect_pace(0);
	for (size_t i = 0; i < 3; i++) {
		cr_expect(initiations_to(i, 0) >= 19 && initiations_to(i, 0) <= 21, "%zu",
			initiations_to(i, 0));
	}
	cr_expect_eq(world_drops(world, 0, MV_DROP_HANDSHAKE_GAVE_UP), 1);
	cr_expect_eq(world_look(world, 0, 1).unanswered, sent_count);

	/* It begins anew, and with the first. */
	size_t before = sent_count;
	dead[0] = false;
	cr_expect_lt(time_to_arrive(20 * S), S);
	cr_expect_eq(sent[before].address, 0);
}

/* Each packet that finds no session begins the row anew, but not the pace. */
Test(candidates, all_of_them_are_dead_under_traffic)
{
	configure(2);
	dead[0] = dead[1] = true;
	time_to_arrive(300 * S);
	expect_pace(0);
	cr_expect_gt(sent_count, 60);
	dead[1] = false;
	cr_expect_leq(time_to_arrive(20 * S), 11 * S);
}

/* A round trip of 3 s is longer than the first patience. */
Test(candidates, a_way_may_be_slow)
{
	configure(2);
	way_ns = 1500 * MS;
	cr_expect_lt(time_to_arrive(60 * S), 30 * S);
	expect_pace(0);
	cr_expect_lt(time_to_arrive(60 * S), 2 * S);
}

/* The endpoint moves by answers alone: a lost initiation leads no data astray. */
/* A cookie is good for one of them. */
Test(candidates, under_load_each_is_asked_with_its_own_cookie)
{
	is_under_load = true;
	configure(3);
	dead[0] = true;
	cr_expect_lt(time_to_arrive(60 * S), 20 * S);
	cr_expect(is_at(1));
	expect_pace(0);
}

/* Somebody who sees what is sent, and stops it, can make as many cookies as he likes. */
Test(candidates, a_cookie_keeps_nobody_from_the_next)
{
	is_under_load = true;
	mute[0] = mute[1] = true;
	configure(2);
	for (unsigned i = 0; i < 60; i++) {
		time_to_arrive(S);
		mv_candidates_got_cookie(world_peer(world, 0, 1));
	}
	cr_expect_geq(initiations_to(0, 0), 3);
	cr_expect_geq(initiations_to(1, 0), 3);
}

/* The peer gets nothing, so it calls, and our responses do not get there either. */
Test(candidates, one_that_is_heard_and_does_not_hear_is_left)
{
	configure(2);
	cr_assert_eq(exchange(5 * S), 0);
	calls_from_first = true;
	deaf[0] = true;
	exchange(45 * S);
	cr_expect(is_at(1));
	cr_expect_lt(time_to_arrive(20 * S), S);
}

Test(candidates, a_lost_initiation_leads_no_data_astray)
{
	configure(2);
	dead[1] = true;
	cr_assert_eq(exchange(110 * S), 0);
	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	for (unsigned i = 0; i < 300; i++) {
		world_ping(world, 0, 1);
		run_for(100 * MS);
	}
	cr_expect_eq(world_delivered(world, 1), 1100 + 300);
	cr_expect(is_at(0));
	cr_expect_eq(initiations_to(0, 0), 2);
	cr_expect_eq(initiations_to(1, 0), 1);
}

Test(candidates, a_lost_initiation_disturbs_no_session)
{
	configure(2);
	dead[1] = true;
	cr_assert_eq(exchange(110 * S), 0);
	world_lose(world, 0, MV_MESSAGE_INITIATION, 1);
	cr_expect_eq(exchange(30 * S), 0);
	cr_expect(is_at(0));
	cr_expect_eq(world_sent(world, 0, MV_MESSAGE_INITIATION), 3);
	cr_expect_eq(initiations_to(1, 0), 0, "the other is not needed where data comes in");
}

/* Failback */

static void fail_over(void)
{
	configure(2);
	dead[0] = true;
	cr_assert_lt(time_to_arrive(20 * S), 5 * S);
	cr_assert(is_at(1));
}

Test(candidates, the_first_is_taken_again_when_it_lives_and_no_packet_is_lost)
{
	fail_over();
	cr_expect_eq(exchange(40 * S), 0);
	cr_expect(is_at(1));
	dead[0] = false;
	cr_expect_eq(exchange(16 * S), 0);
	cr_expect(is_at(0));
	cr_expect_eq(exchange(40 * S), 0);
	cr_expect(is_at(0));
}

Test(candidates, the_first_is_asked_once_in_15_s)
{
	fail_over();
	size_t before = sent_count;
	cr_expect_eq(exchange(100 * S), 0);
	cr_expect(initiations_to(0, before) == 6, "%zu", initiations_to(0, before));
	cr_expect_eq(initiations_to(1, before), 0);
	cr_expect_eq(world_look(world, 0, 1).unanswered, 0);
}

/* The session is renewed as without them. */
Test(candidates, a_probe_costs_no_rekey)
{
	fail_over();
	uint64_t handshake_s = world_look(world, 0, 1).last_handshake_s;
	cr_expect_eq(exchange(600 * S), 0);
	cr_expect_gt(world_look(world, 0, 1).last_handshake_s, handshake_s + 470);
	cr_expect_eq(initiations_to(1, 0), 5, "%zu", initiations_to(1, 0));
}

/* Device 0 has nothing to say, and must confirm after 10 s what came in. */
Test(candidates, a_probe_stands_for_no_keepalive)
{
	fail_over();
	run_for(5 * S);
	uint64_t before = world_sent(world, 0, MV_MESSAGE_DATA);
	for (unsigned i = 0; i < 100; i++) {
		world_ping(world, 1, 0);
		run_for(S);
	}
	cr_expect_geq(world_sent(world, 0, MV_MESSAGE_DATA) - before, 9);
	cr_expect_eq(world_sent(world, 1, MV_MESSAGE_INITIATION), 0, "it never seemed gone");
}

Test(candidates, what_is_idle_is_not_asked_and_wakes_nobody)
{
	fail_over();
	run_for(200 * S);
	size_t before = sent_count;
	run_for(400 * S);
	cr_expect_eq(sent_count, before);
	cr_expect_eq(world_peer(world, 0, 1)->candidates->probe_ns, MV_NEVER);

	/* Used again, it is asked as before. */
	dead[0] = false;
	cr_expect_lt(time_to_arrive(20 * S), S);
	cr_expect_eq(exchange(16 * S), 0);
	cr_expect(is_at(0));
}

Test(candidates, all_earlier_entries_are_asked_in_turn)
{
	configure(4);
	dead[0] = dead[1] = dead[2] = true;
	cr_assert_lt(time_to_arrive(20 * S), 8 * S);
	cr_assert(is_at(3));
	size_t before = sent_count;
	cr_expect_eq(exchange(100 * S), 0);
	for (size_t i = 0; i < 3; i++) {
		cr_expect_eq(initiations_to(i, before), 2);
	}
	dead[1] = false;
	cr_expect_eq(exchange(50 * S), 0);
	cr_expect(is_at(1));
}

/* Addresses of one name are as good as each other. */
Test(candidates, an_address_of_the_same_entry_is_kept)
{
	tell(3, true, (uint8_t[]){0, 0, 1}, MV_CANDIDATES_CONFIGURED);
	dead[0] = true;
	cr_assert_lt(time_to_arrive(20 * S), 5 * S);
	dead[0] = false;
	size_t before = sent_count;
	cr_expect_eq(exchange(60 * S), 0);
	cr_expect(is_at(1));
	cr_expect_eq(sent_count, before);

	/* And it is the first to be tried again, also when the name is asked again. */
	tell(3, true, (uint8_t[]){0, 0, 1}, MV_CANDIDATES_ANSWERED);
	const struct mv_candidates *candidates = world_peer(world, 0, 1)->candidates;
	const struct mv_endpoint wanted = address(1);
	cr_expect(mv_endpoint_equal(&candidates->list[0].endpoint, &wanted));
	cr_expect_eq(candidates->at, 0);
}

Test(candidates, removed_while_a_probe_is_under_way)
{
	struct mv_changes changes;

	fail_over();
	cr_expect_eq(exchange(10 * S), 0);
	dead[0] = false;
	size_t before = sent_count;
	while (sent_count == before) {
		world_ping(world, 0, 1);
		run_for(5 * MS);
	}
	mv_changes_init(&changes);
	cr_assert_eq(mv_changes_add_key(&changes, MV_CHANGE_PEER, world_public_key(world, 1)), 0);
	cr_assert_eq(mv_changes_add(&changes, MV_CHANGE_REMOVE), 0);
	cr_assert_eq(world_apply(world, 0, &changes), 0);
	mv_changes_uninit(&changes);
	run_for(S);
	cr_expect_eq(world_drops(world, 0, MV_DROP_UNKNOWN_INDEX), 1, "the response");
}

/* A real handshake takes the place of a probe. */
Test(candidates, a_handshake_while_a_probe_is_under_way)
{
	fail_over();
	uint64_t begun = world_now(world).boot_ns;
	cr_expect_eq(exchange(119 * S), 0);
	run_until(begun + 119500 * MS);
	size_t before = sent_count;
	while (initiations_to(0, before) == 0) {
		world_peer(world, 0, 1)->candidates->probe_ns = 0;
		world_peer(world, 0, 1)->candidates->probe_allowed_ns = 0;
		world_ping(world, 1, 0);
		run_for(5 * MS);
	}
	cr_assert(world_peer(world, 0, 1)->handshake_is_pending);
	cr_expect_eq(exchange(5 * S), 0);
	cr_expect_eq(initiations_to(1, before), 1);
	cr_expect(is_at(1));
}

/* Each time the peer takes us to be where the probe came from. */
Test(candidates, a_probe_without_an_answer_leads_nobody_astray_for_long)
{
	fail_over();
	dead[0] = false;
	mute[0] = true;
	run_for(S);
	size_t before = sent_count;
	uint64_t lost = 0;
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t arrived = world_delivered(world, 0);

		world_ping(world, 1, 0);
		run_for(100 * MS);
		lost += world_delivered(world, 0) == arrived;
	}
	cr_expect_geq(initiations_to(0, before), 5, "the test is about these");
	cr_expect_leq(lost, 3 * initiations_to(0, before), "lost %u", (unsigned)lost);
	cr_expect(is_at(1));
}

/* And a probe that is due waits until one has its answer. */
Test(candidates, a_probe_while_a_handshake_is_under_way)
{
	fail_over();
	uint64_t begun = world_now(world).boot_ns;
	cr_expect_eq(exchange(119 * S), 0);
	run_until(begun + 119500 * MS);
	dead[1] = true;
	size_t before = sent_count;
	while (initiations_to(1, before) == 0) {
		world_ping(world, 0, 1);
		run_for(5 * MS);
	}
	world_peer(world, 0, 1)->candidates->probe_ns = 0;
	world_peer(world, 0, 1)->candidates->probe_allowed_ns = 0;
	world_ping(world, 0, 1);
	run_for(S);
	cr_expect_eq(initiations_to(0, before), 0);
	cr_expect(world_peer(world, 0, 1)->handshake_is_pending);
}

/* Roaming */

Test(candidates, who_has_roamed_is_not_called_back)
{
	configure(2);
	cr_assert_eq(exchange(5 * S), 0);
	world_set_source(world, 1, &(struct mv_source){.ip = address(3).ip, .ifindex = 1});
	world_peer(world, 1, 0)->source.ip = address(3).ip;
	world_ping(world, 1, 0);
	run_for(100 * MS);
	cr_assert(is_at(3));
	size_t before = sent_count;
	cr_expect_eq(exchange(60 * S), 0);
	cr_expect(is_at(3));
	cr_expect_eq(sent_count, before);

	/* When it is silent there the list is tried from its beginning. */
	dead[3] = dead[0] = true;
	cr_expect_leq(time_to_arrive(60 * S), 21 * S);
	cr_expect(is_at(1));
	cr_assert_geq(sent_count, before + 3);
	cr_expect_eq(sent[before].address, 3);
	cr_expect_eq(sent[before + 1].address, 0);
	cr_expect_eq(sent[before + 2].address, 1);
	expect_pace(before);
}

/* Names */

static bool are_wanted(void)
{
	uint8_t key[MV_KEY_LEN];

	return mv_candidates_next_wanted(world_device(world, 0), key) &&
	       memcmp(key, world_public_key(world, 1), MV_KEY_LEN) == 0;
}

static void answer(size_t i)
{
	const struct mv_endpoint endpoint = address(i);

	world_tell(world, 0, 1,
		&(struct world_places){.count = 1, .list = &endpoint, .names = true},
		MV_CANDIDATES_ANSWERED);
}

Test(candidates, names_are_wanted_when_handshakes_fail)
{
	tell(1, true, NULL, MV_CANDIDATES_CONFIGURED);
	cr_assert_eq(exchange(200 * S), 0);
	cr_expect_not(are_wanted());
	dead[0] = true;
	time_to_arrive(15 * S);
	cr_expect_not(are_wanted());
	time_to_arrive(8 * S);
	cr_expect(are_wanted());
	cr_expect_not(are_wanted(), "said once");

	/* The new address is tried at once. */
	answer(1);
	cr_expect_lt(time_to_arrive(20 * S), S);
	cr_expect(is_at(1));
	expect_pace(0);

	/* If nothing comes of it they are wanted again. */
	dead[1] = true;
	time_to_arrive(23 * S);
	cr_expect(are_wanted());
	time_to_arrive(8 * S);
	cr_expect(are_wanted());
}

Test(candidates, a_name_with_another_address_moves_when_that_answers)
{
	tell(1, true, NULL, MV_CANDIDATES_CONFIGURED);
	cr_assert_eq(exchange(20 * S), 0);
	dead[1] = true;
	answer(1);
	cr_expect_eq(exchange(30 * S), 0, "the old one is as good as ever");
	cr_expect(is_at(0));
	dead[1] = false;
	cr_expect_eq(exchange(20 * S), 0);
	cr_expect(is_at(1));
	size_t before = sent_count;
	cr_expect_eq(exchange(60 * S), 0);
	cr_expect_eq(sent_count, before, "the old one is forgotten");
}

Test(candidates, a_name_with_another_address_moves_at_once_without_a_session)
{
	tell(1, true, NULL, MV_CANDIDATES_CONFIGURED);
	cr_assert(is_at(0));
	answer(1);
	cr_expect(is_at(1));
}

Test(candidates, the_same_answer_changes_nothing)
{
	tell(2, true, (uint8_t[]){0, 0}, MV_CANDIDATES_CONFIGURED);
	cr_assert_eq(exchange(20 * S), 0);
	for (unsigned i = 0; i < 10; i++) {
		tell(2, true, (uint8_t[]){0, 0}, MV_CANDIDATES_ANSWERED);
		cr_expect_eq(exchange(S), 0);
	}
	cr_expect_eq(sent_count, 1);
}

/* Lists */

Test(candidates, a_new_list_with_the_endpoint_in_use_disturbs_nothing)
{
	fail_over();
	cr_assert_eq(exchange(5 * S), 0);
	size_t before = sent_count;
	configure(4);
	cr_expect_eq(exchange(5 * S), 0);
	cr_expect(is_at(1));
	cr_expect_eq(sent_count, before);
}

Test(candidates, a_new_list_without_the_endpoint_in_use_moves_the_peer)
{
	const struct mv_endpoint other = address(2);

	fail_over();
	cr_assert_eq(exchange(5 * S), 0);
	world_tell(world, 0, 1, &(struct world_places){.count = 1, .list = &other},
		MV_CANDIDATES_CONFIGURED);
	cr_expect(is_at(2));
	cr_expect_null(world_peer(world, 0, 1)->candidates, "one address needs no more");
	cr_expect_eq(exchange(5 * S), 0);
}

/* Whether the first of it is there or not. */
Test(candidates, a_new_list_without_the_endpoint_in_use_loses_no_packet)
{
	const struct mv_endpoint others[] = {address(2), address(3)};

	configure(1);
	cr_assert_eq(exchange(5 * S), 0);
	dead[2] = true;
	world_tell(world, 0, 1, &(struct world_places){.count = 2, .list = others},
		MV_CANDIDATES_CONFIGURED);
	cr_expect_eq(exchange(40 * S), 0);
	cr_expect(is_at(3));
	dead[2] = false;
	cr_expect_eq(exchange(40 * S), 0);
	cr_expect(is_at(2));
}

Test(candidates, a_new_list_while_all_of_the_old_are_silent)
{
	const struct mv_endpoint other = address(3);

	configure(2);
	dead[0] = dead[1] = true;
	world_ping(world, 0, 1);
	run_for(8 * S);
	world_tell(world, 0, 1, &(struct world_places){.count = 1, .list = &other, .names = true},
		MV_CANDIDATES_CONFIGURED);
	run_for(S);
	cr_expect_eq(world_delivered(world, 1), 1);
	cr_expect(is_at(3));
}

Test(candidates, a_single_address_stays_as_it_was)
{
	configure(1);
	cr_expect_null(world_peer(world, 0, 1)->candidates);
	dead[0] = true;
	world_ping(world, 0, 1);
	run_for(600 * S);
	cr_expect_eq(initiations_to(0, 0), 20);
	expect_pace(0);
}

Test(candidates, of_a_peer_that_is_not_there)
{
	struct mv_candidates *candidates = mv_candidates_create(1, true);
	const struct mv_endpoint endpoint = address(0);

	mv_candidates_add(candidates, &endpoint, 0);
	cr_expect_not(mv_candidates_install(world_device(world, 0), (uint8_t[MV_KEY_LEN]){1},
		candidates, MV_CANDIDATES_CONFIGURED, world_now(world)));
}

/* A network that loses every tenth datagram, and addresses that come and go: whenever one has lived
 * for 40 s there is traffic. */
Test(candidates, in_trouble)
{
	configure(3);
	lose_permille = 100;
	for (unsigned round = 0; round < 200; round++) {
		size_t alive = dice_below(&dice, 3);

		for (size_t i = 0; i < 3; i++) {
			dead[i] = i != alive && dice_below(&dice, 4) > 0;
		}
		exchange(40 * S);
		uint64_t before = world_delivered(world, 1);
		exchange(2 * S);
		cr_expect_gt(world_delivered(world, 1), before, "round %u", round);
	}
}
