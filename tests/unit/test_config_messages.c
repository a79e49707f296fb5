/* Peer files that are wrong, or odd, and what is said about them, word for word. */
#include "config/config.h"

#include <errno.h>

#include "config_fixture.h"

TestSuite(config_messages, .init = enter_folder, .fini = leave_folder);

struct row {
	const char *text, *messages;
};

static void expect_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct mv_config *config = load(rows[i].text);

		expect_messages(config, rows[i].messages);
		mv_config_destroy(config);
	}
}

#define EXPECT_ROWS(rows) expect_rows(rows, sizeof(rows) / sizeof((rows)[0]))

#define NO_KEY                                                                                     \
	"error: PrivateKey: missing from [Interface]: make one by 'minivpn genkey > FILE' and "    \
	"name it here by PrivateKeyFile = FILE\n"
#define KEY_LENGTH "wrong length: a key is 44 characters of base64, the last one '='\n"
#define NOT_BASE64 "not base64: a key is 43 of A-Z a-z 0-9 + / and a '=' at the end\n"
#define DAMAGED    "damaged: the last character before the '=' is none that a key ends in\n"
#define LOW_ORDER                                                                                  \
	"warning: PublicKey: no handshake can succeed with this key (a point of low order): take " \
	"what 'minivpn pubkey' prints at the peer\n"

Test(config_messages, sections_and_keys)
{
	static const struct row rows[] = {
		{"", "0: " NO_KEY},
		{"\n[Interface]\n", "2: " NO_KEY},
		{PEER_B, "0: " NO_KEY},
		{INTERFACE "[Peeer]\nPublicKey = x\nwhat = ever\n",
			"3: error: unknown section 'Peeer': there are [Interface] and [Peer]\n"},
		{INTERFACE "[Peer\nPublicKey = " PUBLIC_B "\n",
			"3: error: a section begins with [Interface] or [Peer] on a line of its "
			"own\n"},
		{"ListenPort = 1\nfoo = 2\n" INTERFACE,
			"1: error: ListenPort: outside of any section: it belongs below "
			"[Interface]\n"
			"2: error: a key outside of any section: the first line is [Interface]\n"},
		{INTERFACE PEER_B "AlowedIPs = 10.0.0.0/8\n",
			"5: error: unknown key 'AlowedIPs' in [Peer]: did you mean "
			"'AllowedIPs'?\n"},
		{INTERFACE "A ddress = 10.0.0.1\n", "3: error: unknown key 'A ddress' in "
						    "[Interface]: did you mean 'Address'?\n"},
		{INTERFACE "AlowedIPs = 10.0.0.0/8\n", "3: error: unknown key 'AlowedIPs' in "
						       "[Interface]: did you mean 'AllowedIPs', "
						       "which belongs in [Peer]?\n"},
		{INTERFACE "colour = red\n",
			"3: error: unknown key 'colour' in [Interface]: there are PrivateKey, "
			"PrivateKeyFile, Address, ListenPort, FwMark, MTU, DNS, Table, PreUp, "
			"PostUp, "
			"PreDown, PostDown, SaveConfig, "
			"Device, Lanes, Offload, Namespace, SocketNamespace\n"},
		{INTERFACE PEER_B "colour = red\n",
			"5: error: unknown key 'colour' in [Peer]: there are PublicKey, "
			"PublicKeyFile, Name, "
			"PresharedKey, PresharedKeyFile, AllowedIPs, ExcludedIPs, Endpoint, "
			"ResolveInterval, "
			"PersistentKeepalive\n"},
		{INTERFACE "endpoint = x:1\n" PEER_B "MTU = 1400\n",
			"3: error: Endpoint: belongs in [Peer], not in [Interface]\n"
			"6: error: MTU: belongs in [Interface], not in [Peer]\n"},
		{INTERFACE "ListenPort 51820\nListenPort: 51820\n = 51820\n",
			"3: error: no '=': a line has the form key = value\n"
			"4: error: no '=': it is '=', not ':', that separates a key from its "
			"value\n"
			"5: error: no key before the '=': a line has the form key = value\n"},
		{INTERFACE "ListenPort =\nAddress = # none\n" PEER_B
			   "AllowedIPs =\nEndpoint = \t\n",
			"3: error: ListenPort: no value after the '='\n"
			"4: error: Address: no value after the '='\n"
			"7: error: AllowedIPs: no value after the '='\n"
			"8: error: Endpoint: no value after the '='\n"},
		{INTERFACE "MTU = \x01\n", "3: error: a control byte: a peer file is plain text\n"},
		{"[ Interface ]\nPrivateKey = " PRIVATE_A "\nAddress = 10.0.0.1\n",
			"3: error: Address: write the header of line 1 without spaces, as "
			"[Interface]\n"},
		{INTERFACE "k ", "3: error: no '=': a line has the form key = value\n"},
		{"\xef\xbb\xbf\xef\xbb\xbf" INTERFACE,
			"0: " NO_KEY "1: error: an invisible byte-order mark (EF BB BF) within the "
			"text: take it out\n"
			"2: error: PrivateKey: outside of any section: it belongs below "
			"[Interface]\n"},
	};

	EXPECT_ROWS(rows);
}

