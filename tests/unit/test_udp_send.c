/*
 * edge/udp_send and edge/udp_receive over the loopback: what goes as one message, what does not,
 * and what arrives in both cases. The call that sends is stood in for, so that it can be watched
 * and made to fail.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "udp_pair.h"

#define MESSAGES_MAX 256

/* The kernel's part */

static size_t message_count;
static size_t datagrams_in[MESSAGES_MAX]; /* of each message that was tried */
static int runs_fail_with;                /* messages of more than one datagram; 0: none does */
static unsigned full_calls;               /* so many calls find the buffer full */

int sendmmsg(int fd, struct mmsghdr *vmessages, unsigned vlen, int flags)
{
	if (full_calls > 0) {
		full_calls--;
		errno = EAGAIN;
		return -1;
	}
	if (runs_fail_with != 0 && vmessages[0].msg_hdr.msg_iovlen > 1) {
		errno = runs_fail_with;
		return -1;
	}
	for (unsigned i = 0; i < vlen; i++) {
		if (runs_fail_with != 0 && vmessages[i].msg_hdr.msg_iovlen > 1) {
			vlen = i;
		}
	}
	int sent = (int)syscall(SYS_sendmmsg, fd, vmessages, vlen, flags);
	for (int i = 0; i < sent; i++) {
		cr_assert_lt(message_count, MESSAGES_MAX);
		datagrams_in[message_count++] = vmessages[i].msg_hdr.msg_iovlen;
	}
	return sent;
}

/* What is sent, and what arrives */

static struct mv_batch *out;
static struct mv_udp third;

static void open_all(void)
{
	open_both();
	cr_assert_eq(mv_udp_open(&third, 0), 0);
	mv_udp_offload(&here);
	mv_udp_offload(&there);
	cr_assert(here.cuts4, "this kernel has UDP_SEGMENT");
	cr_assert(there.merges4, "and UDP_GRO");
	out = mv_batch_create(&mv_aead_sodium);
	cr_assert(out);
}

static void close_all(void)
{
	mv_batch_destroy(out);
	mv_udp_close(&third);
	close_both();
}

TestSuite(udp_send, .init = open_all, .fini = close_all, .timeout = 20);
TestSuite(udp_receive, .init = open_all, .fini = close_all, .timeout = 20);

static struct mv_packet *add(size_t len, uint16_t port)
{
	uint8_t number = (uint8_t)out->count;
	uint8_t *room = mv_batch_room(out);

	cr_assert(room);
	memset(room, number, len);
	struct mv_packet *packet = mv_batch_add(out, len);
	packet->endpoint = (struct mv_endpoint){
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {127, 0, 0, 1}}, .port = port};
	return packet;
}

static void add_many(size_t count, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		add(len, there.port);
	}
}

static void expect_messages(size_t count, const size_t *datagrams)
{
	cr_assert_eq(message_count, count, "%zu messages", message_count);
	for (size_t i = 0; i < count; i++) {
		cr_expect_eq(
			datagrams_in[i], datagrams[i], "message %zu has %zu", i, datagrams_in[i]);
	}
}

/* Each live packet of the batch for that port, once, in order, and nothing else. */
static void expect_arrival(const struct mv_udp *at)
{
	size_t next = 0;

	while (mv_udp_receive(receiver, at->fd4) > 0) {
		while (mv_udp_receiver_take(receiver, batch)) {
			for (size_t i = 0; i < batch->count; i++, next++) {
				while (next < out->count &&
					(!out->packets[next].live ||
						out->packets[next].endpoint.port != at->port)) {
					next++;
				}
				cr_assert_lt(next, out->count);
				cr_expect(out->packets[next].sent);
				cr_assert_eq(batch->packets[i].len, out->packets[next].len);
				cr_expect_eq(memcmp(batch->packets[i].data, out->packets[next].data,
						     batch->packets[i].len),
					0);
				cr_expect_eq(batch->packets[i].endpoint.port, here.port);
			}
			mv_batch_reset(batch);
		}
	}
	for (; next < out->count; next++) {
		cr_expect(!out->packets[next].live || out->packets[next].endpoint.port != at->port,
			"packet %zu is missing", next);
	}
}

/* Runs */

Test(udp_send, equal_ones_are_a_run_and_a_shorter_one_ends_it)
{
	add_many(10, 100);
	add(60, there.port);
	add_many(3, 100);
	add(101, there.port);
	mv_udp_send_batch(&here, out);
	expect_messages(3, (size_t[]){11, 3, 1});
	expect_arrival(&there);
}

Test(udp_send, what_is_dead_is_not_sent_and_ends_no_run)
{
	add_many(3, 100);
	mv_packet_drop(&out->packets[1], MV_DROP_NO_ROUTE);
	mv_udp_send_batch(&here, out);
	expect_messages(1, (size_t[]){2});
	cr_expect_not(out->packets[1].sent);
	expect_arrival(&there);
}

Test(udp_send, another_way_is_another_run)
{
	static const struct mv_source from_lo = {
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {127, 0, 0, 1}}};

	add(100, there.port);
	add(100, third.port);
	add(100, there.port);
	add(100, there.port)->source = from_lo;
	add(100, there.port)->tos = 2;
	add(100, there.port)->tos = 2;
	mv_udp_send_batch(&here, out);
	expect_messages(5, (size_t[]){1, 1, 1, 1, 2});
	expect_arrival(&there);
	expect_arrival(&third);
}

