#include "tunnel/allowedips.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct mv_allowedips *table;

static void setup(void)
{
	table = mv_allowedips_create();
	cr_assert_not_null(table);
}

static void teardown(void)
{
	mv_allowedips_destroy(table);
}

TestSuite(allowedips, .init = setup, .fini = teardown);

/* Peers a, b, c ... of the small tests: the letter is the slot. */
static struct mv_allowedips_list lists[128];

static struct mv_prefix prefix_of(const char *text)
{
	struct mv_prefix prefix;

	cr_assert_eq(mv_prefix_parse(&prefix, text), MV_PREFIX_OK, "%s", text);
	return prefix;
}

static void insert(const char *text, char peer)
{
	struct mv_prefix prefix = prefix_of(text);

	cr_assert_eq(mv_allowedips_reserve(table, 1), 0);
	mv_allowedips_insert(table, &prefix, &lists[(int)peer], (uint32_t)peer);
}

static void take(const char *text, char peer)
{
	struct mv_prefix prefix = prefix_of(text);

	mv_allowedips_remove(table, &prefix, &lists[(int)peer]);
}

static uint32_t lookup_ip(const struct mv_ip *ip)
{
	return ip->family == MV_FAMILY_IPV4 ? mv_allowedips_lookup4(table, ip->bytes)
					    : mv_allowedips_lookup6(table, ip->bytes);
}

/* The letter of the peer, or '-'. */
static uint32_t lookup(const char *text)
{
	struct mv_ip ip;
	uint32_t peer;

	cr_assert(mv_ip_parse(&ip, text), "%s", text);
	peer = lookup_ip(&ip);
	return peer == MV_NO_PEER ? '-' : peer;
}

static void expect(const char *text, char peer)
{
	uint32_t found = lookup(text);

	cr_assert_eq(found, (uint32_t)peer, "%s gave %c, not %c", text, (int)found, peer);
}

/* The prefixes of a peer, in the order of the list, each followed by a blank. */
static void expect_list(char peer, const char *expected)
{
	const struct mv_allowedips_list *list = &lists[(int)peer];
	const struct mv_allowedips_node *node = NULL;
	char text[1024] = "", one[MV_PREFIX_TEXT_MAX];
	size_t count = 0, length = 0;

	while ((node = mv_allowedips_next(list, node))) {
		struct mv_prefix prefix;

		mv_allowedips_prefix(&prefix, node);
		length += (size_t)snprintf(
			text + length, sizeof(text) - length, "%s ", mv_prefix_print(one, &prefix));
		count++;
	}
	cr_assert_str_eq(text, expected);
	cr_assert_eq(list->count, count);
}

Test(allowedips, an_empty_one_knows_nobody)
{
	expect("0.0.0.0", '-');
	expect("::", '-');
	expect_list('a', "");
	take("0.0.0.0/0", 'a');
	mv_allowedips_clear(table, &lists['a']);
	cr_assert_eq(mv_allowedips_nodes(table), 0);
	mv_allowedips_destroy(NULL);
}

struct pair {
	const char *text;
	char peer;
};

static void insert_all(const struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		insert(pairs[i].text, pairs[i].peer);
	}
}

static void expect_all(const struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		expect(pairs[i].text, pairs[i].peer);
	}
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct pair owners[] = {
	{"192.168.4.0/24", 'a'},
	{"192.168.4.4/32", 'b'},
	{"192.168.0.0/16", 'c'},
	{"192.95.5.64/27", 'd'},
	{"192.95.5.65/27", 'c'},
	{"2607:5300:6000:6b00::c05f:543/128", 'd'},
	{"2607:5300:6000:6b00::/64", 'c'},
	{"0.0.0.0/0", 'e'},
	{"::/0", 'e'},
	{"::/0", 'f'},
	{"2404:6800::/32", 'g'},
	{"2404:6800:4004:800:dead:beef:dead:beef/64", 'h'},
	{"2404:6800:4004:800:dead:beef:dead:beef/128", 'a'},
	{"64.15.112.0/20", 'g'},
	{"64.15.123.211/25", 'h'},
	{"10.0.0.0/25", 'a'},
	{"10.0.0.128/25", 'b'},
	{"10.1.0.0/30", 'a'},
	{"10.1.0.4/30", 'b'},
	{"10.1.0.8/29", 'c'},
	{"10.1.0.16/29", 'd'},
};

