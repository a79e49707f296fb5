#include "tunnel/endpoints.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(endpoints, what_is_read_is_printed)
{
	static const char *const texts[] = {"", "192.0.2.1:1", "[2001:db8::1]:65535",
		"[fe80::1%2]:7", "[fe80::1%eth0]:7", "b.example:51820",
		"192.0.2.1:1, b.example:2, [fe80::1%eth0]:7 every 10",
		("b\xc3\xbc"
		 "cher.example:7 every 86400")};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct mv_endpoints endpoints;

		cr_assert_eq(mv_endpoints_parse(&endpoints, texts[i]), 0, "%s", texts[i]);
		char *text = mv_endpoints_print(&endpoints);
		cr_expect_str_eq(text, texts[i]);
		free(text);
		mv_endpoints_clear(&endpoints);
		cr_expect_eq(endpoints.count, 0);
	}
}

Test(endpoints, what_is_none_is_refused)
{
	static const char *const texts[] = {"b.example", "b.example:0", "b.example:65536", ":1",
		"a b:1", "a:1,b:2", "a:1, ", ", a:1", "a:1, , b:2", "[b.example]:1", "b:c:1",
		"[fe80::1%eth0:1", "a:1 every 9", "a:1 every 86401", "a:1 every", "a:1 every 10s",
		"192.0.2.1:1 every 60", " every 60", "a:1\n", "a\x7f:1", "[a]b]:1"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct mv_endpoints endpoints;

		cr_expect_eq(mv_endpoints_parse(&endpoints, texts[i]), -EINVAL, "%s", texts[i]);
		cr_expect_null(endpoints.list);
	}
}

static char *repeat(const char *entry, size_t times)
{
	size_t room = times * (strlen(entry) + 2) + 1, len = 0;
	char *text = calloc(1, room);

	cr_assert_not_null(text);
	for (size_t i = 0; i < times; i++) {
		len += (size_t)snprintf(text + len, room - len, "%s%s", i > 0 ? ", " : "", entry);
	}
	return text;
}

Test(endpoints, there_is_a_greatest_list)
{
	struct mv_endpoints endpoints;
	char host[300];

	char *text = repeat("192.0.2.1:1", MV_ENDPOINTS_MAX);
	cr_expect_eq(mv_endpoints_parse(&endpoints, text), 0);
	cr_expect_eq(endpoints.count, MV_ENDPOINTS_MAX);
	cr_expect_eq(mv_endpoints_add_host(&endpoints, "a", 1), -E2BIG);
	mv_endpoints_clear(&endpoints);
	free(text);
	text = repeat("192.0.2.1:1", MV_ENDPOINTS_MAX + 1);
	cr_expect_eq(mv_endpoints_parse(&endpoints, text), -EINVAL);
	free(text);

	memset(host, 'n', 254);
	memcpy(host + 254, ":65535", 7);
	cr_expect_eq(mv_endpoints_parse(&endpoints, host), -EINVAL);
	cr_expect_eq(mv_endpoints_parse(&endpoints, host + 1), 0);
	char *again = mv_endpoints_print(&endpoints);
	cr_expect_str_eq(again, host + 1);
	free(again);
	mv_endpoints_clear(&endpoints);
}

Test(endpoints, which_are_many)
{
	static const struct {
		const char *text;
		bool has_name, are_many;
	} rows[] = {{"", false, false}, {"192.0.2.1:1", false, false}, {"a:1", true, true},
		{"192.0.2.1:1, 192.0.2.1:2", false, true}, {"192.0.2.1:1, a:1", true, true}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mv_endpoints endpoints;

		cr_assert_eq(mv_endpoints_parse(&endpoints, rows[i].text), 0);
		cr_expect_eq(mv_endpoints_have_name(&endpoints), rows[i].has_name);
		cr_expect_eq(mv_endpoints_are_many(&endpoints), rows[i].are_many);
		mv_endpoints_clear(&endpoints);
	}
}