Test(config_messages, keys_as_text)
{
	static const struct row rows[] = {
		{"[Interface]\nPrivateKey = YLhIxqRXQ3Fp+8lqBRjWbLFK6xGhX4zCkhcmMzKfBU=\n",
			"2: error: PrivateKey: " KEY_LENGTH},
		{"[Interface]\nPrivateKey = " PRIVATE_A "A\n", "2: error: PrivateKey: " KEY_LENGTH},
		{"[Interface]\nPrivateKey = YLhIxqRXQ3Fp+8lqBRjWbLFK6xGhX4zCkhcmMzKf-UY=\n",
			"2: error: PrivateKey: " NOT_BASE64},
		{"[Interface]\nPrivateKey = YLhIxqRXQ3Fp+8lqBRjWbLFK6xGhX4zCkhcmMzKfBUYA\n",
			"2: error: PrivateKey: " NOT_BASE64},
		{"[Interface]\nPrivateKey = YLhIxqRXQ3Fp+8lqBRjWbLFK6xGhX4zCkhcmMzKfBUZ=\n",
			"2: error: PrivateKey: " DAMAGED},
		{"[Interface]\nPrivateKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
			"2: error: PrivateKey: all zero, which means no key: make one by 'minivpn "
			"genkey'\n"},
		{INTERFACE "[Peer]\nPublicKey = short\n", "4: error: PublicKey: " KEY_LENGTH},
		{INTERFACE PEER_B "PresharedKey = short\n", "5: error: PresharedKey: " KEY_LENGTH},
		{INTERFACE "[Peer]\nEndpoint = a:1\n", "3: error: PublicKey: missing from this "
						       "[Peer]: a peer is known by its public "
						       "key\n"},
		{INTERFACE "[Peer]\n[Peer]\n", "3: error: PublicKey: missing from this [Peer]: a "
					       "peer is known by its public "
					       "key\n"
					       "4: error: PublicKey: missing from this [Peer]: a "
					       "peer is known by its public "
					       "key\n"},
		{INTERFACE "[Peer]\nPublicKey = " PUBLIC_A "\n",
			"4: warning: PublicKey: this is the public key of [Interface] itself, not "
			"a "
			"peer's\n"},
	};

	EXPECT_ROWS(rows);
}

#define UNCLAMPED "//////////////////////////////////////////8="

/* In order by themselves, but they lead nowhere. */
Test(config_messages, ways_that_lead_nowhere)
{
	static const struct row rows[] = {
		{INTERFACE "[Peer]\nPublicKey = " PRIVATE_A "\n",
			"4: error: PublicKey: this is the private key of [Interface]: take what "
			"'minivpn pubkey' prints at the peer\n"},
		/* The same key before it was clamped, on both sides. */
		{"[Interface]\nPrivateKey = " UNCLAMPED "\n[Peer]\nPublicKey = " UNCLAMPED "\n",
			"4: error: PublicKey: this is the private key of [Interface]: take what "
			"'minivpn pubkey' prints at the peer\n"},
		{INTERFACE "Table = main\n" PEER_B
			   "Endpoint = 192.0.2.2:1\nAllowedIPs = 10.0.0.2/32, 192.0.2.0/24\n",
			"7: warning: AllowedIPs: 192.0.2.0/24 contains the Endpoint 192.0.2.2:1: "
			"with this Table sealed packets would go into the tunnel; leave it to "
			"Table = auto\n"},
		{INTERFACE PEER_B
			"Endpoint = 192.0.2.2:1\nAllowedIPs = 10.0.0.2/32, 192.0.2.0/24\n",
			""},
		{INTERFACE "Address = 10.0.0.2/24\n" PEER_B "AllowedIPs = 10.0.0.2/32\n",
			"6: warning: AllowedIPs: 10.0.0.2/32 is the Address of this machine "
			"itself\n"},
		{INTERFACE "Address = 10.0.0.2/24\n" PEER_B "AllowedIPs = 10.0.0.0/24\n", ""},
	};

	EXPECT_ROWS(rows);
}