static const struct pair answers[] = {
	{"192.168.4.20", 'a'},
	{"192.168.4.0", 'a'},
	{"192.168.4.4", 'b'},
	{"192.168.200.182", 'c'},
	{"192.95.5.68", 'c'},
	{"192.95.5.96", 'e'},
	{"2607:5300:6000:6b00::c05f:543", 'd'},
	{"2607:5300:6000:6b00::c02e:1ee", 'c'},
	{"2607:5300:6000:6b01::", 'f'},
	{"2404:6800:4004:806::1006", 'g'},
	{"2404:67ff:4004:806:0:1234:0:5678", 'f'},
	{"2404:6801:4004:806::", 'f'},
	{"2404:6800:4004:800:0:1234::", 'h'},
	{"2404:6800:4004:800:dead:beef:dead:beef", 'a'},
	{"64.15.116.26", 'g'},
	{"64.15.127.3", 'g'},
	{"64.15.123.1", 'g'},
	{"64.15.123.128", 'h'},
	{"10.0.0.52", 'a'},
	{"10.0.0.220", 'b'},
	{"10.1.0.2", 'a'},
	{"10.1.0.6", 'b'},
	{"10.1.0.10", 'c'},
	{"10.1.0.20", 'd'},
};

static const char *const corners[] = {"1.0.0.0", "64.0.0.0", "128.0.0.0", "192.0.0.0", "255.0.0.0"};

Test(allowedips, the_longest_prefix_wins_across_peers)
{
	insert_all(owners, COUNT(owners));
	expect_all(answers, COUNT(answers));
}

Test(allowedips, a_removed_peer_answers_no_more)
{
	insert_all(owners, COUNT(owners));
	for (size_t i = 0; i < COUNT(corners); i++) {
		insert(corners[i], 'a');
		expect(corners[i], 'a');
	}
	mv_allowedips_clear(table, &lists['a']);
	expect_list('a', "");
	for (size_t i = 0; i < COUNT(corners); i++) {
		expect(corners[i], 'e');
	}
	for (size_t i = 0; i < COUNT(answers); i++) {
		cr_assert_neq(lookup(answers[i].text), 'a');
	}
	expect("192.168.4.20", 'c');
	expect("2404:6800:4004:800:dead:beef:dead:beef", 'h');
	for (int peer = 'b'; peer <= 'h'; peer++) {
		mv_allowedips_clear(table, &lists[peer]);
	}
	cr_assert_eq(mv_allowedips_nodes(table), 0);
	for (size_t i = 0; i < COUNT(answers); i++) {
		expect(answers[i].text, '-');
	}
}

