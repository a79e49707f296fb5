#include "proto/keypair.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#define S  UINT64_C(1000000000)
#define NS UINT64_C(1)

static struct mv_session_keys places[MV_KEYPAIR_SLOTS];
static struct mv_keypairs keypairs;

static void start(void)
{
	memset(places, 0xee, sizeof(places));
	sodium_memzero(places, sizeof(places));
	memset(&keypairs, 0xee, sizeof(keypairs));
	mv_keypairs_init(&keypairs, places);
}

TestSuite(keypair, .init = start);

/* Ids of the keypairs in the tables below; P, C, N by where they stood before. */
enum { NONE, P, C, N, F };

/* Which of the three are there before the event. */
enum { HAS_P = 1, HAS_C = 2, HAS_N = 4, ALL_STATES = 8 };

static uint32_t index_of(uint64_t id)
{
	return UINT32_C(0xf0000000) + (uint32_t)id;
}

static struct mv_session_keys keys_of(uint64_t id)
{
	struct mv_session_keys keys;

	memset(keys.send, (int)(0x10 + id), sizeof(keys.send));
	memset(keys.receive, (int)(0x80 + id), sizeof(keys.receive));
	return keys;
}

static struct mv_new_keypair made(const struct mv_session_keys *keys, uint64_t id)
{
	return (struct mv_new_keypair){
		.keys = keys,
		.id = id,
		.birth_ns = id * S,
		.local_index = index_of(id),
		.remote_index = (uint32_t)id,
	};
}

/* A keypair that has been in use, so that each of its members has something to be wiped. */
static void occupy(struct mv_keypair **place, size_t slot, uint64_t id)
{
	struct mv_keypair *keypair = &keypairs.slots[slot];

	*keypair->keys = keys_of(id);
	keypair->id = id;
	keypair->sending_counter = 4242;
	keypair->birth_ns = id * S;
	keypair->local_index = index_of(id);
	keypair->remote_index = (uint32_t)id;
	keypair->in_use = keypair->is_initiator = keypair->may_send = true;
	cr_assert(mv_replay_accept(&keypair->replay, 77));
	*place = keypair;
}

/* The slot has nothing to do with the role: every order of the three is tried. */
static void set_state(unsigned state, size_t rotation)
{
	start();
	if (state & HAS_P) {
		occupy(&keypairs.previous, rotation % 3, P);
	}
	if (state & HAS_C) {
		occupy(&keypairs.current, (rotation + 1) % 3, C);
	}
	if (state & HAS_N) {
		occupy(&keypairs.next, (rotation + 2) % 3, N);
	}
}

static uint64_t id_of(const struct mv_keypair *keypair)
{
	return keypair ? keypair->id : NONE;
}

static bool is_among(const struct mv_erased *erased, uint64_t id)
{
	for (size_t i = 0; i < erased->count; i++) {
		if (erased->indices[i] == index_of(id)) {
			return true;
		}
	}
	return false;
}

struct outcome {
	unsigned before;
	unsigned previous, current, next;
	unsigned erased; /* of HAS_P, HAS_C, HAS_N */
};

static void expect_erased(const struct outcome *wanted, const struct mv_erased *erased)
{
	size_t count = 0;

	for (uint64_t id = P; id <= N; id++) {
		const bool gone = wanted->erased >> (id - P) & 1;

		count += gone;
		cr_expect_eq(is_among(erased, id), gone, "state %u, keypair %d", wanted->before,
			(int)id);
		if (gone) {
			cr_expect_null(mv_keypairs_find(&keypairs, index_of(id)));
		}
	}
	cr_expect_eq(erased->count, count, "state %u", wanted->before);
}

/* A free slot holds nothing but the place of its keys, and that is wiped. */
static void expect_wiped(const struct mv_keypair *keypair, size_t slot)
{
	struct mv_keypair blank;

	memset(&blank, 0, sizeof(blank));
	blank.keys = &places[slot];
	cr_expect(sodium_is_zero((const void *)&places[slot], sizeof(places[slot])));
	cr_expect_arr_eq(keypair, &blank, sizeof(blank));
}

static void expect_kept(const struct mv_keypair *keypair)
{
	const struct mv_session_keys keys = keys_of(keypair->id);

	cr_expect_arr_eq(keypair->keys, &keys, sizeof(keys), "keypair %d", (int)keypair->id);
	cr_expect_eq(keypair->local_index, index_of(keypair->id));
	cr_expect_eq(keypair->remote_index, (uint32_t)keypair->id);
	cr_expect_eq(keypair->birth_ns, keypair->id * S);
	cr_expect_eq(mv_keypairs_find(&keypairs, index_of(keypair->id)), keypair);
	if (keypair->id == F) {
		return;
	}
	cr_expect_eq(keypair->sending_counter, 4242);
	cr_expect_eq(keypair->replay.top, 78);
}