/* The points whose X25519 result is zero with every clamped scalar. */
Test(config_messages, public_keys_of_low_order)
{
	static const struct row rows[] = {
		{INTERFACE "[Peer]\nPublicKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
			"4: " LOW_ORDER},
		{INTERFACE "[Peer]\nPublicKey = AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
			"4: " LOW_ORDER},
		{INTERFACE "[Peer]\nPublicKey = 4Ot6fDtBuK4WVuP68Z/EatoJjeucMrH9hmIFFl9JuAA=\n",
			"4: " LOW_ORDER},
		{INTERFACE "[Peer]\nPublicKey = X5yVvKNQjCSx0LFVnIPvWwREXMRYHI6G2CJO3dCfEVc=\n",
			"4: " LOW_ORDER},
		{INTERFACE "[Peer]\nPublicKey = 7P///////////////////////////////////////38=\n",
			"4: " LOW_ORDER},
		{INTERFACE "[Peer]\nPublicKey = 7f///////////////////////////////////////38=\n",
			"4: " LOW_ORDER},
		{INTERFACE "[Peer]\nPublicKey = 7v///////////////////////////////////////38=\n",
			"4: " LOW_ORDER},
	};

	EXPECT_ROWS(rows);
}

Test(config_messages, numbers)
{
	static const struct row rows[] = {
		{INTERFACE "Lanes = 0\n",
			"3: error: Lanes: '0' is not a number of lanes from 1 to 16\n"},
		{INTERFACE "Offload = yes\n",
			"3: error: Offload: 'yes': write on, which is the default, or off\n"},
		{INTERFACE "Namespace = a/b\n",
			"3: error: Namespace: 'a/b': write the name of a network namespace, as 'ip "
			"netns' lists it, or its absolute path\n"},
		{INTERFACE "SocketNamespace = ..\n",
			"3: error: SocketNamespace: '..': write the name of a network namespace, "
			"as 'ip netns' lists it, or its absolute path\n"},
		{INTERFACE "ListenPort = 70000\n",
			"3: error: ListenPort: '70000' is not a port number from 0 to 65535\n"},
		{INTERFACE "ListenPort = -1\n",
			"3: error: ListenPort: '-1' is not a port number from 0 to 65535\n"},
		{INTERFACE "ListenPort = +51820\n",
			"3: error: ListenPort: '+51820' is not a port number from 0 to 65535\n"},
		{INTERFACE "ListenPort = 51820 51821\n", "3: error: ListenPort: '5182051821' is "
							 "not a port number from 0 to 65535\n"},
		{INTERFACE "ListenPort = no-such-one\n",
			"3: error: ListenPort: 'no-such-one' is neither a port number from 0 to "
			"65535 nor the name of a UDP service\n"},
		{INTERFACE "MTU = 575\nMTU = 65536\nMTU = 1420 bytes\nMTU = 0x5dc\n",
			"3: error: MTU: '575' is not a number from 576 to 65535\n"
			"4: warning: MTU: given on line 3 too: this one, the last, counts\n"
			"4: error: MTU: '65536' is not a number from 576 to 65535\n"
			"5: warning: MTU: given on line 4 too: this one, the last, counts\n"
			"5: error: MTU: '1420 bytes' is not a number from 576 to 65535\n"
			"6: warning: MTU: given on line 5 too: this one, the last, counts\n"
			"6: error: MTU: '0x5dc' is not a number from 576 to 65535\n"},
		{INTERFACE "MTU = 1279\nAddress = 10.0.0.1\n" PEER_B "AllowedIPs = 10.0.0.0/8\n",
			""},
		{INTERFACE "MTU = 1280\nAddress = fd00::1\n", ""},
		{INTERFACE "MTU = 1279\nAddress = fd00::1\n",
			"3: error: MTU: 1279 is too small for the IPv6 addresses of this file: at "
			"least 1280\n"},
		{INTERFACE "MTU = 1279\n" PEER_B "AllowedIPs = ::/0\n",
			"3: error: MTU: 1279 is too small for the IPv6 addresses of this file: at "
			"least 1280\n"},
		{INTERFACE PEER_B "PersistentKeepalive = 65536\n",
			"5: error: PersistentKeepalive: '65536' is not 'off' or a number of "
			"seconds "
			"from 0 to 65535\n"},
		{INTERFACE PEER_B "PersistentKeepalive = on\n",
			"5: error: PersistentKeepalive: 'on' is not 'off' or a number of seconds "
			"from "
			"0 to 65535\n"},
	};

	EXPECT_ROWS(rows);
}

