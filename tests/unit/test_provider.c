/*
 * The choice of a provider, with a fast one planted that can be wrong or missing: it has the name
 * of the library's, so that the linker has no need of that one.
 */
#include "cli/provider.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/aead_ipsec_mb.h"

#define FAST "intel-ipsec-mb"

static bool is_missing, is_wrong;

static bool create(void **state)
{
	*state = NULL;
	return !is_missing;
}

static void seal(void *state, struct mv_aead_job *jobs, size_t count)
{
	mv_aead_sodium.seal(state, jobs, count);
	jobs[count - 1].text[jobs[count - 1].text_len] ^= is_wrong;
}

static void destroy(void *state)
{
	(void)state;
}

static void open(void *state, struct mv_aead_job *jobs, size_t count)
{
	mv_aead_sodium.open(state, jobs, count);
}

const struct mv_aead_provider mv_aead_ipsec_mb = {
	.name = FAST, .create = create, .destroy = destroy, .seal = seal, .open = open};

static char lines[2][MV_LOG_LINE_MAX];
static enum mv_log_level levels[2];
static size_t line_count;

static void take_line(void *ctx, enum mv_log_level level, const char *line)
{
	(void)ctx;
	cr_assert_lt(line_count, 2);
	levels[line_count] = level;
	snprintf(lines[line_count++], MV_LOG_LINE_MAX, "%s", line);
}

static void start(void)
{
	cr_assert_geq(sodium_init(), 0);
	cr_redirect_stderr();
	unsetenv("MINIVPN_AEAD");
}

TestSuite(provider, .init = start);

static bool has_fast(void)
{
	return mv_aead_find(FAST) != NULL;
}

static enum mv_exit choose(const struct mv_aead_provider **chosen)
{
	const struct mv_log log = {.level = MV_LOG_DEBUG, .sink = take_line};

	*chosen = NULL;
	return mv_provider_choose(chosen, &log);
}

static void expect_choice(const char *name)
{
	const struct mv_aead_provider *chosen;

	cr_assert_eq(choose(&chosen), MV_EXIT_DONE);
	cr_expect_str_eq(chosen->name, name);
}

/* Nothing is chosen, and the message has all these words. */
static void expect_refusal(const char *first, const char *second)
{
	const struct mv_aead_provider *chosen;
	char message[512] = "";

	cr_expect_eq(choose(&chosen), MV_EXIT_FAILED);
	cr_expect_null(chosen);
	fflush(stderr);
	FILE *errors = cr_get_redirected_stderr();
	cr_assert(fgets(message, sizeof(message), errors));
	cr_expect(strstr(message, "MINIVPN_AEAD") && strstr(message, "libsodium"), "%s", message);
	cr_expect(strstr(message, first) && strstr(message, second), "%s", message);
}

Test(provider, the_fastest_is_taken)
{
	expect_choice(has_fast() ? FAST : "libsodium");
	cr_expect_eq(line_count, 1);
	cr_expect_eq(levels[0], MV_LOG_DEBUG);
	cr_expect(strstr(lines[0], has_fast() ? FAST : "libsodium"));
}

Test(provider, one_that_is_wrong_is_passed_over_with_a_warning)
{
	is_wrong = true;
	expect_choice("libsodium");
	if (has_fast()) {
		cr_assert_eq(line_count, 2);
		cr_expect_eq(levels[0], MV_LOG_WARNING);
		cr_expect(strstr(lines[0], FAST));
		cr_expect(strstr(lines[1], "libsodium"));
	}
}

/* That is the case of many machines, and nothing to warn of. */
Test(provider, one_that_is_missing_is_passed_over)
{
	is_missing = true;
	expect_choice("libsodium");
	cr_expect_eq(line_count, 1);
	cr_expect_eq(levels[0], MV_LOG_DEBUG);
}

Test(provider, one_that_is_named_is_taken)
{
	setenv("MINIVPN_AEAD", "libsodium", 1);
	expect_choice("libsodium");
	if (has_fast()) {
		setenv("MINIVPN_AEAD", FAST, 1);
		expect_choice(FAST);
	}
}

Test(provider, no_name_names_none)
{
	setenv("MINIVPN_AEAD", "", 1);
	expect_choice(has_fast() ? FAST : "libsodium");
}

Test(provider, an_unknown_name_is_refused)
{
	setenv("MINIVPN_AEAD", "openssl", 1);
	expect_refusal("openssl", has_fast() ? FAST : "libsodium");
}

/* Who names one wants that, or to hear why not. */
Test(provider, one_that_is_named_and_wrong_is_refused)
{
	is_wrong = true;
	setenv("MINIVPN_AEAD", FAST, 1);
	expect_refusal(FAST, has_fast() ? "does not do what libsodium does" : "this build");
}

Test(provider, one_that_is_named_and_missing_is_refused)
{
	is_missing = true;
	setenv("MINIVPN_AEAD", FAST, 1);
	expect_refusal(FAST, has_fast() ? "this processor" : "this build");
}
