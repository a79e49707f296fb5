/*
 * The parts of the edge, each set up with every call refused once: sockets, queue, lane, control
 * loop, resolver, record. What fails has taken everything down again: no thread, no descriptor, no
 * memory, no file.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "edge/clock.h"
#include "edge/loop.h"
#include "edge/names.h"
#include "edge/netlink.h"
#include "edge/record.h"
#include "edge/resolve.h"
#include "fault.h"
#include "require.h"

#define LOOPBACK_INDEX 1 /* in every network namespace */

static const char *const nothing_bearable[] = {NULL};

/* A smaller socket buffer is slower, not wrong. */
static const char *const buffer_bearable[] = {"setsockopt", NULL};

/* A name that cannot be asked for now is asked for later. */
static const char *const name_bearable[] = {"uv_getaddrinfo", NULL};

/* A device says itself where its keys are not locked. */
static const char *const lock_bearable[] = {"sodium_mlock", NULL};

static int attempt_udp(unsigned n, const char **refused)
{
	struct mv_udp udp;

	fault_arm(n);
	int error = mv_udp_open(&udp, 0);
	*refused = fault_disarm();
	if (error == 0) {
		REQUIRE(udp.port != 0 && udp.fd4 >= 0);
		mv_udp_close(&udp);
	}
	return error;
}

static int attempt_handoff(unsigned n, const char **refused)
{
	fault_arm(n);
	struct mv_handoff *handoff = mv_handoff_create();
	*refused = fault_disarm();
	mv_handoff_destroy(handoff);
	return handoff ? 0 : -ENOMEM;
}

static int attempt_netlink(unsigned n, const char **refused)
{
	struct mv_netlink *netlink = NULL;
	struct mv_link_event event = {0};

	fault_arm(n);
	int error = mv_netlink_open(&netlink);
	if (error == 0) {
		error = mv_netlink_link_get(netlink, LOOPBACK_INDEX, &event);
		mv_netlink_close(netlink);
	}
	*refused = fault_disarm();
	REQUIRE(error < 0 || !event.deleted);
	return error;
}

/* A pair of sockets that keep the bounds of packets stands for the tunnel device, with the
 * loopback's link for its own. *far is its other end. */