Test(config_messages, device_names)
{
	static const struct row rows[] = {
		{INTERFACE "Device = sixteen-letters0\n", "3: error: Device: 'sixteen-letters0': a "
							  "device name has 1 to 15 of A-Z a-z "
							  "0-9 _ = + . -\n"},
		{INTERFACE "Device = my tun\n", "3: error: Device: 'my tun': a device name has 1 "
						"to 15 of A-Z a-z 0-9 _ = + . "
						"-\n"},
	};
	struct mv_config *config;

	EXPECT_ROWS(rows);
	write_file("a name too long.conf", INTERFACE);
	config = load_path("a name too long.conf");
	expect_messages(config, "0: error: Device: missing, and the file's name gives 'a name too "
				"long': a device name has 1 to 15 of A-Z a-z 0-9 _ = + . -\n");
	mv_config_destroy(config);
}

#define NO_ADDRESS "is no address: write it as in 10.0.0.1/24 or fd00::1/64\n"

Test(config_messages, addresses)
{
	static const struct row rows[] = {
		{INTERFACE "Address = 10.0.0.256/24, ::g, 10.0.0.2 /24, tun.example.com\n",
			"3: error: Address: '10.0.0.256/24' " NO_ADDRESS
			"3: error: Address: '::g' " NO_ADDRESS
			"3: error: Address: '/24' " NO_ADDRESS
			"3: error: Address: 'tun.example.com' " NO_ADDRESS},
		{INTERFACE "Address = 10.0.0.1/33, fd00::1/129, 10.0.0.1/255.255.255.0, fd00::/x\n",
			"3: error: Address: '10.0.0.1/33': the prefix length of an IPv4 address is "
			"0 "
			"to 32\n"
			"3: error: Address: 'fd00::1/129': the prefix length of an IPv6 address is "
			"0 "
			"to 128\n"
			"3: error: Address: '10.0.0.1/255.255.255.0': the prefix length of an IPv4 "
			"address is 0 to 32\n"
			"3: error: Address: 'fd00::/x': the prefix length of an IPv6 address is 0 "
			"to "
			"128\n"},
		{INTERFACE "Address = 10.0.0.1/24\nAddress = fd00::1, 10.0.0.1/32\n",
			"4: error: Address: 10.0.0.1 is given twice, first on line 3\n"},
		{INTERFACE "Address = , ,\n", "3: error: Address: no address in this list\n"},
		{INTERFACE "Address = " PRIVATE_A "\n",
			"3: error: Address: (hidden: it could be a key) " NO_ADDRESS},
	};

	EXPECT_ROWS(rows);
}

Test(config_messages, allowed_ips)
{
	static const struct row rows[] = {
		{INTERFACE PEER_B
			"AllowedIPs = 10.0.0.0/33\nAllowedIPs = 10.0.0/8, example.com/8\n",
			"5: error: AllowedIPs: '10.0.0.0/33': the prefix length of an IPv4 address "
			"is "
			"0 to 32\n"
			"6: error: AllowedIPs: '10.0.0/8' " NO_ADDRESS
			"6: error: AllowedIPs: 'example.com/8' " NO_ADDRESS},
		{INTERFACE PEER_B
			"AllowedIPs = 10.0.0.0/8,, 11.0.0.0/8\nAllowedIPs = 12.0.0.0/8,\n",
			"5: error: AllowedIPs: a comma with nothing before or behind it\n"
			"6: error: AllowedIPs: a comma with nothing before or behind it\n"},
		{INTERFACE PEER_B "AllowedIPs = 10.1.2.3/8, fd00::1/64\n",
			"5: warning: AllowedIPs: '10.1.2.3/8' has bits behind its prefix length: "
			"taken "
			"as 10.0.0.0/8\n"
			"5: warning: AllowedIPs: 'fd00::1/64' has bits behind its prefix length: "
			"taken "
			"as fd00::/64\n"},
		{INTERFACE PEER_B "AllowedIPs = 10.0.0.0/8, 11.0.0.0/8\n" PEER_C
				  "AllowedIPs = ::/0\nAllowedIPs = 10.0.0.0/9, 11.2.3.4/8\n",
			"9: warning: AllowedIPs: '11.2.3.4/8' has bits behind its prefix length: "
			"taken "
			"as 11.0.0.0/8\n"
			"9: error: AllowedIPs: 11.0.0.0/8 is given to another peer on line 5: it "
			"can "
			"go to only one\n"},
	};

	EXPECT_ROWS(rows);
}