static void expect_outcome(const struct outcome *wanted, const struct mv_erased *erased)
{
	size_t in_use = 0;

	cr_expect_eq(id_of(keypairs.previous), wanted->previous, "state %u", wanted->before);
	cr_expect_eq(id_of(keypairs.current), wanted->current, "state %u", wanted->before);
	cr_expect_eq(id_of(keypairs.next), wanted->next, "state %u", wanted->before);
	expect_erased(wanted, erased);
	for (size_t i = 0; i < MV_KEYPAIR_SLOTS; i++) {
		in_use += keypairs.slots[i].in_use;
		cr_expect_eq(keypairs.slots[i].keys, &places[i]);
		if (keypairs.slots[i].in_use) {
			expect_kept(&keypairs.slots[i]);
		} else {
			expect_wiped(&keypairs.slots[i], i);
		}
	}
	cr_expect_eq(
		in_use, (wanted->previous != 0) + (wanted->current != 0) + (wanted->next != 0));
}

static void expect_fresh(const struct mv_keypair *keypair, bool is_initiator)
{
	cr_assert_not_null(keypair);
	cr_expect_eq(keypair->id, F);
	cr_expect_eq(keypair->sending_counter, 0);
	cr_expect_eq(keypair->replay.top, 0);
	cr_expect_eq(keypair->is_initiator, is_initiator);
	cr_expect(keypair->may_send);
}

Test(keypair, begins_with_none)
{
	const struct outcome none = {0, NONE, NONE, NONE, 0};
	const struct mv_erased erased = {0};

	expect_outcome(&none, &erased);
	for (uint32_t i = 0; i < 8; i++) {
		cr_expect_null(mv_keypairs_find(&keypairs, i));
	}
}

Test(keypair, a_new_one_as_initiator_is_current)
{
	static const struct outcome outcomes[] = {
		{0, NONE, F, NONE, 0},
		{HAS_P, NONE, F, NONE, HAS_P},
		{HAS_C, C, F, NONE, 0},
		{HAS_P | HAS_C, C, F, NONE, HAS_P},
		{HAS_N, N, F, NONE, 0},
		{HAS_P | HAS_N, N, F, NONE, HAS_P},
		{HAS_C | HAS_N, N, F, NONE, HAS_C},
		{HAS_P | HAS_C | HAS_N, N, F, NONE, HAS_P | HAS_C},
	};
	const struct mv_session_keys keys = keys_of(F);
	const struct mv_new_keypair fresh = made(&keys, F);

	for (size_t i = 0; i < (size_t)ALL_STATES * MV_KEYPAIR_SLOTS; i++) {
		const struct outcome *wanted = &outcomes[i % ALL_STATES];

		set_state(wanted->before, i / ALL_STATES);
		const struct mv_erased erased = mv_keypairs_add_initiator(&keypairs, &fresh);
		expect_outcome(wanted, &erased);
		expect_fresh(keypairs.current, true);
	}
}

Test(keypair, a_new_one_as_responder_waits_as_next)
{
	static const struct outcome outcomes[] = {
		{0, NONE, NONE, F, 0},
		{HAS_P, NONE, NONE, F, HAS_P},
		{HAS_C, NONE, C, F, 0},
		{HAS_P | HAS_C, NONE, C, F, HAS_P},
		{HAS_N, NONE, NONE, F, HAS_N},
		{HAS_P | HAS_N, NONE, NONE, F, HAS_P | HAS_N},
		{HAS_C | HAS_N, NONE, C, F, HAS_N},
		{HAS_P | HAS_C | HAS_N, NONE, C, F, HAS_P | HAS_N},
	};
	const struct mv_session_keys keys = keys_of(F);
	const struct mv_new_keypair fresh = made(&keys, F);

	for (size_t i = 0; i < (size_t)ALL_STATES * MV_KEYPAIR_SLOTS; i++) {
		const struct outcome *wanted = &outcomes[i % ALL_STATES];

		set_state(wanted->before, i / ALL_STATES);
		const struct mv_erased erased = mv_keypairs_add_responder(&keypairs, &fresh);
		expect_outcome(wanted, &erased);
		expect_fresh(keypairs.next, false);
	}
}

