#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "control/uapi_connection.h"
#include "uapi_server.h"

TestSuite(uapi_socket, .init = enter_namespace, .timeout = 60);

/* The file. */

Test(uapi_socket, the_file_goes_with_the_server)
{
	start_server();
	cr_assert(path_exists());
	stop_server();
	cr_expect_not(path_exists());
	cr_expect_eq(atomic_load(&server.removals), 0);
}

static void wait_for_removal(void)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < 5000 && atomic_load(&server.removals) == 0; i++) {
		nanosleep(&pause, NULL);
	}
	cr_assert_eq(atomic_load(&server.removals), 1);
}

Test(uapi_socket, removal_is_noticed_once)
{
	int other;

	start_server();
	ask(connect_client(), "get=1\n\n", GET_REPLY);
	/* What happens to others in the directory is none of our business. */
	other = open(MV_UAPI_DIRECTORY "/other.sock", O_CREAT | O_WRONLY, 0600);
	close(other);
	cr_assert_eq(unlink(MV_UAPI_DIRECTORY "/other.sock"), 0);
	ask(connect_client(), "get=1\n\n", GET_REPLY);
	cr_assert_eq(atomic_load(&server.removals), 0);

	cr_assert_eq(unlink(PATH), 0);
	wait_for_removal();
	close(open(PATH, O_CREAT | O_WRONLY, 0600));
	unlink(PATH);
	stop_server();
	cr_expect_eq(atomic_load(&server.removals), 1);
}

Test(uapi_socket, removal_of_the_directory_is_noticed)
{
	start_server();
	cr_assert_eq(rename(MV_UAPI_DIRECTORY, "/var/run/elsewhere"), 0);
	wait_for_removal();
	stop_server();
}

Test(uapi_socket, replacement_is_noticed_and_the_new_file_kept)
{
	struct stat before, after;
	int fd = -1;

	start_server();
	cr_assert_eq(unlink(PATH), 0);
	cr_assert_eq(mv_uapi_socket_bind(&fd, DEVICE), 0);
	cr_assert_eq(lstat(PATH, &before), 0);
	wait_for_removal();
	stop_server();
	cr_assert_eq(lstat(PATH, &after), 0);
	cr_expect_eq(before.st_ino, after.st_ino);
	close(fd);
}

Test(uapi_socket, a_file_that_is_gone_before_the_start_fails_it)
{
	const struct mv_uapi_host host = {&server, take_snapshot, note_removal, note_set};
	struct mv_uapi_socket *socket = NULL;
	int fd = -1;

	cr_assert_eq(mv_uapi_socket_bind(&fd, DEVICE), 0);
	cr_assert_eq(unlink(PATH), 0);
	cr_assert_eq(uv_loop_init(&server.loop), 0);
	cr_expect_eq(mv_uapi_socket_open(&socket, &server.loop, fd, &host), -ENOENT);
	cr_expect_null(socket);
	uv_run(&server.loop, UV_RUN_DEFAULT);
	cr_expect_eq(uv_loop_close(&server.loop), 0);
	cr_expect_eq(fcntl(fd, F_GETFD), -1);
	mv_uapi_socket_close(NULL);
}

/* Requests. */

static void expect_status(int fd)
{
	struct mv_snapshot *snapshot = take_snapshot(&server);
	size_t len = 0;
	char *expected = mv_uapi_print_status(snapshot, &len);

	ask(fd, "status=1\n\n", expected);
	mv_uapi_free(expected);
	mv_snapshot_destroy(snapshot);
}

Test(uapi_socket, many_requests_on_one_connection)
{
	int fd;

	start_server();
	fd = connect_client();
	ask(fd, "get=1\n\n", GET_REPLY);
	expect_status(fd);
	ask(fd, "set=1\nlisten_port=5\n\n", "errno=0\n\n");
	ask(fd, "get=1\nlisten_port=5\n\n", "errno=22\n\n");
	ask(fd, "get=1\n\n", GET_REPLY);
	close(fd);
	stop_server();
}

