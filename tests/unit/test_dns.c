/*
 * In a mount namespace with an /etc of its own, where resolvconf may have an order of devices.
 */
#include "cli/dns.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "own_mount.h"

#define LETTERS_39 "abcdefghijklmnopqrstuvwxyz0123456789-ab"

static void enter_namespace(void)
{
	own_mount("/etc");
}

TestSuite(dns_etc, .init = enter_namespace);

/* With that for an order of devices, or with none. */
static void expect_name(const char *order, const char *expected)
{
	char name[MV_DNS_NAME_MAX];

	mkdir("/etc/resolvconf", 0755);
	unlink("/etc/resolvconf/interface-order");
	if (order) {
		FILE *out = fopen("/etc/resolvconf/interface-order", "w");

		cr_assert_not_null(out);
		cr_assert_geq(fputs(order, out), 0);
		cr_assert_eq(fclose(out), 0);
	}
	cr_expect_eq(mv_dns_name(name, "wg0"), name);
	cr_expect_str_eq(name, expected, "order: %s, name: %s", order ? order : "none", name);
}

Test(dns_etc, without_an_order_it_is_that_of_the_device)
{
	expect_name(NULL, "wg0");
	expect_name("", "wg0");
	expect_name("# a remark\nlo\nlo.*\nlo.!(pdns|pdns-recursor)\n*\n", "wg0");
}

/* As in Debian's file: the first that is nothing but a beginning. */
Test(dns_etc, the_first_beginning_is_taken)
{
	expect_name(
		"# a remark\nlo.inet6\nlo.!(pdns|pdns-recursor)\ntun*\ntap*\nhso*\n", "tun.wg0");
	expect_name("em+([0-9])?(_+([0-9]))*\nab-1*", "ab-1.wg0");
}

Test(dns_etc, a_long_beginning_is_taken_whole_or_not_at_all)
{
	expect_name(LETTERS_39 "*\n", LETTERS_39 ".wg0");
	expect_name(LETTERS_39 "c*\n", "wg0");
	expect_name(LETTERS_39 "c*\ntun*\n", "tun.wg0");
}

/* Wherever a reader of pieces would cut it. */
Test(dns_etc, the_end_of_a_long_line_is_no_line)
{
	char order[128];

	for (int len = 20; len < 120; len++) {
		snprintf(order, sizeof(order), "#%*stun*\n", len, "");
		expect_name(order, "wg0");
	}
}

static void expect_text(const struct mv_config *config, const char *expected)
{
	char *text = mv_dns_text(config);

	cr_assert_not_null(text);
	cr_expect_str_eq(text, expected);
	free(text);
}

static struct mv_ip servers[] = {
	{MV_FAMILY_IPV4, {9, 9, 9, 9}}, {MV_FAMILY_IPV6, {0xfd, [15] = 1}}};
static char corporate[] = "corp.example", other[] = "example.org";
static char *domains[] = {corporate, other};

Test(dns, what_resolvconf_reads)
{
	struct mv_config config = {0};

	expect_text(&config, "");
	config.nameservers = servers;
	config.nameserver_count = 2;
	expect_text(&config, "nameserver 9.9.9.9\nnameserver fd00::1\n");
	config.search_domains = domains;
	config.search_domain_count = 1;
	expect_text(&config, "nameserver 9.9.9.9\nnameserver fd00::1\nsearch corp.example\n");
	config.nameserver_count = 0;
	config.search_domain_count = 2;
	expect_text(&config, "search corp.example example.org\n");
}

Test(dns, why_it_failed)
{
	char reason[MV_DNS_NAME_MAX];

	cr_expect_str_eq(mv_dns_reason(reason, 3), "resolvconf ended with 3");
	cr_expect(strstr(mv_dns_reason(reason, -ENOENT), "openresolv"));
	cr_expect_str_eq(mv_dns_reason(reason, -ETIMEDOUT), strerror(ETIMEDOUT));
}

/* A resolvconf of our own, that tells what it was given. */
static void plant_resolvconf(void)
{
	FILE *out;

	cr_assert_eq(mkdir("/etc/bin", 0755), 0);
	out = fopen("/etc/bin/resolvconf", "w");
	cr_assert_not_null(out);
	fputs("#!/bin/sh\n{ echo \"$@\"; [ \"$1\" != -a ] || cat; } >>/etc/told\nexit 4\n", out);
	cr_assert_eq(fclose(out), 0);
	cr_assert_eq(chmod("/etc/bin/resolvconf", 0755), 0);
	cr_assert_eq(setenv("PATH", "/etc/bin:/usr/bin:/bin", 1), 0);
}

Test(dns_etc, how_resolvconf_is_called, .timeout = 30)
{
	struct mv_runner runner;
	char told[256] = "";

	plant_resolvconf();
	cr_assert_eq(mv_runner_init(&runner), 0);
	cr_expect_eq(mv_dns_set(&runner, "tun.wg0", "nameserver 9.9.9.9\n"), 4);
	cr_expect_eq(mv_dns_remove(&runner, "tun.wg0"), 4);
	mv_runner_uninit(&runner);
	FILE *in = fopen("/etc/told", "r");
	cr_assert_not_null(in);
	told[fread(told, 1, sizeof(told) - 1, in)] = '\0';
	fclose(in);
	cr_expect_str_eq(
		told, "-a tun.wg0 -m 0 -x\nnameserver 9.9.9.9\n-d tun.wg0 -f\n", "%s", told);
}
