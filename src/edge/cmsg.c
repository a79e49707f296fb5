#include "edge/cmsg.h"

#include <netinet/udp.h>
#include <string.h>

int mv_cmsg_enable(int fd, int family)
{
	int on = 1;

	if (family == AF_INET) {
		return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0 ||
				       setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on)) < 0
			       ? -1
			       : 0;
	}
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) < 0 ||
			       setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on)) < 0
		       ? -1
		       : 0;
}

/* True if the message has this type and is long enough for `size` bytes of data, which are copied.
 */
static bool take(void *data, size_t size, const struct cmsghdr *header, int level, int type)
{
	if (header->cmsg_level != level || header->cmsg_type != type ||
		header->cmsg_len < CMSG_LEN(size)) {
		return false;
	}
	memcpy(data, CMSG_DATA(header), size);
	return true;
}

static void read_one(struct mv_packet *packet, size_t *segment, const struct cmsghdr *header)
{
	struct in_pktinfo info4;
	struct in6_pktinfo info6;
	uint8_t tos;
	int traffic_class, merged;

	if (take(&info4, sizeof(info4), header, IPPROTO_IP, IP_PKTINFO)) {
		packet->source.ip.family = MV_FAMILY_IPV4;
		memcpy(packet->source.ip.bytes, &info4.ipi_spec_dst, sizeof(info4.ipi_spec_dst));
		packet->source.ifindex = (uint32_t)info4.ipi_ifindex;
	} else if (take(&info6, sizeof(info6), header, IPPROTO_IPV6, IPV6_PKTINFO)) {
		packet->source.ip.family = MV_FAMILY_IPV6;
		memcpy(packet->source.ip.bytes, &info6.ipi6_addr, sizeof(info6.ipi6_addr));
		packet->source.ifindex = info6.ipi6_ifindex;
	} else if (take(&tos, sizeof(tos), header, IPPROTO_IP, IP_TOS)) {
		packet->tos = tos;
	} else if (take(&traffic_class, sizeof(traffic_class), header, IPPROTO_IPV6, IPV6_TCLASS)) {
		packet->tos = (uint8_t)traffic_class;
	} else if (take(&merged, sizeof(merged), header, IPPROTO_UDP, UDP_GRO) && merged > 0) {
		*segment = (size_t)merged;
	}
}

size_t mv_cmsg_read(struct mv_packet *packet, struct msghdr *message)
{
	size_t segment = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
		header = CMSG_NXTHDR(message, header)) {
		read_one(packet, &segment, header);
	}
	return segment;
}

/* Adds one control message behind those that are there. */
static void put(struct msghdr *message, int level, int type, const void *data, size_t size)
{
	struct cmsghdr *header = (void *)((char *)message->msg_control + message->msg_controllen);

	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(header), data, size);
	message->msg_controllen += CMSG_SPACE(size);
}

static void put_source(struct msghdr *message, const struct mv_source *source)
{
	if (source->ip.family == MV_FAMILY_IPV4) {
		struct in_pktinfo info = {.ipi_ifindex = (int)source->ifindex};

		memcpy(&info.ipi_spec_dst, source->ip.bytes, sizeof(info.ipi_spec_dst));
		put(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else {
		struct in6_pktinfo info = {.ipi6_ifindex = source->ifindex};

		memcpy(&info.ipi6_addr, source->ip.bytes, sizeof(info.ipi6_addr));
		put(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
}

void mv_cmsg_write(struct msghdr *message, struct mv_cmsg_room *room,
	const struct mv_packet *packet, uint16_t segment)
{
	int tos = packet->tos;

	memset(room, 0, sizeof(*room));
	message->msg_control = room;
	message->msg_controllen = 0;
	if (packet->source.ip.family == packet->endpoint.ip.family) {
		put_source(message, &packet->source);
	}
	if (tos != 0 && packet->endpoint.ip.family == MV_FAMILY_IPV4) {
		put(message, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	} else if (tos != 0) {
		put(message, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	}
	if (segment != 0) {
		put(message, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	}
	if (message->msg_controllen == 0) {
		message->msg_control = NULL;
	}
}
