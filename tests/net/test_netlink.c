/*
 * edge/netlink and edge/hoststate on real devices: what they set is held against what the `ip`
 * program sets. In a network namespace of its own and with no capability but CAP_NET_ADMIN.
 */
#include "edge/netlink.h"

#include "check.h"
#include "edge/netlink_has.h"
#include "edge/tun.h"

#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#define DEVICE "tun9"

struct bench {
	struct mv_tun tun;
	struct mv_netlink *netlink;
};

struct scene {
	struct mv_hoststate state;
	struct mv_prefix addresses[8];
	struct mv_route routes[8];
};

static void bench_init(struct bench *bench)
{
	CHECK_INT(mv_tun_open(&bench->tun, DEVICE, MV_TUN_PLAIN), 0);
	CHECK_INT(mv_netlink_open(&bench->netlink), 0);
}

static void bench_uninit(struct bench *bench)
{
	mv_netlink_close(bench->netlink);
	mv_tun_close(&bench->tun);
}

static size_t parse_list(struct mv_prefix list[8], const char *text)
{
	char copy[256];
	char *rest = NULL;
	size_t count = 0;

	CHECK((size_t)snprintf(copy, sizeof(copy), "%s", text) < sizeof(copy));
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		CHECK(count < 8);
		CHECK_INT(mv_prefix_parse(&list[count++], word), MV_PREFIX_OK);
	}
	return count;
}

static const struct mv_hoststate *set_up(
	struct scene *scene, uint32_t mtu, const char *addresses, const char *routes)
{
	struct mv_prefix prefixes[8];

	*scene = (struct scene){.state = {.mtu = mtu, .link_up = true}};
	scene->state.addresses = scene->addresses;
	scene->state.routes = scene->routes;
	scene->state.address_count = parse_list(scene->addresses, addresses);
	scene->state.route_count = parse_list(prefixes, routes);
	for (size_t i = 0; i < scene->state.route_count; i++) {
		scene->routes[i] = (struct mv_route){prefixes[i], MV_ROUTE_TABLE_MAIN};
	}
	return &scene->state;
}

static void apply(const struct bench *bench, const struct mv_hoststate *old,
	const struct mv_hoststate *new, int wanted)
{
	const struct mv_host_step *failed = NULL;
	struct mv_host_steps steps;
	int err;

	CHECK_INT(mv_hoststate_diff(&steps, old, new), 0);
	err = mv_netlink_apply(bench->netlink, bench->tun.ifindex, &steps, &failed);
	if (err != wanted && failed) {
		fprintf(stderr, "step %td of kind %d\n", failed - steps.list, (int)failed->kind);
	}
	CHECK_INT(err, wanted);
	CHECK((failed != NULL) == (wanted != 0));
	mv_host_steps_uninit(&steps);
}

/* All that `ip` knows of the device, without its index, which is new for each one. */
static void describe(char text[static TEXT_MAX])
{
	static const char *const commands[] = {
		"ip -d link show dev " DEVICE,
		"ip address show dev " DEVICE,
		"ip -j -d route show dev " DEVICE,
		"ip -j -d -6 route show dev " DEVICE,
	};
	size_t len = 0;

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		char part[TEXT_MAX];
		const char *shown = part;

		run(part, commands[i]);
		if (i < 2) {
			shown = strchr(part, ':');
		}
		CHECK(shown != NULL);
		len += (size_t)snprintf(text + len, TEXT_MAX - len, "%s", shown);
		CHECK(len < TEXT_MAX);
	}
}

