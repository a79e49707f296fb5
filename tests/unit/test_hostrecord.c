/*
 * In a mount namespace with a tmpfs of its own on /run: what the system has there is neither seen
 * nor touched.
 */
#include "cli/hostrecord.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/hostlock.h"
#include "control/uapi_socket.h"
#include "own_mount.h"

static void setup(void)
{
	own_mount("/run");
	cr_assert_geq(sodium_init(), 0);
	cr_assert_eq(mv_hostlock_make_folder(), 0);
}

TestSuite(hostrecord, .init = setup);

static struct mv_prefix example_addresses[] = {{.ip = {MV_FAMILY_IPV4, {10, 0, 0, 1}}, .bits = 24},
	{.ip = {MV_FAMILY_IPV6, {0xfd, [15] = 1}}, .bits = 64}};
static struct mv_route example_routes[] = {
	{.prefix = {.ip = {MV_FAMILY_IPV4, {10, 1}}, .bits = 16}, .table = MV_ROUTE_TABLE_MAIN},
	{.prefix = {.ip = {MV_FAMILY_IPV6, {0}}, .bits = 0}, .table = UINT32_MAX}};
static const struct mv_hoststate example_state = {.mtu = 1420,
	.mark = 51820,
	.addresses = example_addresses,
	.address_count = 2,
	.routes = example_routes,
	.route_count = 2,
	.dns = "nameserver 192.0.2.53\nsearch a b\n"};

static struct mv_hostrecord make_example(void)
{
	struct mv_config_hook hooks[] = {{7, (char[]){"echo  'a # b' %i"}}, {9, (char[]){"true"}}};
	struct mv_config config = {.saves_config = true,
		.device_namespace = (char[]){"blue 1"},
		.socket_namespace = (char[]){"green"}};
	struct mv_hostrecord record;

	config.hooks[MV_HOOK_PRE_DOWN] = (struct mv_config_hooks){hooks, 2};
	config.hooks[MV_HOOK_POST_DOWN] = (struct mv_config_hooks){hooks + 1, 1};
	config.fwmark = 51820;
	config.lanes = 3;
	config.without_offload = true;
	cr_assert_eq(mv_hostrecord_init(&record, "/run", &config, &example_state), 0);
	record.socket = (struct mv_hostrecord_socket){UINT64_MAX, 5};
	strcpy(record.dns_name, "tun.wg0");
	record.done[0] = (struct mv_host_step){.kind = MV_HOST_DNS_SET};
	record.done[1] = (struct mv_host_step){.kind = MV_HOST_SRC_VALID_MARK_SET};
	record.done[2] = (struct mv_host_step){
		.kind = MV_HOST_FIREWALL_ADD, .family = MV_FAMILY_IPV6, .number = 51820};
	record.done[3] = (struct mv_host_step){.kind = MV_HOST_RULE_MARK_ADD,
		.family = MV_FAMILY_IPV4,
		.number = 51820,
		.priority = 32765};
	record.done[4] = (struct mv_host_step){.kind = MV_HOST_RULE_MAIN_ADD,
		.family = MV_FAMILY_IPV4,
		.number = 51820,
		.priority = 32764};
	record.done_count = 5;
	return record;
}

static void expect_hooks(const struct mv_config_hooks *is, const struct mv_config_hooks *wanted)
{
	cr_assert_eq(is->count, wanted->count);
	for (size_t i = 0; i < wanted->count; i++) {
		cr_expect_eq(is->list[i].line, wanted->list[i].line);
		cr_expect_str_eq(is->list[i].command, wanted->list[i].command);
	}
}

static void expect_state(const struct mv_hoststate *is)
{
	cr_expect_eq(is->mtu, 1420);
	cr_expect_str_eq(is->dns, example_state.dns);
	cr_assert_eq(is->address_count, 2);
	cr_assert_eq(is->route_count, 2);
	for (size_t i = 0; i < 2; i++) {
		cr_expect(mv_prefix_equal(&is->addresses[i], &example_addresses[i]));
		cr_expect(mv_prefix_equal(&is->routes[i].prefix, &example_routes[i].prefix));
		cr_expect_eq(is->routes[i].table, example_routes[i].table);
	}
}

