#include "config/shown.h"

#include <criterion/criterion.h>
#include <string.h>

#define KEY "YLhIxqRXQ3Fp+8lqBRjWbLFK6xGhX4zCkhcmMzKfBUY="

static void expect(const char *value, const char *expected)
{
	char text[MV_SHOWN_MAX];

	cr_expect_str_eq(mv_shown(text, value), expected);
}

Test(shown, values_are_quoted_and_cut)
{
	expect("", "''");
	expect("10.0.0.1/24", "'10.0.0.1/24'");
	expect("2001:0db8:1111:2222:3333:4444:5555:6666/129",
		"'2001:0db8:1111:2222:3333:4444:5555:6666/129'");
	expect("a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q-r-s-t-u-v-w-x-y-z",
		"'a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q-r-s-t-u-v-w-x-y-...'");
}

Test(shown, keys_are_not)
{
	expect(KEY, "(hidden: it could be a key)");
	expect("x: " KEY, "(hidden: it could be a key)");
	expect("60b848c6a457437169fbc96a0518d66cb14aeb11", "(hidden: it could be a key)");
	cr_expect(mv_shown_hides(&KEY[6]));
	cr_expect_not(mv_shown_hides("vpn.example.com"));
}