static void test_sets_what_ip_sets_and_removes_it(void)
{
	struct bench bench;
	struct scene scene;
	char before[TEXT_MAX];
	char by_ip[TEXT_MAX];
	char by_us[TEXT_MAX];

	bench_init(&bench);
	run_quietly("ip link set dev " DEVICE " addrgenmode none");
	run_quietly("ip link set dev " DEVICE " up");
	run_quietly("ip link set dev " DEVICE " down");
	describe(before);
	run_quietly("ip link set dev " DEVICE " mtu 1420");
	run_quietly("ip address add 10.0.0.1/24 dev " DEVICE);
	run_quietly("ip address add 10.9.9.9/32 dev " DEVICE);
	run_quietly("ip address add fd00::1/64 dev " DEVICE " nodad");
	run_quietly("ip link set dev " DEVICE " up");
	run_quietly("ip -6 route add fd01::7/128 dev " DEVICE);
	run_quietly("ip route add 192.168.6.0/24 dev " DEVICE);
	run_quietly("ip route add 0.0.0.0/0 dev " DEVICE);
	run_quietly("ip -6 route add ::/0 dev " DEVICE);
	describe(by_ip);
	bench_uninit(&bench);

	bench_init(&bench);
	set_up(&scene, 1420, "10.0.0.1/24 10.9.9.9/32 fd00::1/64",
		"192.168.6.0/24 10.0.0.0/24 fd01::7/128 0.0.0.0/0 ::/0");
	apply(&bench, NULL, &scene.state, 0);
	describe(by_us);
	check_text("what we set", by_us, by_ip);
	CHECK(strstr(by_us, "addrgenmode none") != NULL);
	CHECK(strstr(by_us, "\"dst\":\"192.168.6.0/24\"") != NULL);

	/* Again: all is there already. */
	apply(&bench, NULL, &scene.state, 0);
	describe(by_us);
	check_text("what we set twice", by_us, by_ip);

	/* The MTU stays: the device is about to go, and 1420 was never said to be wrong. */
	apply(&bench, &scene.state, NULL, 0);
	run_quietly("ip link set dev " DEVICE " mtu 1500");
	describe(by_us);
	check_text("what we left behind", by_us, before);
	apply(&bench, &scene.state, NULL, 0);

	mv_tun_close(&bench.tun);
	apply(&bench, &scene.state, NULL, 0);
	apply(&bench, NULL, &scene.state, -ENODEV);
	bench_uninit(&bench);
}

/* Addresses take others, and routes, with them when they go: what is kept must be there after all.
 */
static void test_a_change_leads_to_the_same_as_a_fresh_start(void)
{
	static const char *const lists[][2] = {
		{"10.0.0.1/24 10.0.0.2/24 fd00::1/64", "192.168.6.0/24 fd01::/64"},
		{"10.0.0.2/24 fd00::1/64", "192.168.6.0/24 fd01::/64"},
		{"10.0.0.7/24 fd00::1/128", "192.168.6.0/24 fd00::/64"},
		{"10.0.1.1/32", "10.0.0.0/24 192.168.7.0/24 192.168.6.0/24"},
		{"fd00::2/64", "192.168.6.0/24 10.0.0.0/24"},
	};
	const size_t count = sizeof(lists) / sizeof(*lists);
	char fresh[TEXT_MAX];
	char changed[TEXT_MAX];
	struct bench bench;
	struct scene old;
	struct scene new;

	for (size_t i = 0; i < count; i++) {
		size_t next = (i + 1) % count;

		set_up(&old, 1420, lists[i][0], lists[i][1]);
		set_up(&new, 1400, lists[next][0], lists[next][1]);

		bench_init(&bench);
		apply(&bench, NULL, &new.state, 0);
		describe(fresh);
		bench_uninit(&bench);

		bench_init(&bench);
		apply(&bench, NULL, &old.state, 0);
		apply(&bench, &old.state, &new.state, 0);
		describe(changed);
		bench_uninit(&bench);
		check_text("what a change leads to", changed, fresh);
	}
}

static void test_a_route_of_another_device_is_no_success(void)
{
	struct bench bench;
	struct scene scene;

	run_quietly("ip link add dev veth8 type veth peer name veth9");
	run_quietly("ip link set dev veth8 up");
	run_quietly("ip route add 192.168.6.0/24 dev veth8");
	run_quietly("ip -6 route add fd01::/64 dev veth8");

	bench_init(&bench);
	set_up(&scene, 0, "10.0.0.1/24", "192.168.6.0/24");
	apply(&bench, NULL, &scene.state, -EEXIST);
	set_up(&scene, 0, "10.0.0.1/24", "fd01::/64");
	apply(&bench, NULL, &scene.state, -EEXIST);
	set_up(&scene, 0, "10.0.0.1/24", "192.168.6.0/25 fd01::/65");
	apply(&bench, NULL, &scene.state, 0);
	bench_uninit(&bench);
	run_quietly("ip link del dev veth8");
}

