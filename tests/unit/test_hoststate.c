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
	[MV_HOST_DNS_SET] = "+dns",
	[MV_HOST_SRC_VALID_MARK_SET] = "+src-valid-mark",
	[MV_HOST_FIREWALL_ADD] = "+firewall",
	[MV_HOST_RULE_MARK_ADD] = "+rule-mark",
	[MV_HOST_RULE_MAIN_ADD] = "+rule-main",
	[MV_HOST_ROUTE_ADD] = "+route",
	[MV_HOST_ROUTE_REMOVE] = "-route",
	[MV_HOST_RULE_MAIN_REMOVE] = "-rule-main",
	[MV_HOST_RULE_MARK_REMOVE] = "-rule-mark",
	[MV_HOST_FIREWALL_REMOVE] = "-firewall",
	[MV_HOST_SRC_VALID_MARK_RESTORE] = "-src-valid-mark",
	[MV_HOST_DNS_REMOVE] = "-dns",
	[MV_HOST_LINK_DOWN] = "down",
	[MV_HOST_ADDRESS_REMOVE] = "-address",
};

struct scene {
	struct mv_hoststate state;
	struct mv_prefix addresses[8];
	struct mv_route routes[16];
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
	struct mv_prefix prefixes[16];

	*scene = (struct scene){.state = {.mtu = mtu, .link_up = true}};
	scene->state.addresses = scene->addresses;
	scene->state.routes = scene->routes;
	scene->state.address_count = parse_list(scene->addresses, 8, addresses);
	scene->state.route_count = parse_list(prefixes, 16, routes);
	for (size_t i = 0; i < scene->state.route_count; i++) {
		scene->routes[i] = (struct mv_route){prefixes[i], MV_ROUTE_TABLE_MAIN};
	}
	return &scene->state;
}

