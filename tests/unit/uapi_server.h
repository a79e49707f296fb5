/*
 * A control socket served on a loop in a thread, for the tests of its both sides. It lives in a
 * mount namespace with a tmpfs of its own: what the system has in the directory is neither seen nor
 * touched.
 */
#ifndef MV_TESTS_UAPI_SERVER_H
#define MV_TESTS_UAPI_SERVER_H

#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/uapi.h"
#include "control/uapi_client.h"
#include "control/uapi_socket.h"
#include "own_mount.h"

#define DEVICE "mvtest0"
#define PATH   MV_UAPI_DIRECTORY "/" DEVICE ".sock"

/* The server, and the device that it shows. */
struct server {
	struct mv_uapi_socket *socket;
	uv_loop_t loop;
	uv_thread_t thread;
	uv_async_t stop;
	size_t prefixes;
	atomic_uint snapshots, removals, sets;
	unsigned changes; /* of the last set */
	int refuses;      /* -errno of every set */
};

static struct server server;

static inline void enter_namespace(void)
{
	own_mount("/var/run");
	cr_assert_geq(sodium_init(), 0);
	signal(SIGPIPE, SIG_IGN);
}

static inline struct mv_snapshot *take_snapshot(void *ctx)
{
	struct server *of = ctx;
	struct mv_snapshot *snapshot = NULL;
	struct mv_peer_snapshot *peer;

	atomic_fetch_add(&of->snapshots, 1);
	if (mv_snapshot_create(&snapshot, 1, of->prefixes) < 0)
		return NULL;
	memset(snapshot->private_key, 0x40, MV_KEY_LEN);
	mv_x25519_public(snapshot->public_key, snapshot->private_key);
	snapshot->listen_port = 51820;
	peer = &snapshot->peers[snapshot->peer_count++];
	memset(peer->public_key, 0x22, MV_KEY_LEN);
	peer->rx_bytes = 3 << 20;
	for (size_t i = 0; i < of->prefixes; i++)
		snapshot->prefixes[i] = (struct mv_prefix){
			{MV_FAMILY_IPV4, {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}},
			32};
	snapshot->prefix_count = peer->prefix_count = of->prefixes;
	return snapshot;
}

static inline void note_removal(void *ctx)
{
	struct server *of = ctx;

	atomic_fetch_add(&of->removals, 1);
}

static inline int note_set(void *ctx, const struct mv_changes *changes)
{
	struct server *of = ctx;

	atomic_fetch_add(&of->sets, 1);
	of->changes = (unsigned)changes->count;
	return of->refuses;
}

static inline void on_stop(uv_async_t *stop)
{
	struct server *of = stop->data;

	mv_uapi_socket_close(of->socket);
	uv_close((uv_handle_t *)stop, NULL);
}

static inline void run_loop(void *loop)
{
	uv_run(loop, UV_RUN_DEFAULT);
}

static inline void start_server(void)
{
	const struct mv_uapi_host host = {&server, take_snapshot, note_removal, note_set};
	int fd = -1;

	cr_assert_eq(mv_uapi_socket_bind(&fd, DEVICE), 0);
	cr_assert_eq(uv_loop_init(&server.loop), 0);
	cr_assert_eq(mv_uapi_socket_open(&server.socket, &server.loop, fd, &host), 0);
	cr_assert_eq(uv_async_init(&server.loop, &server.stop, on_stop), 0);
	server.stop.data = &server;
	cr_assert_eq(uv_thread_create(&server.thread, run_loop, &server.loop), 0);
}

/* The loop ends only when every handle is closed; uv_loop_close would tell one that is left. */
static inline void stop_server(void)
{
	cr_assert_eq(uv_async_send(&server.stop), 0);
	cr_assert_eq(uv_thread_join(&server.thread), 0);
	cr_assert_eq(uv_loop_close(&server.loop), 0);
}

static inline bool path_exists(void)
{
	struct stat found;

	return lstat(PATH, &found) == 0;
}

static inline int connect_client(void)
{
	int fd = mv_uapi_client_connect(DEVICE);

	cr_assert_geq(fd, 0, "%s", strerror(-fd));
	return fd;
}

static inline void ask(int fd, const char *request, const char *reply)
{
	char *text = NULL;
	size_t len = 0;
	int error = mv_uapi_client_ask(fd, request, &text, &len);

	cr_assert_eq(error, 0, "%s", strerror(-error));
	cr_expect_str_eq(text, reply);
	mv_uapi_free(text);
}

#define HEX_22 "2222222222222222222222222222222222222222222222222222222222222222"
#define HEX_40 "4040404040404040404040404040404040404040404040404040404040404040"
#define HEX_0  "0000000000000000000000000000000000000000000000000000000000000000"
#define PEER_STATE                                                                                 \
	"protocol_version=1\nlast_handshake_time_sec=0\nlast_handshake_time_nsec=0\n"              \
	"tx_bytes=0\nrx_bytes=3145728\npersistent_keepalive_interval=0\n"
#define GET_REPLY                                                                                  \
	"private_key=" HEX_40 "\nlisten_port=51820\npublic_key=" HEX_22 "\npreshared_key=" HEX_0   \
	"\n" PEER_STATE "errno=0\n\n"

#endif