Test(config_messages, duplicate_peers)
{
	static const struct row rows[] = {
		{INTERFACE PEER_B PEER_C PEER_B, "8: error: PublicKey: the peer of line 3 has the "
						 "same key: make one [Peer] of "
						 "both\n"},
		/* Two bad keys are no pair. */
		{INTERFACE "[Peer]\nPublicKey = x\n[Peer]\nPublicKey = x\n",
			"4: error: PublicKey: " KEY_LENGTH "6: error: PublicKey: " KEY_LENGTH},
	};

	EXPECT_ROWS(rows);
}

#define NO_NAME                                                                                    \
	"not a name: a name is up to 63 bytes of printable UTF-8 without '#', and no blank "       \
	"begins or ends it\n"

Test(config_messages, names)
{
	static const struct row rows[] = {
		{INTERFACE PEER_B "Name = alice\n" PEER_C "Name = bob\n", ""},
		{INTERFACE PEER_B "Name = alice\n" PEER_C "# this one is new\nName = alice\n",
			"9: error: Name: 'alice' is the name of another peer on line 5\n"},
		/* Of two in one peer the last one counts, and is compared. */
		{INTERFACE PEER_B "Name = x\nName = alice\n" PEER_C "Name = x\n",
			"6: warning: Name: given on line 5 too: this one, the last, counts\n"},
		{INTERFACE PEER_B "Name = " PUBLIC_C "\n",
			"5: error: Name: this looks like a key, which belongs into PublicKey: a "
			"name is what people call the peer\n"},
		{INTERFACE PEER_B "Name = caf\xe9\n", "5: error: Name: " NO_NAME},
		{INTERFACE PEER_B
			"Name = 12345678-12345678-12345678-12345678-12345678-12345678-12345678-1\n",
			"5: error: Name: " NO_NAME},
		{INTERFACE PEER_B "Name =\n", "5: error: Name: no value after the '='\n"},
		{INTERFACE "Name = alice\n",
			"3: error: Name: belongs in [Peer], not in [Interface]\n"},
		/* A bad one is no twin of another bad one. */
		{INTERFACE PEER_B "Name = a\xe9\n" PEER_C "Name = a\xe9\n",
			"5: error: Name: " NO_NAME "8: error: Name: " NO_NAME},
		{INTERFACE PEER_B "Name = alice\nAllowedIPs = 10.0.0.0/8\n" PEER_C
				  "AllowedIPs = 10.0.0.0/8\n",
			"9: error: AllowedIPs: 10.0.0.0/8 is given to peer alice on line 6: it can "
			"go to only one\n"},
	};

	EXPECT_ROWS(rows);
}

static void expect_endpoint(const char *value, const char *message)
{
	char text[512], expected[512];
	struct mv_config *config;

	snprintf(text, sizeof(text), INTERFACE PEER_B "Endpoint = %s\n", value);
	snprintf(expected, sizeof(expected), "5: %s\n", message);
	config = load(text);
	expect_messages(config, expected);
	mv_config_destroy(config);
}

