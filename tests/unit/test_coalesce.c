/*
 * edge/coalesce, rule by rule (wireguard.md section 8.4): which packets become one write, and that
 * what is written, cut again by edge/split, is what came in.
 */
#include "edge/coalesce.h"

#include <criterion/criterion.h>
#include <sodium.h>

#include "edge/split.h"
#include "inet_packet.h"

#define PAYLOAD 100

static struct mv_batch *batch;
static struct mv_coalesce coalesce;
static struct recipe next; /* of the flow that most tests send */

static void begin(void)
{
	cr_assert_geq(sodium_init(), 0);
	batch = mv_batch_create(&mv_aead_sodium);
	cr_assert(batch);
	mv_coalesce_init(&coalesce, true, true);
	next = (struct recipe){.payload_len = PAYLOAD, .options_len = 12, .option = 1};
}

static void end(void)
{
	mv_batch_destroy(batch);
}

TestSuite(coalesce, .init = begin, .fini = end, .timeout = 20);

/* What comes in */

static struct mv_packet *add(const struct recipe *recipe)
{
	uint8_t *room = mv_batch_room(batch);

	cr_assert(room);
	return mv_batch_add(batch, make_packet(room, recipe));
}

/* The next of the flow, as a sender would make it. */
static struct mv_packet *add_next(void)
{
	struct mv_packet *packet = add(&next);

	next.sequence += (uint32_t)next.payload_len;
	next.first_byte += (uint8_t)next.payload_len;
	next.id++;
	return packet;
}

static void add_flow(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		add_next();
	}
}

/* What goes out: of each write, how many packets it has; 0 ends the list. */
static void expect_writes(const char *what, const size_t *counts)
{
	size_t i = 0;

	mv_coalesce_batch(&coalesce, batch);
	for (; i < coalesce.count; i++) {
		cr_expect_eq(coalesce.writes[i].count, counts[i], "%s: write %zu has %u packets",
			what, i, coalesce.writes[i].count);
		if (counts[i] == 0) {
			return;
		}
	}
	cr_expect_eq(counts[i], 0, "%s: there are only %zu writes", what, i);
}

#define EXPECT_WRITES(...) expect_writes(__func__, (const size_t[]){__VA_ARGS__, 0})

static void write_flat(
	const struct mv_coalesced *write, struct virtio_net_hdr *header, uint8_t *flat, size_t *len)
{
	struct iovec pieces[MV_COALESCE_PIECES];
	size_t count = mv_coalesce_finish(&coalesce, write, header, pieces);

	*len = 0;
	for (size_t i = 0; i < count; i++) {
		memcpy(flat + *len, pieces[i].iov_base, pieces[i].iov_len);
		*len += pieces[i].iov_len;
	}
}

/* The write, as the kernel would cut it, is the packets of the batch from `first` on. */
static void expect_same_packets(const struct mv_coalesced *write)
{
	static uint8_t before[MV_COALESCE_PIECES][2048];
	static uint8_t flat[INET_PACKET_MAX], cut[INET_PACKET_MAX];
	struct virtio_net_hdr header;
	struct mv_split split;
	size_t len;

	for (size_t i = 0; i < write->count; i++) {
		memcpy(before[i], batch->packets[write->first + i].data,
			batch->packets[write->first + i].len);
	}
	write_flat(write, &header, flat, &len);
	cr_assert_eq(len, write->len);
	cr_assert_eq(mv_split_begin(&split, &header, flat, len), MV_DROP_NONE);
	for (size_t i = 0; i < write->count; i++) {
		size_t expected_len = batch->packets[write->first + i].len;

		cr_assert_eq(mv_split_next(&split, cut), expected_len, "packet %zu", i);
		cr_assert_eq(memcmp(cut, before[i], expected_len), 0, "packet %zu", i);
	}
	cr_expect_not(mv_split_has_more(&split));

	mv_coalesce_refused(&coalesce, write);
	cr_expect_eq(memcmp(batch->packets[write->first].data, before[0],
			     batch->packets[write->first].len),
		0, "the header is given back");
	mv_coalesce_accepted(&coalesce, write);
}

