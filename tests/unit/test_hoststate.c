#include "edge/hoststate.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define STEPS_TEXT_MAX 1024

static const char *const step_names[] = {
	[MV_HOST_NO_LINK_LOCAL] = "no-link-local",
	[MV_HOST_MTU] = "mtu",
	[MV_HOST_ADDRESS_ADD] = "+address",
	[MV_HOST_LINK_UP] = "up",
	[MV_HOST_ROUTE_ADD] = "+route",
	[MV_HOST_ROUTE_REMOVE] = "-route",
	[MV_HOST_LINK_DOWN] = "down",
	[MV_HOST_ADDRESS_REMOVE] = "-address",
};

struct scene {
	struct mv_hoststate state;
	struct mv_prefix addresses[8];
	struct mv_prefix routes[16];
};

static size_t parse_list(struct mv_prefix *list, size_t room, const char *text)
{
	char copy[512];
	char *rest = NULL;
	size_t count = 0;

	cr_assert_lt((size_t)snprintf(copy, sizeof(copy), "%s", text), sizeof(copy));
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		cr_assert_lt(count, room);
		cr_assert_eq(mv_prefix_parse(&list[count++], word), MV_PREFIX_OK, "%s", word);
	}
	return count;
}

/* A state with its link up; the lists are separated by spaces. */
static struct mv_hoststate *set_up(
	struct scene *scene, uint32_t mtu, const char *addresses, const char *routes)
{
	*scene = (struct scene){.state = {.mtu = mtu, .link_up = true}};
	scene->state.addresses = scene->addresses;
	scene->state.routes = scene->routes;
	scene->state.address_count = parse_list(scene->addresses, 8, addresses);
	scene->state.route_count = parse_list(scene->routes, 16, routes);
	return &scene->state;
}

static void print_step(FILE *out, const struct mv_host_step *step)
{
	char text[MV_PREFIX_TEXT_MAX];

	fprintf(out, "%s", step_names[step->kind]);
	if (step->kind == MV_HOST_MTU) {
		fprintf(out, " %u", (unsigned)step->mtu);
	}
	if (step->prefix.ip.family != MV_FAMILY_NONE) {
		fprintf(out, " %s", mv_prefix_print(text, &step->prefix));
	}
	fprintf(out, "\n");
}

static void expect_diff(
	const struct mv_hoststate *old, const struct mv_hoststate *new, const char *expected)
{
	char text[STEPS_TEXT_MAX] = "";
	struct mv_host_steps steps;
	FILE *out = fmemopen(text, sizeof(text), "w");

	cr_assert_not_null(out);
	cr_assert_eq(mv_hoststate_diff(&steps, old, new), 0);
	for (size_t i = 0; i < steps.count; i++) {
		print_step(out, &steps.list[i]);
	}
	fclose(out);
	cr_expect_str_eq(text, expected, "steps are:\n%swanted:\n%s", text, expected);
	mv_host_steps_uninit(&steps);
	cr_expect_null(steps.list);
	cr_expect_eq(steps.count, 0);
}

Test(hoststate, nothing_to_nothing_takes_no_step)
{
	expect_diff(NULL, NULL, "");
}

Test(hoststate, up_sets_all_in_order)
{
	struct scene scene;

	set_up(&scene, 1420, "10.0.0.1/24 fd00::1/64", "192.168.6.0/24 0.0.0.0/0 fd01::7/128");
	expect_diff(NULL, &scene.state,
		"no-link-local\n"
		"mtu 1420\n"
		"+address 10.0.0.1/24\n"
		"+address fd00::1/64\n"
		"up\n"
		"+route fd01::7/128\n"
		"+route 192.168.6.0/24\n"
		"+route 0.0.0.0/0\n");
}

Test(hoststate, down_removes_all_in_order)
{
	struct scene scene;

	set_up(&scene, 1420, "10.0.0.1/24 fd00::1/64", "192.168.6.0/24 fd01::7/128");
	expect_diff(&scene.state, NULL,
		"-route fd01::7/128\n"
		"-route 192.168.6.0/24\n"
		"down\n"
		"-address 10.0.0.1/24\n"
		"-address fd00::1/64\n");
}

Test(hoststate, same_state_takes_no_step)
{
	struct scene old;
	struct scene new;

	set_up(&old, 1420, "10.0.0.1/24 fd00::1/64", "192.168.6.0/24 192.168.7.0/24");
	set_up(&new, 1420, "10.0.0.1/24 fd00::1/64", "192.168.7.0/24 192.168.6.0/24");
	expect_diff(&old.state, &new.state, "");
}

