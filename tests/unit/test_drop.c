#include "tunnel/drop.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

Test(drop, words_and_texts_are_those_of_the_list)
{
	cr_assert_str_eq(mv_drop_word(MV_DROP_NOT_IP), "not-ip");
	cr_assert_str_eq(mv_drop_word(MV_DROP_SOURCE_NOT_ALLOWED), "source-not-allowed");
	cr_assert_str_eq(mv_drop_word(MV_DROP_TUN_WRITE_FAILED), "tun-write-failed");
	cr_assert_str_eq(mv_drop_text(MV_DROP_BAD_TAG), "the authentication tag is wrong");
}

Test(drop, none_is_a_word_and_no_reason)
{
	cr_assert_eq(MV_DROP_NONE, 0);
	cr_assert_str_eq(mv_drop_word(MV_DROP_NONE), "none");
	cr_assert_eq(mv_drop_from_word("none"), MV_DROP_NONE);
}

Test(drop, every_word_leads_back_to_its_reason)
{
	for (unsigned drop = 0; drop < MV_DROP_COUNT; drop++) {
		const char *word = mv_drop_word((enum mv_drop)drop);

		cr_assert_eq(mv_drop_from_word(word), drop, "%s", word);
		cr_assert_gt(strlen(mv_drop_text((enum mv_drop)drop)), strlen(word), "%s", word);
	}
}

/* They stand in lines of key=value and in names of counters. */
Test(drop, words_are_lower_case_with_hyphens)
{
	for (unsigned drop = 0; drop < MV_DROP_COUNT; drop++) {
		for (const char *c = mv_drop_word((enum mv_drop)drop); *c != '\0'; c++) {
			cr_assert(islower((unsigned char)*c) || isdigit((unsigned char)*c) ||
				  *c == '-');
		}
	}
}

Test(drop, what_is_no_word_is_no_reason)
{
	cr_assert_eq(mv_drop_from_word(""), MV_DROP_COUNT);
	cr_assert_eq(mv_drop_from_word("bad"), MV_DROP_COUNT);
	cr_assert_eq(mv_drop_from_word("bad-tag "), MV_DROP_COUNT);
	cr_assert_eq(mv_drop_from_word("Bad-Tag"), MV_DROP_COUNT);
}