Test(hostrecord, what_is_written_is_read)
{
	struct mv_hostrecord record = make_example(), read;
	struct stat found;

	cr_expect_not(mv_hostrecord_exists("wg0"));
	cr_assert_eq(mv_hostrecord_write(&record, "wg0"), 0);
	cr_expect(mv_hostrecord_exists("wg0"));
	cr_assert_eq(stat("/run/minivpn/wg0", &found), 0);
	cr_expect_eq(found.st_mode & 0777, 0600);

	cr_assert_eq(mv_hostrecord_read(&read, "wg0"), 0);
	cr_expect_str_eq(read.file, "/run");
	cr_expect(read.saves_config);
	cr_expect_str_eq(read.namespace, "blue 1");
	cr_expect_str_eq(read.socket_namespace, "green");
	cr_expect_neq(read.namespace_number, 0);
	cr_expect_eq(read.namespace_number, record.namespace_number);
	cr_expect_eq(read.mark, 51820);
	cr_expect(read.mark_is_given);
	cr_expect_str_eq(read.dns_name, "tun.wg0");
	cr_expect_eq(read.lanes, 3);
	cr_expect(read.without_offload);
	expect_state(&read.state);
	cr_expect(mv_hostrecord_is_of(&read, &record.socket));
	cr_assert_eq(read.done_count, record.done_count);
	for (size_t i = 0; i < read.done_count; i++) {
		cr_expect_eq(read.done[i].kind, record.done[i].kind);
		cr_expect_eq(read.done[i].family, record.done[i].family);
		cr_expect_eq(read.done[i].number, record.done[i].number);
		cr_expect_eq(read.done[i].priority, record.done[i].priority);
	}
	expect_hooks(&read.pre_down, &record.pre_down);
	expect_hooks(&read.post_down, &record.post_down);
	mv_hostrecord_uninit(&read);
	mv_hostrecord_uninit(&record);
	mv_hostrecord_remove("wg0");
	cr_expect_not(mv_hostrecord_exists("wg0"));
	cr_expect_eq(mv_hostrecord_read(&read, "wg0"), -ENOENT);
}

static int read_text(const char *text)
{
	struct mv_hostrecord record;
	FILE *out = fopen("/run/minivpn/wg0", "w");

	cr_assert_not_null(out);
	cr_assert_geq(fputs(text, out), 0);
	cr_assert_eq(fclose(out), 0);
	int error = mv_hostrecord_read(&record, "wg0");
	if (error == 0) {
		mv_hostrecord_uninit(&record);
	}
	return error;
}

#define FILE_LINE(line) ("file /etc/x\n" line)

/* While one state takes the place of another both are written down. */
Test(hostrecord, two_states)
{
	struct mv_hostrecord record = make_example();
	struct mv_prefix address = {
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {10, 9, 0, 1}}, .bits = 24};
	struct mv_route route = {.prefix = address, .table = 7};
	const struct mv_hoststate other = {.mtu = 1300,
		.addresses = &address,
		.address_count = 1,
		.routes = &route,
		.route_count = 1};

	cr_assert_eq(mv_hostrecord_add_state(&record, &other), 0);
	cr_expect_eq(record.state.mtu, 1420);
	cr_assert_eq(record.state.address_count, 3);
	cr_expect(mv_prefix_equal(&record.state.addresses[2], &address));
	cr_assert_eq(record.state.route_count, 3);
	cr_expect_eq(record.state.routes[2].table, 7);
	cr_assert_eq(mv_hostrecord_set_state(&record, &other), 0);
	cr_expect_eq(record.state.mtu, 1300);
	cr_expect_eq(record.state.address_count, 1);
	cr_expect_eq(record.state.route_count, 1);
	cr_expect_null(record.state.dns);
	mv_hostrecord_uninit(&record);
}

Test(hostrecord, what_minivpn_did_not_write_is_not_trusted)
{
	static const char *const texts[] = {
		"",
		"mark 1\n",
		"file /etc/x",
		FILE_LINE("mark\n"),
		FILE_LINE("mark x\n"),
		FILE_LINE("mark 4294967296\n"),
		FILE_LINE("socket 1\n"),
		FILE_LINE("namespace blue\n"),
		FILE_LINE("namespace \n"),
		FILE_LINE("unheard of\n"),
		FILE_LINE("did \n"),
		FILE_LINE("did something\n"),
		FILE_LINE("did dns\n"),
		FILE_LINE("did src_valid_mark 1\n"),
		FILE_LINE("did src_valid_mark \n"),
		FILE_LINE("did firewall 5 1 1\n"),
		FILE_LINE("did firewall 4 1\n"),
		FILE_LINE("did rule_mark 4 1 1 1\n"),
		FILE_LINE("did rule_mark 4 -1 1\n"),
		FILE_LINE("PreDown x true\n"),
		FILE_LINE("PreDown 1\n"),
		FILE_LINE("PostDown true\n"),
		FILE_LINE("PreUp 1 true\n"),
		FILE_LINE("address 10.0.0.256/8\n"),
		FILE_LINE("route 10.0.0.0/8\n"),
		FILE_LINE("route 10.0.0.0/33 254\n"),
		FILE_LINE("route 10.0.0.0/8 254 1\n"),
		FILE_LINE("offload maybe\n"),
		FILE_LINE("mtu -1\n"),
		FILE_LINE("lanes 1 2\n"),
	};

	cr_assert_eq(read_text(FILE_LINE("did rule_mark 4 1 1\nPreDown 1 true\n")), 0);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		cr_expect_eq(read_text(texts[i]), -EBADMSG, "%s", texts[i]);
	}
}