static void print_step(FILE *out, const struct mv_host_step *step)
{
	char text[MV_PREFIX_TEXT_MAX];

	fprintf(out, "%s", step_names[step->kind]);
	if (step->kind == MV_HOST_MTU) {
		fprintf(out, " %u", (unsigned)step->number);
	}
	if (step->family != MV_FAMILY_NONE) {
		fprintf(out, " ipv%d %u", step->family, (unsigned)step->number);
	}
	if (step->prefix.ip.family != MV_FAMILY_NONE) {
		fprintf(out, " %s", mv_prefix_print(text, &step->prefix));
	}
	if (step->prefix.ip.family != MV_FAMILY_NONE && step->number > 0 &&
		step->number != MV_ROUTE_TABLE_MAIN) {
		fprintf(out, " table %u", (unsigned)step->number);
	}
	fprintf(out, "%s\n", step->is_again ? " again" : "");
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

Test(hoststate, routes_that_own_networks_cover_are_left_out)
{
	struct scene scene;

	/* Beside each that is left out stands its neighbour, which is not. An IPv4 address of full
	 * length brings no route into the main table, an IPv6 address does. */
	set_up(&scene, 0, "10.0.0.1/24 10.9.9.9/32 fd00::1/64 fd02::2/128",
		"10.0.0.0/24 10.0.0.0/25 10.0.0.1/32 10.0.0.2/32 10.0.1.2/32 10.9.9.9/32 "
		"fd00::/64 fd00::/65 fd00::/63 fd02::2/128 fd02::3/128 fd00::1/128");
	expect_diff(NULL, &scene.state,
		"no-link-local\n"
		"+address 10.0.0.1/24\n"
		"+address 10.9.9.9/32\n"
		"+address fd00::1/64\n"
		"+address fd02::2/128\n"
		"up\n"
		"+route fd02::3/128\n"
		"+route fd00::/63\n"
		"+route 10.0.1.2/32\n"
		"+route 10.9.9.9/32\n");
}

Test(hoststate, routes_of_another_table_are_never_left_out)
{
	struct scene scene;

	set_up(&scene, 0, "10.0.0.1/24", "10.0.0.0/24 10.0.0.0/24");
	scene.routes[0].table = 77;
	expect_diff(NULL, &scene.state,
		"no-link-local\n+address 10.0.0.1/24\nup\n+route 10.0.0.0/24 table 77\n");
}

/* A default route of both families, as a plan makes it. */
static void set_up_default_route(struct scene *scene)
{
	set_up(scene, 0, "10.0.0.1/24", "0.0.0.0/0 ::/0 10.1.0.0/16");
	scene->routes[0].table = scene->routes[1].table = scene->state.mark = 51820;
	scene->state.by_mark4 = scene->state.by_mark6 = true;
	scene->state.sets_src_valid_mark = true;
	scene->state.dns = "nameserver 192.0.2.53\n";
}

Test(hoststate, a_default_route_comes_when_everything_is_there_that_it_needs)
{
	struct scene scene;

	set_up_default_route(&scene);
	expect_diff(NULL, &scene.state,
		"no-link-local\n"
		"+address 10.0.0.1/24\n"
		"up\n"
		"+dns\n"
		"+src-valid-mark\n"
		"+firewall ipv4 51820\n"
		"+firewall ipv6 51820\n"
		"+rule-mark ipv4 51820\n"
		"+rule-mark ipv6 51820\n"
		"+rule-main ipv4 51820\n"
		"+rule-main ipv6 51820\n"
		"+route 10.1.0.0/16\n"
		"+route 0.0.0.0/0 table 51820\n"
		"+route ::/0 table 51820\n");
	expect_diff(&scene.state, &scene.state, "");
}

Test(hoststate, what_lies_beside_the_device_is_undone_in_the_reverse_order)
{
	struct scene scene;

	set_up_default_route(&scene);
	scene.state.link_up = false;
	scene.state.address_count = 0;
	expect_diff(&scene.state, NULL,
		"-rule-main ipv4 51820\n"
		"-rule-main ipv6 51820\n"
		"-rule-mark ipv4 51820\n"
		"-rule-mark ipv6 51820\n"
		"-firewall ipv4 51820\n"
		"-firewall ipv6 51820\n"
		"-src-valid-mark\n"
		"-dns\n");
}

Test(hoststate, each_that_lies_beside_the_device_has_its_opposite)
{
	static const enum mv_host_step_kind pairs[][2] = {
		{MV_HOST_DNS_SET, MV_HOST_DNS_REMOVE},
		{MV_HOST_SRC_VALID_MARK_SET, MV_HOST_SRC_VALID_MARK_RESTORE},
		{MV_HOST_FIREWALL_ADD, MV_HOST_FIREWALL_REMOVE},
		{MV_HOST_RULE_MARK_ADD, MV_HOST_RULE_MARK_REMOVE},
		{MV_HOST_RULE_MAIN_ADD, MV_HOST_RULE_MAIN_REMOVE},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		cr_expect(mv_host_step_lies_beside(pairs[i][0]));
		cr_expect_eq(mv_host_step_opposite(pairs[i][0]), pairs[i][1]);
	}
	cr_expect_not(mv_host_step_lies_beside(MV_HOST_LINK_UP));
	cr_expect_not(mv_host_step_lies_beside(MV_HOST_ROUTE_ADD));
}

Test(hoststate, another_mark_takes_the_rules_with_it)
{
	struct scene old, new;

	set_up(&old, 0, "", "");
	old.state.mark = 1;
	old.state.by_mark4 = old.state.by_mark6 = true;
	new = old;
	new.state.mark = 2;
	new.state.by_mark6 = false;
	expect_diff(&old.state, &new.state,
		"+firewall ipv4 2\n"
		"+rule-mark ipv4 2\n"
		"+rule-main ipv4 2\n"
		"-rule-main ipv4 1\n"
		"-rule-main ipv6 1\n"
		"-rule-mark ipv4 1\n"
		"-rule-mark ipv6 1\n"
		"-firewall ipv6 1\n");
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
		"mtu 1400\n"
		"+address fd00::1/64\n"
		"+route 192.168.8.0/24\n"
		"-route 192.168.6.0/24\n");
}

