/*
 * edge/cmsg, as it is written and read, and over the loopback as the kernel takes it: all of
 * 127.0.0.0/8 are own addresses, so that one can be told from another.
 */
#include "edge/cmsg.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "edge/udp.h"
#include "udp_pair.h"

TestSuite(cmsg, .init = open_both, .fini = close_both, .timeout = 20);

static struct mv_source own(const char *text, uint32_t ifindex)
{
	struct mv_source source = {.ifindex = ifindex};

	cr_assert(mv_ip_parse(&source.ip, text), "%s", text);
	return source;
}

static struct mv_endpoint at(const char *text, uint16_t port)
{
	struct mv_endpoint endpoint = {.port = port};

	cr_assert(mv_ip_parse(&endpoint.ip, text), "%s", text);
	return endpoint;
}

static void expect_ip(const struct mv_ip *ip, const char *text)
{
	char printed[MV_IP_TEXT_MAX];

	cr_expect_str_eq(mv_ip_print(printed, ip), text);
}

static uint32_t loopback(void)
{
	return if_nametoindex("lo");
}

/* Over the wire */

/* Sends one datagram; what comes with it at the other end. */
static struct mv_packet pass(
	const struct mv_udp *from, const struct mv_udp *to, struct mv_packet *packet)
{
	uint8_t byte = 'x';
	int fd = packet->endpoint.ip.family == MV_FAMILY_IPV4 ? to->fd4 : to->fd6;

	packet->data = &byte;
	packet->len = 1;
	cr_assert_eq(mv_udp_send(from, packet), 0);
	cr_assert(packet->sent);
	mv_batch_reset(batch);
	cr_assert_eq(receive(fd), 1);
	cr_assert_eq(batch->packets[0].len, 1);
	return batch->packets[0];
}

static void expect_answer_from_where_it_was_addressed(const char *address)
{
	struct mv_packet request = {.endpoint = at(address, there.port)};
	struct mv_packet received = pass(&here, &there, &request);

	cr_expect_not(request.source_failed);
	expect_ip(&received.source.ip, address);
	cr_expect_eq(received.source.ifindex, loopback());

	struct mv_packet answer = {.endpoint = received.endpoint, .source = received.source};
	struct mv_packet back = pass(&there, &here, &answer);
	cr_expect_not(answer.source_failed);
	expect_ip(&back.endpoint.ip, address);
	cr_expect_eq(back.endpoint.port, there.port);
}

Test(cmsg, an_answer_comes_from_the_address_that_was_asked)
{
	expect_answer_from_where_it_was_addressed("127.0.0.1");
	expect_answer_from_where_it_was_addressed("127.0.0.9");
	expect_answer_from_where_it_was_addressed("127.212.121.99");
	need_ipv6();
	expect_answer_from_where_it_was_addressed("::1");
}

Test(cmsg, without_a_source_the_kernel_chooses)
{
	struct mv_packet packet = {.endpoint = at("127.0.0.9", there.port)};
	struct mv_packet received = pass(&here, &there, &packet);

	cr_expect_str_neq(
		"127.0.0.9", mv_ip_print((char[MV_IP_TEXT_MAX]){0}, &received.endpoint.ip));
}

static void expect_tos(const char *address, uint8_t tos)
{
	struct mv_packet packet = {.endpoint = at(address, there.port), .tos = tos};

	cr_expect_eq(pass(&here, &there, &packet).tos, tos, "%s %02x", address, tos);
}

/* One value does not stick to the socket for the next datagram. */
Test(cmsg, tos_and_traffic_class_pass)
{
	static const uint8_t values[] = {0x88, 0, 1, 2, 3, 0xff, 0};

	for (size_t i = 0; i < sizeof(values); i++) {
		expect_tos("127.0.0.1", values[i]);
	}
	need_ipv6();
	for (size_t i = 0; i < sizeof(values); i++) {
		expect_tos("::1", values[i]);
	}
}

