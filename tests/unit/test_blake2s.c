#include "crypto/blake2s.h"

#include <criterion/criterion.h>
#include <string.h>

#include "hex.h"

static uint8_t counting[256]; /* 00 01 02 ... ff: key and text of the reference vectors */

static void count(void)
{
	for (size_t i = 0; i < sizeof(counting); i++) {
		counting[i] = (uint8_t)i;
	}
}

TestSuite(blake2s, .init = count);

/* RFC 7693, appendix B; the empty text is from the reference test file. */
Test(blake2s, published_hashes)
{
	static const struct {
		const char *text;
		const char *digest;
	} rows[] = {
		{"", "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9"},
		{"abc", "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t hash[MV_HASH_LEN], wanted[MV_HASH_LEN];

		unhex(wanted, sizeof(wanted), rows[i].digest);
		mv_hash(hash, rows[i].text, strlen(rows[i].text), NULL, 0);
		cr_assert_arr_eq(hash, wanted, sizeof(wanted), "\"%s\"", rows[i].text);
	}
}

/* Lengths about the block of 64 bytes; digests by Python's hashlib. */
Test(blake2s, hashes_of_counting_bytes)
{
	static const struct {
		size_t len;
		const char *digest;
	} rows[] = {
		{1, "e34d74dbaf4ff4c6abd871cc220451d2ea2648846c7757fbaac82fe51ad64bea"},
		{63, "e57cb79487dd57902432b250733813bd96a84efce59f650fac26e6696aefafc3"},
		{64, "56f34e8b96557e90c1f24b52d0c89d51086acf1b00f634cf1dde9233b8eaaa3e"},
		{65, "1b53ee94aaf34e4b159d48de352c7f0661d0a40edff95a0b1639b4090e974472"},
		{127, "f18417b39d617ab1c18fdf91ebd0fc6d5516bb34cf39364037bce81fa04cecb1"},
		{128, "1fa877de67259d19863a2a34bcc6962a2b25fcbf5cbecd7ede8f1fa36688a796"},
		{129, "5bd169e67c82c2c2e98ef7008bdf261f2ddf30b1c00f9e7f275bb3e8a28dc9a2"},
		{255, "f03f5789d3336b80d002d59fdf918bdb775b00956ed5528e86aa994acb38fe2d"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t hash[MV_HASH_LEN], wanted[MV_HASH_LEN];

		unhex(wanted, sizeof(wanted), rows[i].digest);
		mv_hash(hash, counting, rows[i].len, NULL, 0);
		cr_assert_arr_eq(hash, wanted, sizeof(wanted), "%zu bytes", rows[i].len);
	}
}

Test(blake2s, where_the_two_parts_meet_does_not_matter)
{
	uint8_t whole[MV_HASH_LEN], parts[MV_HASH_LEN];

	mv_hash(whole, counting, 200, NULL, 0);
	for (size_t cut = 0; cut <= 200; cut++) {
		mv_hash(parts, counting, cut, counting + cut, 200 - cut);
		cr_assert_arr_eq(parts, whole, sizeof(whole), "cut at %zu", cut);
	}
	mv_hash(parts, NULL, 0, counting, 200);
	cr_assert_arr_eq(parts, whole, sizeof(whole));
	mv_hash(parts, counting, 100, counting, 100);
	cr_assert_arr_neq(parts, whole, sizeof(whole));
}

/* The initial chaining key and hash of the WireGuard paper, section 5.4; the second in place. */
Test(blake2s, hashes_of_the_protocol_names)
{
	static const char construction[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
	static const char identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";
	uint8_t hash[MV_HASH_LEN], wanted[MV_HASH_LEN];

	unhex(wanted, sizeof(wanted),
		"60e26daef327efc02ec335e2a025d2d016eb4206f87277f52d38d1988b78cd36");
	mv_hash(hash, construction, strlen(construction), NULL, 0);
	cr_assert_arr_eq(hash, wanted, sizeof(wanted));

	unhex(wanted, sizeof(wanted),
		"2211b361081ac566691243db458ad5322d9c6c662293e8b70ee19c65ba079ef3");
	mv_hash(hash, hash, sizeof(hash), identifier, strlen(identifier));
	cr_assert_arr_eq(hash, wanted, sizeof(wanted));
}

Test(blake2s, the_output_may_be_the_second_part)
{
	uint8_t wanted[MV_HASH_LEN], second[MV_HASH_LEN];

	memcpy(second, counting + 7, sizeof(second));
	mv_hash(wanted, counting, 5, second, sizeof(second));
	mv_hash(second, counting, 5, second, sizeof(second));
	cr_assert_arr_eq(second, wanted, sizeof(wanted));
}

/* By Python's hashlib, in keyed mode with a digest of 16 bytes; 148 is a whole initiation. */
Test(blake2s, macs_of_counting_bytes)
{
	static const struct {
		size_t key_len;
		size_t len;
		const char *mac;
	} rows[] = {
		{1, 0, "01d7f4cea32638032b156c74aec7e87a"},
		{1, 64, "2ba2b6488a75dba441264fb7e2aec115"},
		{1, 65, "0fa18e1c3172182230710a4d6bc7b7c4"},
		{1, 148, "19b6467b310731f1d3ead528b328b4dc"},
		{32, 0, "9536f9b267655743dee97b8a670f9f53"},
		{32, 64, "f1efa90d2547036841ecd3627fafbc36"},
		{32, 65, "811ff8686d23a435ecbd0bdafcd27b1b"},
		{32, 148, "33bd6c20ca2a7ab916d6e98003c6c5f8"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t mac[MV_MAC_LEN], wanted[MV_MAC_LEN];

		unhex(wanted, sizeof(wanted), rows[i].mac);
		mv_mac(mac, counting, rows[i].key_len, counting, rows[i].len);
		cr_assert_arr_eq(mac, wanted, sizeof(wanted), "key %zu, text %zu", rows[i].key_len,
			rows[i].len);
	}
}

Test(blake2s, macs_of_abc_and_nothing_behind_them)
{
	uint8_t mac[MV_MAC_LEN + 1], wanted[MV_MAC_LEN];

	mac[MV_MAC_LEN] = 0x55;
	unhex(wanted, sizeof(wanted), "61ba5f165c194692e09d12520cc4c74a");
	mv_mac(mac, counting, 32, "abc", 3);
	cr_assert_arr_eq(mac, wanted, sizeof(wanted));
	unhex(wanted, sizeof(wanted), "75296c2d2c0f51210b383f386bc8b1ff");
	mv_mac(mac, counting, 16, "abc", 3);
	cr_assert_arr_eq(mac, wanted, sizeof(wanted));
	cr_assert_eq(mac[MV_MAC_LEN], 0x55);
}