/* A record with so many steps. */
static int read_steps(unsigned count)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	cr_assert_not_null(out);
	fputs("file /etc/x\n", out);
	for (unsigned i = 0; i < count; i++) {
		fputs("did src_valid_mark\n", out);
	}
	cr_assert_eq(fclose(out), 0);
	int error = read_text(text);
	free(text);
	return error;
}

Test(hostrecord, more_steps_than_there_are_are_not_taken)
{
	cr_expect_eq(read_steps(0), 0);
	cr_expect_eq(read_steps(MV_HOSTRECORD_DONE_MAX), 0);
	cr_expect_eq(read_steps(MV_HOSTRECORD_DONE_MAX + 1), -EBADMSG);
}

Test(hostrecord, a_path_with_a_line_of_its_own_is_refused)
{
	const struct mv_config config = {0};
	const struct mv_hoststate state = {0};
	struct mv_hostrecord record;

	cr_assert_eq(mkdir("/run/x\nPostDown 1 true", 0700), 0);
	cr_expect_eq(
		mv_hostrecord_init(&record, "/run/x\nPostDown 1 true", &config, &state), -EINVAL);
	mv_hostrecord_uninit(&record);
	cr_expect_eq(mv_hostrecord_init(&record, "/run/none", &config, &state), -ENOENT);
	mv_hostrecord_uninit(&record);
}

/* src_valid_mark is one of each network namespace, marks are shunned in all. */
Test(hostrecord, others_in_another_namespace)
{
	struct mv_hostrecord record = make_example();

	cr_assert_eq(mv_hostrecord_write(&record, "wg0"), 0);
	cr_expect(mv_hostrecord_others_set_src_valid_mark("wg1"));
	cr_assert_eq(unshare(CLONE_NEWNET), 0);
	cr_expect_not(mv_hostrecord_others_set_src_valid_mark("wg1"));
	cr_expect(mv_hostrecord_others_have_mark("wg1", record.mark));
	mv_hostrecord_uninit(&record);
}

Test(hostrecord, others_are_asked)
{
	struct mv_hostrecord record = make_example();

	cr_assert_eq(mv_hostrecord_write(&record, "wg0"), 0);
	cr_expect(mv_hostrecord_others_set_src_valid_mark("wg1"));
	cr_expect_not(mv_hostrecord_others_set_src_valid_mark("wg0"));
	cr_expect(mv_hostrecord_others_have_mark("wg1", 51820));
	cr_expect_not(mv_hostrecord_others_have_mark("wg1", 51821));
	cr_expect_not(mv_hostrecord_others_have_mark("wg0", 51820));
	record.done_count = 1;
	cr_assert_eq(mv_hostrecord_write(&record, "wg0"), 0);
	cr_expect_not(mv_hostrecord_others_set_src_valid_mark("wg1"));
	mv_hostrecord_uninit(&record);
}

Test(hostrecord, a_socket_is_known_again_and_its_successor_is_not)
{
	struct mv_hostrecord record = {0};
	struct mv_hostrecord_socket again;
	int fd = -1;

	cr_expect_not(mv_hostrecord_socket_of(&record.socket, "wg0"));
	cr_assert_eq(mv_uapi_socket_bind(&fd, "wg0"), 0);
	cr_assert(mv_hostrecord_socket_of(&record.socket, "wg0"));
	cr_assert(mv_hostrecord_socket_of(&again, "wg0"));
	cr_expect(mv_hostrecord_is_of(&record, &again));
	close(fd);
	cr_assert_eq(mv_uapi_socket_bind(&fd, "wg0"), 0);
	cr_assert(mv_hostrecord_socket_of(&again, "wg0"));
	cr_expect_not(mv_hostrecord_is_of(&record, &again));
	close(fd);
}

Test(hostrecord, a_lock_is_had_by_one)
{
	int first = mv_hostlock_device("wg0", 0), other = mv_hostlock_device("wg1", 0);

	cr_assert_geq(first, 0);
	cr_assert_geq(other, 0);
	cr_expect_eq(mv_hostlock_device("wg0", 0), -EAGAIN);
	cr_expect_eq(mv_hostlock_device("wg0", 1), -EAGAIN);
	close(first);
	first = mv_hostlock_device("wg0", 0);
	cr_expect_geq(first, 0);
	close(first);
	close(other);
}