/* Merged */

Test(coalesce, segments_that_follow_each_other)
{
	add_flow(10);
	EXPECT_WRITES(10);
	expect_same_packets(&coalesce.writes[0]);
}

Test(coalesce, over_the_end_of_the_sequence_numbers)
{
	next.sequence = 0xffffffff - 150;
	add_flow(5);
	EXPECT_WRITES(5);
	expect_same_packets(&coalesce.writes[0]);
}

Test(coalesce, tcp_by_ipv6)
{
	next.is_ipv6 = true;
	next.flow_label = 0x12345;
	next.tos = 2;
	add_flow(4);
	EXPECT_WRITES(4);
	expect_same_packets(&coalesce.writes[0]);
}

Test(coalesce, datagrams)
{
	next.is_udp = true;
	add_flow(4);
	EXPECT_WRITES(4);
	expect_same_packets(&coalesce.writes[0]);
}

Test(coalesce, datagrams_by_ipv6)
{
	next.is_udp = next.is_ipv6 = true;
	add_flow(4);
	EXPECT_WRITES(4);
	expect_same_packets(&coalesce.writes[0]);
}

Test(coalesce, flows_that_alternate)
{
	struct recipe other = {.payload_len = 60, .port = 1, .is_udp = true};

	for (size_t i = 0; i < 4; i++) {
		add_next();
		add(&other);
	}
	EXPECT_WRITES(4, 4);
}

Test(coalesce, a_shorter_one_is_the_last)
{
	add_flow(2);
	next.payload_len = PAYLOAD - 1;
	add_flow(1);
	next.payload_len = PAYLOAD;
	add_flow(2);
	EXPECT_WRITES(3, 2);
	expect_same_packets(&coalesce.writes[0]);
}

Test(coalesce, a_longer_one_is_not_added)
{
	add_flow(2);
	next.payload_len = PAYLOAD + 1;
	add_flow(2);
	EXPECT_WRITES(2, 2);
}

Test(coalesce, psh_is_the_last)
{
	add_flow(2);
	next.flags = TCP_ACK | TCP_PSH;
	add_flow(2);
	next.flags = 0;
	add_flow(1);
	EXPECT_WRITES(3, 1, 1);
	expect_same_packets(&coalesce.writes[0]);
}

Test(coalesce, sixty_four_are_the_most)
{
	next.is_udp = true;
	add_flow(100);
	EXPECT_WRITES(64, 36);
}

Test(coalesce, a_packet_is_no_longer_than_64_kib)
{
	next.payload_len = 1400;
	add_flow(50);
	EXPECT_WRITES(46, 4);
	cr_expect_eq(coalesce.writes[0].len, 20 + 32 + 46 * 1400);
	expect_same_packets(&coalesce.writes[0]);
}

/* Not merged */

static void change_nothing(struct recipe *recipe)
{
	(void)recipe;
}

static void change_ack(struct recipe *recipe)
{
	recipe->ack = 1;
}

static void change_window(struct recipe *recipe)
{
	recipe->window = 1;
}

static void change_option(struct recipe *recipe)
{
	recipe->option = 2;
}

static void change_options_len(struct recipe *recipe)
{
	recipe->options_len = 8;
}

static void change_tos(struct recipe *recipe)
{
	recipe->tos = 1;
}

static void change_ttl(struct recipe *recipe)
{
	recipe->ttl = 63;
}

static void change_df(struct recipe *recipe)
{
	recipe->fragment = 0x4000;
}

static void change_reserved(struct recipe *recipe)
{
	recipe->fragment = 0x8000;
}

static void change_port(struct recipe *recipe)
{
	recipe->port = 1;
}

static void change_host(struct recipe *recipe)
{
	recipe->host = 1;
}

