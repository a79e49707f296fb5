#include "edge/udp_send.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "edge/cmsg.h"
#include "edge/sockaddr.h"

/* Longer than a full buffer takes to drain, shorter than anybody notices. */
#define WRITE_WAIT_MS 5

/* What every kernel since UDP_SEGMENT cuts a message into; newer ones take more. */
#define RUN_PACKETS 64

/* And no message is longer than the length fields of IPv4 and UDP, or of UDP alone, can say. */
#define RUN_BYTES_IPV4 (65535 - 20 - 8)
#define RUN_BYTES_IPV6 (65535 - 8)

/* Runs that go by one call. A bulk transfer has two or three in a batch. */
#define RUNS 16

/* The live packets from `begin` to before `end`: all but the last have the size of the first. */
struct run {
	size_t begin, end;
	size_t packets, bytes;
	bool is_closed; /* by a shorter one, which is the last */
};

struct sending {
	struct mv_udp *udp;
	struct mv_batch *batch;
	bool has_waited, has_stopped_cutting;
	int fd; /* of all runs */
	size_t run_count, iov_count;
	struct run runs[RUNS];
	struct mmsghdr messages[RUNS];
	struct sockaddr_storage addresses[RUNS];
	struct mv_cmsg_room controls[RUNS];
	struct iovec iov[MV_BATCH_PACKETS];
};

/* One datagram */

/* 0 or -errno. */
static int send_datagram(int fd, const struct mv_packet *packet)
{
	struct sockaddr_storage address;
	struct mv_cmsg_room control;
	struct iovec iov = {.iov_base = packet->data, .iov_len = packet->len};
	struct msghdr message = {.msg_name = &address,
		.msg_namelen = mv_sockaddr_from_endpoint(&address, &packet->endpoint),
		.msg_iov = &iov,
		.msg_iovlen = 1};

	mv_cmsg_write(&message, &control, packet, 0);
	return sendmsg(fd, &message, 0) < 0 ? -errno : 0;
}

/* What the kernel says when the address or the interface to send from is gone, or has no way to
 * there. */
static bool is_fault_of_source(int error)
{
	return error == -EINVAL || error == -ENETUNREACH || error == -EHOSTUNREACH ||
	       error == -ENODEV || error == -EADDRNOTAVAIL;
}

/* Tries without the source, if that may be what is wrong. 0, or the last -errno. */
static int make_good(int fd, struct mv_packet *packet, int error)
{
	if (is_fault_of_source(error) && packet->source.ip.family != MV_FAMILY_NONE) {
		packet->source = (struct mv_source){0};
		packet->source_failed = true;
		error = send_datagram(fd, packet);
	}
	packet->sent = error == 0;
	return error;
}

int mv_udp_send(const struct mv_udp *udp, struct mv_packet *packet)
{
	int fd = mv_udp_fd(udp, &packet->endpoint);

	return make_good(fd, packet, fd < 0 ? -EAFNOSUPPORT : send_datagram(fd, packet));
}

/* Runs */

static bool is_same_way(const struct mv_packet *a, const struct mv_packet *b)
{
	return mv_endpoint_equal(&a->endpoint, &b->endpoint) &&
	       mv_ip_equal(&a->source.ip, &b->source.ip) &&
	       a->source.ifindex == b->source.ifindex && a->tos == b->tos;
}

static bool cuts(const struct mv_udp *udp, const struct mv_packet *packet)
{
	return packet->endpoint.ip.family == MV_FAMILY_IPV4 ? udp->cuts4 : udp->cuts6;
}

static bool belongs_to(const struct sending *sending, const struct run *run,
	const struct mv_packet *first, const struct mv_packet *packet)
{
	size_t bytes_max =
		first->endpoint.ip.family == MV_FAMILY_IPV4 ? RUN_BYTES_IPV4 : RUN_BYTES_IPV6;

	return !run->is_closed && run->packets < RUN_PACKETS && packet->len <= first->len &&
	       run->bytes + packet->len <= bytes_max && cuts(sending->udp, packet) &&
	       is_same_way(first, packet);
}