Test(keypair, a_message_on_next_makes_it_current)
{
	static const struct outcome outcomes[] = {
		{HAS_N, NONE, N, NONE, 0},
		{HAS_P | HAS_N, NONE, N, NONE, HAS_P},
		{HAS_C | HAS_N, C, N, NONE, 0},
		{HAS_P | HAS_C | HAS_N, C, N, NONE, HAS_P},
	};

	for (size_t i = 0; i < (size_t)4 * MV_KEYPAIR_SLOTS; i++) {
		const struct outcome *wanted = &outcomes[i % 4];
		struct mv_erased erased = {0};

		set_state(wanted->before, i / 4);
		const struct mv_keypair *next = keypairs.next;

		cr_expect(mv_keypairs_confirm(&keypairs, next, &erased));
		expect_outcome(wanted, &erased);
		/* A second message of the same batch comes on what is current by now. */
		cr_expect_not(mv_keypairs_confirm(&keypairs, next, &erased));
		expect_outcome(wanted, &erased);
	}
}

Test(keypair, a_message_on_another_one_changes_nothing)
{
	for (unsigned state = 0; state < ALL_STATES; state++) {
		const struct outcome same = {state, state & HAS_P ? P : NONE,
			state & HAS_C ? C : NONE, state & HAS_N ? N : NONE, 0};
		struct mv_erased erased = {0};

		set_state(state, state);
		cr_expect_not(mv_keypairs_confirm(&keypairs, keypairs.current, &erased));
		cr_expect_not(mv_keypairs_confirm(&keypairs, keypairs.previous, &erased));
		cr_expect_not(mv_keypairs_confirm(&keypairs, NULL, &erased));
		expect_outcome(&same, &erased);
	}
}

Test(keypair, all_are_erased_at_once)
{
	for (unsigned state = 0; state < ALL_STATES; state++) {
		const struct outcome none = {state, NONE, NONE, NONE, state};

		set_state(state, state);
		const struct mv_erased erased = mv_keypairs_erase_all(&keypairs);
		expect_outcome(&none, &erased);
	}
}

Test(keypair, three_slots_last_for_any_number_of_rekeys)
{
	for (uint64_t id = 1; id < 1000; id++) {
		const struct mv_session_keys keys = keys_of(id % 64);
		const struct mv_new_keypair fresh = made(&keys, id);
		struct mv_erased erased = {0};

		if (id % 3 == 0) {
			mv_keypairs_add_initiator(&keypairs, &fresh);
			cr_assert_eq(id_of(keypairs.current), id);
			continue;
		}
		mv_keypairs_add_responder(&keypairs, &fresh);
		cr_assert_eq(id_of(keypairs.next), id);
		if (id % 5 != 0) {
			cr_assert(mv_keypairs_confirm(&keypairs, keypairs.next, &erased));
		}
	}
}

Test(keypair, is_found_by_its_own_index_only)
{
	set_state(HAS_P | HAS_C | HAS_N, 0);
	cr_expect_eq(mv_keypairs_find(&keypairs, index_of(P)), keypairs.previous);
	cr_expect_eq(mv_keypairs_find(&keypairs, index_of(C)), keypairs.current);
	cr_expect_eq(mv_keypairs_find(&keypairs, index_of(N)), keypairs.next);
	cr_expect_null(mv_keypairs_find(&keypairs, index_of(F)));
	cr_expect_null(mv_keypairs_find(&keypairs, (uint32_t)C), "the remote index");
	/* 0 is an index like any other, and a free slot has it too. */
	keypairs.current->local_index = 0;
	mv_keypairs_confirm(&keypairs, keypairs.next, &(struct mv_erased){0});
	cr_expect_eq(mv_keypairs_find(&keypairs, 0), keypairs.previous);
	mv_keypairs_erase_all(&keypairs);
	cr_expect_null(mv_keypairs_find(&keypairs, 0));
}

/* The limits of one keypair, at their last and first nanosecond and message. */

static const uint64_t birth_ns = 1000 * S;

static struct mv_keypair session(bool is_initiator)
{
	return (struct mv_keypair){.keys = places,
		.id = C,
		.birth_ns = birth_ns,
		.in_use = true,
		.is_initiator = is_initiator,
		.may_send = true};
}

Test(keypair, sends_for_180_seconds)
{
	const struct mv_keypair keypair = session(false);

	cr_expect(mv_keypair_can_send(&keypair, birth_ns));
	cr_expect(mv_keypair_can_send(&keypair, birth_ns + 180 * S - NS));
	cr_expect_not(mv_keypair_can_send(&keypair, birth_ns + 180 * S));
	cr_expect_not(mv_keypair_can_send(&keypair, MV_NEVER - NS));
	cr_expect_not(mv_keypair_can_send(NULL, birth_ns));
}

Test(keypair, receives_for_180_seconds)
{
	const struct mv_keypair keypair = session(true);

	cr_expect(mv_keypair_can_receive(&keypair, 0, birth_ns));
	cr_expect(mv_keypair_can_receive(&keypair, 0, birth_ns + 180 * S - NS));
	cr_expect_not(mv_keypair_can_receive(&keypair, 0, birth_ns + 180 * S));
	cr_expect_not(mv_keypair_can_receive(&keypair, 0, MV_NEVER - NS));
}

