#include "config/strip.h"

#include <errno.h>

#include "config_fixture.h"

TestSuite(strip, .init = enter_folder, .fini = leave_folder);

#define OWN  "[Interface]\nPrivateKey = " PRIVATE_A "\n"
#define PEER "[Peer]\nPublicKey = " PUBLIC_B "\n"

static void expect(const char *text, const char *expected)
{
	struct mv_config *config = NULL;
	char *stripped = NULL;

	write_bytes("wg0.conf", text, strlen(text), 0600);
	cr_assert_eq(mv_config_load(&config, "wg0.conf"), 0);
	cr_assert(config->valid, "%s", text);
	cr_assert_eq(mv_strip(&stripped, "wg0.conf", config), 0);
	cr_expect_str_eq(stripped, expected, "is:\n%s\nwanted:\n%s", stripped, expected);
	mv_strip_free(stripped);
	mv_config_destroy(config);
}

Test(strip, what_wg_knows_stays_as_it_is)
{
	static const char text[] = "# first\n\n[interface]\r\n  privatekey=" PRIVATE_A
				   " # inline\r\nListenPort=7\n" PEER
				   "\tAllowedIPs = 10.0.0.0/8 ,  fd00::/8\nEndpoint = "
				   "vpn.example.com:7";

	expect(text, text);
}

Test(strip, what_wg_does_not_know_goes)
{
	expect(OWN "Address = 10.0.0.1\nDNS = 9.9.9.9\nMTU = 1400\nTable = off\nSaveConfig = true\n"
		   "PreUp = echo # PublicKey = x\nPostUp = true\nPreDown = true\nPostDown = true\n"
		   "Device = tun9\nLanes = 2\nOffload = off\nFwMark = 7\n" PEER "Name = bob\n",
		OWN "FwMark = 7\n" PEER);
}

Test(strip, of_a_list_the_first_stays)
{
	expect(OWN PEER
		"Endpoint = b.example:domain, 192.0.2.1:7 # two\nResolveInterval = 60\n" PEER_C
		"Endpoint=[2001:DB8::1]:1,192.0.2.1:7",
		OWN PEER "Endpoint = b.example:53\n" PEER_C "Endpoint = [2001:db8::1]:1\n");
}

Test(strip, what_minivpn_alone_is_lenient_about_goes)
{
	expect("\xef\xbb\xbf"
	       "; a remark\n" OWN "  ; another\n" PEER,
		OWN PEER);
}

Test(strip, keys_take_the_place_of_their_files)
{
	write_bytes("own", PRIVATE_A "\n", strlen(PRIVATE_A "\n"), 0600);
	write_bytes("b", PUBLIC_B "\n", strlen(PUBLIC_B "\n"), 0600);
	write_bytes("psk", PRESHARED "\n", strlen(PRESHARED "\n"), 0600);
	expect("[Interface]\nPrivateKeyFile = own\n" PEER_C
	       "[Peer]\nPublicKeyFile = b\nPresharedKeyFile = psk\n",
		OWN PEER_C "[Peer]\nPublicKey = " PUBLIC_B "\nPresharedKey = " PRESHARED "\n");
}

Test(strip, what_is_excluded_is_taken_out)
{
	expect(OWN PEER "excludedips = 10.0.0.0/9, fd00::/8\n allowedips = 10.0.0.0/8 # all\n"
			"PersistentKeepalive = 7\nAllowedIPs = fd00::/7\n" PEER_C
			"AllowedIPs = 11.0.0.0/8,  12.0.0.0/8\nAllowedIPs = 13.0.0.0/8\n",
		OWN PEER "AllowedIPs = 10.128.0.0/9, fc00::/8\nPersistentKeepalive = 7\n" PEER_C
			 "AllowedIPs = 11.0.0.0/8,  12.0.0.0/8\nAllowedIPs = 13.0.0.0/8\n");
	expect(OWN PEER "AllowedIPs = 10.0.0.0/8\nExcludedIPs = 0.0.0.0/0", OWN PEER);
	expect(OWN PEER "ExcludedIPs = ::/0\n" PEER_C
			"ExcludedIPs = 10.0.0.1\nAllowedIPs=10.0.0.0/31",
		OWN PEER PEER_C "AllowedIPs = 10.0.0.0/32\n");
}

Test(strip, a_file_that_has_changed_is_not_mixed_with_what_it_was)
{
	struct mv_config *config = NULL;
	char *stripped = NULL;

	write_bytes("wg0.conf", OWN PEER, strlen(OWN PEER), 0600);
	cr_assert_eq(mv_config_load(&config, "wg0.conf"), 0);
	write_bytes("wg0.conf", OWN PEER PEER_C, strlen(OWN PEER PEER_C), 0600);
	cr_expect_eq(mv_strip(&stripped, "wg0.conf", config), -ESTALE);
	cr_expect_null(stripped);
	write_bytes("wg0.conf", OWN "nonsense\n", strlen(OWN "nonsense\n"), 0600);
	cr_expect_eq(mv_strip(&stripped, "wg0.conf", config), -ESTALE);
	/* Also where its lines look as if they could be the same. */
	const char *moved = "[Interface]\nPresharedKeyFile = psk\n" PEER;
	write_bytes("wg0.conf", moved, strlen(moved), 0600);
	cr_expect_eq(mv_strip(&stripped, "wg0.conf", config), -ESTALE);
	cr_expect_eq(mv_strip(&stripped, "no-such-file", config), -ENOENT);
	mv_config_destroy(config);
}
