#include "crypto/x25519.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "hex.h"

static void start_sodium(void)
{
	cr_assert_geq(sodium_init(), 0);
}

TestSuite(x25519, .init = start_sodium);

static void check(const char *secret_hex, const char *point_hex, const char *wanted_hex)
{
	uint8_t secret[MV_KEY_LEN], point[MV_KEY_LEN], wanted[MV_KEY_LEN], shared[MV_KEY_LEN];

	unhex(secret, sizeof(secret), secret_hex);
	unhex(point, sizeof(point), point_hex);
	unhex(wanted, sizeof(wanted), wanted_hex);
	cr_assert(mv_x25519(shared, secret, point));
	cr_assert_arr_eq(shared, wanted, sizeof(wanted));
}

/* RFC 7748, section 5.2. The second point has bit 255 set, which must be ignored. */
Test(x25519, published_products)
{
	check("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
		"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
		"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
	check("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
		"e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
		"95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
}

/* RFC 7748, section 6.1. */
Test(x25519, published_exchange)
{
	static const char alice[] =
		"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
	static const char alice_public[] =
		"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
	static const char bob[] =
		"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
	static const char bob_public[] =
		"de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
	static const char shared[] =
		"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
	uint8_t secret[MV_KEY_LEN], wanted[MV_KEY_LEN], public_key[MV_KEY_LEN];

	check(alice, bob_public, shared);
	check(bob, alice_public, shared);

	unhex(secret, sizeof(secret), alice);
	unhex(wanted, sizeof(wanted), alice_public);
	mv_x25519_public(public_key, secret);
	cr_assert_arr_eq(public_key, wanted, sizeof(wanted));
	unhex(secret, sizeof(secret), bob);
	unhex(wanted, sizeof(wanted), bob_public);
	mv_x25519_public(public_key, secret);
	cr_assert_arr_eq(public_key, wanted, sizeof(wanted));
}

/* RFC 7748, section 5.2: each product is the next scalar, and that scalar the next point. */
Test(x25519, published_iterations)
{
	uint8_t scalar[MV_KEY_LEN] = {9}, point[MV_KEY_LEN] = {9};
	uint8_t product[MV_KEY_LEN], wanted[MV_KEY_LEN];

	for (int round = 1; round <= 1000; round++) {
		cr_assert(mv_x25519(product, scalar, point));
		memcpy(point, scalar, sizeof(point));
		memcpy(scalar, product, sizeof(scalar));
		if (round != 1) {
			continue;
		}
		unhex(wanted, sizeof(wanted),
			"422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
		cr_assert_arr_eq(scalar, wanted, sizeof(wanted));
	}
	unhex(wanted, sizeof(wanted),
		"684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
	cr_assert_arr_eq(scalar, wanted, sizeof(wanted));
}

/* Every encoding, below 2^255, of the points whose order divides the cofactor. */
static const char *const low_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void try_low_order(void)
{
	uint8_t secret[MV_KEY_LEN], point[MV_KEY_LEN], shared[MV_KEY_LEN];

	for (size_t i = 0; i < sizeof(low_order) / sizeof(low_order[0]); i++) {
		for (unsigned top_bit = 0; top_bit < 2; top_bit++) {
			memset(secret, (int)(0x11 * (i + 1)), sizeof(secret));
			unhex(point, sizeof(point), low_order[i]);
			point[MV_KEY_LEN - 1] |= (uint8_t)(top_bit << 7);
			memset(shared, 0xaa, sizeof(shared));
			cr_assert_not(mv_x25519(shared, secret, point), "point %zu", i);
			cr_assert(sodium_is_zero(shared, sizeof(shared)), "point %zu", i);

			/* Four beside it lies a point of high order, on the curve or its twist. */
			point[0] ^= 4;
			cr_assert(mv_x25519(shared, secret, point), "beside point %zu", i);
			cr_assert_not(sodium_is_zero(shared, sizeof(shared)));
		}
	}
}

Test(x25519, low_order_points_are_refused_and_nothing_is_left)
{
	try_low_order();
}

/* Before sodium_init the portable code serves, which refuses without writing a product. */
Test(x25519_portable, low_order_points_are_refused_and_nothing_is_left)
{
	try_low_order();
}

Test(x25519, clamping_sets_what_the_rfc_says_and_nothing_else)
{
	uint8_t ones[MV_KEY_LEN], zeros[MV_KEY_LEN] = {0};

	memset(ones, 0xff, sizeof(ones));
	mv_x25519_clamp(ones);
	mv_x25519_clamp(zeros);
	cr_assert_eq(ones[0], 0xf8);
	cr_assert_eq(ones[31], 0x7f);
	cr_assert_eq(zeros[0], 0x00);
	cr_assert_eq(zeros[31], 0x40);
	for (int i = 1; i < 31; i++) {
		cr_assert_eq(ones[i], 0xff);
		cr_assert_eq(zeros[i], 0x00);
	}
}

Test(x25519, an_unclamped_secret_has_the_public_key_of_the_clamped_one)
{
	uint8_t secret[MV_KEY_LEN], before[MV_KEY_LEN], after[MV_KEY_LEN];

	memset(secret, 0xa7, sizeof(secret));
	mv_x25519_public(before, secret);
	mv_x25519_clamp(secret);
	mv_x25519_public(after, secret);
	cr_assert_arr_eq(before, after, sizeof(after));

	secret[0] ^= 8;
	mv_x25519_public(after, secret);
	cr_assert_arr_neq(before, after, sizeof(after));
}
