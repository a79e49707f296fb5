/*
 * relay ADDRESS PORT TO: datagrams that come to ADDRESS:PORT go on to 127.0.0.1:TO, and what comes
 * back goes to who was heard last; of both, some are lost, some come twice, some come late. It is
 * the network of loss.sh. Ends by SIGTERM, and then tells how many it lost, doubled and delayed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "require.h"

#define DATAGRAM_MAX 65535

/* Of a thousand. */
#define LOST    5
#define DOUBLED 5
#define LATE    20

/* A late one waits for so many others, or until nothing comes. */
#define BEHIND 3

struct way {
	int from, to;
	struct sockaddr_in *learns, destination;
	uint8_t late[DATAGRAM_MAX];
	size_t late_len;
	unsigned until_late; /* 0: none waits */
};

static volatile sig_atomic_t is_over;
static unsigned long lost, doubled, late;

static void end(int signum)
{
	(void)signum;
	is_over = 1;
}

/* Any sequence will do, but the same each time. */
static unsigned draw(void)
{
	static uint32_t state = 1;

	state = state * 1664525 + 1013904223;
	return (state >> 8) % 1000;
}

static void pass_on(const struct way *way, const uint8_t *bytes, size_t len)
{
	/* What a full buffer refuses is lost, as on any network. */
	(void)!sendto(way->to, bytes, len, 0, (const struct sockaddr *)&way->destination,
		sizeof(way->destination));
}

static void release_late(struct way *way)
{
	if (way->until_late > 0) {
		way->until_late = 0;
		pass_on(way, way->late, way->late_len);
	}
}

static void treat(struct way *way, const uint8_t *bytes, size_t len)
{
	unsigned chance = draw();

	if (chance < LOST) {
		lost++;
		return;
	}
	if (chance < LOST + LATE && way->until_late == 0) {
		late++;
		memcpy(way->late, bytes, len);
		way->late_len = len;
		way->until_late = BEHIND;
		return;
	}
	pass_on(way, bytes, len);
	if (chance >= 1000 - DOUBLED) {
		doubled++;
		pass_on(way, bytes, len);
	}
	if (way->until_late == 1) {
		release_late(way);
	} else if (way->until_late > 1) {
		way->until_late--;
	}
}

static void carry(struct way *way)
{
	static uint8_t bytes[DATAGRAM_MAX];
	struct sockaddr_in source;
	socklen_t source_len = sizeof(source);
	ssize_t len;

	while ((len = recvfrom(way->from, bytes, sizeof(bytes), MSG_DONTWAIT,
			(struct sockaddr *)&source, &source_len)) >= 0) {
		if (way->learns) {
			*way->learns = source;
		}
		treat(way, bytes, (size_t)len);
	}
}

static struct sockaddr_in make_address(const char *host, const char *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};

	REQUIRE(inet_pton(AF_INET, host, &address.sin_addr) == 1);
	return address;
}

static int open_at(const char *host, const char *port)
{
	struct sockaddr_in address = make_address(host, port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int size = 4 * 1024 * 1024;

	REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	REQUIRE(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) == 0);
	return fd;
}

int main(int argc, char **argv)
{
	static struct way in, out;

	REQUIRE(argc == 4);
	in.from = out.to = open_at(argv[1], argv[2]);
	in.to = out.from = open_at("127.0.0.1", "0");
	in.destination = make_address("127.0.0.1", argv[3]);
	in.learns = &out.destination;
	REQUIRE(signal(SIGTERM, end) != SIG_ERR);

	struct pollfd fds[] = {
		{.fd = in.from, .events = POLLIN}, {.fd = out.from, .events = POLLIN}};
	while (!is_over) {
		if (poll(fds, 2, 20) == 0) {
			release_late(&in);
			release_late(&out);
		}
		carry(&in);
		carry(&out);
	}
	printf("%lu %lu %lu\n", lost, doubled, late);
	return 0;
}
