#include "edge/udp_receive.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "edge/cmsg.h"
#include "edge/sockaddr.h"

/* As long as messages are single datagrams, many go by one call. Merged ones fill their room, and
 * a few are a batch: so of the room little becomes resident in both cases. */
#define MESSAGES        64
#define MESSAGES_MERGED 8

/* For so many calls after a merged one more are expected. */
#define CALLS_MERGED 1000

/* What belongs to one message. */
struct message {
	struct sockaddr_storage source;
	struct mv_cmsg_room control;
	struct iovec iov;
	size_t touched; /* the most that ever lay in its room */
};

struct mv_udp_receiver {
	uint8_t (*rooms)[MV_PACKET_MAX + 1];
	struct message messages[MESSAGES];
	struct mmsghdr headers[MESSAGES];
	size_t wanted, count;
	unsigned calls_merged; /* for so many more few are wanted */
	size_t next, offset;   /* the datagram that is taken next */
	struct mv_packet from; /* what all datagrams of that message have in common */
	size_t segment;        /* the length of each of them but the last */
};

static void prepare(struct mv_udp_receiver *receiver, size_t i)
{
	struct message *message = &receiver->messages[i];

	message->iov = (struct iovec){.iov_base = receiver->rooms[i], .iov_len = MV_PACKET_MAX};
	receiver->headers[i].msg_hdr = (struct msghdr){.msg_name = &message->source,
		.msg_namelen = sizeof(message->source),
		.msg_iov = &message->iov,
		.msg_iovlen = 1,
		.msg_control = &message->control,
		.msg_controllen = sizeof(message->control)};
}

struct mv_udp_receiver *mv_udp_receiver_create(void)
{
	struct mv_udp_receiver *receiver = calloc(1, sizeof(*receiver));

	if (!receiver) {
		return NULL;
	}
	receiver->rooms = malloc(MESSAGES * sizeof(*receiver->rooms));
	if (!receiver->rooms) {
		free(receiver);
		return NULL;
	}
	for (size_t i = 0; i < MESSAGES; i++) {
		prepare(receiver, i);
	}
	return receiver;
}

void mv_udp_receiver_destroy(struct mv_udp_receiver *receiver)
{
	if (!receiver) {
		return;
	}
	for (size_t i = 0; i < MESSAGES; i++) {
		/* Datagrams were opened here. */
		sodium_memzero(receiver->rooms[i], receiver->messages[i].touched);
	}
	free(receiver->rooms);
	free(receiver);
}

int mv_udp_receive(struct mv_udp_receiver *receiver, int fd)
{
	receiver->wanted = receiver->calls_merged > 0 ? MESSAGES_MERGED : MESSAGES;
	/* The others are as they were. */
	for (size_t i = 0; i < receiver->count; i++) {
		prepare(receiver, i);
	}
	receiver->count = receiver->next = receiver->offset = 0;

	int count = recvmmsg(fd, receiver->headers, (unsigned)receiver->wanted, 0, NULL);
	if (count < 0) {
		return errno == EAGAIN ? 0 : -errno;
	}
	receiver->count = (size_t)count;
	receiver->calls_merged -= receiver->calls_merged > 0;
	for (size_t i = 0; i < receiver->count; i++) {
		struct message *message = &receiver->messages[i];

		if (receiver->headers[i].msg_len > message->touched) {
			message->touched = receiver->headers[i].msg_len;
		}
	}
	return count;
}

bool mv_udp_receiver_was_full(const struct mv_udp_receiver *receiver)
{
	return receiver->count == receiver->wanted;
}

/* What the message says of all datagrams in it. */
static void begin_message(struct mv_udp_receiver *receiver)
{
	struct msghdr *header = &receiver->headers[receiver->next].msg_hdr;
	const struct sockaddr *source = header->msg_name;

	receiver->from = (struct mv_packet){.live = true};
	receiver->segment = mv_cmsg_read(&receiver->from, header);
	if (receiver->segment > 0) {
		receiver->calls_merged = CALLS_MERGED;
	} else {
		receiver->segment = MV_PACKET_MAX;
	}
	if ((header->msg_flags & MSG_TRUNC) ||
		!mv_sockaddr_to_endpoint(&receiver->from.endpoint, source)) {
		mv_packet_drop(&receiver->from, MV_DROP_TRUNCATED);
		receiver->segment = MV_PACKET_MAX; /* It is one, and lost. */
	}
}

bool mv_udp_receiver_take(struct mv_udp_receiver *receiver, struct mv_batch *batch)
{
	while (receiver->next < receiver->count && batch->count < MV_BATCH_PACKETS) {
		size_t len = receiver->headers[receiver->next].msg_len;

		if (receiver->offset == 0) {
			begin_message(receiver);
		}
		size_t left = len - receiver->offset;
		size_t datagram = left < receiver->segment ? left : receiver->segment;

		receiver->from.data = receiver->rooms[receiver->next] + receiver->offset;
		receiver->from.len = datagram;
		mv_batch_put(batch, &receiver->from);
		receiver->offset += datagram;
		if (receiver->offset == len) {
			receiver->offset = 0;
			receiver->next++;
		}
	}
	return batch->count > 0;
}