Test(config_messages, endpoints)
{
	expect_endpoint("vpn.example.com",
		"error: Endpoint: no port: write it behind a ':', as in vpn.example.com:51820");
	expect_endpoint("[fd00::1]",
		"error: Endpoint: no port: write it behind a ':', as in [fd00::1]:51820");
	expect_endpoint("[fd00::1]51820",
		"error: Endpoint: no port: write it behind a ':', as in [fd00::1]:51820");
	expect_endpoint(
		"[fd00::1:51820", "error: Endpoint: '[fd00::1:51820': a '[' without its ']'");
	expect_endpoint("fd00::1:51820",
		"error: Endpoint: an IPv6 address stands in brackets: write [fd00::1]:51820");
	expect_endpoint("1:2:3:4:5:6:7:8", "error: Endpoint: an IPv6 address stands in brackets: "
					   "write [1:2:3:4:5:6:7:8]:PORT");
	/* Only a number is taken for the port: what stands there by mistake may be a key. */
	expect_endpoint("fd00::1:" PRESHARED, "error: Endpoint: (hidden: it could be a key) is "
					      "neither host:port nor [IPv6 address]:port");
	expect_endpoint("fd00::1:abcd", "error: Endpoint: an IPv6 address stands in brackets: "
					"write [fd00::1:abcd]:PORT");
	expect_endpoint("https://vpn.example.com:51820",
		"error: Endpoint: 'https://vpn.example.com:51820' is neither host:port nor [IPv6 "
		"address]:port");
	expect_endpoint(
		"vpn.example.com:0", "error: Endpoint: '0' is not a port number from 1 to 65535");
	expect_endpoint("vpn.example.com:70000",
		"error: Endpoint: '70000' is not a port number from 1 to 65535");
	expect_endpoint("vpn.example.com:no-such-one",
		"error: Endpoint: 'no-such-one' is neither a port number from 1 to 65535 nor the "
		"name of a UDP service");
	expect_endpoint(
		"vpn.example.com:", "error: Endpoint: '' is not a port number from 1 to 65535");
	expect_endpoint(
		"192.0.2.1:-1", "error: Endpoint: '-1' is not a port number from 1 to 65535");
	expect_endpoint("192.0.2.256:7", "error: Endpoint: '192.0.2.256' is no IPv4 address");
	expect_endpoint("192.0.2:7", "error: Endpoint: '192.0.2' is no IPv4 address");
	expect_endpoint(":7", "error: Endpoint: no host before the port");
	expect_endpoint("[vpn.example.com]:7", "error: Endpoint: 'vpn.example.com' is no IPv6 "
					       "address: only these stand in brackets");
	expect_endpoint("[fd00::1%]:7",
		"error: Endpoint: 'fd00::1%' is no IPv6 address: only these stand in brackets");
	expect_endpoint("[192.0.2.1]:7",
		"error: Endpoint: '192.0.2.1' is no IPv6 address: only these stand in brackets");
	expect_endpoint("vpn/x:7", "error: Endpoint: 'vpn/x': '/' is not part of a host name");
	expect_endpoint("[fe80::1]:7",
		"warning: Endpoint: a link-local address needs its device, as "
		"in [fe80::1%eth0]:7");
}

Test(config_messages, lists_of_endpoints)
{
	char value[MV_ENDPOINTS_MAX * 16 + 16];
	size_t len = 0;

	expect_endpoint("a.example:1,,b.example:2",
		"error: Endpoint: a comma with nothing before or behind it");
	expect_endpoint(
		"a.example:1,", "error: Endpoint: a comma with nothing before or behind it");
	expect_endpoint("a.example:1, b.example",
		"error: Endpoint: no port: write it behind a ':', as in vpn.example.com:51820");
	expect_endpoint("a.example:1, fd00::1:7",
		"error: Endpoint: an IPv6 address stands in brackets: write [fd00::1]:7");
	for (unsigned i = 0; i <= MV_ENDPOINTS_MAX; i++) {
		len += (size_t)snprintf(
			value + len, sizeof(value) - len, "%s192.0.2.1:%u", i ? "," : "", i + 1);
	}
	expect_endpoint(value, "error: Endpoint: a peer has at most 16 endpoints");
}

Test(config_messages, resolve_intervals)
{
	static const struct row rows[] = {
		{INTERFACE PEER_B "Endpoint = a:1\nResolveInterval = 9\n",
			"6: error: ResolveInterval: '9' is not 'off' or a number of seconds from "
			"10 to 86400\n"},
		{INTERFACE PEER_B "Endpoint = a:1\nResolveInterval = 86401\n",
			"6: error: ResolveInterval: '86401' is not 'off' or a number of seconds "
			"from 10 to 86400\n"},
		{INTERFACE "ResolveInterval = 60\n",
			"3: error: ResolveInterval: belongs in [Peer], not in [Interface]\n"},
	};

	EXPECT_ROWS(rows);
}

Test(config_messages, a_host_name_has_a_greatest_length)
{
	char value[264];

	memset(value, 'n', 254);
	snprintf(value + 254, sizeof(value) - 254, ":7");
	expect_endpoint(value, "error: Endpoint: a host name has at most 253 characters");
}