/* Below 1280 bytes the kernel takes IPv6 off a device, as if it had none at all. */
static void test_a_device_without_ipv6_is_set_up_all_the_same(void)
{
	struct mv_host_step step = {.kind = MV_HOST_ADDRESS_ADD};
	struct bench bench;
	struct scene scene;

	bench_init(&bench);
	run_quietly("ip link set dev " DEVICE " mtu 1000");
	CHECK_INT(mv_prefix_parse(&step.prefix, "fd00::1/64"), MV_PREFIX_OK);
	CHECK(mv_netlink_step(bench.netlink, bench.tun.ifindex, &step) < 0);

	set_up(&scene, 0, "10.0.0.1/24", "192.168.6.0/24");
	apply(&bench, NULL, &scene.state, 0);
	bench_uninit(&bench);
}

struct history {
	size_t count;
	struct mv_link_event last;
};

static void on_event(void *ctx, const struct mv_link_event *event)
{
	struct history *history = ctx;

	history->count++;
	history->last = *event;
}

/* The kernel has queued an event when the command that caused it returns. */
static struct history read_history(struct mv_netlink *monitor, struct mv_link_place *place)
{
	struct history history = {0};

	CHECK_INT(mv_netlink_monitor_read(monitor, place, on_event, &history), 0);
	return history;
}

static struct mv_link_place place_of(const struct bench *bench)
{
	return (struct mv_link_place){
		.name = DEVICE, .ifindex = bench->tun.ifindex, .nsid = MV_NSID_OWN};
}

static void check_event(struct mv_netlink *monitor, const struct bench *bench, bool up, long mtu)
{
	struct mv_link_place place = place_of(bench);
	struct history history = read_history(monitor, &place);
	struct mv_link_event now;

	CHECK(history.count > 0);
	CHECK(!history.last.deleted);
	CHECK_INT(history.last.up, up);
	CHECK_INT(history.last.mtu, mtu);

	CHECK_INT(mv_netlink_link_get(bench->netlink, bench->tun.ifindex, &now), 0);
	CHECK(!now.deleted);
	CHECK_INT(now.up, up);
	CHECK_INT(now.mtu, mtu);
}

static void test_monitor_tells_what_happens_to_the_device(void)
{
	struct mv_netlink *monitor;
	struct mv_link_place place;
	struct mv_link_event now;
	struct history history;
	struct bench bench;

	bench_init(&bench);
	place = place_of(&bench);
	CHECK_INT(mv_netlink_monitor_open(&monitor), 0);
	CHECK(mv_netlink_fd(monitor) >= 0);
	CHECK_INT(read_history(monitor, &place).count, 0);

	run_quietly("ip link set dev " DEVICE " up");
	check_event(monitor, &bench, true, 1500);
	run_quietly("ip link set dev " DEVICE " mtu 1300");
	check_event(monitor, &bench, true, 1300);
	run_quietly("ip link set dev " DEVICE " down");
	check_event(monitor, &bench, false, 1300);

	/* Others' events are read, and not told. */
	run_quietly("ip link set dev lo up");
	CHECK_INT(read_history(monitor, &place).count, 0);

	run_quietly("ip link del dev " DEVICE);
	history = read_history(monitor, &place);
	CHECK(history.last.deleted);
	CHECK_INT(mv_netlink_link_get(bench.netlink, bench.tun.ifindex, &now), 0);
	CHECK(now.deleted);

	mv_netlink_close(monitor);
	bench_uninit(&bench);
}

/* A process that holds another namespace until we end. */
static pid_t hold_namespace(void)
{
	char byte = 0;
	int ends[2];
	pid_t child;

	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) < 0 || write(ends[1], &byte, 1) != 1) {
			_exit(1);
		}
		for (;;) {
			pause();
		}
	}
	close(ends[1]);
	CHECK(read(ends[0], &byte, 1) == 1);
	close(ends[0]);
	return child;
}

/* In the namespace of the other process. */
static void run_elsewhere(pid_t elsewhere, const char *command)
{
	char line[128];

	snprintf(line, sizeof(line), "nsenter -t %d -n ip link set dev " DEVICE " %s",
		(int)elsewhere, command);
	run_quietly(line);
}