Test(hoststate, mtu_of_zero_is_left_alone)
{
	struct scene old;
	struct scene new;

	set_up(&new, 0, "10.0.0.1/32", "");
	expect_diff(NULL, &new.state, "no-link-local\n+address 10.0.0.1/32\nup\n");
	set_up(&old, 1420, "10.0.0.1/32", "");
	expect_diff(&old.state, &new.state, "");
	expect_diff(&new.state, &old.state, "mtu 1420\n");
}

Test(hoststate, routes_of_own_addresses_are_left_out)
{
	struct scene scene;

	/* Beside each that is left out stands its neighbour, which is not. */
	set_up(&scene, 0, "10.0.0.1/24 10.9.9.9/32 fd00::1/64 fd02::2/128",
		"10.0.0.0/24 10.0.0.0/25 10.0.0.1/32 10.0.0.2/32 10.9.9.9/32 10.9.9.8/32 "
		"fd00::/64 fd00::/65 fd02::2/128 fd02::3/128 fd00::1/128");
	expect_diff(NULL, &scene.state,
		"no-link-local\n"
		"+address 10.0.0.1/24\n"
		"+address 10.9.9.9/32\n"
		"+address fd00::1/64\n"
		"+address fd02::2/128\n"
		"up\n"
		"+route fd02::3/128\n"
		"+route fd00::/65\n"
		"+route 10.0.0.2/32\n"
		"+route 10.9.9.8/32\n"
		"+route 10.0.0.0/25\n");
}

Test(hoststate, an_address_brings_no_default_route)
{
	struct scene scene;

	set_up(&scene, 0, "10.0.0.1/0", "0.0.0.0/0");
	expect_diff(
		NULL, &scene.state, "no-link-local\n+address 10.0.0.1/0\nup\n+route 0.0.0.0/0\n");
}

Test(hoststate, each_prefix_is_added_once)
{
	struct scene scene;

	set_up(&scene, 0, "10.0.0.2/24 10.0.0.1/24 10.0.0.2/24",
		"192.168.6.0/24 192.168.6.9/24 172.16.0.0/12 192.168.6.0/24");
	expect_diff(NULL, &scene.state,
		"no-link-local\n"
		"+address 10.0.0.2/24\n"
		"+address 10.0.0.1/24\n"
		"up\n"
		"+route 192.168.6.0/24\n"
		"+route 172.16.0.0/12\n");
}

Test(hoststate, changed_routes_leave_the_rest_alone)
{
	struct scene old;
	struct scene new;

	set_up(&old, 1420, "10.0.0.1/24", "192.168.6.0/24 192.168.7.0/24");
	set_up(&new, 1400, "10.0.0.1/24 fd00::1/64", "192.168.7.0/24 192.168.8.0/24");
	expect_diff(&old.state, &new.state,
		"-route 192.168.6.0/24\n"
		"mtu 1400\n"
		"+address fd00::1/64\n"
		"+route 192.168.8.0/24\n");
}

Test(hoststate, a_route_taken_over_by_an_address_is_removed_first)
{
	struct scene old;
	struct scene new;

	set_up(&old, 0, "10.0.0.1/32", "10.0.7.0/24");
	set_up(&new, 0, "10.0.0.1/32 10.0.7.1/24", "10.0.7.0/24");
	expect_diff(&old.state, &new.state, "-route 10.0.7.0/24\n+address 10.0.7.1/24\n");
	expect_diff(&new.state, &old.state,
		"-address 10.0.7.1/24\n+address 10.0.0.1/32\n+route 10.0.7.0/24\n");
}

Test(hoststate, after_an_address_is_removed_all_is_added_again)
{
	struct scene old;
	struct scene new;

	set_up(&old, 1420, "10.0.0.1/24 10.0.0.2/24 fd00::1/64", "192.168.6.0/24");
	set_up(&new, 1420, "10.0.0.2/24 fd00::1/128", "192.168.6.0/24");
	expect_diff(&old.state, &new.state,
		"-address 10.0.0.1/24\n"
		"-address fd00::1/64\n"
		"+address 10.0.0.2/24\n"
		"+address fd00::1/128\n"
		"+route 192.168.6.0/24\n");
}

Test(hoststate, a_state_with_its_link_down_has_no_routes)
{
	struct scene down;
	struct scene up;

	set_up(&down, 0, "10.0.0.1/24", "192.168.6.0/24");
	down.state.link_up = false;
	expect_diff(NULL, &down.state, "+address 10.0.0.1/24\n");

	set_up(&up, 0, "10.0.0.1/24", "192.168.6.0/24");
	expect_diff(&down.state, &up.state, "no-link-local\nup\n+route 192.168.6.0/24\n");
	expect_diff(&up.state, &down.state, "-route 192.168.6.0/24\ndown\n+address 10.0.0.1/24\n");
}