static void send_text(int fd, const char *text)
{
	cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void expect_bytes(int fd, const char *expected)
{
	char text[4096] = "";
	size_t len = strlen(expected);

	cr_assert_lt(len, sizeof text);
	cr_assert_eq(recv(fd, text, len, MSG_WAITALL), (ssize_t)len);
	cr_expect_str_eq(text, expected);
}

static bool is_closed_by_server(int fd)
{
	char byte;
	ssize_t received = recv(fd, &byte, 1, 0);

	return received == 0 || (received < 0 && errno == ECONNRESET);
}

Test(uapi_socket, requests_sent_in_one_piece_are_all_answered)
{
	int fd;

	start_server();
	fd = connect_client();
	send_text(fd, "get=1\n\nset=1\n\nget=1\n\n");
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	expect_bytes(fd, GET_REPLY "errno=0\n\n" GET_REPLY);
	cr_expect(is_closed_by_server(fd));
	stop_server();
}

Test(uapi_socket, a_request_byte_by_byte)
{
	int fd;

	start_server();
	fd = connect_client();
	for (const char *byte = "set=1\nlisten_port=5\n\n"; *byte != '\0'; byte++) {
		send_text(fd, (const char[]){*byte, '\0'});
	}
	expect_bytes(fd, "errno=0\n\n");
	stop_server();
}

Test(uapi_socket, what_is_no_request_ends_the_connection)
{
	int fd;

	start_server();
	fd = connect_client();
	send_text(fd, "hello");
	cr_expect(is_closed_by_server(fd));
	cr_expect_eq(atomic_load(&server.snapshots), 0);
	stop_server();
}

/* As wg does for every file that it finds. */
Test(uapi_socket, an_empty_connection_costs_nothing)
{
	start_server();
	for (unsigned i = 0; i < 200; i++) {
		close(connect_client());
	}
	cr_expect_eq(atomic_load(&server.snapshots), 0);
	ask(connect_client(), "get=1\n\n", GET_REPLY);
	cr_expect_eq(atomic_load(&server.snapshots), 1);
	stop_server();
}

Test(uapi_socket, a_hundred_clients_at_once)
{
	int clients[100];

	start_server();
	for (size_t i = 0; i < 100; i++) {
		clients[i] = connect_client();
		send_text(clients[i], "get=1\n\n");
	}
	for (size_t i = 0; i < 100; i++) {
		expect_bytes(clients[i], GET_REPLY);
		close(clients[i]);
	}
	cr_expect_eq(atomic_load(&server.snapshots), 100);
	stop_server();
}

Test(uapi_socket, those_that_stall_do_not_hinder_others)
{
	int half, deaf;

	server.prefixes = 100000;
	start_server();
	half = connect_client();
	send_text(half, "get=1\n");
	deaf = connect_client();
	send_text(deaf, "get=1\n\n");
	for (unsigned i = 0; i < 3; i++) {
		ask(connect_client(), "set=1\n\n", "errno=0\n\n");
	}

	/* Both were still being served. */
	send_text(half, "\n");
	expect_bytes(half, "private_key=" HEX_40 "\n");
	expect_bytes(deaf, "private_key=" HEX_40 "\n");
	stop_server();
}

Test(uapi_socket, one_too_many_waits_for_another_to_go)
{
	int stalled[64], last;
	struct pollfd answer = {.events = POLLIN};

	start_server();
	for (size_t i = 0; i < 64; i++) {
		stalled[i] = connect_client();
		ask(stalled[i], "get=1\n\n", GET_REPLY);
	}
	last = answer.fd = connect_client();
	send_text(last, "get=1\n\n");
	cr_expect_eq(poll(&answer, 1, 100), 0);
	close(stalled[17]);
	expect_bytes(last, GET_REPLY);
	stop_server();
}

Test(uapi_socket, one_too_many_gets_the_place_of_one_that_stalls)
{
	int last;

	start_server();
	for (size_t i = 0; i < 64; i++) {
		send_text(connect_client(), "set=1\n");
	}
	last = connect_client();
	ask(last, "get=1\n\n", GET_REPLY);
	stop_server();
}

Test(uapi_socket, a_set_is_carried_out_as_a_whole)
{
	int fd;

	start_server();
	fd = connect_client();
	ask(fd, "set=1\nlisten_port=5\npublic_key=" HEX_22 "\nallowed_ip=10.0.0.0/8\n\n",
		"errno=0\n\n");
	cr_expect_eq(atomic_load(&server.sets), 1);
	cr_expect_eq(server.changes, 3);

	/* Wrong in its last line. */
	ask(fd, "set=1\nlisten_port=6\npublic_key=" HEX_22 "\nallowed_ip=10.0.0.0\n\n",
		"errno=-22\n\n");
	ask(fd, "set=1\nlisten_port=6\nfwmark\n\n", "errno=-71\n\n");
	cr_expect_eq(atomic_load(&server.sets), 1);
	server.refuses = -EADDRINUSE;
	ask(fd, "set=1\nlisten_port=7\n\n", "errno=-98\n\n");
	cr_expect_eq(atomic_load(&server.sets), 2);
	stop_server();
}

Test(uapi_socket, half_a_set_does_nothing)
{
	int fd;

	start_server();
	fd = connect_client();
	send_text(fd, "set=1\nlisten_port=5\n");
	close(fd);
	ask(connect_client(), "get=1\n\n", GET_REPLY);
	cr_expect_eq(atomic_load(&server.sets), 0);
	stop_server();
}

/* Takes as long as the limit, which is the only thing it waits for. */
Test(uapi_socket, those_that_stall_for_long_lose_their_connection)
{
	struct pollfd clients[2] = {{.events = 0}, {.events = 0}};

	server.prefixes = 100000;
	start_server();
	clients[0].fd = connect_client();
	send_text(clients[0].fd, "get=1\n");
	clients[1].fd = connect_client();
	send_text(clients[1].fd, "get=1\n\n");
	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(poll(&clients[i], 1, 2 * MV_UAPI_IDLE_MS), 1);
		cr_expect(clients[i].revents & POLLHUP);
	}
	stop_server();
}