Test(config_messages, what_is_given_twice)
{
	static const struct row rows[] = {
		{INTERFACE "ListenPort = 1\nListenPort = 2\n",
			"4: warning: ListenPort: given on line 3 too: this one, the last, "
			"counts\n"},
		{INTERFACE PEER_B "Endpoint = a:1\nEndpoint = 192.0.2.1:2\n",
			"6: warning: Endpoint: given on line 5 too: this one, the last, counts\n"},
		{INTERFACE "PrivateKeyFile = a.key\n",
			"3: error: PrivateKeyFile: line 2 has PrivateKey: keep one of them\n"},
		{INTERFACE "[Peer]\nPublicKeyFile = b.pub\nPublicKey = " PUBLIC_B "\n",
			"5: error: PublicKey: line 4 has PublicKeyFile: keep one of them\n"},
	};
	struct mv_config *config;

	write_file("a.key", PRIVATE_A "\n");
	write_file("b.pub", PUBLIC_B "\n");
	EXPECT_ROWS(rows);

	config = load(rows[0].text);
	cr_expect_eq(config->listen_port, 2);
	mv_config_destroy(config);
	config = load(rows[1].text);
	cr_expect_str_eq(config->peers[0].endpoints, "192.0.2.1:2");
	mv_config_destroy(config);
}

