/*
 * bench: what it takes to cut a packet that stands for many, as TUN hands it over, and to merge
 * those again for it. Copies and checksums are in both, system calls are not.
 */
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/bench_measure.h"
#include "edge/coalesce.h"
#include "edge/inet.h"
#include "edge/split.h"

#define PACKET_LEN 1420 /* of each that it is cut into */
#define PACKETS    45   /* which is nearly 64 KiB */

struct flow {
	const char *name;
	bool is_ipv6, is_tcp;
};

static const struct flow flows[] = {
	{.name = "TCP over IPv4", .is_tcp = true},
	{.name = "TCP over IPv6", .is_tcp = true, .is_ipv6 = true},
	{.name = "UDP over IPv4"},
	{.name = "UDP over IPv6", .is_ipv6 = true},
};

#define FLOW_COUNT (sizeof(flows) / sizeof(flows[0]))

struct offload {
	struct virtio_net_hdr header;
	uint8_t packet[INET_PACKET_MAX]; /* all of them in one */
	size_t len;
	struct mv_batch *batch; /* and one by one */
	struct mv_coalesce coalesce;
	size_t writes, written; /* what they were merged to; bytes */
};

static unsigned count(void)
{
	return FLOW_COUNT * 2;
}

static size_t put_ip(uint8_t *packet, const struct flow *flow)
{
	uint8_t protocol = flow->is_tcp ? IPPROTO_TCP : IPPROTO_UDP;

	if (flow->is_ipv6) {
		packet[0] = 0x60;
		packet[IPV6_NEXT_HEADER] = protocol;
		packet[IPV6_NEXT_HEADER + 1] = IPDEFTTL;
		return IPV6_HEADER;
	}
	packet[0] = 0x45;
	packet[IPV4_TTL] = IPDEFTTL;
	packet[IPV4_PROTOCOL] = protocol;
	return IPV4_HEADER;
}

/* Addresses, ports and numbers are zero; lengths and checksums are written when it is cut. */
static void make_packet(struct offload *offload, const struct flow *flow)
{
	uint8_t *packet = offload->packet;

	randombytes_buf(packet, sizeof(offload->packet));
	memset(packet, 0, IPV6_HEADER + TCP_HEADER);
	size_t ip_len = put_ip(packet, flow);
	size_t header_len = ip_len + (flow->is_tcp ? TCP_HEADER : UDP_HEADER);
	uint8_t type = VIRTIO_NET_HDR_GSO_UDP_L4;

	if (flow->is_tcp) {
		packet[ip_len + TCP_DATA_OFFSET] = TCP_HEADER / 4 << 4;
		packet[ip_len + TCP_FLAGS] = TCP_ACK;
		type = flow->is_ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	}
	offload->len = header_len + (size_t)PACKETS * (PACKET_LEN - header_len);
	offload->header = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = type,
		.hdr_len = (uint16_t)header_len,
		.gso_size = (uint16_t)(PACKET_LEN - header_len),
		.csum_start = (uint16_t)ip_len,
		.csum_offset = flow->is_tcp ? TCP_CHECKSUM : UDP_CHECKSUM};
}

static void cut(void *ctx)
{
	struct offload *offload = ctx;
	struct mv_split split;

	if (mv_split_begin(&split, &offload->header, offload->packet, offload->len) !=
		MV_DROP_NONE) {
		return;
	}
	while (mv_split_has_more(&split)) {
		mv_batch_add(offload->batch, mv_split_next(&split, mv_batch_room(offload->batch)));
	}
}

static void empty(void *ctx)
{
	const struct offload *offload = ctx;

	mv_batch_reset(offload->batch);
}

/* Merging changes the first one's header. */
static void empty_and_cut(void *ctx)
{
	empty(ctx);
	cut(ctx);
}

static void merge(void *ctx)
{
	struct offload *offload = ctx;
	struct iovec pieces[MV_COALESCE_PIECES];
	struct virtio_net_hdr header;

	mv_coalesce_batch(&offload->coalesce, offload->batch);
	offload->writes = offload->coalesce.count;
	offload->written = 0;
	for (size_t i = 0; i < offload->coalesce.count; i++) {
		const struct mv_coalesced *write = &offload->coalesce.writes[i];

		if (write->count > 1) {
			mv_coalesce_finish(&offload->coalesce, write, &header, pieces);
			mv_coalesce_accepted(&offload->coalesce, write);
		}
		offload->written += write->len;
	}
}

static enum mv_exit run_flow(struct offload *offload, const struct flow *flow, uint64_t budget_ns)
{
	const struct mv_bench_work cutting = {.prepare = empty, .round = cut, .ops = PACKETS};
	const struct mv_bench_work merging = {
		.prepare = empty_and_cut, .round = merge, .ops = PACKETS};

	make_packet(offload, flow);
	double cut_ns = mv_bench_ns(&cutting, offload, budget_ns);
	size_t packets = offload->batch->count;
	double merge_ns = mv_bench_ns(&merging, offload, budget_ns);

	if (packets != PACKETS || offload->writes != 1 || offload->written != offload->len) {
		return mv_command_failed("%s: what is cut is not merged again", flow->name);
	}
	printf("%-28s  %11.1f %9.1f  %11.1f %9.1f\n", flow->name, cut_ns,
		mv_bench_mb_a_second(PACKET_LEN, cut_ns), merge_ns,
		mv_bench_mb_a_second(PACKET_LEN, merge_ns));
	fflush(stdout);
	return MV_EXIT_DONE;
}

static enum mv_exit run(uint64_t budget_ns)
{
	static struct offload offload;
	enum mv_exit result = MV_EXIT_DONE;

	offload.batch = mv_batch_create(&mv_aead_sodium);
	if (!offload.batch) {
		return mv_command_failed("no memory");
	}
	mv_coalesce_init(&offload.coalesce, true, true);
	printf("\n%-28s  %21s  %21s\n", "offload, a packet of 1420 B", "cut", "merge");
	printf("%-28s  %11s %9s  %11s %9s\n", "", "ns", "MB/s", "ns", "MB/s");
	for (size_t i = 0; i < FLOW_COUNT && result == MV_EXIT_DONE; i++) {
		result = run_flow(&offload, &flows[i], budget_ns);
	}
	mv_batch_destroy(offload.batch);
	return result;
}

const struct mv_bench_group mv_bench_offload = {.count = count, .run = run};