static void change_flow_label(struct recipe *recipe)
{
	recipe->flow_label = 1;
}

static void change_sequence(struct recipe *recipe)
{
	recipe->sequence++;
}

static void expect_apart(const struct recipe *flow, void (*change)(struct recipe *), bool apart)
{
	struct recipe second = *flow;

	mv_batch_reset(batch);
	add(flow);
	second.sequence += (uint32_t)second.payload_len;
	change(&second);
	add(&second);
	mv_coalesce_batch(&coalesce, batch);
	cr_expect_eq(coalesce.count, apart ? 2 : 1);
}

Test(coalesce, whatever_differs_keeps_them_apart)
{
	static void (*const of_tcp[])(struct recipe *) = {
		change_ack, change_window, change_option, change_options_len, change_sequence};
	static void (*const of_ipv4[])(struct recipe *) = {
		change_tos, change_ttl, change_df, change_reserved, change_port, change_host};
	static void (*const of_ipv6[])(struct recipe *) = {
		change_tos, change_ttl, change_port, change_host, change_flow_label};
	struct recipe flows[4] = {next, next, next, next};

	flows[1].is_ipv6 = flows[3].is_ipv6 = true;
	flows[2].is_udp = flows[3].is_udp = true;
	for (size_t i = 0; i < 4; i++) {
		expect_apart(&flows[i], change_nothing, false);
		for (size_t k = 0; !flows[i].is_udp && k < 5; k++) {
			expect_apart(&flows[i], of_tcp[k], true);
		}
		for (size_t k = 0; !flows[i].is_ipv6 && k < 6; k++) {
			expect_apart(&flows[i], of_ipv4[k], true);
		}
		for (size_t k = 0; flows[i].is_ipv6 && k < 5; k++) {
			expect_apart(&flows[i], of_ipv6[k], true);
		}
	}
}

Test(coalesce, flags_that_matter_go_alone)
{
	static const uint8_t flags[] = {TCP_ACK | TCP_FIN, TCP_ACK | 0x02, TCP_ACK | 0x04, 0x08,
		TCP_ACK | 0x20, TCP_ACK | 0x40, TCP_ACK | TCP_CWR};

	for (size_t i = 0; i < sizeof(flags); i++) {
		mv_batch_reset(batch);
		add_flow(2);
		next.flags = flags[i];
		add_flow(1);
		next.flags = 0;
		add_flow(2);
		EXPECT_WRITES(2, 1, 2);
	}
}

/* Else data would overtake it. */
Test(coalesce, a_bare_ack_ends_what_came_before)
{
	add_flow(2);
	next.payload_len = 0;
	add_flow(1);
	next.payload_len = PAYLOAD;
	add_flow(2);
	EXPECT_WRITES(2, 1, 2);
}

Test(coalesce, a_late_segment_keeps_its_place)
{
	struct recipe late = next;

	next.sequence += PAYLOAD;
	add_flow(2);
	add(&late);
	add_flow(1);
	EXPECT_WRITES(2, 1, 1);
}

Test(coalesce, fragments_and_options_go_alone)
{
	next.is_udp = true;
	next.fragment = 0x2000;
	add_flow(2);
	next.fragment = 1;
	add_flow(2);
	next.fragment = 0;
	for (size_t i = 0; i < 2; i++) {
		add_next()->data[0] = 0x46;
	}
	EXPECT_WRITES(1, 1, 1, 1, 1, 1);
}

/* Its flow is not known, so it may be any. */
Test(coalesce, nothing_overtakes_a_fragment)
{
	next.is_udp = true;
	add_flow(2);
	next.fragment = 0x2000;
	add_flow(1);
	next.fragment = 0;
	add_flow(2);
	EXPECT_WRITES(2, 1, 2);
}