/* Puts the packet behind the last run, or begins a new one with it. False if no more fit. */
static bool take(struct sending *sending, size_t at)
{
	struct mv_packet *packet = &sending->batch->packets[at];
	struct run *run = sending->run_count > 0 ? &sending->runs[sending->run_count - 1] : NULL;
	const struct mv_packet *first = run ? &sending->batch->packets[run->begin] : NULL;

	if (!run || !belongs_to(sending, run, first, packet)) {
		int fd = mv_udp_fd(sending->udp, &packet->endpoint);

		if (run && (sending->run_count == RUNS || fd != sending->fd)) {
			return false;
		}
		sending->fd = fd;
		run = &sending->runs[sending->run_count++];
		*run = (struct run){.begin = at};
		first = packet;
	}
	sending->iov[sending->iov_count++] =
		(struct iovec){.iov_base = packet->data, .iov_len = packet->len};
	run->end = at + 1;
	run->packets++;
	run->bytes += packet->len;
	run->is_closed = packet->len < first->len;
	return true;
}

/* Takes from the batch what goes by one call; where the next one begins. */
static size_t gather(struct sending *sending, size_t begin)
{
	size_t i = begin;

	sending->run_count = sending->iov_count = 0;
	while (i < sending->batch->count &&
		(!sending->batch->packets[i].live || take(sending, i))) {
		i++;
	}
	return i;
}

static void write_messages(struct sending *sending)
{
	struct iovec *iov = sending->iov;

	for (size_t i = 0; i < sending->run_count; i++) {
		const struct run *run = &sending->runs[i];
		const struct mv_packet *first = &sending->batch->packets[run->begin];
		struct msghdr *message = &sending->messages[i].msg_hdr;

		*message = (struct msghdr){.msg_name = &sending->addresses[i],
			.msg_namelen =
				mv_sockaddr_from_endpoint(&sending->addresses[i], &first->endpoint),
			.msg_iov = iov,
			.msg_iovlen = run->packets};
		mv_cmsg_write(message, &sending->controls[i], first,
			run->packets > 1 ? (uint16_t)first->len : 0);
		iov += run->packets;
	}
}

static void mark_sent(struct sending *sending, const struct run *run)
{
	for (size_t i = run->begin; i < run->end; i++) {
		sending->batch->packets[i].sent = sending->batch->packets[i].live;
	}
}

static void send_one_by_one(struct sending *sending, const struct run *run)
{
	for (size_t i = run->begin; i < run->end; i++) {
		if (sending->batch->packets[i].live) {
			mv_udp_send(sending->udp, &sending->batch->packets[i]);
		}
	}
}

static void stop_cutting(struct sending *sending, const struct run *run)
{
	const struct mv_packet *first = &sending->batch->packets[run->begin];

	sending->has_stopped_cutting = true;
	if (first->endpoint.ip.family == MV_FAMILY_IPV4) {
		sending->udp->cuts4 = false;
	} else {
		sending->udp->cuts6 = false;
	}
}

/* True: try the run again. */
static bool wait_for_room(struct sending *sending)
{
	struct pollfd writable = {.fd = sending->fd, .events = POLLOUT};

	if (sending->has_waited) {
		return false;
	}
	sending->has_waited = true;
	return poll(&writable, 1, WRITE_WAIT_MS) > 0;
}

/* How many of the runs from this one on are done with. */
static size_t deliver(struct sending *sending, size_t from)
{
	const struct run *run = &sending->runs[from];
	int sent = sendmmsg(
		sending->fd, &sending->messages[from], (unsigned)(sending->run_count - from), 0);

	if (sent > 0) {
		for (int i = 0; i < sent; i++) {
			mark_sent(sending, run + i);
		}
		return (size_t)sent;
	}
	if (errno == EAGAIN) {
		return wait_for_room(sending) ? 0 : 1;
	}
	if (run->packets == 1) {
		make_good(sending->fd, &sending->batch->packets[run->begin], -errno);
		return 1;
	}
	if (errno == EIO) {
		stop_cutting(sending, run);
	}
	send_one_by_one(sending, run);
	return 1;
}

bool mv_udp_send_batch(struct mv_udp *udp, struct mv_batch *batch)
{
	struct sending sending;
	size_t next = 0;

	sending.udp = udp;
	sending.batch = batch;
	sending.has_waited = sending.has_stopped_cutting = false;
	while (next < batch->count) {
		next = gather(&sending, next);
		write_messages(&sending);
		for (size_t done = 0; done < sending.run_count;) {
			done += deliver(&sending, done);
		}
	}
	return sending.has_stopped_cutting;
}

void mv_udp_warn_uncut(const struct mv_log *log)
{
	mv_log(log, MV_LOG_WARNING,
		"the network device that leads out cannot cut what is sent into datagrams "
		"(UDP_SEGMENT): they go one by one");
}
