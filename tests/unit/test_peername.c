#include "tunnel/peername.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#define KEY_11 "ERERERERERERERERERERERERERERERERERERERERERE="

Test(peername, names_that_there_may_be)
{
	static const char *const names[] = {"alice", "a", "Alice's phone (new)", "b=c", "10.0.0.1",
		"M\xc3\xbcller", "\xe6\x9d\xb1\xe4\xba\xac", "\xf0\x9f\x90\x8c", "caf\xc3\xa9 2"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cr_expect(mv_peer_name_is_valid(names[i]), "%s", names[i]);
	}
	char longest[MV_PEER_NAME_MAX];
	for (size_t i = 0; i < sizeof(longest); i++) {
		longest[i] = i % 2 ? '-' : 'x';
	}
	longest[MV_PEER_NAME_MAX - 1] = '\0';
	cr_expect(mv_peer_name_is_valid(longest));
}

Test(peername, names_that_there_may_not_be)
{
	static const char turns[] = {'\xe2', '\x80', '\xae', 'x', '\0'};
	static const char *const names[] = {
		"",
		" alice",
		"alice ",
		"al\nice",
		"al\tice",
		"al\x1b[31mice",
		"al\x7fice",
		"alice # of Wonderland",
		"\xc2\x9b[m",   /* a control of 8 bits, as UTF-8 */
		"al\xffice",    /* no UTF-8 */
		"al\xc3",       /* cut */
		"\xc0\xafroot", /* a '/' in two bytes */
		"\xe0\x80\xaf", /* in three */
		"\xed\xa0\x80", /* half a character */
		"\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80\x80",
		"\x80",
		turns,           /* the direction of what follows */
		"\xe2\x80\xa8",  /* ends a line */
		"\xef\xbb\xbfx", /* a mark of the byte order */
		KEY_11,
		"ERERERERERERERERERERERERERERERERERERERERERE",
		"of ERERERERERERERERERERERERERERERERERER",
		"1111111111111111111111111111111111111111111111111111111111111",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cr_expect_not(mv_peer_name_is_valid(names[i]), "%zu: %s", i, names[i]);
	}
	char longer[MV_PEER_NAME_MAX + 1];
	for (size_t i = 0; i < sizeof(longer); i++) {
		longer[i] = i % 2 ? '-' : 'x';
	}
	longer[MV_PEER_NAME_MAX] = '\0';
	cr_expect_not(mv_peer_name_is_valid(longer));
}

Test(peername, a_peer_is_called_by_its_name_and_its_key)
{
	uint8_t key[MV_KEY_LEN];
	char text[MV_PEER_TEXT_MAX];

	cr_assert_geq(sodium_init(), 0);
	memset(key, 0x11, sizeof(key));
	cr_expect_str_eq(mv_peer_text(text, "alice", key), "alice (" KEY_11 ")");
	cr_expect_str_eq(mv_peer_text(text, "", key), KEY_11);
}

Test(peername, the_longest_name_has_its_room)
{
	uint8_t key[MV_KEY_LEN];
	char text[MV_PEER_TEXT_MAX], name[MV_PEER_NAME_MAX];

	memset(key, 0x11, sizeof(key));
	memset(name, 'x', sizeof(name));
	name[MV_PEER_NAME_MAX - 1] = '\0';
	mv_peer_text(text, name, key);
	cr_expect_eq(strlen(text), MV_PEER_TEXT_MAX - 1);
	cr_expect_eq(text[MV_PEER_TEXT_MAX - 2], ')');
}