Test(hoststate, a_route_that_an_address_takes_over_has_no_gap)
{
	struct scene old;
	struct scene new;

	set_up(&old, 0, "10.0.0.1/32", "10.0.7.0/24");
	set_up(&new, 0, "10.0.0.1/32 10.0.7.1/24", "10.0.7.0/24");
	expect_diff(&old.state, &new.state, "+address 10.0.7.1/24\n-route 10.0.7.0/24\n");
	expect_diff(&new.state, &old.state,
		"+route 10.0.7.0/24\n"
		"-address 10.0.7.1/24\n"
		"+address 10.0.0.1/32 again\n"
		"+route 10.0.7.0/24 again\n");
}

Test(hoststate, after_an_ipv4_address_is_removed_all_is_added_again)
{
	struct scene old;
	struct scene new;

	set_up(&old, 1420, "10.0.0.1/24 10.0.0.2/24 fd00::1/64", "192.168.6.0/24");
	set_up(&new, 1420, "10.0.0.2/24 fd00::1/128", "192.168.6.0/24");
	expect_diff(&old.state, &new.state,
		"-address fd00::1/64\n"
		"+address fd00::1/128\n"
		"-address 10.0.0.1/24\n"
		"+address 10.0.0.2/24 again\n"
		"+address fd00::1/128 again\n"
		"+route 192.168.6.0/24 again\n");
}

Test(hoststate, an_ipv6_address_takes_nothing_along)
{
	struct scene old, new;

	set_up(&old, 1420, "10.0.0.1/24 fd00::1/64", "192.168.6.0/24 fd01::/64");
	set_up(&new, 1420, "10.0.0.1/24", "192.168.6.0/24 fd01::/64");
	expect_diff(&old.state, &new.state, "-address fd00::1/64\n");
}

/* So the route to the network of both, which the kernel keeps for the one that is left, stays. */
Test(hoststate, an_ipv6_address_is_there_before_the_one_of_its_network_goes)
{
	struct scene old, new;

	set_up(&old, 0, "fd00::1/64 fd00::5/64", "");
	set_up(&new, 0, "fd00::2/64 fd00::5/128", "");
	expect_diff(&old.state, &new.state,
		"-address fd00::5/64\n"
		"+address fd00::2/64\n"
		"+address fd00::5/128\n"
		"-address fd00::1/64\n");
}

/* Between the two, packets would go beside the tunnel. */
Test(hoststate, half_of_a_default_route_is_there_before_the_whole_one_goes)
{
	struct scene old, new;

	set_up(&old, 0, "10.0.0.1/24", "0.0.0.0/0");
	set_up(&new, 0, "10.0.0.1/24", "0.0.0.0/1 128.0.0.0/1");
	expect_diff(
		&old.state, &new.state, "+route 0.0.0.0/1\n+route 128.0.0.0/1\n-route 0.0.0.0/0\n");
}

Test(hoststate, a_firewall_guards_the_addresses_that_there_are)
{
	struct scene old, new;

	set_up_default_route(&old);
	set_up_default_route(&new);
	new.state.address_count = parse_list(new.addresses, 8, "10.0.0.1/24 10.0.0.9/24");
	expect_diff(&old.state, &new.state, "+address 10.0.0.9/24\n+firewall ipv4 51820\n");
	expect_diff(&new.state, &old.state,
		"+firewall ipv4 51820\n"
		"-address 10.0.0.9/24\n"
		"+address 10.0.0.1/24 again\n"
		"+route 10.1.0.0/16 again\n"
		"+route 0.0.0.0/0 table 51820 again\n"
		"+route ::/0 table 51820 again\n");
}

Test(hoststate, other_names_take_the_place_of_those_before)
{
	struct scene old, new;

	set_up_default_route(&old);
	set_up_default_route(&new);
	new.state.dns = "nameserver 192.0.2.54\n";
	expect_diff(&old.state, &new.state, "+dns\n");
	new.state.dns = NULL;
	expect_diff(&old.state, &new.state, "-dns\n");
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