Test(cmsg, source_and_tos_pass_together)
{
	struct mv_packet packet = {.endpoint = at("127.0.0.1", there.port),
		.source = own("127.0.0.9", loopback()),
		.tos = 0x88};
	struct mv_packet received = pass(&here, &there, &packet);

	expect_ip(&received.endpoint.ip, "127.0.0.9");
	expect_ip(&received.source.ip, "127.0.0.1");
	cr_expect_eq(received.tos, 0x88);

	need_ipv6();
	struct mv_packet packet6 = {
		.endpoint = at("::1", there.port), .source = own("::1", loopback()), .tos = 0x88};
	struct mv_packet received6 = pass(&here, &there, &packet6);
	expect_ip(&received6.endpoint.ip, "::1");
	expect_ip(&received6.source.ip, "::1");
	cr_expect_eq(received6.tos, 0x88);
}

/* The datagram goes all the same, and the packet tells it. */
static void expect_source_failed(const char *address, struct mv_source source)
{
	struct mv_packet packet = {.endpoint = at(address, there.port), .source = source, .tos = 2};
	struct mv_packet received = pass(&here, &there, &packet);

	cr_expect(packet.source_failed);
	cr_expect_eq(packet.source.ip.family, MV_FAMILY_NONE);
	expect_ip(&received.endpoint.ip, address);
	cr_expect_eq(received.tos, 2, "that is not lost with it");
}

Test(cmsg, a_source_that_vanished_is_done_without)
{
	expect_source_failed("127.0.0.1", own("192.0.2.77", loopback()));
	expect_source_failed("127.0.0.1", own("192.0.2.77", 0));
	expect_source_failed("127.0.0.1", own("127.0.0.9", 0x7fff0000));
	need_ipv6();
	expect_source_failed("::1", own("2001:db8::77", loopback()));
	expect_source_failed("::1", own("2001:db8::77", 0));
	expect_source_failed("::1", own("::1", 0x7fff0000));
}

Test(cmsg, a_source_of_the_other_family_is_none)
{
	need_ipv6();
	struct mv_packet packet = {
		.endpoint = at("127.0.0.1", there.port), .source = own("::1", loopback())};
	pass(&here, &there, &packet);
	cr_expect_not(packet.source_failed);

	struct mv_packet packet6 = {
		.endpoint = at("::1", there.port), .source = own("127.0.0.1", loopback())};
	pass(&here, &there, &packet6);
	cr_expect_not(packet6.source_failed);
}

/* What fails without a source too is not its fault alone, and is told. */
Test(cmsg, what_cannot_be_sent_is_not_sent_without_a_source_either)
{
	uint8_t byte = 'x';
	struct mv_packet packet = {.data = &byte,
		.len = 1,
		.sent = true,
		.endpoint = at("127.0.0.1", 0),
		.source = own("127.0.0.9", loopback())};

	cr_expect_eq(mv_udp_send(&here, &packet), -EINVAL);
	cr_expect_not(packet.sent);
}

/* As bytes */

static size_t count(struct msghdr *message)
{
	size_t number = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
		header = CMSG_NXTHDR(message, header)) {
		number++;
	}
	return number;
}

static void expect_written(struct mv_packet packet, size_t number)
{
	struct mv_cmsg_room room;
	struct msghdr message = {0};
	struct mv_packet read_back = {0};

	memset(&room, 0xee, sizeof(room));
	mv_cmsg_write(&message, &room, &packet, 0);
	cr_expect_eq(count(&message), number);
	cr_expect_eq(message.msg_control == NULL, number == 0);
	cr_expect_leq(message.msg_controllen, sizeof(room));
	mv_cmsg_read(&read_back, &message);
	cr_expect(mv_ip_equal(&read_back.source.ip, &packet.source.ip));
	cr_expect_eq(read_back.source.ifindex, packet.source.ifindex);
}

