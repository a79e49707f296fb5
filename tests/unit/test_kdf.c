#include "crypto/kdf.h"

#include <criterion/criterion.h>
#include <string.h>

#include "hex.h"

/* Keys 00 01 02 ... about the block of 64 bytes; digests by Python's hmac and hashlib. */
Test(kdf, hmacs_over_keys_of_every_kind)
{
	static const struct {
		size_t key_len;
		const char *digest;
	} rows[] = {
		{0, "20b0e40c5b35077afd94ff2166d15729e2e8f3101f9cd2e60f8231d2b18fa96f"},
		{32, "14229dde9cdbd4dd31b1a703ac36832ecc9177e0ba0d4632568515aaec7e401f"},
		{64, "e0f1d72f3389eadfd29db139100d98b0b6126b1563e3c562381ddb4e862879be"},
		{65, "ea0d0846f56d68774e42489010de743cc99b99459639cc2018e2a6385178b72d"},
		{200, "0c75db89b1d1d03d7830251d6b76db850360e8fb5ccf39b08a63e3662d1195ea"},
	};
	static const char text[] = "what do ya want for nothing?";
	uint8_t key[200];

	for (size_t i = 0; i < sizeof(key); i++) {
		key[i] = (uint8_t)i;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t digest[MV_HASH_LEN], wanted[MV_HASH_LEN];

		unhex(wanted, sizeof(wanted), rows[i].digest);
		mv_hmac(digest, rows[i].key_len > 0 ? key : NULL, rows[i].key_len, text,
			strlen(text));
		cr_assert_arr_eq(digest, wanted, sizeof(wanted), "key of %zu", rows[i].key_len);
	}
}

struct kdf_row {
	const char *key;
	const char *input;
	const char *t[3];
};

/* Published with the protocol's implementations. */
static const struct kdf_row rows[] = {
	{"test-key", "test-input",
		{"6f0e5ad38daba1bea8a0d213688736f19763239305e0f58aba697f9ffc41c633",
			"df1194df20802a4fe594cde27e92991c8cae66c366e8106aaa937a55fa371e8a",
			"fac6e2745a325f5dc5d11a5b165aad08b0ada28e7b4e666b7c077934a4d76c24"}},
	{"", "",
		{"8387b46bf43eccfcf349552a095d8315c4055beb90208fb1be23b894bc2ed5d0",
			"58a0e5f6faefccf4807bff1f05fa8a9217945762040bcec2f4b4a62bdfe0e86e",
			"0ce6ea98ec548f8e281e93e32db65621c45eb18dc6f0a7ad94178610a2f7338e"}},
};

static void check_row(const struct kdf_row *row, int outputs)
{
	uint8_t t[3][MV_HASH_LEN], wanted[MV_HASH_LEN], untouched[MV_HASH_LEN];

	memset(t, 0x55, sizeof(t));
	memset(untouched, 0x55, sizeof(untouched));
	mv_kdf(t[0], outputs > 1 ? t[1] : NULL, outputs > 2 ? t[2] : NULL, row->key,
		strlen(row->key), row->input, strlen(row->input));
	for (int n = 0; n < 3; n++) {
		unhex(wanted, sizeof(wanted), row->t[n]);
		cr_assert_arr_eq(t[n], n < outputs ? wanted : untouched, MV_HASH_LEN, "t%d of %d",
			n + 1, outputs);
	}
}

Test(kdf, published_outputs_one_two_and_three)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int outputs = 1; outputs <= 3; outputs++) {
			check_row(&rows[i], outputs);
		}
	}
}

Test(kdf, nothing_may_be_a_null_pointer)
{
	uint8_t t1[MV_HASH_LEN], wanted[MV_HASH_LEN];

	unhex(wanted, sizeof(wanted), rows[1].t[0]);
	mv_kdf(t1, NULL, NULL, NULL, 0, NULL, 0);
	cr_assert_arr_eq(t1, wanted, sizeof(wanted));
}

/* Noise replaces the chaining key in place; an output over the input must be right too. */
Test(kdf, an_output_may_be_the_key_or_the_input)
{
	uint8_t key[MV_HASH_LEN], input[MV_HASH_LEN], wanted[3][MV_HASH_LEN], last[MV_HASH_LEN];

	memset(key, 0x31, sizeof(key));
	memset(input, 0x32, sizeof(input));
	mv_kdf(wanted[0], wanted[1], wanted[2], key, sizeof(key), input, sizeof(input));
	mv_kdf(key, input, last, key, sizeof(key), input, sizeof(input));
	cr_assert_arr_eq(key, wanted[0], MV_HASH_LEN);
	cr_assert_arr_eq(input, wanted[1], MV_HASH_LEN);
	cr_assert_arr_eq(last, wanted[2], MV_HASH_LEN);
}