/* The monitor was made with all privileges. */
static void test_a_device_that_moves_is_followed(struct mv_netlink *monitor, pid_t elsewhere)
{
	struct mv_link_place place;
	struct mv_link_event now;
	struct history history;
	struct bench bench;
	char command[64];

	bench_init(&bench);
	place = place_of(&bench);
	run_quietly("ip link set dev " DEVICE " up");
	snprintf(command, sizeof(command), "ip link set dev %s netns %d", DEVICE, (int)elsewhere);
	run_quietly(command);
	CHECK_INT(mv_netlink_link_get(bench.netlink, bench.tun.ifindex, &now), 0);
	CHECK(now.deleted);
	history = read_history(monitor, &place);
	CHECK(!history.last.deleted);
	CHECK(!history.last.up);
	CHECK(place.nsid >= 0);

	run_elsewhere(elsewhere, "mtu 1298 up");
	history = read_history(monitor, &place);
	CHECK(history.count > 0);
	CHECK(history.last.up);
	CHECK_INT(history.last.mtu, 1298);
	run_elsewhere(elsewhere, "down");
	CHECK(!read_history(monitor, &place).last.up);

	/* And home again. */
	snprintf(command, sizeof(command), "netns %d", (int)getpid());
	run_elsewhere(elsewhere, command);
	run_quietly("ip link set dev " DEVICE " mtu 1297 up");
	history = read_history(monitor, &place);
	CHECK_INT(place.nsid, MV_NSID_OWN);
	CHECK(history.last.up);
	CHECK_INT(history.last.mtu, 1297);
	bench_uninit(&bench);
}

/* One that may not hear of other namespaces takes it to be up there. */
static void test_a_device_that_moves_out_of_sight_counts_as_up(pid_t elsewhere)
{
	struct mv_netlink *monitor;
	struct mv_link_place place;
	struct bench bench;
	char command[64];

	bench_init(&bench);
	place = place_of(&bench);
	CHECK_INT(mv_netlink_monitor_open(&monitor), 0);
	snprintf(command, sizeof(command), "ip link set dev %s netns %d", DEVICE, (int)elsewhere);
	run_quietly(command);
	CHECK(read_history(monitor, &place).last.up);
	mv_netlink_close(monitor);
	bench_uninit(&bench);
}

/* An ordinary device speaks when it comes up, which is the control; ours must not. */
static void test_no_packet_of_the_kernel_comes_out(void)
{
	uint8_t packet[2048];
	struct mv_tun noisy;
	struct bench bench;
	struct scene scene;
	struct pollfd wait;
	ssize_t len = 0;

	bench_init(&bench);
	set_up(&scene, 1420, "10.0.0.1/24 fd00::1/64", "fd01::/64");
	apply(&bench, NULL, &scene.state, 0);
	CHECK_INT(mv_tun_open(&noisy, "tun8", MV_TUN_PLAIN), 0);
	run_quietly("ip address add fd02::1/64 dev tun8");
	run_quietly("ip link set dev tun8 up");

	/* Until the control has sent its router solicitation, ICMPv6 type 133. */
	wait = (struct pollfd){.fd = noisy.fd, .events = POLLIN};
	do {
		CHECK_INT(poll(&wait, 1, 10000), 1);
		len = mv_tun_read(&noisy, packet, sizeof(packet));
		CHECK(len > 0);
	} while (len < 41 || packet[0] >> 4 != 6 || packet[6] != 58 || packet[40] != 133);

	CHECK_INT(mv_tun_read(&bench.tun, packet, sizeof(packet)), -EAGAIN);
	mv_tun_close(&noisy);
	bench_uninit(&bench);
}

static bool has(
	const struct bench *bench, enum mv_host_step_kind kind, uint32_t number, const char *prefix)
{
	struct mv_host_step step = {.kind = kind, .number = number};

	if (prefix) {
		CHECK_INT(mv_prefix_parse(&step.prefix, prefix), MV_PREFIX_OK);
	}
	return mv_netlink_has(bench->netlink, bench->tun.ifindex, &step);
}

