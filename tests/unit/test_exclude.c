/* ExcludedIPs in peer files: what is left of AllowedIPs, and what is said about it. */
#include "config/exclude.h"

#include "config_fixture.h"

TestSuite(exclude, .init = enter_folder, .fini = leave_folder);

/* "10.0.0.0/8 ..." of a list; to be freed. */
static char *text_of(const struct mv_prefix *list, size_t count)
{
	char *text, prefix[MV_PREFIX_TEXT_MAX];
	size_t length;
	FILE *out = open_memstream(&text, &length);

	cr_assert(out);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s%s", i > 0 ? " " : "", mv_prefix_print(prefix, &list[i]));
	}
	fclose(out);
	return text;
}

static void expect_list(const struct mv_prefix *list, size_t count, const char *expected)
{
	char *text = text_of(list, count);

	cr_expect_str_eq(text, expected, "is:\n%s\nwanted:\n%s", text, expected);
	free(text);
}

/* Of the first peer, and of the second one if there is one. */
static void expect(const char *peers, const char *messages, const char *first, const char *second)
{
	char text[4096];

	snprintf(text, sizeof(text), INTERFACE "%s", peers);
	struct mv_config *config = load(text);
	expect_messages(config, messages);
	expect_list(config->peers[0].allowed_ips, config->peers[0].allowed_ip_count, first);
	if (second) {
		expect_list(
			config->peers[1].allowed_ips, config->peers[1].allowed_ip_count, second);
	}
	mv_config_destroy(config);
}

Test(exclude, what_is_left_is_what_is_allowed)
{
	expect(PEER_B "AllowedIPs = 10.0.0.0/8, fd00::/8\nExcludedIPs = 10.0.0.0/9\n", "",
		"10.128.0.0/9 fd00::/8", NULL);
	expect(PEER_B "ExcludedIPs = 10.0.0.0/9\nAllowedIPs = 10.0.0.0/8, fd00::/8\n", "",
		"10.128.0.0/9 fd00::/8", NULL);
	expect(PEER_B "excludedips =  10.0.0.0/9 ,fd80::/9\nAllowedIPs = fd00::/8\n"
		      "ExcludedIPs = 11.0.0.1\nAllowedIPs = 10.0.0.0/7\n",
		"",
		"fd00::/9 10.128.0.0/9 11.0.0.0/32 11.0.0.2/31 11.0.0.4/30 11.0.0.8/29 "
		"11.0.0.16/28 11.0.0.32/27 11.0.0.64/26 11.0.0.128/25 11.0.1.0/24 11.0.2.0/23 "
		"11.0.4.0/22 11.0.8.0/21 11.0.16.0/20 11.0.32.0/19 11.0.64.0/18 11.0.128.0/17 "
		"11.1.0.0/16 11.2.0.0/15 11.4.0.0/14 11.8.0.0/13 11.16.0.0/12 11.32.0.0/11 "
		"11.64.0.0/10 11.128.0.0/9",
		NULL);
	expect(PEER_B "AllowedIPs = 10.0.0.0/8, 10.128.0.0/9\nExcludedIPs = 10.0.0.0/9\n", "",
		"10.128.0.0/9", NULL);
}

Test(exclude, each_peer_has_its_own)
{
	expect(PEER_B "AllowedIPs = 10.0.0.0/8\n" PEER_C
		      "AllowedIPs = fd00::/8\nExcludedIPs = fd00::/9\n",
		"", "10.0.0.0/8", "fd80::/9");
	expect(PEER_B "AllowedIPs = 10.0.0.0/8\nExcludedIPs = 10.128.0.0/9\n" PEER_C
		      "AllowedIPs = 10.128.0.0/9\n",
		"", "10.0.0.0/9", "10.128.0.0/9");
}

/* A part is longer than the prefix that was written, and must not win by that. */
Test(exclude, a_part_takes_nothing_from_another_peer)
{
	expect(PEER_B "AllowedIPs = 0.0.0.0/0\nExcludedIPs = 10.0.0.0/9\n" PEER_C
		      "AllowedIPs = 10.128.0.0/9\n",
		"",
		"0.0.0.0/5 8.0.0.0/7 11.0.0.0/8 12.0.0.0/6 16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 "
		"128.0.0.0/1",
		"10.128.0.0/9");
	expect(PEER_B "AllowedIPs = 10.128.0.0/9\n" PEER_C
		      "AllowedIPs = 8.0.0.0/5\nExcludedIPs = 10.0.0.0/9\n",
		"", "10.128.0.0/9", "8.0.0.0/7 11.0.0.0/8 12.0.0.0/6");
	expect(PEER_B "AllowedIPs = 8.0.0.0/5\nExcludedIPs = 10.1.0.0/16\n" PEER_C
		      "AllowedIPs = 10.0.0.0/8\n",
		"", "8.0.0.0/7 11.0.0.0/8 12.0.0.0/6", "10.0.0.0/8");
	/* What the other one excludes, too, falls to this one. */
	expect(PEER_B "AllowedIPs = 10.0.0.0/8\nExcludedIPs = 10.0.0.0/9\n" PEER_C
		      "AllowedIPs = 10.192.0.0/10\nExcludedIPs = 10.192.0.0/11\n",
		"", "10.128.0.0/9", "10.224.0.0/11");
	expect(PEER_B "AllowedIPs = 10.0.0.0/8\nExcludedIPs = 10.1.0.0/16\n" PEER_C
		      "AllowedIPs = 10.0.0.0/14\nExcludedIPs = 10.1.0.0/16, 10.2.0.0/15\n",
		"",
		"10.2.0.0/15 10.4.0.0/14 10.8.0.0/13 10.16.0.0/12 10.32.0.0/11 10.64.0.0/10 "
		"10.128.0.0/9",
		"10.0.0.0/16");
	/* But one that was written longer keeps its parts. */
	expect(PEER_B "AllowedIPs = 10.0.0.0/30\nExcludedIPs = 10.0.0.3\n" PEER_C
		      "AllowedIPs = 10.0.0.0/29\n",
		"", "10.0.0.0/31 10.0.0.2/32", "10.0.0.0/29");
}

