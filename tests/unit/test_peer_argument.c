#include "cli/peer_argument.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <sodium.h>
#include <string.h>

#define PEERS 4

static uint8_t keys[PEERS][MV_KEY_LEN];
static struct mv_peer_candidate list[PEERS];

/* Two keys that begin alike, and two that do not: "AAAAAA", "AAAAAB", "EREREREREREREQ...",
 * "IiIi...". */
static void setup(void)
{
	static const char *const names[PEERS] = {"alice", "bob", "", "EREREREREREREQ"};

	cr_assert_geq(sodium_init(), 0);
	keys[1][3] = 0x40;
	memset(keys[2], 0x11, MV_KEY_LEN);
	memset(keys[3], 0x22, MV_KEY_LEN);
	for (size_t i = 0; i < PEERS; i++) {
		list[i] = (struct mv_peer_candidate){names[i], keys[i]};
	}
	cr_redirect_stderr();
}

TestSuite(peer_argument, .init = setup);

static void expect_found(const char *argument, size_t index)
{
	size_t found = PEERS;

	cr_expect_eq(mv_peer_argument_find(&found, list, PEERS, "tun0", argument), MV_EXIT_DONE,
		"%s", argument);
	cr_expect_eq(found, index, "%s", argument);
}

static void expect_refused(const char *argument, const char *message)
{
	size_t found;

	cr_expect_eq(mv_peer_argument_find(&found, list, PEERS, "tun0", argument), MV_EXIT_FAILED,
		"%s", argument);
	fflush(stderr);
	cr_expect_stderr_eq_str(message);
}

Test(peer_argument, by_name)
{
	expect_found("alice", 0);
	expect_found("bob", 1);
}

Test(peer_argument, by_key_or_its_beginning)
{
	char key[MV_KEY_BASE64_MAX];

	for (size_t i = 0; i < PEERS; i++) {
		expect_found(mv_key_to_base64(key, keys[i]), i);
	}
	expect_found("IiIi", 3);
	expect_found("ERER", 2);
	expect_found("AAAAQ", 1);
}

Test(peer_argument, a_name_goes_before_a_key)
{
	expect_found("EREREREREREREQ", 3);
}

Test(peer_argument, an_ambiguous_beginning_has_its_candidates)
{
	expect_refused("AAAA", "minivpn: tun0 has several peers that 'AAAA' may mean:\n"
			       "  alice (AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=)\n"
			       "  bob (AAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=)\n");
}

Test(peer_argument, a_name_that_is_near)
{
	expect_refused("alcie", "minivpn: tun0 has no peer 'alcie'; near it:\n"
				"  alice (AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=)\n");
}

/* Three characters of a key are not enough, though there is only one that begins so. */
Test(peer_argument, what_is_near_none_has_all_of_them)
{
	expect_refused("IiI", "minivpn: tun0 has no peer 'IiI'; its peers are:\n"
			      "  alice (AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=)\n"
			      "  bob (AAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=)\n"
			      "  ERERERERERERERERERERERERERERERERERERERERERE=\n"
			      "  EREREREREREREQ (IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=)\n");
}

Test(peer_argument, two_of_one_name)
{
	list[1].name = "alice";
	expect_refused("alice", "minivpn: tun0 has several peers that 'alice' may mean:\n"
				"  alice (AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=)\n"
				"  alice (AAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=)\n");
}

Test(peer_argument, an_empty_word_is_no_peer)
{
	size_t found;

	cr_expect_eq(mv_peer_argument_find(&found, list, PEERS, "tun0", ""), MV_EXIT_FAILED);
}

Test(peer_argument, a_long_list_is_cut)
{
	uint8_t many[12][MV_KEY_LEN] = {{0}};
	struct mv_peer_candidate peers[12];
	char expected[1024] = "minivpn: tun0 has no peer 'x'; its peers are:\n",
	     key[MV_KEY_BASE64_MAX];
	size_t found;

	for (size_t i = 0; i < 12; i++) {
		many[i][0] = (uint8_t)i;
		peers[i] = (struct mv_peer_candidate){"", many[i]};
	}
	for (size_t i = 0, at = strlen(expected); i < 8; i++) {
		at += (size_t)snprintf(expected + at, sizeof(expected) - at, "  %s\n",
			mv_key_to_base64(key, many[i]));
		snprintf(expected + at, sizeof(expected) - at, "  and 4 more\n");
	}
	cr_expect_eq(mv_peer_argument_find(&found, peers, 12, "tun0", "x"), MV_EXIT_FAILED);
	fflush(stderr);
	cr_expect_stderr_eq_str(expected);
}

Test(peer_argument, a_device_without_peers)
{
	size_t found;

	cr_expect_eq(mv_peer_argument_find(&found, list, 0, "tun0", "alice"), MV_EXIT_FAILED);
	fflush(stderr);
	cr_expect_stderr_eq_str("minivpn: tun0 has no peers\n");
}
