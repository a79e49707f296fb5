#include "config/nearest.h"

#include <criterion/criterion.h>

Test(nearest, distances)
{
	cr_expect_eq(mv_nearest_distance("PublicKey", "PublicKey"), 0);
	cr_expect_eq(mv_nearest_distance("publickey", "PublicKey"), 0);
	cr_expect_eq(mv_nearest_distance("AlowedIPs", "AllowedIPs"), 1);
	cr_expect_eq(mv_nearest_distance("AllowedIPPs", "AllowedIPs"), 1);
	cr_expect_eq(mv_nearest_distance("PudlicKey", "PublicKey"), 1);
	cr_expect_eq(mv_nearest_distance("PulbicKey", "PublicKey"), 2);
	cr_expect_eq(mv_nearest_distance("sitting", "kitten"), MV_NEAREST_FAR); /* 3 */
	cr_expect_eq(mv_nearest_distance("MUT", "MTU"), MV_NEAREST_FAR);        /* 2 */
	cr_expect_eq(mv_nearest_distance("M", "MTU"), MV_NEAREST_FAR);          /* 2 */
	cr_expect_eq(mv_nearest_distance("MT", "MTU"), 1);
}

Test(nearest, long_and_empty_words)
{
	cr_expect_eq(mv_nearest_distance("", "MTU"), MV_NEAREST_FAR);
	cr_expect_eq(mv_nearest_distance("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
		1);
	cr_expect_eq(mv_nearest_distance("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
		MV_NEAREST_FAR);
}