static struct mv_loop_config make_config(int *far)
{
	struct mv_loop_config config = {
		.lanes = 1, .tuns = {{.name = "lo", .ifindex = LOOPBACK_INDEX}}};
	int ends[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	REQUIRE(mv_udp_open(&config.udps[0], 0) == 0);
	config.tuns[0].fd = ends[0];
	*far = ends[1];
	return config;
}

static int attempt_loop(unsigned n, const char **refused)
{
	struct mv_loop *loop = NULL;
	int far;
	struct mv_loop_config config = make_config(&far);

	fault_arm(n);
	int error = mv_loop_create(&loop, &config);
	*refused = fault_disarm();
	if (error == 0) {
		REQUIRE(mv_loop_destroy(loop));
	}
	close(far); /* The other descriptors went over to the loop, also where it failed. */
	return error;
}

/* The state of the link, then the lane with its thread. */
static int attempt_start(unsigned n, const char **refused)
{
	struct mv_loop *loop;
	int far;
	struct mv_loop_config config = make_config(&far);

	REQUIRE(mv_loop_create(&loop, &config) == 0);
	fault_arm(n);
	int error = mv_loop_start(loop);
	*refused = fault_disarm();
	REQUIRE(mv_loop_destroy(loop));
	close(far);
	return error;
}

static uint16_t find_free_port(void)
{
	struct mv_udp udp;

	REQUIRE(mv_udp_open(&udp, 0) == 0);
	uint16_t port = udp.port;
	mv_udp_close(&udp);
	return port;
}

static uint16_t port_of(struct mv_loop *loop)
{
	struct mv_snapshot *snapshot = mv_loop_snapshot(loop);

	REQUIRE(snapshot != NULL);
	uint16_t port = snapshot->listen_port;
	mv_snapshot_destroy(snapshot);
	return port;
}

/* While the lane runs. Sockets that cannot be had leave the old ones there; a lane that cannot go
 * on with the new ones is an error, too. */
static int attempt_port(unsigned n, const char **refused)
{
	uint16_t port = find_free_port();
	struct mv_changes changes;
	struct mv_loop *loop;
	int far;
	struct mv_loop_config config = make_config(&far);

	REQUIRE(mv_loop_create(&loop, &config) == 0 && mv_loop_start(loop) == 0);
	uint16_t before = port_of(loop);
	mv_changes_init(&changes);
	REQUIRE(mv_changes_add_number(&changes, MV_CHANGE_LISTEN_PORT, port) == 0);
	fault_arm(n);
	int error = mv_loop_apply(loop, &changes);
	*refused = fault_disarm();
	mv_changes_uninit(&changes);
	uint16_t after = port_of(loop);
	REQUIRE(after == port || (error < 0 && after == before));
	REQUIRE(mv_loop_destroy(loop));
	close(far);
	return error;
}

static void take_change(void *ctx)
{
	*(bool *)ctx = true;
}

/* The name is an address, so no DNS is asked. */
static int attempt_resolve(unsigned n, const char **refused)
{
	struct mv_log log = {0};
	bool has_changed = false;
	uv_loop_t loop;
	size_t count = 0;

	REQUIRE(uv_loop_init(&loop) == 0);
	fault_arm(n);
	struct mv_name *name =
		mv_name_open(&loop, &log, "127.0.0.1", 51820, take_change, &has_changed);
	if (name) {
		mv_name_ask(name);
	}
	*refused = fault_disarm();
	uv_run(&loop, UV_RUN_DEFAULT);
	REQUIRE((name != NULL) == has_changed);
	REQUIRE(!name || (mv_name_addresses(name, &count) && count == 1));
	mv_name_close(name);
	uv_run(&loop, UV_RUN_DEFAULT);
	REQUIRE(uv_loop_close(&loop) == 0);
	return name ? 0 : -ENOMEM;
}

static void fill_random(void *ctx, void *out, size_t len)
{
	(void)ctx;
	randombytes_buf(out, len);
}

static void make_list(struct mv_changes *changes, uint8_t first_byte, const char *endpoints)
{
	const uint8_t key[MV_KEY_LEN] = {first_byte};

	REQUIRE(mv_changes_add_key(changes, MV_CHANGE_PEER, key) == 0);
	REQUIRE(mv_changes_add_text(changes, MV_CHANGE_ENDPOINTS, endpoints) == 0);
}

/* All peers have their endpoints, or there are none. */
static int attempt_names(unsigned n, const char **refused)
{
	const struct mv_environment environment = {.random = fill_random};
	struct mv_changes changes;
	struct mv_device *device;
	struct mv_names *names = NULL;
	struct mv_snapshot *snapshot;
	struct mv_log log = {0};
	uv_loop_t loop;

	REQUIRE(uv_loop_init(&loop) == 0);
	REQUIRE(mv_device_create(&device, &environment) == 0);
	mv_changes_init(&changes);
	make_list(&changes, 9, "192.0.2.1:7");
	make_list(&changes, 5, "b.test:7, 192.0.2.1:7, 192.0.2.2:7");
	fault_arm(n);
	int error = mv_names_create(&names, &loop, device, &log);
	if (error == 0) {
		error = mv_names_apply(names, &changes);
	}
	*refused = fault_disarm();
	mv_changes_uninit(&changes);
	REQUIRE(mv_device_snapshot(device, &snapshot) == 0);
	REQUIRE(snapshot->peer_count == (error == 0 ? 2 : 0));
	for (size_t i = 0; i < snapshot->peer_count; i++) {
		REQUIRE(snapshot->peers[i].endpoint.port == 7);
	}
	mv_snapshot_destroy(snapshot);
	mv_names_close(names);
	uv_run(&loop, UV_RUN_DEFAULT);
	REQUIRE(uv_loop_close(&loop) == 0);
	mv_device_destroy(device);
	return error;
}

/* A record is replaced whole, or the old one is still there; but it may be that the new one is
 * there and not known to be on the disk. */
static int attempt_record(unsigned n, const char **refused)
{
	static const uint8_t own[MV_KEY_LEN] = {1};
	struct mv_timestamps old = {.count = 0}, new = {.count = 40}, timestamps;
	struct mv_sent_timestamp sent[40];
	char path[MV_RECORD_PATH_MAX];
	size_t line;

	for (size_t i = 0; i < new.count; i++) {
		sent[i] = (struct mv_sent_timestamp){
			.public_key = {(uint8_t)i}, .timestamp = {[0] = 0x40, [7] = 99}};
	}
	new.list = sent;
	memcpy(old.public_key, own, MV_KEY_LEN);
	memcpy(new.public_key, own, MV_KEY_LEN);
	REQUIRE(mv_record_write(&old, "var") == 0);
	fault_arm(n);
	int error = mv_record_prepare("var");
	if (error == 0) {
		error = mv_record_write(&new, "var");
	}
	if (error == 0) {
		error = mv_record_read(&timestamps, "var", own, &line);
		mv_timestamps_uninit(&timestamps);
	}
	*refused = fault_disarm();

	REQUIRE(mv_record_read(&timestamps, "var", own, &line) == 0);
	REQUIRE(timestamps.count == new.count || (error < 0 && timestamps.count == 0));
	mv_timestamps_uninit(&timestamps);
	REQUIRE(unlink(mv_record_path(path, "var", own)) == 0);
	REQUIRE(rmdir("var") == 0); /* There was nothing else in it. */
	return error;
}

/* What libuv makes once in a process is there before anything is counted. */
static void warm_up(void)
{
	const char *refused;

	REQUIRE(attempt_resolve(0, &refused) == 0);
	REQUIRE(attempt_start(0, &refused) == 0);
}

int main(void)
{
	fault_init();
	REQUIRE(sodium_init() >= 0);
	warm_up();

	REQUIRE(fault_each("open the outer sockets", attempt_udp, buffer_bearable) >= 16);
	REQUIRE(fault_each("create the handshake queue", attempt_handoff, nothing_bearable) == 2);
	REQUIRE(fault_each("ask the kernel for a link", attempt_netlink, nothing_bearable) >= 4);
	REQUIRE(fault_each("create the control loop", attempt_loop, nothing_bearable) >= 20);
	REQUIRE(fault_each("start the lane", attempt_start, nothing_bearable) >= 15);
	REQUIRE(fault_each("change the port", attempt_port, buffer_bearable) >= 30);
	REQUIRE(fault_each("resolve a name", attempt_resolve, name_bearable) == 2);
	REQUIRE(fault_each("take lists of endpoints", attempt_names, lock_bearable) >= 15);
	char folder[] = "/tmp/minivpn-fault-XXXXXX";
	REQUIRE(mkdtemp(folder) && chdir(folder) == 0);
	REQUIRE(fault_each("replace the record", attempt_record, nothing_bearable) >= 10);
	REQUIRE(rmdir(folder) == 0);
	return 0;
}