Test(udp_send, a_run_is_no_longer_than_the_kernel_cuts)
{
	add_many(70, 100);
	mv_udp_send_batch(&here, out);
	expect_messages(2, (size_t[]){64, 6});
	expect_arrival(&there);
}

/* 45 x 1452 bytes are 65,340 and 46 are more than an IPv4 datagram holds. */
Test(udp_send, a_run_is_no_larger_than_a_datagram)
{
	add_many(46, 1452);
	mv_udp_send_batch(&here, out);
	expect_messages(2, (size_t[]){45, 1});
	expect_arrival(&there);
}

Test(udp_send, more_runs_than_go_by_one_call)
{
	for (size_t i = 0; i < 100; i++) {
		add(i + 1, there.port);
	}
	mv_udp_send_batch(&here, out);
	cr_expect_eq(message_count, 100);
	expect_arrival(&there);
}

Test(udp_send, families_are_mixed)
{
	need_ipv6();
	for (size_t i = 0; i < 6; i++) {
		struct mv_packet *packet = add(100, there.port);

		if (i % 3 == 2) {
			packet->endpoint.ip =
				(struct mv_ip){.family = MV_FAMILY_IPV6, .bytes = {[15] = 1}};
		}
	}
	mv_udp_send_batch(&here, out);
	expect_messages(4, (size_t[]){2, 1, 2, 1});
	cr_expect_eq(receive(there.fd4), 2);
	cr_expect_eq(receive(there.fd6), 2);
	cr_expect_eq(batch->count, 6);
}

/* Where the kernel does not help */

Test(udp_send, without_offload_each_goes_by_itself)
{
	here.cuts4 = false;
	add_many(40, 100);
	mv_udp_send_batch(&here, out);
	cr_expect_eq(message_count, 40);
	expect_arrival(&there);
}

Test(udp_send, a_way_that_cannot_cut_is_remembered)
{
	runs_fail_with = EIO;
	add_many(10, 100);
	cr_expect(mv_udp_send_batch(&here, out), "it is told");
	cr_expect_not(here.cuts4);
	cr_expect_eq(message_count, 0, "they went one by one");
	expect_arrival(&there);

	cr_expect_not(mv_udp_send_batch(&here, out), "once");
	cr_expect_eq(message_count, 10, "by the call for many, since none is a run");
	expect_arrival(&there);
}

Test(udp_send, a_run_that_is_refused_goes_one_by_one)
{
	static const int errors[] = {EMSGSIZE, EINVAL};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		mv_batch_reset(out);
		runs_fail_with = errors[i];
		add(50, there.port);
		add_many(10, 100);
		mv_udp_send_batch(&here, out);
		cr_expect(here.cuts4, "it may be the path of this peer alone");
		expect_arrival(&there);
	}
}

Test(udp_send, a_full_buffer_is_waited_for_once)
{
	full_calls = 1;
	add_many(3, 100);
	mv_udp_send_batch(&here, out);
	expect_arrival(&there);

	for (size_t i = 0; i < out->count; i++) {
		out->packets[i].sent = false;
	}
	full_calls = 2;
	mv_udp_send_batch(&here, out);
	for (size_t i = 0; i < out->count; i++) {
		cr_expect_not(out->packets[i].sent);
	}
}

/* Receiving */

Test(udp_receive, what_was_merged_is_taken_apart)
{
	add_many(10, 100);
	add(1, there.port);
	mv_udp_send_batch(&here, out);
	cr_assert_eq(mv_udp_receive(receiver, there.fd4), 1, "the loopback leaves it whole");
	cr_assert(mv_udp_receiver_take(receiver, batch));
	cr_expect_eq(batch->count, 11);
	cr_expect_eq(batch->packets[10].len, 1);
	mv_batch_reset(batch);
	cr_expect_not(mv_udp_receiver_take(receiver, batch));
}

Test(udp_receive, who_does_not_merge_gets_them_apart)
{
	add_many(10, 100);
	for (size_t i = 0; i < out->count; i++) {
		out->packets[i].endpoint.port = third.port;
	}
	mv_udp_send_batch(&here, out);
	cr_expect_eq(mv_udp_receive(receiver, third.fd4), 10);
	cr_assert(mv_udp_receiver_take(receiver, batch));
	cr_expect_eq(batch->count, 10);
}

/* A batch ends in the midst of a message, and the next goes on there. */
Test(udp_receive, more_than_a_batch_is_received)
{
	add_many(MV_BATCH_PACKETS, 50);
	mv_udp_send_batch(&here, out);
	mv_udp_send_batch(&here, out);
	cr_assert_gt(mv_udp_receive(receiver, there.fd4), 0);

	size_t count = 0;
	while (mv_udp_receiver_take(receiver, batch)) {
		for (size_t i = 0; i < batch->count; i++, count++) {
			cr_assert_eq(batch->packets[i].len, 50);
			cr_expect_eq(batch->packets[i].data[0], count % MV_BATCH_PACKETS);
		}
		if (count < (size_t)2 * MV_BATCH_PACKETS) {
			cr_expect_eq(batch->count, MV_BATCH_PACKETS);
		}
		mv_batch_reset(batch);
	}
	cr_expect_eq(count, (size_t)2 * MV_BATCH_PACKETS);
}