Test(config_messages, key_files, .timeout = 10)
{
	static const struct row rows[] = {
		{"[Interface]\nPrivateKeyFile = no.key\n",
			"2: error: PrivateKeyFile: no.key: no such file: make it by 'minivpn "
			"genkey'\n"},
		{INTERFACE "[Peer]\nPublicKeyFile = no.pub\nPresharedKeyFile = no.psk\n",
			"4: error: PublicKeyFile: no.pub: no such file: make it by 'minivpn "
			"pubkey'\n"
			"5: error: PresharedKeyFile: no.psk: no such file: make it by 'minivpn "
			"genpsk'\n"},
		{"[Interface]\nPrivateKeyFile = .\n",
			"2: error: PrivateKeyFile: .: this is a directory, not a file\n"},
		{"[Interface]\nPrivateKeyFile = fifo\n",
			"2: error: PrivateKeyFile: fifo: this is not a regular file\n"},
		{"[Interface]\nPrivateKeyFile = long.key\n",
			"2: error: PrivateKeyFile: long.key: the file is too long\n"},
		{"[Interface]\nPrivateKeyFile = empty.key\n",
			"2: error: PrivateKeyFile: empty.key: the file is empty\n"},
		{"[Interface]\nPrivateKeyFile = short.key\n",
			"2: error: PrivateKeyFile: short.key: " KEY_LENGTH},
		{"[Interface]\nPrivateKeyFile = two.key\n",
			"2: error: PrivateKeyFile: two.key: more than one word: a key file holds "
			"one "
			"key and nothing else\n"},
		{"[Interface]\nPrivateKeyFile = binary.key\n",
			"2: error: PrivateKeyFile: binary.key: not base64: this is not a text "
			"file\n"},
		{"[Interface]\nPrivateKeyFile = zero.key\n",
			"2: error: PrivateKeyFile: all zero, which means no key: make one by "
			"'minivpn "
			"genkey'\n"},
		{"[Interface]\nPrivateKeyFile = " PRIVATE_A "\n",
			"2: error: PrivateKeyFile: no such file, and the value looks like a key: "
			"this "
			"one takes a path, the key without 'File' takes a key\n"},
	};

	cr_assert_eq(mkfifo("fifo", 0600), 0);
	write_bytes("long.key", (char[257]){0}, 257, 0600);
	write_file("empty.key", "\n");
	write_file("short.key", "short\n");
	write_file("two.key", PRIVATE_A "\n" PRIVATE_A "\n");
	write_bytes("binary.key", PRIVATE_A "\0\n", strlen(PRIVATE_A) + 2, 0600);
	write_file("zero.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
	EXPECT_ROWS(rows);
}

Test(config_messages, an_unreadable_key_file)
{
	struct mv_config *config;

	/* Root reads everything: become nobody, who may read the peer file but not the key. */
	write_bytes("a.key", PRIVATE_A "\n", strlen(PRIVATE_A) + 1, 0);
	write_file("test.ini", "[Interface]\nPrivateKeyFile = a.key\n");
	cr_assert_eq(chmod("test.ini", 0644), 0);
	cr_assert_eq(chmod(".", 0755), 0);
	if (geteuid() == 0) {
		cr_assert_eq(seteuid(65534), 0);
	}
	config = load_path("test.ini");
	if (getuid() == 0) {
		cr_assert_eq(seteuid(0), 0);
	}
	expect_messages(config, "2: error: PrivateKeyFile: a.key: Permission denied\n");
	mv_config_destroy(config);
}

Test(config_messages, keys_that_others_may_read)
{
	struct mv_config *config;

	write_bytes("a.key", PRIVATE_A "\n", strlen(PRIVATE_A) + 1, 0640);
	write_bytes("psk", PRESHARED "\n", strlen(PRESHARED) + 1, 0604);
	write_bytes("b.pub", PUBLIC_B "\n", strlen(PUBLIC_B) + 1, 0644);
	config = load("[Interface]\nPrivateKeyFile = a.key\n[Peer]\nPublicKeyFile = b.pub\n"
		      "PresharedKeyFile = psk\n");
	expect_messages(config,
		"2: warning: PrivateKeyFile: others may read a.key: chmod 600 a.key\n"
		"5: warning: PresharedKeyFile: others may read psk: chmod 600 psk\n");
	mv_config_destroy(config);

	/* The peer file itself counts only if a secret stands in it. */
	cr_assert_eq(chmod("a.key", 0600), 0);
	cr_assert_eq(chmod("psk", 0600), 0);
	cr_assert_eq(chmod("test.ini", 0644), 0);
	config = load_path("test.ini");
	expect_messages(config, "");
	mv_config_destroy(config);

	write_bytes("test.ini", INTERFACE, strlen(INTERFACE), 0644);
	config = load_path("test.ini");
	expect_messages(config,
		"0: warning: others may read this file and the key in it: chmod 600 test.ini\n");
	mv_config_destroy(config);
}

Test(config_messages, all_errors_at_once_in_the_order_of_lines)
{
	static const struct row rows[] = {
		{"MTU = 1\n"
		 "[Interface]\n"
		 "ListenPort = 70000\n"
		 "[Peer]\n"
		 "AllowedIPs = 10.0.0.0/33\n"
		 "Endpoint\n"
		 "[Peer]\n"
		 "PublicKey = " PUBLIC_B "\n"
		 "colour = red\n"
		 "DNS = 10.0.0.1\n",
			"1: error: MTU: outside of any section: it belongs below [Interface]\n"
			"2: " NO_KEY
			"3: error: ListenPort: '70000' is not a port number from 0 to 65535\n"
			"4: error: PublicKey: missing from this [Peer]: a peer is known by its "
			"public "
			"key\n"
			"5: error: AllowedIPs: '10.0.0.0/33': the prefix length of an IPv4 address "
			"is "
			"0 to 32\n"
			"6: error: no '=': a line has the form key = value\n"
			"9: error: unknown key 'colour' in [Peer]: there are PublicKey, "
			"PublicKeyFile, Name, "
			"PresharedKey, PresharedKeyFile, AllowedIPs, ExcludedIPs, Endpoint, "
			"ResolveInterval, "
			"PersistentKeepalive\n"
			"10: error: DNS: belongs in [Interface], not in [Peer]\n"},
	};

	EXPECT_ROWS(rows);
}

Test(config_messages, what_is_no_peer_file, .timeout = 10)
{
	struct mv_config *config;

	config = load_path(".");
	expect_messages(config, "0: error: this is a directory, not a file\n");
	mv_config_destroy(config);

	cr_assert_eq(mkfifo("fifo", 0600), 0);
	config = load_path("fifo");
	expect_messages(config, "0: error: this is not a regular file\n");
	mv_config_destroy(config);

	write_file("huge.ini", "");
	cr_assert_eq(truncate("huge.ini", ((off_t)16 << 20) + 1), 0);
	config = load_path("huge.ini");
	expect_messages(config, "0: error: the file is too long\n");
	mv_config_destroy(config);
}

/* Files that would be slow if anything took a step for each pair, or memory for each message. */
Test(config_messages, large_nonsense_is_answered_soon, .timeout = 60)
{
	static const char *const lines[] = {
		"[Peer]\n", "x\n", "\n", "[Interface]\n", "a=\n", "\0\n"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		FILE *file = fopen("large.ini", "w");
		struct mv_config *config;

		cr_assert(file);
		for (int n = 0; n < 200000; n++) {
			fputs(lines[i], file);
		}
		fclose(file);
		config = load_path("large.ini");
		cr_expect_not(config->valid);
		cr_expect_leq(config->message_count, 1001);
		mv_config_destroy(config);
	}
}