Test(uapi_socket, a_request_without_an_end_is_cut)
{
	const size_t chunk_len = 1 << 20;
	char *chunk = malloc(chunk_len);
	size_t sent = 0;
	ssize_t last;
	int fd;

	cr_assert_not_null(chunk);
	memset(chunk, 'x', chunk_len);
	start_server();
	fd = connect_client();
	send_text(fd, "set=1\n");
	do {
		last = send(fd, chunk, chunk_len, MSG_NOSIGNAL);
		sent += last > 0 ? (size_t)last : 0;
	} while (last > 0 && sent < 4 * MV_UAPI_REQUEST_MAX);
	cr_expect_eq(errno, EPIPE);
	cr_expect_geq(sent, MV_UAPI_REQUEST_MAX);
	ask(connect_client(), "get=1\n\n", GET_REPLY);
	stop_server();
	free(chunk);
}

Test(uapi_socket, a_reply_of_megabytes_comes_whole)
{
	struct mv_snapshot *read = NULL;
	size_t len = 0;
	char *text = NULL;

	server.prefixes = 130560;
	start_server();
	cr_assert_eq(mv_uapi_client_ask(connect_client(), "get=1\n\n", &text, &len), 0);
	cr_expect_gt(len, 2 << 20);
	cr_assert_eq(mv_uapi_parse(&read, text, len), 0);
	cr_expect_eq(read->prefix_count, 130560);
	mv_snapshot_destroy(read);
	mv_uapi_free(text);
	stop_server();
}

Test(uapi_socket, the_end_does_not_wait_for_clients)
{
	int idle, deaf;

	server.prefixes = 130560;
	start_server();
	idle = connect_client();
	ask(idle, "set=1\n\n", "errno=0\n\n");
	deaf = connect_client();
	send_text(deaf, "get=1\n\n");
	expect_bytes(deaf, "private_key=");
	stop_server();
	cr_expect(is_closed_by_server(idle));
}