Test(keypair, sends_up_to_the_last_message)
{
	struct mv_keypair keypair = session(true);

	keypair.sending_counter = UINT64_C(18446744073709543422);
	cr_expect(mv_keypair_can_send(&keypair, birth_ns));
	keypair.sending_counter++;
	cr_expect_not(mv_keypair_can_send(&keypair, birth_ns));
	keypair.sending_counter = UINT64_MAX;
	cr_expect_not(mv_keypair_can_send(&keypair, birth_ns));
}

Test(keypair, receives_up_to_the_last_message)
{
	const struct mv_keypair keypair = session(true);

	cr_expect(mv_keypair_can_receive(&keypair, UINT64_C(18446744073709543422), birth_ns));
	cr_expect_not(mv_keypair_can_receive(&keypair, UINT64_C(18446744073709543423), birth_ns));
	cr_expect_not(mv_keypair_can_receive(&keypair, UINT64_MAX, birth_ns));
}

Test(keypair, asks_for_a_new_handshake_after_2_to_the_60_messages)
{
	for (unsigned is_initiator = 0; is_initiator < 2; is_initiator++) {
		struct mv_keypair keypair = session(is_initiator);

		keypair.sending_counter = UINT64_C(1) << 60;
		cr_expect_not(mv_keypair_wants_rekey_on_send(&keypair, birth_ns));
		keypair.sending_counter++;
		cr_expect(mv_keypair_wants_rekey_on_send(&keypair, birth_ns));
	}
}

Test(keypair, only_the_initiator_renews_by_age)
{
	const struct mv_keypair initiator = session(true), responder = session(false);

	cr_expect_not(mv_keypair_wants_rekey_on_send(&initiator, birth_ns));
	cr_expect_not(mv_keypair_wants_rekey_on_send(&initiator, birth_ns + 120 * S - NS));
	cr_expect(mv_keypair_wants_rekey_on_send(&initiator, birth_ns + 120 * S));
	cr_expect_not(mv_keypair_wants_rekey_on_send(&responder, birth_ns + 120 * S));
	cr_expect_not(mv_keypair_wants_rekey_on_send(&responder, birth_ns + 10000 * S));

	cr_expect_not(mv_keypair_wants_rekey_on_receive(&initiator, birth_ns + 165 * S - NS));
	cr_expect(mv_keypair_wants_rekey_on_receive(&initiator, birth_ns + 165 * S));
	cr_expect_not(mv_keypair_wants_rekey_on_receive(&responder, birth_ns + 165 * S));
	cr_expect_not(mv_keypair_wants_rekey_on_receive(&responder, birth_ns + 10000 * S));
}

/* Each thread samples the clock at its own wake-up. One that woke up just before another thread
 * finished the handshake finds a session born in its future: it is new, not old. */
Test(keypair, one_born_a_moment_ahead_of_the_clock_is_new)
{
	const struct mv_keypair keypair = session(true);

	cr_expect(mv_keypair_can_send(&keypair, birth_ns - NS));
	cr_expect(mv_keypair_can_receive(&keypair, 0, birth_ns - NS));
	cr_expect_not(mv_keypair_wants_rekey_on_send(&keypair, birth_ns - NS));
	cr_expect_not(mv_keypair_wants_rekey_on_receive(&keypair, birth_ns - NS));
}

/* 0 is the boot, not "never". */
Test(keypair, one_born_at_boot_ages_like_others)
{
	struct mv_keypair keypair = session(true);

	keypair.birth_ns = 0;
	cr_expect(mv_keypair_can_send(&keypair, 0));
	cr_expect(mv_keypair_can_send(&keypair, 180 * S - NS));
	cr_expect_not(mv_keypair_can_send(&keypair, 180 * S));
}

Test(keypair, after_a_change_of_the_own_key_they_only_receive)
{
	const struct mv_session_keys keys = keys_of(F);
	const struct mv_new_keypair fresh = made(&keys, F);

	set_state(HAS_P | HAS_C | HAS_N, 0);
	cr_expect(mv_keypair_can_send(keypairs.current, C * S));
	mv_keypairs_stop_sending(&keypairs);
	cr_expect_not(mv_keypair_can_send(keypairs.current, C * S));
	cr_expect(mv_keypair_can_receive(keypairs.current, 0, C * S));
	cr_expect(mv_keypairs_confirm(&keypairs, keypairs.next, &(struct mv_erased){0}));
	cr_expect_not(mv_keypair_can_send(keypairs.current, N * S));
	cr_expect(mv_keypair_can_receive(keypairs.current, 0, N * S));

	mv_keypairs_add_initiator(&keypairs, &fresh);
	cr_expect(mv_keypair_can_send(keypairs.current, F * S));
}
