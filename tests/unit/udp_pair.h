/*
 * Two outer sockets that talk to each other over loopback, and a batch to read into: the fixture of
 * the tests that send for real.
 */
#ifndef MV_TESTS_UNIT_UDP_PAIR_H
#define MV_TESTS_UNIT_UDP_PAIR_H

#include <criterion/criterion.h>
#include <sodium.h>

#include "edge/udp_receive.h"
#include "edge/udp_send.h"

static struct mv_udp here, there;
static struct mv_udp_receiver *receiver;
static struct mv_batch *batch;

static void open_both(void)
{
	cr_assert_geq(sodium_init(), 0);
	cr_assert_eq(mv_udp_open(&here, 0), 0);
	cr_assert_eq(mv_udp_open(&there, 0), 0);
	receiver = mv_udp_receiver_create();
	batch = mv_batch_create(&mv_aead_sodium);
	cr_assert(receiver && batch);
}

static void close_both(void)
{
	mv_batch_destroy(batch);
	mv_udp_receiver_destroy(receiver);
	mv_udp_close(&here);
	mv_udp_close(&there);
}

/* What is there, into the batch; as mv_udp_receive. */
static int receive(int fd)
{
	int count = mv_udp_receive(receiver, fd);

	if (count > 0) {
		cr_assert(mv_udp_receiver_take(receiver, batch));
	}
	return count;
}

static void need_ipv6(void)
{
	if (here.fd6 < 0) {
		cr_skip_test("this kernel has no IPv6");
	}
}

#endif
