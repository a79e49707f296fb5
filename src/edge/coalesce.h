/*
 * Packets of one batch on their way into TUN, merged to as few writes as can be: TCP segments that
 * follow each other, UDP datagrams of one flow (what the kernel calls GRO; wireguard.md section 8.4
 * has the rules). Nothing is copied: a write is a list of pieces where they lie, the first packet
 * with its header changed, of the others the payload. Only what tells the receiver the same is
 * merged; checksums are verified before, and the order within a flow stays. Pure; a table belongs
 * to one thread.
 */
#ifndef MV_EDGE_COALESCE_H
#define MV_EDGE_COALESCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "edge/vnet.h"
#include "tunnel/packet.h"

/* The most packets in one write: so many every kernel with USO takes. */
#define MV_COALESCE_PIECES 64

/* The longest headers: IPv6, and TCP with all options. */
#define MV_COALESCE_HEADER_MAX (40 + 60)

/* One slot a hash of a flow; two flows in one slot are merged less well, and no worse. */
#define MV_COALESCE_SLOTS 256

enum mv_coalesce_kind {
	MV_COALESCE_NONE, /* goes alone */
	MV_COALESCE_TCP,
	MV_COALESCE_UDP,
	MV_COALESCE_KINDS
};

/* One write: packets of the batch, linked by mv_coalesce.next. */
struct mv_coalesced {
	enum mv_coalesce_kind kind;
	uint16_t first, last, count;
	uint16_t transport_offset, header_len;
	uint16_t segment_len; /* the payload of each but the last */
	uint32_t len;         /* of all of it */
	bool is_open;         /* takes more */
	bool is_verified; /* the checksum of the first one; the others were before they came in */
};

struct mv_coalesce {
	bool merges[MV_COALESCE_KINDS]; /* which kinds are */
	size_t count;
	struct mv_coalesced writes[MV_BATCH_PACKETS];
	struct mv_batch *batch;
	uint16_t next[MV_BATCH_PACKETS];       /* the packet behind each one in its write */
	uint16_t slots[MV_COALESCE_SLOTS];     /* the last write of a flow, + 1; 0: none */
	uint8_t saved[MV_COALESCE_HEADER_MAX]; /* of the write that was finished last */
	uint8_t refusals[MV_COALESCE_KINDS];   /* in a row */
};

void mv_coalesce_init(struct mv_coalesce *coalesce, bool merges_tcp, bool merges_udp);

/* Sorts the live packets of the batch, each of which has an IP header, into ->writes, in the order
 * of their first packets. */
void mv_coalesce_batch(struct mv_coalesce *coalesce, struct mv_batch *batch);

/* The pieces of a write of more than one packet, and the header before them; how many pieces. The
 * header of the first packet is changed by it. */
size_t mv_coalesce_finish(struct mv_coalesce *coalesce, const struct mv_coalesced *write,
	struct virtio_net_hdr *header, struct iovec pieces[static MV_COALESCE_PIECES]);

/* The write that was finished last was refused: its packets get their own header back, and can be
 * written one by one. Some kernels refuse what is right; a kind that was refused three times in a
 * row is not merged any more, and then it returns true. */
bool mv_coalesce_refused(struct mv_coalesce *coalesce, const struct mv_coalesced *write);

void mv_coalesce_accepted(struct mv_coalesce *coalesce, const struct mv_coalesced *write);

#endif