Test(coalesce, what_is_damaged_is_left_alone)
{
	add_flow(2);
	add_next()->data[60] ^= 1;
	add_flow(2);
	EXPECT_WRITES(2, 1, 2);

	mv_batch_reset(batch);
	add_next()->data[60] ^= 1;
	add_flow(2);
	EXPECT_WRITES(1, 2);
}

Test(coalesce, datagrams_without_a_checksum_go_alone)
{
	next.is_udp = true;
	for (size_t i = 0; i < 3; i++) {
		mv_store_be16(add_next()->data + IPV4_HEADER + UDP_CHECKSUM, 0);
	}
	EXPECT_WRITES(1, 1, 1);
}

Test(coalesce, a_datagram_that_lies_about_its_length_goes_alone)
{
	next.is_udp = true;
	add_flow(1);
	mv_store_be16(add_next()->data + IPV4_HEADER + UDP_LENGTH, 20);
	add_flow(1);
	EXPECT_WRITES(1, 1, 1);
}

Test(coalesce, headers_that_are_cut_short_go_alone)
{
	static const struct recipe bases[] = {
		{0}, {.is_ipv6 = true}, {.is_udp = true}, {.is_ipv6 = true, .is_udp = true}};

	for (size_t i = 0; i < 4; i++) {
		size_t ip = ip_header_len(&bases[i]);

		mv_batch_reset(batch);
		for (size_t len = ip; len <= ip + (bases[i].is_udp ? UDP_HEADER : TCP_HEADER);
			len++) {
			add(&bases[i])->len = len;
		}
		mv_coalesce_batch(&coalesce, batch);
		cr_expect_eq(coalesce.count, batch->count);
	}
	mv_batch_reset(batch);
	for (size_t i = 0; i < 2; i++) {
		add_next()->data[32] = 0xf0; /* options behind the end */
		add_next()->data[32] = 0x40; /* a header too short */
	}
	batch->packets[0].len = batch->packets[2].len = 60;
	EXPECT_WRITES(1, 1, 1, 1);
}

Test(coalesce, other_protocols_go_alone)
{
	for (size_t i = 0; i < 3; i++) {
		add_next()->data[IPV4_PROTOCOL] = IPPROTO_ICMP;
	}
	EXPECT_WRITES(1, 1, 1);
}

Test(coalesce, what_is_dead_is_passed_over)
{
	add_flow(1);
	mv_packet_drop(add(&next), MV_DROP_BAD_TAG);
	add_flow(1);
	EXPECT_WRITES(2);
	mv_batch_reset(batch);
	EXPECT_WRITES(0);
}

/* Switched off */

Test(coalesce, each_kind_by_itself)
{
	struct recipe datagram = {.payload_len = 60, .is_udp = true};

	for (size_t i = 0; i < 2; i++) {
		add_next();
		add(&datagram);
	}
	mv_coalesce_init(&coalesce, true, false);
	EXPECT_WRITES(2, 1, 1);
	mv_coalesce_init(&coalesce, false, true);
	EXPECT_WRITES(1, 2, 1);
	mv_coalesce_init(&coalesce, false, false);
	EXPECT_WRITES(1, 1, 1, 1);
}

Test(coalesce, three_refusals_in_a_row_are_enough)
{
	struct iovec pieces[MV_COALESCE_PIECES];
	struct virtio_net_hdr header;

	for (int i = 0; i < 5; i++) {
		add_flow(2);
		EXPECT_WRITES(2);
		mv_coalesce_finish(&coalesce, &coalesce.writes[0], &header, pieces);
		cr_expect_eq(mv_coalesce_refused(&coalesce, &coalesce.writes[0]), i == 4);
		if (i == 1) {
			mv_coalesce_accepted(&coalesce, &coalesce.writes[0]);
		}
		mv_batch_reset(batch);
	}
	add_flow(2);
	EXPECT_WRITES(1, 1);

	mv_batch_reset(batch);
	next.is_udp = true;
	add_flow(2);
	EXPECT_WRITES(2);
}