Test(exclude, two_cannot_own_what_is_left)
{
	expect(PEER_B "AllowedIPs = 10.0.0.0/8\nExcludedIPs = 10.0.0.0/9\n" PEER_C
		      "AllowedIPs = 10.0.0.0/8\nExcludedIPs = 10.0.0.0/9\n",
		"9: error: AllowedIPs: 10.128.0.0/9 is given to another peer on line 5: it can go "
		"to only one\n",
		"10.128.0.0/9", "");
}

Test(exclude, messages)
{
	expect(PEER_B "AllowedIPs = 10.0.0.0/8\nExcludedIPs = 11.0.0.0/8, fd00::1/8\n",
		"6: warning: ExcludedIPs: 11.0.0.0/8 excludes nothing that is allowed\n"
		"6: warning: ExcludedIPs: 'fd00::1/8' has bits behind its prefix length: taken as "
		"fd00::/8\n"
		"6: warning: ExcludedIPs: fd00::/8 excludes nothing that is allowed\n",
		"10.0.0.0/8", NULL);
	expect(PEER_B "ExcludedIPs = 10.0.0.0/9\nExcludedIPs = 8.0.0.0/5\nAllowedIPs = "
		      "10.0.0.0/8\n",
		"6: warning: ExcludedIPs: nothing is left of AllowedIPs: no packet goes to this "
		"peer\n",
		"", NULL);
	expect(PEER_B "ExcludedIPs = 10.0.0.0/8\n",
		"5: warning: ExcludedIPs: 10.0.0.0/8 excludes nothing that is allowed\n", "", NULL);
	expect(PEER_B "AllowedIPs = 10.0.0.0/8\nExcludedIPs = 10.0.0.0/9,, x, 10.0.0.0/33\n",
		"6: error: ExcludedIPs: a comma with nothing before or behind it\n"
		"6: error: ExcludedIPs: 'x' is no address: write it as in 10.0.0.1/24 or "
		"fd00::1/64\n"
		"6: error: ExcludedIPs: '10.0.0.0/33': the prefix length of an IPv4 address is 0 "
		"to 32\n",
		"10.128.0.0/9", NULL);
	expect(PEER_B "ExcludeIPs = 10.0.0.0/8\n",
		"5: error: unknown key 'ExcludeIPs' in [Peer]: did you mean 'ExcludedIPs'?\n", "",
		NULL);
	/* What could not be read may well be what this is taken from. */
	expect(PEER_B "AllowedIPs = 11.0.0.0/33\nExcludedIPs = 11.0.0.0/16\n",
		"5: error: AllowedIPs: '11.0.0.0/33': the prefix length of an IPv4 address is 0 to "
		"32\n",
		"", NULL);
	expect(INTERFACE PEER_B "AllowedIPs = 10.0.0.0/8\n" INTERFACE "ExcludedIPs = 10.0.0.0/9\n",
		"4: warning: PrivateKey: given on line 2 too: this one, the last, counts\n"
		"9: warning: PrivateKey: given on line 4 too: this one, the last, counts\n"
		"10: error: ExcludedIPs: belongs in [Peer], not in [Interface]\n",
		"10.0.0.0/8", NULL);
}

Test(exclude, the_place_is_that_of_the_excluded)
{
	struct mv_config *config = load(
		INTERFACE PEER_B "AllowedIPs = 10.0.0.0/8\nExcludedIPs = 10.0.0.0/9 , fd00::/8\n");

	cr_assert_eq(config->message_count, 1);
	cr_expect_eq(config->messages[0].line, 6);
	cr_expect_eq(config->messages[0].column, 28);
	mv_config_destroy(config);
}

/* What is done for a network as a whole is done for what is left of it. */
Test(exclude, the_prefix_that_was_written_is_known)
{
	struct mv_config *config = load(INTERFACE PEER_B
		"AllowedIPs = 10.8.0.0/16, 0.0.0.0/0, ::/0\nExcludedIPs = 128.0.0.0/2\n" PEER_C
		"AllowedIPs = fd00::/8\n");
	const struct mv_config_peer *peer = &config->peers[0];

	expect_messages(config, "");
	expect_list(peer->allowed_ips, peer->allowed_ip_count,
		"10.8.0.0/16 0.0.0.0/1 192.0.0.0/2 ::/0");
	expect_list(
		peer->written_ips, peer->allowed_ip_count, "10.8.0.0/16 0.0.0.0/0 0.0.0.0/0 ::/0");
	expect_list(peer->excluded_ips, peer->excluded_ip_count, "128.0.0.0/2");
	cr_expect_null(config->peers[1].written_ips);
	cr_expect_eq(config->peers[1].excluded_ip_count, 0);
	mv_config_destroy(config);
}

/* 1000 single addresses, far from each other, leave more than 65536 parts of IPv6. */
Test(exclude, there_is_a_limit)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	cr_assert(out);
	fputs(INTERFACE PEER_B "AllowedIPs = ::/0\n", out);
	for (unsigned i = 0; i < 1000; i++) {
		fprintf(out, "ExcludedIPs = %x::1\n", i << 6);
	}
	fclose(out);
	struct mv_config *config = load(text);
	expect_messages(config,
		"6: error: ExcludedIPs: what is left of AllowedIPs are more than 65536 prefixes, "
		"in this file: exclude less\n");
	mv_config_destroy(config);
	free(text);
}