Test(allowedips, the_default_routes_of_both_families_are_apart)
{
	insert("255.255.255.255/0", 'a');
	expect("0.0.0.0", 'a');
	expect("255.255.255.255", 'a');
	expect("::", '-');
	insert("ffff::/0", 'b');
	expect("::", 'b');
	expect("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 'b');
	expect("1.2.3.4", 'a');
	take("0.0.0.0/0", 'a');
	expect("0.0.0.0", '-');
	expect("::", 'b');
	take("::/0", 'b');
	cr_assert_eq(mv_allowedips_nodes(table), 0);
}

Test(allowedips, host_bits_are_masked)
{
	insert("10.1.2.3/8", 'a');
	insert("fd00:1:2:3:ffff:ffff:ffff:ffff/65", 'a');
	expect_list('a', "10.0.0.0/8 fd00:1:2:3:8000::/65 ");
	expect("10.255.255.255", 'a');
	insert("10.200.200.200/8", 'a');
	cr_assert_eq(lists['a'].count, 2);
	take("10.9.9.9/8", 'a');
	expect_list('a', "fd00:1:2:3:8000::/65 ");
	expect("10.1.2.3", '-');
}

Test(allowedips, a_prefix_that_replaces_a_fork_is_masked)
{
	insert("10.0.0.1/32", 'a');
	insert("10.0.255.1/32", 'b');
	cr_assert_eq(mv_allowedips_nodes(table), 3);
	insert("10.0.77.77/16", 'c');
	cr_assert_eq(mv_allowedips_nodes(table), 3);
	insert("10.0.99.99/17", 'd');
	insert("10.0.99.99/16", 'e');
	expect_list('c', "");
	expect_list('e', "10.0.0.0/16 ");
	expect_list('d', "10.0.0.0/17 ");
	expect("10.0.128.0", 'e');
	expect("10.0.127.0", 'd');
}

/* The list of a peer. */

Test(allowedips, the_list_keeps_the_order_of_insertion)
{
	insert("10.2.0.0/16", 'a');
	insert("fd00::/8", 'a');
	insert("10.0.0.0/8", 'a');
	insert("10.2.0.0/24", 'a');
	insert("::/0", 'a');
	expect_list('a', "10.2.0.0/16 fd00::/8 10.0.0.0/8 10.2.0.0/24 ::/0 ");
	take("10.0.0.0/8", 'a');
	expect_list('a', "10.2.0.0/16 fd00::/8 10.2.0.0/24 ::/0 ");
	take("10.2.0.0/16", 'a');
	take("::/0", 'a');
	expect_list('a', "fd00::/8 10.2.0.0/24 ");
	insert("10.2.0.0/16", 'a');
	expect_list('a', "fd00::/8 10.2.0.0/24 10.2.0.0/16 ");
}

Test(allowedips, what_a_peer_owns_already_keeps_its_place)
{
	insert("10.1.0.0/16", 'a');
	insert("10.2.0.0/16", 'a');
	insert("10.1.0.0/16", 'a');
	expect_list('a', "10.1.0.0/16 10.2.0.0/16 ");
}

Test(allowedips, a_moved_prefix_goes_to_the_tail_of_its_new_owner)
{
	insert("10.1.0.0/16", 'a');
	insert("10.2.0.0/16", 'a');
	insert("10.3.0.0/16", 'a');
	insert("10.9.0.0/16", 'b');
	insert("10.2.0.0/16", 'b');
	expect_list('a', "10.1.0.0/16 10.3.0.0/16 ");
	expect_list('b', "10.9.0.0/16 10.2.0.0/16 ");
	expect("10.2.0.1", 'b');
	insert("10.1.0.0/16", 'b');
	insert("10.3.0.0/16", 'b');
	expect_list('a', "");
	expect_list('b', "10.9.0.0/16 10.2.0.0/16 10.1.0.0/16 10.3.0.0/16 ");
	insert("10.3.0.0/16", 'a');
	expect_list('a', "10.3.0.0/16 ");
	mv_allowedips_clear(table, &lists['b']);
	mv_allowedips_clear(table, &lists['a']);
	cr_assert_eq(mv_allowedips_nodes(table), 0);
}

Test(allowedips, only_the_owner_removes_and_only_the_very_prefix)
{
	insert("10.1.0.0/16", 'a');
	insert("10.1.2.0/24", 'a');
	insert("10.1.3.0/24", 'b');
	take("10.1.0.0/16", 'b');
	take("10.1.0.0/15", 'a');
	take("10.1.0.0/17", 'a');
	take("10.1.2.0/23", 'a'); /* a fork of the trie, nobody's prefix */
	take("10.9.0.0/16", 'a');
	take("a01::/16", 'a');
	take("0.0.0.0/0", 'a');
	expect_list('a', "10.1.0.0/16 10.1.2.0/24 ");
	expect("10.1.9.9", 'a');
	take("10.1.0.0/16", 'a');
	expect_list('a', "10.1.2.0/24 ");
	expect("10.1.9.9", '-');
	expect("10.1.3.9", 'b');
}

/* The shape of the trie. */

static void expect_nodes(size_t nodes)
{
	cr_assert_eq(mv_allowedips_nodes(table), nodes, "%zu nodes, not %zu",
		mv_allowedips_nodes(table), nodes);
}

Test(allowedips, forks_come_and_go)
{
	insert("10.0.0.0/32", 'a');
	expect_nodes(1);
	insert("10.0.0.3/32", 'b'); /* fork /30 */
	expect_nodes(3);
	insert("10.0.0.2/32", 'c'); /* fork /31 */
	expect_nodes(5);
	insert("10.0.0.2/31", 'd'); /* takes the fork */
	expect_nodes(5);
	take("10.0.0.3/32", 'b'); /* a leaf below an owner */
	expect_nodes(4);
	take("10.0.0.2/31", 'd'); /* one child moves up */
	expect_nodes(3);
	take("10.0.0.0/32", 'a'); /* the fork goes with its leaf */
	expect_nodes(1);
	expect("10.0.0.2", 'c');
	expect("10.0.0.3", '-');
	take("10.0.0.2/32", 'c');
	expect_nodes(0);
}

Test(allowedips, an_owner_with_two_children_stays_as_a_fork)
{
	insert("10.0.0.0/8", 'a');
	insert("10.0.0.0/16", 'b');
	insert("10.128.0.0/16", 'c');
	expect_nodes(3);
	take("10.0.0.0/8", 'a');
	expect_nodes(3);
	expect("10.1.0.0", '-');
	expect("10.0.9.9", 'b');
	take("10.0.0.0/16", 'b');
	expect_nodes(1);
	expect("10.128.9.9", 'c');
}

/* For each length there is: the last bit of the prefix counts, the one behind it does not. */
static void check_each_length(const char *address)
{
	struct mv_ip ip;

	cr_assert(mv_ip_parse(&ip, address));
	for (unsigned bits = 0; bits <= mv_ip_width(&ip); bits++) {
		struct mv_prefix prefix = {.ip = ip, .bits = (uint8_t)bits};

		cr_assert_eq(mv_allowedips_reserve(table, 1), 0);
		mv_allowedips_insert(table, &prefix, &lists['a'], 'a');
		for (unsigned bit = 0; bit < mv_ip_width(&ip); bit++) {
			struct mv_ip near = ip;

			near.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
			cr_assert_eq(lookup_ip(&near), bit < bits ? MV_NO_PEER : 'a', "/%u, bit %u",
				bits, bit);
		}
		cr_assert_eq(lookup_ip(&ip), 'a');
		mv_allowedips_remove(table, &prefix, &lists['a']);
		cr_assert_eq(lookup_ip(&ip), MV_NO_PEER);
	}
}

Test(allowedips, every_length_ends_at_its_bit)
{
	check_each_length("172.16.85.170");
	check_each_length("0.0.0.0");
	check_each_length("255.255.255.255");
	check_each_length("2001:db8:5555:aaaa:0f0f:f0f0:1234:8765");
	check_each_length("::");
	check_each_length("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	expect_nodes(0);
}

enum { CHAIN = 129 }; /* the lengths 0 to 128 */

static struct mv_allowedips_list chain[CHAIN];

/* The prefix of so many bits of an address in which all bits are ones. */
static struct mv_prefix link_of_chain(unsigned bits)
{
	struct mv_prefix prefix = {.ip.family = MV_FAMILY_IPV6, .bits = (uint8_t)bits};

	memset(prefix.ip.bytes, 0xff, sizeof(prefix.ip.bytes));
	return prefix;
}

/* Leaves the chain by a zero in the bit behind so many ones: the longest prefix is that long. */
static uint32_t lookup_chain(unsigned bits)
{
	struct mv_ip ip = link_of_chain(bits).ip;

	if (bits < 128) {
		ip.bytes[bits / 8] ^= (uint8_t)(0x80 >> bits % 8);
	}
	return lookup_ip(&ip);
}

/* 50 and 129 have no common factor, so each link has its turn. */
static unsigned turn(unsigned i, unsigned order)
{
	return order == 0 ? i : order == 1 ? CHAIN - 1 - i : i * 50 % CHAIN;
}

Test(allowedips, a_chain_through_all_bits_of_an_address)
{
	for (unsigned order = 0; order < 9; order++) {
		for (unsigned i = 0; i < CHAIN; i++) {
			struct mv_prefix prefix = link_of_chain(turn(i, order / 3));

			cr_assert_eq(mv_allowedips_reserve(table, 1), 0);
			mv_allowedips_insert(table, &prefix, &chain[prefix.bits], prefix.bits);
		}
		expect_nodes(CHAIN);
		for (unsigned bits = 0; bits < CHAIN; bits++) {
			cr_assert_eq(lookup_chain(bits), bits);
		}
		for (unsigned i = 0; i < CHAIN; i++) {
			struct mv_prefix prefix = link_of_chain(turn(i, order % 3));

			mv_allowedips_remove(table, &prefix, &chain[prefix.bits]);
			cr_assert_neq(lookup_chain(prefix.bits), prefix.bits);
			expect_nodes(CHAIN - 1 - i);
		}
	}
}

/* Full addresses that part from the all-ones address at each bit: forks all the way down. */
Test(allowedips, a_chain_of_forks)
{
	for (unsigned bits = 0; bits < CHAIN; bits++) {
		struct mv_prefix prefix = link_of_chain(128);

		if (bits < 128) {
			prefix.ip.bytes[bits / 8] ^= (uint8_t)(0x80 >> bits % 8);
		}
		cr_assert_eq(mv_allowedips_reserve(table, 1), 0);
		mv_allowedips_insert(table, &prefix, &chain[bits], bits);
		expect_nodes(2 * bits + 1);
	}
	for (unsigned bits = 0; bits < CHAIN; bits++) {
		cr_assert_eq(lookup_chain(bits), bits);
	}
	for (unsigned bits = 0; bits < CHAIN; bits++) {
		mv_allowedips_clear(table, &chain[bits]);
		cr_assert_eq(lookup_chain(bits), MV_NO_PEER);
		expect_nodes(bits == 128 ? 0 : 2 * (127 - bits) + 1);
	}
}

/* Memory. */

/* Bit-reversed counting: each new address parts from all others at a fork of its own. */
static struct mv_prefix worst_case(uint32_t i)
{
	struct mv_prefix prefix = {.ip.family = MV_FAMILY_IPV4, .bits = 32};

	for (unsigned bit = 0; bit < 32; bit++) {
		prefix.ip.bytes[bit / 8] |= (uint8_t)((i >> bit & 1) << (7 - bit % 8));
	}
	return prefix;
}

static void insert_worst_cases(uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct mv_prefix prefix = worst_case(i);

		mv_allowedips_insert(table, &prefix, &lists['a'], i);
	}
	expect_nodes(2 * to - 1);
}

/*
 * The slab grows by whole chunks, which are powers of two. So the numbers are powers of two, too:
 * then two nodes a prefix are just what there is, and the last insertion finds one node left.
 */
Test(allowedips, what_was_reserved_suffices_for_the_worst_case)
{
	const uint32_t round = 4096;

	for (uint32_t from = 0; from < 4 * round; from += round) {
		cr_assert_eq(mv_allowedips_reserve(table, round), 0);
		insert_worst_cases(from, from + round);
	}
	for (uint32_t from = 4 * round; from < 4 * round + 2000; from++) {
		cr_assert_eq(mv_allowedips_reserve(table, 1), 0);
		insert_worst_cases(from, from + 1);
	}
	mv_allowedips_clear(table, &lists['a']);
	expect_nodes(0);
}

Test(allowedips, freed_nodes_are_used_again_without_reserving)
{
	cr_assert_eq(mv_allowedips_reserve(table, 1024), 0);
	for (unsigned round = 0; round < 20; round++) {
		insert_worst_cases(0, 1024);
		mv_allowedips_clear(table, &lists['a']);
		expect_nodes(0);
	}
}

Test(allowedips, as_many_as_are_allowed_and_no_more)
{
	cr_assert_eq(mv_allowedips_reserve(table, SIZE_MAX), -ENOSPC);
	cr_assert_eq(mv_allowedips_reserve(table, MV_ALLOWEDIPS_MAX + 1), -ENOSPC);
	cr_assert_eq(mv_allowedips_reserve(table, MV_ALLOWEDIPS_MAX), 0);
	for (uint32_t i = 0; i < MV_ALLOWEDIPS_MAX; i++) {
		struct mv_prefix prefix = worst_case(i);

		mv_allowedips_insert(table, &prefix, &lists['a'], i);
	}
	expect_nodes(2 * MV_ALLOWEDIPS_MAX - 1);
	cr_assert_eq(mv_allowedips_reserve(table, 1), -ENOSPC);
	for (uint32_t i = 0; i < MV_ALLOWEDIPS_MAX; i += 997) {
		cr_assert_eq(mv_allowedips_lookup4(table, worst_case(i).ip.bytes), i);
	}
	mv_allowedips_clear(table, &lists['a']);
	expect_nodes(0);
	cr_assert_eq(mv_allowedips_reserve(table, MV_ALLOWEDIPS_MAX), 0);
}

static size_t steps(const char *text)
{
	struct mv_ip ip;

	cr_assert(mv_ip_parse(&ip, text));
	return mv_allowedips_steps(table, &ip);
}

/* Every prefix on the way is looked at, every fork, and the first that does not hold the address.
 */
Test(allowedips, steps_of_a_lookup)
{
	cr_expect_eq(steps("10.0.0.1"), 0);
	insert("10.0.0.0/8", 'a');
	cr_expect_eq(steps("10.0.0.1"), 1);
	cr_expect_eq(steps("11.0.0.1"), 1);
	cr_expect_eq(steps("fd00::1"), 0);

	insert("10.0.0.1/32", 'b');
	insert("10.0.0.2/32", 'c');
	cr_expect_eq(steps("10.0.0.1"), 3, "/8, a fork, /32");
	cr_expect_eq(steps("10.0.0.3"), 3);
	cr_expect_eq(steps("10.64.0.1"), 2);
	cr_expect_eq(steps("10.128.0.1"), 1);
	insert("fd00::/8", 'a');
	cr_expect_eq(steps("fd00::1"), 1);
}

/* A thousand addresses in sequence: about as many as the logarithm to the base of 2. */
Test(allowedips, steps_are_few_where_prefixes_are_many)
{
	char text[MV_PREFIX_TEXT_MAX];

	for (unsigned i = 0; i < 1024; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u/32", i >> 8, i & 255);
		insert(text, (char)('a' + i % 26));
	}
	cr_expect_eq(steps("10.0.0.0"), 11);
	cr_expect_eq(steps("10.0.3.255"), 11);
}