static void test_what_is_there_is_seen(void)
{
	struct bench bench;

	bench_init(&bench);
	CHECK(!has(&bench, MV_HOST_NO_LINK_LOCAL, 0, NULL));
	CHECK(!has(&bench, MV_HOST_MTU, 1333, NULL));
	CHECK(!has(&bench, MV_HOST_LINK_UP, 0, NULL));
	CHECK(!has(&bench, MV_HOST_ADDRESS_ADD, 0, "10.0.0.1/24"));
	CHECK(!has(&bench, MV_HOST_ROUTE_ADD, MV_ROUTE_TABLE_MAIN, "10.9.0.0/16"));

	run_quietly("ip link set dev " DEVICE " addrgenmode none mtu 1333 up");
	run_quietly("ip address add 10.0.0.1/24 dev " DEVICE);
	run_quietly("ip address add fd00::1/64 dev " DEVICE " nodad");
	run_quietly("ip address add fe80::77/64 dev " DEVICE " nodad");
	run_quietly("ip route add 10.9.0.0/16 dev " DEVICE);
	run_quietly("ip route add default dev " DEVICE " table 77");
	CHECK(has(&bench, MV_HOST_NO_LINK_LOCAL, 0, NULL));
	CHECK(has(&bench, MV_HOST_MTU, 1333, NULL));
	CHECK(!has(&bench, MV_HOST_MTU, 1334, NULL));
	CHECK(has(&bench, MV_HOST_LINK_UP, 0, NULL));
	CHECK(has(&bench, MV_HOST_ADDRESS_ADD, 0, "10.0.0.1/24"));
	CHECK(has(&bench, MV_HOST_ADDRESS_ADD, 0, "fd00::1/64"));
	CHECK(has(&bench, MV_HOST_ADDRESS_ADD, 0, "fe80::77/64"));
	CHECK(!has(&bench, MV_HOST_ADDRESS_ADD, 0, "fe80::78/64"));
	CHECK(!has(&bench, MV_HOST_ADDRESS_ADD, 0, "10.0.0.1/25"));
	CHECK(has(&bench, MV_HOST_ROUTE_ADD, MV_ROUTE_TABLE_MAIN, "10.9.0.0/16"));
	CHECK(!has(&bench, MV_HOST_ROUTE_ADD, 77, "10.9.0.0/16"));
	CHECK(has(&bench, MV_HOST_ROUTE_ADD, 77, "0.0.0.0/0"));
	bench_uninit(&bench);
}

/* A prepared device is free until somebody opens it, also while its link is down. */
static void test_a_device_in_use_is_seen(void)
{
	struct bench bench;

	bench_init(&bench);
	run_quietly("ip tuntap add dev tun8 mode tun multi_queue");
	int ifindex = (int)if_nametoindex("tun8");
	CHECK(!mv_netlink_is_in_use(bench.netlink, ifindex));
	struct mv_tun tun;
	CHECK_INT(mv_tun_join(&tun, "tun8", MV_TUN_PLAIN), 0);
	CHECK(mv_netlink_is_in_use(bench.netlink, ifindex));
	mv_tun_close(&tun);
	CHECK(!mv_netlink_is_in_use(bench.netlink, ifindex));
	run_quietly("ip link del dev tun8");
	bench_uninit(&bench);
}

/* The last one: there is no way back. */
static void test_without_privilege_it_is_known(void)
{
	struct mv_netlink *netlink;

	CHECK_INT(mv_netlink_open(&netlink), 0);
	CHECK(mv_netlink_may_change(netlink));
	mv_netlink_close(netlink);
	capng_clear(CAPNG_SELECT_CAPS);
	CHECK(capng_apply(CAPNG_SELECT_CAPS) == 0);
	CHECK_INT(mv_netlink_open(&netlink), 0);
	CHECK(!mv_netlink_may_change(netlink));
	mv_netlink_close(netlink);
}

int main(void)
{
	struct mv_netlink *monitor;
	pid_t elsewhere;

	enter_namespace();
	elsewhere = hold_namespace();
	CHECK_INT(mv_netlink_monitor_open(&monitor), 0);
	test_a_device_that_moves_is_followed(monitor, elsewhere);
	mv_netlink_close(monitor);
	keep_only_net_admin();

	test_sets_what_ip_sets_and_removes_it();
	test_a_change_leads_to_the_same_as_a_fresh_start();
	test_a_route_of_another_device_is_no_success();
	test_a_device_without_ipv6_is_set_up_all_the_same();
	test_monitor_tells_what_happens_to_the_device();
	test_a_device_that_moves_out_of_sight_counts_as_up(elsewhere);
	test_no_packet_of_the_kernel_comes_out();
	test_what_is_there_is_seen();
	test_a_device_in_use_is_seen();
	kill(elsewhere, SIGKILL);
	test_without_privilege_it_is_known();
	return 0;
}
