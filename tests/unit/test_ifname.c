#include "config/ifname.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(ifname, what_a_device_may_be_called)
{
	static const char *const good[] = {
		"wg0", "a", "fifteen-letters", "A_b=c+d.e-f", "...", "0"};
	static const char *const bad[] = {"", ".", "..", "sixteen-letters!", "sixteen-letters0",
		"a b", "a/b", "a:b", "t\xc3\xbcn"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		cr_expect(mv_ifname_is_valid(good[i]), "%s", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_not(mv_ifname_is_valid(bad[i]), "%s", bad[i]);
	}
}

static void expect(const char *path, const char *expected)
{
	char *name = mv_ifname_of_file(path);

	if (expected) {
		cr_assert(name, "%s", path);
		cr_expect_str_eq(name, expected);
	} else {
		cr_expect_null(name, "%s", path);
	}
	free(name);
}

Test(ifname, only_a_conf_file_names_a_device)
{
	expect("wg0.conf", "wg0");
	expect("/etc/wireguard/home.conf", "home");
	expect("a.b.conf", "a.b");
	expect("no/../way too long a name.conf", "way too long a name");
	expect("wg0.ini", NULL);
	expect("wg0.conf.bak", NULL);
	expect("wg0.CONF", NULL);
	expect("dir.conf/wg0", NULL);
	expect(".conf", NULL);
	expect("dir/.conf", NULL);
	expect("", NULL);
}