Test(cmsg, only_what_there_is_to_say_is_written)
{
	expect_written((struct mv_packet){.endpoint = at("192.0.2.1", 1)}, 0);
	expect_written((struct mv_packet){.endpoint = at("2001:db8::1", 1)}, 0);
	expect_written((struct mv_packet){.endpoint = at("192.0.2.1", 1), .tos = 1}, 1);
	expect_written((struct mv_packet){.endpoint = at("2001:db8::1", 1), .tos = 1}, 1);
	expect_written(
		(struct mv_packet){.endpoint = at("192.0.2.1", 1), .source = own("192.0.2.2", 7)},
		1);
	expect_written((struct mv_packet){.endpoint = at("2001:db8::1", 1),
			       .source = own("2001:db8::2", 7),
			       .tos = 1},
		2);
}

/* The kernel may pass over what is for another family. It is not asked to. */
Test(cmsg, a_source_of_the_other_family_is_not_written)
{
	const struct mv_packet packets[] = {
		{.endpoint = at("192.0.2.1", 1), .source = own("2001:db8::2", 7)},
		{.endpoint = at("2001:db8::1", 1), .source = own("192.0.2.2", 7)}};

	for (size_t i = 0; i < 2; i++) {
		struct msghdr message = {0};
		struct mv_cmsg_room room;

		mv_cmsg_write(&message, &room, &packets[i], 0);
		cr_expect_eq(count(&message), 0);
	}
}

/* One control message with so many bytes of data. */
static struct mv_packet read_one(int level, int type, const void *data, size_t len)
{
	struct mv_cmsg_room room = {0};
	struct msghdr message = {.msg_control = &room, .msg_controllen = CMSG_SPACE(len)};
	struct mv_packet packet = {0};

	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	*header =
		(struct cmsghdr){.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(len)};
	memcpy(CMSG_DATA(header), data, len);
	mv_cmsg_read(&packet, &message);
	return packet;
}

Test(cmsg, what_is_too_short_or_unknown_is_passed_over)
{
	const struct in_pktinfo info = {.ipi_ifindex = 7, .ipi_spec_dst.s_addr = 1};
	const struct in6_pktinfo info6 = {.ipi6_ifindex = 7};
	const uint32_t value = 0x03030303;

	cr_expect_eq(read_one(IPPROTO_IP, IP_PKTINFO, &info, sizeof(info)).source.ifindex, 7);
	cr_expect_eq(read_one(IPPROTO_IP, IP_PKTINFO, &info, sizeof(info) - 1).source.ip.family,
		MV_FAMILY_NONE);
	cr_expect_eq(read_one(IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof(info6)).source.ifindex, 7);
	cr_expect_eq(
		read_one(IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof(info6) - 1).source.ip.family,
		MV_FAMILY_NONE);

	cr_expect_eq(read_one(IPPROTO_IP, IP_TOS, &value, 1).tos, 3);
	cr_expect_eq(read_one(IPPROTO_IP, IP_TOS, &value, 0).tos, 0);
	cr_expect_eq(read_one(IPPROTO_IPV6, IPV6_TCLASS, &value, 4).tos, 3);
	cr_expect_eq(read_one(IPPROTO_IPV6, IPV6_TCLASS, &value, 3).tos, 0);
	cr_expect_eq(read_one(SOL_SOCKET, IP_TOS, &value, 4).tos, 0);
	cr_expect_eq(read_one(IPPROTO_IP, IP_TTL, &value, 4).tos, 0);
}

Test(cmsg, a_message_without_any_is_read_as_nothing)
{
	struct msghdr message = {0};
	struct mv_packet packet = {.tos = 1};

	mv_cmsg_read(&packet, &message);
	cr_expect_eq(packet.tos, 1);
	cr_expect_eq(packet.source.ip.family, MV_FAMILY_NONE);
}

Test(cmsg, a_socket_of_the_wrong_kind_is_told)
{
	cr_expect_eq(mv_cmsg_enable(-1, AF_INET), -1);
	cr_expect_eq(mv_cmsg_enable(-1, AF_INET6), -1);
	cr_expect_eq(errno, EBADF);
}
