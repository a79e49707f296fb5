#include "edge/linkchain.h"

#include <errno.h>
#include <limits.h>

#include "config_fixture.h"

static struct mv_linkchain chain;

static void clear(void)
{
	mv_linkchain_clear(&chain);
	leave_folder();
}

TestSuite(linkchain, .init = enter_folder, .fini = clear);

static void link_to(const char *target, const char *name)
{
	cr_assert_eq(symlink(target, name), 0);
}

static void follow(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	mv_linkchain_clear(&chain);
	cr_assert_eq(mv_linkchain_follow(&chain, path), 0);
}

/* The chain, below the folder, with spaces between. */
static void expect(const char *expected)
{
	char text[512] = "";
	size_t len = 0;

	for (size_t i = 0; i < chain.count; i++) {
		cr_assert_eq(strncmp(chain.paths[i], folder, strlen(folder)), 0);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i > 0 ? " " : "",
			chain.paths[i] + strlen(folder));
	}
	cr_expect_str_eq(text, expected);
}

Test(linkchain, no_link)
{
	write_file("key", "1");
	follow("key");
	expect("/key");
	follow(".//a/../key");
	expect("/key");
	follow("not/there/yet");
	expect("/not/there/yet");
}

Test(linkchain, links_of_files_and_folders)
{
	cr_assert_eq(mkdir("1", 0700), 0);
	cr_assert_eq(mkdir("1/deep", 0700), 0);
	link_to("1", "data");
	link_to("data/key", "key");
	follow("key");
	expect("/key /data /1/key");
	link_to("../1/deep", "1/link");
	follow("data/link/../psk");
	expect("/data /1/link /1/psk");
}

Test(linkchain, from_the_root_on)
{
	link_to(folder, "here");
	follow("here/here/key");
	expect("/here /here /key");
}

Test(linkchain, links_that_go_round_have_an_end)
{
	link_to("b", "a");
	link_to("a", "b");
	follow("a");
	expect("/a /b /a /b /a /b /a /b /a");
}

Test(linkchain, the_same_and_another)
{
	struct mv_linkchain other = {0};

	link_to("a", "key");
	follow("key");
	cr_expect_not(mv_linkchain_equal(&chain, &other));
	other = chain;
	chain = (struct mv_linkchain){0};
	follow("key");
	cr_expect(mv_linkchain_equal(&chain, &other));
	cr_assert_eq(remove("key"), 0);
	follow("key");
	cr_expect_not(mv_linkchain_equal(&chain, &other));
	mv_linkchain_clear(&other);
}

Test(linkchain, too_long)
{
	char path[PATH_MAX + 1], target[PATH_MAX / 2];

	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[PATH_MAX] = '\0';
	cr_expect_eq(mv_linkchain_follow(&chain, path), -ENAMETOOLONG);
	cr_expect_eq(chain.count, 0);

	/* A link that leads into itself, and gets longer each time. */
	memset(target, 'x', sizeof(target) - 1);
	target[0] = 'b';
	target[1] = '/';
	target[sizeof(target) - 1] = '\0';
	link_to(target, "b");
	snprintf(path, sizeof(path), "%s/b", folder);
	cr_expect_eq(mv_linkchain_follow(&chain, path), -ENAMETOOLONG);
	cr_expect_eq(chain.count, 0);
}
